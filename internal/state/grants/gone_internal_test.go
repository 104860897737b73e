package grants

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/policy"
)

// AWS shows a principal that was deleted by its unique ID, also when another was made
// under its name: the policy lets in nobody, and says so.
func TestAPolicyOfADeletedPrincipal(t *testing.T) {
	const arn = "arn:aws:kms:us-east-1:111122223333:key/k"
	doc, err := compile(policyread.Document{Name: "policy of key k", Text: []byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"AWS":"AIDACKCEVSQ6C2EXAMPLE"},"Action":"kms:Decrypt","Resource":"*"}]}`)}, arn)
	if err != nil {
		t.Fatal(err)
	}
	w := &reading{grantee: grantee{partition: "aws", environment: "e", bucket: "b", key: arn, states: []string{"s"}, principals: []string{"arn:aws:iam::222233334444:user/u"}},
		account: "111122223333", region: "us-east-1", bucketKeys: []bool{false}, keys: map[string]*key{arn: {policy: doc, known: true, grantsKnown: true}}}
	p, err := policy.ParsePrincipal("arn:aws:iam::222233334444:user/u")
	if err != nil {
		t.Fatal(err)
	}
	p.ID = "AIDAI23HXD2O5EXAMPLE9"
	r := w.throughS3("read", "kms:Decrypt", arn, "arn:aws:s3:::b/s", false)
	if a, known := w.stateHalf(&r, &caller{Principal: p}); !known || !a.denied {
		t.Errorf("the new user: %+v", a)
	}
	found := w.strangers()
	if len(found) != 1 || found[0].Rule != "grants-deleted-principal" || found[0].Level != Note || !strings.Contains(found[0].Summary, "AIDACKCEVSQ6C2EXAMPLE") {
		t.Errorf("found %+v", found)
	}
}
