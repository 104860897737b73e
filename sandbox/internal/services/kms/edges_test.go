package kms_test

import (
	"net/http"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
)

// Source: KMS API_PutKeyPolicy, Policy: a statement without Action or Resource
// has no effect, and the request succeeds.
func TestStatementsWithoutEffect(t *testing.T) {
	w := newWorld(t)
	ann, arn := w.user(home, "ann", "")
	id := w.symmetric(home)
	put := func(statement string) error {
		text := doc(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::HOME:root"},"Action":"kms:*","Resource":"*"},`+statement+`]}`, "ARN", arn)
		_, err := w.root(home).PutKeyPolicy(ctx, &sdk.PutKeyPolicyInput{KeyId: &id, Policy: &text})
		return err
	}
	for statement, want := range map[string]string{
		`{"Effect":"Allow","Principal":{"AWS":"ARN"},"Action":"kms:*","Resource":"*"}`: "",
		`{"Effect":"Allow","Principal":{"AWS":"ARN"},"Action":"kms:*"}`:                "AccessDeniedException",
		`{"Effect":"Allow","Principal":{"AWS":"ARN"},"Resource":"*"}`:                  "AccessDeniedException",
	} {
		wantCode(t, put(statement), "")
		wantCode(t, describe(ann, id), want)
	}
	// What is wrong besides is still refused.
	wantCode(t, put(`{"Effect":"Allow","Action":"kms:*"}`), "MalformedPolicyDocumentException")
	wantCode(t, put(`{"Effect":"Perhaps","Principal":{"AWS":"ARN"},"Action":"kms:*"}`), "MalformedPolicyDocumentException")
}

// Source: KMS API_ListRetirableGrants: the authorised resource is the retiring
// principal.
func TestListRetirableResource(t *testing.T) {
	w := newWorld(t)
	_, ann := w.user(home, "ann", "")
	_, bob := w.user(home, "bob", "")
	c, _ := w.user(home, "lister", doc(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:ListRetirableGrants","Resource":"ARN"}}`, "ARN", ann))
	for arn, want := range map[string]string{ann: "", bob: "AccessDeniedException"} {
		_, err := c.ListRetirableGrants(ctx, &sdk.ListRetirableGrantsInput{RetiringPrincipal: &arn})
		wantCode(t, err, want)
	}
}

// An unsigned request is refused, and makes nobody generate an RSA key.
func TestUnsigned(t *testing.T) {
	w := newWorld(t)
	id := w.symmetric(home)
	for operation, body := range map[string]string{
		"CreateKey":           `{"KeySpec":"RSA_4096","KeyUsage":"SIGN_VERIFY"}`,
		"GenerateDataKeyPair": `{"KeyPairSpec":"RSA_4096","KeyId":"` + id + `"}`,
	} {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, strings.NewReader(body))
		w.must(err)
		r.Header.Set("X-Amz-Target", "TrentService."+operation)
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		res, err := http.DefaultClient.Do(r)
		w.must(err)
		_ = res.Body.Close()
		if got := res.Header.Get("X-Amzn-Errortype"); res.StatusCode != 400 || !strings.Contains(got, "MissingAuthenticationToken") {
			t.Errorf("%s: got %d %q", operation, res.StatusCode, got)
		}
	}
}
