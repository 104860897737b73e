package grants_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/state/grants"
)

// granted is a world in which everything printed for development is there.
func granted(t *testing.T) (*world, pasted) {
	t.Helper()
	w := newWorld(t, "")
	p := printed(w.check(w.room(true), "development"))
	w.paste(p, "development")
	return w, p
}

const objects = `"arn:aws:s3:::` + bucket + `/development","arn:aws:s3:::` + bucket + `/development.tflock","arn:aws:s3:::` + bucket + `/development-bootstrap","arn:aws:s3:::` + bucket + `/development-bootstrap.tflock"`

// narrow are statements for the key that let a principal use it through S3 alone, for
// the contexts given.
func narrow(principal, contexts string) string {
	who := ""
	if principal != "" {
		who = `"Principal":{"AWS":"` + principal + `"},`
	}
	return `{"Sid":"Narrow","Effect":"Allow",` + who + `"Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.` + region + `.amazonaws.com","kms:EncryptionContext:aws:s3:arn":[` + contexts + `]}}},
		{"Sid":"Sees","Effect":"Allow",` + who + `"Action":"kms:DescribeKey","Resource":"*"}`
}

// one returns the one finding that counts.
func (w *world) one(e *grants.Environment) grants.Finding {
	w.Helper()
	list := told(e, grants.Missing, grants.Wide, grants.Unknown)
	if len(list) != 1 {
		w.Fatalf("%d findings: %s", len(list), show(list))
	}
	return list[0]
}

// A key that is for S3 alone needs no Encrypt, as modules/state-backend makes it.
func TestAKeyForS3AloneNeedsNoEncrypt(t *testing.T) {
	t.Parallel()
	w, _ := granted(t)
	w.keyPolicy("development", narrow(w.users["development"], `"arn:aws:s3:::`+bucket+`",`+objects))
	if e := w.check(w.room(true), "development"); e.Verdict() != 0 {
		t.Errorf("found %s", show(told(e, grants.Missing, grants.Wide, grants.Unknown)))
	}
	if err := w.act("development", true); err == nil || !strings.Contains(err.Error(), "kms:Encrypt") {
		t.Errorf("all but Encrypt works: %v", err)
	}
	// OpenTofu's own encryption uses the key by itself, which S3 alone may not.
	r := w.room(true)
	r.State.ClientEncryption = true
	f := w.one(w.check(r, "development"))
	if f.Rule != "grants-missing" || f.Side != grants.StateSide || strings.Join(f.Actions, " ") != "kms:GenerateDataKey kms:Decrypt" || !strings.Contains(f.Why, "kms:ViaService") {
		t.Errorf("with client_encryption: %s", show(f))
	}
}

// A condition on the encryption context that waits for the bucket's ARN, while S3 names
// the object, is named, and so is the other way round; on either side. The values that
// the fix names mend it.
func TestTheEncryptionContextIsTheOneOfThisBucket(t *testing.T) {
	t.Parallel()
	w, p := granted(t)
	for _, on := range []bool{false, true} {
		right, wrong := objects, `"arn:aws:s3:::`+bucket+`"`
		if on {
			right, wrong = wrong, right
		}
		w.bucketKey(on)
		for _, side := range []grants.Side{grants.StateSide, grants.PrincipalSide} {
			put := func(contexts string) {
				w.paste(p, "development")
				if side == grants.StateSide {
					w.keyPolicy("development", narrow(w.users["development"], contexts))
				} else {
					w.ownPolicy("development", narrow("", contexts)+","+text(w, p["own"][1:]))
				}
				w.clear()
			}
			name := fmt.Sprintf("Bucket Key %t, %s side", on, side)
			put(wrong)
			if err := w.act("development", true); err == nil || strings.Contains(err.Error(), "kms:Encrypt") {
				t.Errorf("%s: the engine's requests: %v", name, err)
			}
			f := w.one(w.check(w.room(true), "development"))
			if f.Rule != "grants-context" || f.Level != grants.Missing || f.Side != side || strings.Join(f.Actions, " ") != "kms:GenerateDataKey kms:Decrypt" {
				t.Errorf("%s: found %s", name, show(f))
			}
			if on == strings.Contains(f.Fix, "/development") || !strings.Contains(f.Why, fmt.Sprintf("Bucket Key that is %s", map[bool]string{true: "off", false: "on"}[on])) {
				t.Errorf("%s: %s; %s", name, f.Why, f.Fix)
			}
			put(right)
			if err := w.act("development", true); !strings.Contains(fmt.Sprint(err), "kms:Encrypt") {
				t.Errorf("%s, mended: %v", name, err)
			}
			if e := w.check(w.room(true), "development"); e.Verdict() != 0 {
				t.Errorf("%s, mended: %s", name, show(told(e, grants.Missing, grants.Wide, grants.Unknown)))
			}
		}
	}
}

