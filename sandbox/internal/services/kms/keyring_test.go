package kms_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

const viaS3 = "s3." + region + ".amazonaws.com"

// call is a request of a caller of the account, as S3 hands it on.
func (w *world) call(account, user string) *op.Call {
	arn := "arn:aws:iam::" + account + ":user/" + user
	return &op.Call{
		Now: w.clock(), Region: region, Rand: rand.Reader,
		Caller: &op.Caller{Account: account, Principal: policy.Principal{Type: policy.User, ARN: arn, Account: account, ID: "AIDA" + user}},
	}
}

// allowed decides a check for a caller whose IAM policy allows KMS.
func allowed(t *testing.T, c *op.Call, check op.Check) bool {
	t.Helper()
	all, err := policy.Parse("iam", []byte(allKMS), policy.Identity)
	if err != nil {
		t.Fatal(err)
	}
	context := &policy.Context{}
	for _, k := range check.Context {
		if k.Multi {
			context.SetMulti(k.Name, k.Values...)
		} else {
			context.Set(k.Name, k.Values[0])
		}
	}
	set := policy.Set{Identity: []*policy.Policy{all}, Resource: check.Resource.Policy}
	return set.Decide(&policy.Request{
		Principal: &c.Caller.Principal, Action: check.Action, Resource: check.Resource.ARN,
		ResourceAccount: check.Resource.Account, Context: context, Granted: check.Grant != "",
	}).Verdict == policy.Allow
}

func value(check op.Check, name string) string {
	for _, k := range check.Context {
		if k.Name == name {
			return strings.Join(k.Values, " ")
		}
	}
	return "(absent)"
}

func TestKeyRing(t *testing.T) {
	w := newWorld(t)
	arn := w.symmetric(home)
	_, err := w.root(home).CreateAlias(ctx, &sdk.CreateAliasInput{AliasName: aws.String("alias/state"), TargetKeyId: &arn})
	w.must(err)
	c := w.call(home, "u")
	context := map[string]string{"aws:s3:arn": "arn:aws:s3:::b/k"}
	w.must(w.db.View(func() error {
		id := arn[strings.LastIndex(arn, "/")+1:]
		for _, name := range []string{id, arn, "alias/state", "arn:aws:kms:" + region + ":" + home + ":alias/state"} {
			got, err := w.kms.KeyARN(home, region, name)
			if err != nil || got != arn {
				t.Errorf("KeyARN(%q): got %q, %v", name, got, err)
			}
		}
		if _, err := w.kms.KeyARN(abroad, region, "alias/state"); err == nil {
			t.Error("another account's alias was resolved")
		}
		check, err := w.kms.Check(c, "kms:GenerateDataKey", arn, context, viaS3)
		if err != nil {
			return err
		}
		for name, want := range map[string]string{
			"kms:ViaService": viaS3, "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::b/k", "kms:EncryptionContextKeys": "aws:s3:arn",
			"kms:CallerAccount": home, "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT", "kms:RequestAlias": "(absent)", "kms:ResourceAliases": "alias/state",
		} {
			if got := value(check, name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		if check.Action != "kms:GenerateDataKey" || check.Via != viaS3 || !allowed(t, c, check) {
			t.Errorf("got check %+v", check)
		}
		plain, blob, err := w.kms.GenerateDataKey(c, arn, context)
		if err != nil || len(plain) != 32 {
			t.Fatalf("got a key of %d bytes, %v", len(plain), err)
		}
		again, err := w.kms.Decrypt(c, arn, blob, context)
		if err != nil || !bytes.Equal(again, plain) {
			t.Errorf("Decrypt gives another key: %v", err)
		}
		_, err = w.kms.Decrypt(c, arn, blob, nil)
		if e, ok := err.(*op.Error); !ok || e.Code != "InvalidCiphertextException" {
			t.Errorf("got %v, want InvalidCiphertextException", err)
		}
		return nil
	}))
	_, err = w.root(home).DisableKey(ctx, &sdk.DisableKeyInput{KeyId: &arn})
	w.must(err)
	w.must(w.db.View(func() error {
		_, _, err := w.kms.GenerateDataKey(c, arn, context)
		if e, ok := err.(*op.Error); !ok || e.Code != "DisabledException" {
			t.Errorf("got %v, want DisabledException", err)
		}
		return nil
	}))
}

// TestAWSManagedKey: usable by the account, through its service only.
func TestAWSManagedKey(t *testing.T) {
	w := newWorld(t)
	var arn string
	w.must(w.db.Update(func() (err error) {
		if arn, err = w.kms.AWSManagedKey(home, region, "s3"); err != nil {
			return err
		}
		again, err := w.kms.AWSManagedKey(home, region, "s3")
		if again != arn {
			t.Errorf("got %s, then %s", arn, again)
		}
		return err
	}))
	w.must(w.db.View(func() error {
		for _, row := range []struct {
			account, via string
			want         bool
		}{{home, viaS3, true}, {home, "", false}, {abroad, viaS3, false}} {
			c := w.call(row.account, "u")
			check, err := w.kms.Check(c, "kms:Decrypt", arn, nil, row.via)
			if err != nil {
				return err
			}
			if got := allowed(t, c, check); got != row.want {
				t.Errorf("account %s via %q: got %v, want %v", row.account, row.via, got, row.want)
			}
		}
		return nil
	}))
	c := w.root(home)
	d, err := c.DescribeKey(ctx, &sdk.DescribeKeyInput{KeyId: aws.String("alias/aws/s3")})
	w.must(err)
	if d.KeyMetadata.KeyManager != "AWS" || *d.KeyMetadata.Arn != arn {
		t.Errorf("got metadata %+v", d.KeyMetadata)
	}
	for name, call := range map[string]func() error{
		"schedule deletion": func() error {
			_, err := c.ScheduleKeyDeletion(ctx, &sdk.ScheduleKeyDeletionInput{KeyId: &arn})
			return err
		},
		"put policy": func() error {
			_, err := c.PutKeyPolicy(ctx, &sdk.PutKeyPolicyInput{KeyId: &arn, Policy: aws.String("{}")})
			return err
		},
		"disable": func() error { _, err := c.DisableKey(ctx, &sdk.DisableKeyInput{KeyId: &arn}); return err },
		"encrypt": func() error { _, err := encrypt(c, arn, nil); return err },
		"tag": func() error {
			_, err := c.UntagResource(ctx, &sdk.UntagResourceInput{KeyId: &arn, TagKeys: []string{"a"}})
			return err
		},
		"create alias": func() error {
			_, err := c.CreateAlias(ctx, &sdk.CreateAliasInput{AliasName: aws.String("alias/mine"), TargetKeyId: &arn})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, call(), "AccessDeniedException") })
	}
	_, err = c.DeleteAlias(ctx, &sdk.DeleteAliasInput{AliasName: aws.String("alias/aws/s3")})
	if err == nil {
		t.Error("the alias of an AWS managed key was deleted")
	}
	if !status(t, c, arn).KeyRotationEnabled {
		t.Error("an AWS managed key does not rotate")
	}
	w.pass(400 * oneDay)
	if s := status(t, c, arn); !s.NextRotationDate.After(w.clock()) {
		t.Errorf("the next rotation, %v, is past", s.NextRotationDate)
	}
}

