package kms_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func (w *world) grant(c *sdk.Client, in *sdk.CreateGrantInput) *sdk.CreateGrantOutput {
	w.t.Helper()
	out, err := c.CreateGrant(ctx, in)
	w.must(err)
	return out
}

func TestGrant(t *testing.T) {
	w := newWorld(t)
	root := w.root(home)
	id := w.symmetric(home)
	user, arn := w.user(home, "grantee", "")
	const denied = "AccessDeniedException"
	_, err := encrypt(user, id, nil)
	wantCode(t, err, denied)
	in := sdk.CreateGrantInput{KeyId: &id, GranteePrincipal: &arn, Name: aws.String("n"),
		Operations: []types.GrantOperation{types.GrantOperationEncrypt, types.GrantOperationDescribeKey}}
	g := w.grant(root, &in)
	if again := w.grant(root, &in); *again.GrantId != *g.GrantId {
		t.Errorf("a retry made another grant")
	}
	blob, err := encrypt(user, id, nil)
	wantCode(t, err, "")
	wantCode(t, describe(user, id), "")
	_, err = user.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: blob})
	wantCode(t, err, denied)
	_, err = user.Encrypt(ctx, &sdk.EncryptInput{KeyId: &id, Plaintext: []byte("x"), GrantTokens: []string{*g.GrantToken}})
	wantCode(t, err, "")
	_, err = user.Encrypt(ctx, &sdk.EncryptInput{KeyId: &id, Plaintext: []byte("x"), GrantTokens: []string{"bogus"}})
	wantCode(t, err, "InvalidGrantTokenException")
	l, err := root.ListGrants(ctx, &sdk.ListGrantsInput{KeyId: &id})
	w.must(err)
	if len(l.Grants) != 1 || *l.Grants[0].GrantId != *g.GrantId || *l.Grants[0].KeyId != id || *l.Grants[0].GranteePrincipal != arn ||
		*l.Grants[0].IssuingAccount != "arn:aws:iam::"+home+":root" {
		t.Errorf("got grants %+v", l.Grants)
	}
	_, err = user.RevokeGrant(ctx, &sdk.RevokeGrantInput{KeyId: &id, GrantId: g.GrantId})
	wantCode(t, err, denied)
	_, err = root.RevokeGrant(ctx, &sdk.RevokeGrantInput{KeyId: &id, GrantId: g.GrantId})
	w.must(err)
	_, err = encrypt(user, id, nil)
	wantCode(t, err, denied)
	_, err = root.RevokeGrant(ctx, &sdk.RevokeGrantInput{KeyId: &id, GrantId: g.GrantId})
	wantCode(t, err, "NotFoundException")
}