// What is there already counts as it is encrypted: with a Bucket Key that the bucket no
// longer uses, or under another key.
func TestAStateCountsAsItIsEncryptedNow(t *testing.T) {
	t.Parallel()
	w, _ := granted(t)
	put := func(key string) {
		t.Helper()
		must(w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("development"), Body: strings.NewReader("{}"), ServerSideEncryption: "aws:kms", SSEKMSKeyId: &key}))
	}
	w.bucketKey(true)
	put(w.keys["development"])
	w.bucketKey(false)
	w.keyPolicy("development", narrow(w.users["development"], objects))
	f := w.one(w.check(w.room(true), "development"))
	if f.Rule != "grants-context" || strings.Join(f.Actions, " ") != "kms:Decrypt" || !strings.Contains(f.Fix, "add arn:aws:s3:::"+bucket+" to") {
		t.Errorf("found %s", show(f))
	}
	former := *must(w.kms.CreateKey(t.Context(), &kms.CreateKeyInput{})).KeyMetadata.Arn
	put(former)
	e := w.check(w.room(true), "development")
	if e.Verdict() != 2 || len(told(e, grants.Missing)) != 2 || len(e.Objects) != 1 || e.Objects[0].KeyARN != former {
		t.Fatalf("found %s", show(e.Findings))
	}
	for _, f := range told(e, grants.Missing) {
		if f.Rule != "grants-former-key" || strings.Join(f.Actions, " ") != "kms:Decrypt" || !strings.Contains(f.Fix, "strongroom state rekey --env development") || !strings.Contains(strings.Join(f.Resources, " "), former) {
			t.Errorf("found %s", show(f))
		}
	}
	// A lock that somebody left counts too.
	must(w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("development"), Body: strings.NewReader("{}")}))
	must(w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("development.tflock"), Body: strings.NewReader("{}"), ServerSideEncryption: "aws:kms", SSEKMSKeyId: &former}))
	if e := w.check(w.room(true), "development"); len(told(e, grants.Missing)) != 2 {
		t.Errorf("found %s", show(e.Findings))
	}
	if e := w.check(w.room(false), "development"); e.Verdict() != 0 {
		t.Errorf("without locking: %s", show(told(e, grants.Missing, grants.Wide, grants.Unknown)))
	}
}

// A KMS grant lets in what no policy does, as far as its operations and constraints
// reach; it is told of, and too wide when it is somebody else's.
func TestKMSGrantsAreCounted(t *testing.T) {
	t.Parallel()
	w, _ := granted(t)
	w.keyPolicy("development", "")
	key := w.keys["development"]
	grant := func(to string, constraints *kmstypes.GrantConstraints) string {
		return *must(w.kms.CreateGrant(t.Context(), &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: &to, Constraints: constraints, Operations: []kmstypes.GrantOperation{"Decrypt", "GenerateDataKey"}})).GrantId
	}
	revoke := func(id string) {
		must(w.kms.RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: &key, GrantId: &id}))
	}
	lacking := func(e *grants.Environment) (actions []string) {
		for _, f := range told(e, grants.Missing) {
			actions = append(actions, f.Actions...)
		}
		return actions
	}
	for name, tt := range map[string]struct {
		constraints *kmstypes.GrantConstraints
		want        string
	}{
		"unconstrained": {nil, "kms:DescribeKey kms:Encrypt"},
		"for the bucket's ARN, which S3 does not name": {&kmstypes.GrantConstraints{EncryptionContextSubset: map[string]string{"aws:s3:arn": "arn:aws:s3:::" + bucket}}, "kms:GenerateDataKey kms:Decrypt kms:DescribeKey kms:Encrypt"},
	} {
		id := grant(w.users["development"], tt.constraints)
		e := w.check(w.room(true), "development")
		if got := strings.Join(lacking(e), " "); got != tt.want || len(told(e, grants.Wide)) != 0 {
			t.Errorf("%s: lacking %q: %s", name, got, show(e.Findings))
		}
		if !strings.Contains(show(told(e, grants.Note)), "revoke-grant --key-id "+key+" --grant-id "+id) {
			t.Errorf("%s: the grant is not told of: %s", name, show(told(e, grants.Note)))
		}
		err := w.act("development", true)
		if through := !strings.Contains(fmt.Sprint(err), "kms:GenerateDataKey"); through != (tt.constraints == nil) {
			t.Errorf("%s: through S3: %v", name, err)
		}
		revoke(id)
	}
	grant(w.users["staging"], nil)
	if wide := told(w.check(w.room(true), "development"), grants.Wide); len(wide) != 1 || wide[0].Rule != "grants-kms-grant" || wide[0].Principal != w.users["staging"] {
		t.Errorf("found %s", show(wide))
	}
}