// TestRestart: keys, policies bound to their principals, aliases and grants
// survive in the data directory.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := openWorld(t, db)
	user, userARN := w.user(home, "kay", "")
	grantee, granteeARN := w.user(home, "gee", "")
	p := doc(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["ARN","arn:aws:iam::HOME:root"]},"Action":"kms:*","Resource":"*"}]}`, "ARN", userARN)
	id := w.key(home, &sdk.CreateKeyInput{Policy: &p})
	sign := w.signing("ECC_NIST_P256")
	_, err = w.root(home).CreateAlias(ctx, &sdk.CreateAliasInput{AliasName: aws.String("alias/x"), TargetKeyId: &id})
	w.must(err)
	w.grant(w.root(home), &sdk.CreateGrantInput{KeyId: &id, GranteePrincipal: &granteeARN, Operations: []grantOperation{"Decrypt"}})
	_, err = w.root(home).RotateKeyOnDemand(ctx, &sdk.RotateKeyOnDemandInput{KeyId: &id})
	w.must(err)
	blob, err := encrypt(user, "alias/x", nil)
	w.must(err)
	signed, err := w.root(home).Sign(ctx, &sdk.SignInput{KeyId: &sign, Message: []byte("m"), SigningAlgorithm: "ECDSA_SHA_256"})
	w.must(err)
	w.must(db.Close())

	if db, err = store.Open(dir); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	next := openWorld(t, db)
	user, grantee = next.again(user), next.again(grantee)
	d, err := grantee.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: blob})
	w.must(err)
	if string(d.Plaintext) != "x" {
		t.Errorf("got %q", d.Plaintext)
	}
	wantCode(t, describe(user, "alias/x"), "")
	v, err := next.root(home).Verify(ctx, &sdk.VerifyInput{KeyId: &sign, Message: []byte("m"), Signature: signed.Signature, SigningAlgorithm: "ECDSA_SHA_256"})
	if err != nil || !v.SignatureValid {
		t.Errorf("the signature made before the restart: %v", err)
	}
}