// TestGrantAndDeny: a Deny in the key policy wins over a grant.
func TestGrantAndDeny(t *testing.T) {
	w := newWorld(t)
	user, arn := w.user(home, "grantee", "")
	policy := doc(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::HOME:root"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Deny","Principal":{"AWS":"ARN"},"Action":"kms:Encrypt","Resource":"*"}]}`, "ARN", arn)
	id := w.key(home, &sdk.CreateKeyInput{Policy: &policy})
	w.grant(w.root(home), &sdk.CreateGrantInput{KeyId: &id, GranteePrincipal: &arn, Operations: []types.GrantOperation{types.GrantOperationEncrypt}})
	_, err := encrypt(user, id, nil)
	wantCode(t, err, "AccessDeniedException")
}

func TestGrantConstraints(t *testing.T) {
	w := newWorld(t)
	user, arn := w.user(home, "grantee", "")
	ops := []types.GrantOperation{types.GrantOperationEncrypt, types.GrantOperationDescribeKey}
	pair := map[string]string{"Department": "IT"}
	more := map[string]string{"Department": "IT", "Purpose": "Test"}
	wrong := map[string]string{"department": "IT"}
	for _, row := range []struct {
		name       string
		constraint types.GrantConstraints
		more       string
	}{
		{"equals", types.GrantConstraints{EncryptionContextEquals: pair}, "AccessDeniedException"},
		{"subset", types.GrantConstraints{EncryptionContextSubset: pair}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			id := w.symmetric(home)
			w.grant(w.root(home), &sdk.CreateGrantInput{KeyId: &id, GranteePrincipal: &arn, Operations: ops, Constraints: &row.constraint})
			for _, try := range []struct {
				context map[string]string
				code    string
			}{{pair, ""}, {more, row.more}, {wrong, "AccessDeniedException"}, {nil, "AccessDeniedException"}} {
				_, err := encrypt(user, id, try.context)
				wantCode(t, err, try.code)
			}
			wantCode(t, describe(user, id), "") // which has no encryption context
		})
	}
}

func TestGrantRefusals(t *testing.T) {
	w := newWorld(t)
	_, arn := w.user(home, "grantee", "")
	id, sign := w.symmetric(home), w.signing(types.KeySpecEccNistP256)
	decrypt, signing := []types.GrantOperation{types.GrantOperationDecrypt}, []types.GrantOperation{types.GrantOperationSign}
	for _, row := range []struct {
		name, code string
		in         sdk.CreateGrantInput
	}{
		{"unsupported by the key", "ValidationException", sdk.CreateGrantInput{KeyId: &id, GranteePrincipal: &arn, Operations: signing}},
		{"no such user", "InvalidArnException", sdk.CreateGrantInput{KeyId: &id, GranteePrincipal: aws.String("arn:aws:iam::" + home + ":user/ghost"), Operations: decrypt}},
		{"a group", "InvalidArnException", sdk.CreateGrantInput{KeyId: &id, GranteePrincipal: aws.String("arn:aws:iam::" + home + ":group/g"), Operations: decrypt}},
		{"constraint on a signing key", "ValidationException", sdk.CreateGrantInput{KeyId: &sign, GranteePrincipal: &arn, Operations: signing,
			Constraints: &types.GrantConstraints{EncryptionContextEquals: map[string]string{"a": "b"}}}},
		{"service principal", "UnsupportedOperationException", sdk.CreateGrantInput{KeyId: &id, GranteeServicePrincipal: aws.String("ec2.amazonaws.com"), Operations: decrypt}},
		{"dry run", "DryRunOperationException", sdk.CreateGrantInput{KeyId: &id, GranteePrincipal: &arn, Operations: decrypt, DryRun: aws.Bool(true)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := w.root(home).CreateGrant(ctx, &row.in)
			wantCode(t, err, row.code)
		})
	}
}

// TestGrantOfCreateGrant: what a grant lets its grantee grant is at most what
// it grants itself.
func TestGrantOfCreateGrant(t *testing.T) {
	w := newWorld(t)
	middle, middleARN := w.role(home, "middle", "")
	_, last := w.user(home, "last", "")
	id := w.symmetric(home)
	pair := map[string]string{"a": "1"}
	w.grant(w.root(home), &sdk.CreateGrantInput{KeyId: &id, GranteePrincipal: &middleARN,
		Operations:  []types.GrantOperation{types.GrantOperationCreateGrant, types.GrantOperationEncrypt},
		Constraints: &types.GrantConstraints{EncryptionContextSubset: pair}})
	for _, row := range []struct {
		name, code  string
		operation   types.GrantOperation
		constraints *types.GrantConstraints
	}{
		{"same", "", types.GrantOperationEncrypt, &types.GrantConstraints{EncryptionContextSubset: pair}},
		{"stricter", "", types.GrantOperationEncrypt, &types.GrantConstraints{EncryptionContextEquals: map[string]string{"a": "1", "b": "2"}}},
		{"looser", "AccessDeniedException", types.GrantOperationEncrypt, nil},
		{"other operation", "AccessDeniedException", types.GrantOperationDecrypt, &types.GrantConstraints{EncryptionContextSubset: pair}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := middle.CreateGrant(ctx, &sdk.CreateGrantInput{KeyId: &id, GranteePrincipal: &last,
				Operations: []types.GrantOperation{row.operation}, Constraints: row.constraints})
			wantCode(t, err, row.code)
		})
	}
}

func TestRetireGrant(t *testing.T) {
	w := newWorld(t)
	id := w.symmetric(home)
	grantee, granteeARN := w.user(home, "grantee", "")
	retirer, retirerARN := w.user(home, "retirer", "")
	stranger, _ := w.user(abroad, "stranger", allKMS)
	delegate, _ := w.user(home, "delegate", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:RetireGrant","Resource":"*"}}`)
	denying, denyingARN := w.user(home, "denying", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"kms:RetireGrant","Resource":"*"}}`)
	const denied = "AccessDeniedException"
	for _, row := range []struct {
		name     string
		c        *sdk.Client
		retiring string
		allow    bool // the grant allows RetireGrant
		code     string
	}{
		{"retiring principal", retirer, retirerARN, false, ""},
		{"grantee without the operation", grantee, retirerARN, false, denied},
		{"grantee with the operation", grantee, retirerARN, true, ""},
		{"another account", stranger, retirerARN, false, denied},
		{"root of the account", w.root(home), retirerARN, false, ""},
		{"user of the account, by IAM", delegate, retirerARN, false, ""},
		{"retiring principal under a Deny", denying, denyingARN, false, denied},
	} {
		for _, byToken := range []bool{true, false} {
			t.Run(row.name, func(t *testing.T) {
				in := sdk.CreateGrantInput{KeyId: &id, GranteePrincipal: &granteeARN, RetiringPrincipal: &row.retiring,
					Operations: []types.GrantOperation{types.GrantOperationEncrypt}}
				if row.allow {
					in.Operations = append(in.Operations, types.GrantOperationRetireGrant)
				}
				g := w.grant(w.root(home), &in)
				retire := sdk.RetireGrantInput{KeyId: &id, GrantId: g.GrantId}
				if byToken {
					retire = sdk.RetireGrantInput{GrantToken: g.GrantToken}
				}
				_, err := row.c.RetireGrant(ctx, &retire)
				wantCode(t, err, row.code)
			})
		}
	}
	l, err := w.root(home).ListRetirableGrants(ctx, &sdk.ListRetirableGrantsInput{RetiringPrincipal: &retirerARN})
	w.must(err)
	if len(l.Grants) != 4 {
		t.Errorf("got %d grants that %s can retire, want the 4 that are left", len(l.Grants), retirerARN)
	}
}

func TestCrossAccountGrant(t *testing.T) {
	w := newWorld(t)
	id := w.symmetric(home)
	user, arn := w.user(abroad, "grantee", allKMS)
	_, err := encrypt(user, id, nil)
	wantCode(t, err, "AccessDeniedException")
	w.grant(w.root(home), &sdk.CreateGrantInput{KeyId: &id, GranteePrincipal: &arn, Operations: []types.GrantOperation{types.GrantOperationEncrypt}})
	_, err = encrypt(user, id, nil)
	wantCode(t, err, "")
}
