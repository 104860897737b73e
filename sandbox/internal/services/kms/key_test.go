package kms_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

var ctx = context.Background()

func TestCreateAndDescribe(t *testing.T) {
	w := newWorld(t)
	root := w.root(home)
	out, err := root.CreateKey(ctx, &sdk.CreateKeyInput{
		Description: aws.String("state"), Tags: []types.Tag{{TagKey: aws.String("env"), TagValue: aws.String("prod")}},
	})
	w.must(err)
	m := out.KeyMetadata
	if m.KeyState != types.KeyStateEnabled || !m.Enabled || m.KeySpec != types.KeySpecSymmetricDefault ||
		m.KeyUsage != types.KeyUsageTypeEncryptDecrypt || m.Origin != types.OriginTypeAwsKms ||
		m.KeyManager != types.KeyManagerTypeCustomer || *m.MultiRegion || *m.AWSAccountId != home {
		t.Fatalf("got metadata %+v", m)
	}
	if want := "arn:aws:kms:" + region + ":" + home + ":key/" + *m.KeyId; *m.Arn != want {
		t.Fatalf("got ARN %q, want %q", *m.Arn, want)
	}
	if !m.CreationDate.Equal(w.clock()) {
		t.Errorf("got creation date %v, want %v", m.CreationDate, w.clock())
	}
	for _, id := range []string{*m.KeyId, *m.Arn} {
		d, err := root.DescribeKey(ctx, &sdk.DescribeKeyInput{KeyId: &id})
		w.must(err)
		if *d.KeyMetadata.Description != "state" {
			t.Errorf("describe %s: got description %q", id, *d.KeyMetadata.Description)
		}
	}
	tags, err := root.ListResourceTags(ctx, &sdk.ListResourceTagsInput{KeyId: m.KeyId})
	w.must(err)
	if len(tags.Tags) != 1 || *tags.Tags[0].TagKey != "env" || *tags.Tags[0].TagValue != "prod" {
		t.Errorf("got tags %+v", tags.Tags)
	}
}

func TestCreateRefusals(t *testing.T) {
	w := newWorld(t)
	for _, row := range []struct {
		name, code, text string
		in               sdk.CreateKeyInput
	}{
		{"usage missing", "ValidationException", "You must specify a KeyUsage", sdk.CreateKeyInput{KeySpec: types.KeySpecRsa2048}},
		{"usage wrong", "ValidationException", "not compatible", sdk.CreateKeyInput{KeySpec: types.KeySpecEccNistP256, KeyUsage: types.KeyUsageTypeEncryptDecrypt}},
		{"no such spec", "ValidationException", "enum value set", sdk.CreateKeyInput{KeySpec: "RSA_1024"}},
		{"secp256k1", "UnsupportedOperationException", "ECC_SECG_P256K1", sdk.CreateKeyInput{KeySpec: types.KeySpecEccSecgP256k1, KeyUsage: types.KeyUsageTypeSignVerify}},
		{"multi-Region", "UnsupportedOperationException", "MultiRegion", sdk.CreateKeyInput{MultiRegion: aws.Bool(true)}},
		{"imported", "UnsupportedOperationException", "EXTERNAL", sdk.CreateKeyInput{Origin: types.OriginTypeExternal}},
		{"custom store", "UnsupportedOperationException", "CustomKeyStoreId", sdk.CreateKeyInput{CustomKeyStoreId: aws.String("cks-1")}},
		{"reserved tag", "TagException", "aws:", sdk.CreateKeyInput{Tags: []types.Tag{{TagKey: aws.String("aws:x"), TagValue: aws.String("")}}}},
		{"policy text", "MalformedPolicyDocumentException", "", sdk.CreateKeyInput{Policy: aws.String("{")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := w.root(home).CreateKey(ctx, &row.in)
			wantMessage(t, err, row.code, row.text)
		})
	}
}

func TestIdentifiers(t *testing.T) {
	w := newWorld(t)
	arn := w.symmetric(home)
	other := "arn:aws:kms:us-east-1:" + home + arn[len("arn:aws:kms:eu-west-2:111122223333"):]
	const unknown = "1234abcd-12ab-34cd-56ef-1234567890ab"
	for _, row := range []struct{ id, code, text string }{
		{"nonsense", "NotFoundException", "Invalid keyId 'nonsense'"},
		{unknown, "NotFoundException", "Key 'arn:aws:kms:eu-west-2:111122223333:key/" + unknown + "' does not exist"},
		{"alias/nope", "NotFoundException", "Alias arn:aws:kms:eu-west-2:111122223333:alias/nope is not found."},
		{other, "NotFoundException", "Invalid arn us-east-1"},
		{"arn:aws:kms:eu-west-2", "InvalidArnException", "Invalid arn"},
		{"arn:aws:kms:eu-west-2:" + abroad + ":key/" + unknown, "AccessDeniedException", "because the resource does not exist in this Region"},
	} {
		_, err := w.root(home).DescribeKey(ctx, &sdk.DescribeKeyInput{KeyId: &row.id})
		wantMessage(t, err, row.code, row.text)
	}
	// Management operations take no alias, and no key of another account.
	_, err := w.root(home).CreateAlias(ctx, &sdk.CreateAliasInput{AliasName: aws.String("alias/a"), TargetKeyId: &arn})
	w.must(err)
	_, err = w.root(home).DisableKey(ctx, &sdk.DisableKeyInput{KeyId: aws.String("alias/a")})
	wantMessage(t, err, "NotFoundException", "Invalid keyId 'alias/a'")
	_, err = w.root(abroad).DisableKey(ctx, &sdk.DisableKeyInput{KeyId: &arn})
	wantCode(t, err, "AccessDeniedException")
}

func TestRegionsAreApart(t *testing.T) {
	w := newWorld(t)
	arn := w.symmetric(home)
	blob, err := w.root(home).Encrypt(ctx, &sdk.EncryptInput{KeyId: &arn, Plaintext: []byte("x")})
	w.must(err)
	cfg := w.config("AKIAROOT"+home, "secret"+home, "")
	cfg.Region = "us-east-1"
	far := w.client(cfg)
	keys, err := far.ListKeys(ctx, &sdk.ListKeysInput{})
	w.must(err)
	if len(keys.Keys) != 0 {
		t.Errorf("got %d keys in us-east-1, want none", len(keys.Keys))
	}
	_, err = far.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: blob.CiphertextBlob})
	wantMessage(t, err, "AccessDeniedException", "the resource associated with this ciphertext")
}

// TestStates walks "Key states of AWS KMS keys", for a disabled key and one
// that is pending deletion.
func TestStates(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	id := w.symmetric(home)
	sign := w.signing(types.KeySpecEccNistP256)
	_, err := c.CreateAlias(ctx, &sdk.CreateAliasInput{AliasName: aws.String("alias/x"), TargetKeyId: &id})
	w.must(err)
	blob, err := c.Encrypt(ctx, &sdk.EncryptInput{KeyId: &id, Plaintext: []byte("x")})
	w.must(err)
	policy, err := c.GetKeyPolicy(ctx, &sdk.GetKeyPolicyInput{KeyId: &id})
	w.must(err)
	const off, dying = "DisabledException", "KMSInvalidStateException"
	rows := []struct {
		name              string
		disabled, pending string
		call              func() error
	}{
		{"Encrypt", off, dying, func() error {
			_, err := c.Encrypt(ctx, &sdk.EncryptInput{KeyId: &id, Plaintext: []byte("x")})
			return err
		}},
		{"Decrypt", off, dying, func() error {
			_, err := c.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: blob.CiphertextBlob})
			return err
		}},
		{"ReEncrypt", off, dying, func() error {
			_, err := c.ReEncrypt(ctx, &sdk.ReEncryptInput{CiphertextBlob: blob.CiphertextBlob, DestinationKeyId: &id})
			return err
		}},
		{"GenerateDataKey", off, dying, func() error {
			_, err := c.GenerateDataKey(ctx, &sdk.GenerateDataKeyInput{KeyId: &id, KeySpec: types.DataKeySpecAes256})
			return err
		}},
		{"GenerateDataKeyWithoutPlaintext", off, dying, func() error {
			_, err := c.GenerateDataKeyWithoutPlaintext(ctx, &sdk.GenerateDataKeyWithoutPlaintextInput{KeyId: &id, KeySpec: types.DataKeySpecAes256})
			return err
		}},
		{"GenerateDataKeyPair", off, dying, func() error {
			_, err := c.GenerateDataKeyPair(ctx, &sdk.GenerateDataKeyPairInput{KeyId: &id, KeyPairSpec: types.DataKeyPairSpecEccNistP256})
			return err
		}},
		{"CreateGrant", off, dying, func() error {
			_, err := c.CreateGrant(ctx, &sdk.CreateGrantInput{KeyId: &id, GranteePrincipal: aws.String("arn:aws:iam::" + home + ":root"), Operations: []types.GrantOperation{types.GrantOperationDecrypt}})
			return err
		}},
		{"EnableKeyRotation", off, dying, func() error {
			_, err := c.EnableKeyRotation(ctx, &sdk.EnableKeyRotationInput{KeyId: &id})
			return err
		}},
		{"DisableKeyRotation", off, dying, func() error {
			_, err := c.DisableKeyRotation(ctx, &sdk.DisableKeyRotationInput{KeyId: &id})
			return err
		}},
		{"RotateKeyOnDemand", off, dying, func() error {
			_, err := c.RotateKeyOnDemand(ctx, &sdk.RotateKeyOnDemandInput{KeyId: &id})
			return err
		}},
		{"Sign", off, dying, func() error {
			_, err := c.Sign(ctx, &sdk.SignInput{KeyId: &sign, Message: []byte("x"), SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256})
			return err
		}},
		{"GetPublicKey", off, dying, func() error {
			_, err := c.GetPublicKey(ctx, &sdk.GetPublicKeyInput{KeyId: &sign})
			return err
		}},
		{"CreateAlias", "", dying, func() error {
			_, err := c.CreateAlias(ctx, &sdk.CreateAliasInput{AliasName: aws.String("alias/y"), TargetKeyId: &id})
			if err == nil {
				_, err = c.DeleteAlias(ctx, &sdk.DeleteAliasInput{AliasName: aws.String("alias/y")})
			}
			return err
		}},
		{"TagResource", "", dying, func() error {
			_, err := c.TagResource(ctx, &sdk.TagResourceInput{KeyId: &id, Tags: []types.Tag{{TagKey: aws.String("a"), TagValue: aws.String("b")}}})
			return err
		}},
		{"UntagResource", "", dying, func() error {
			_, err := c.UntagResource(ctx, &sdk.UntagResourceInput{KeyId: &id, TagKeys: []string{"a"}})
			return err
		}},
		{"UpdateKeyDescription", "", dying, func() error {
			_, err := c.UpdateKeyDescription(ctx, &sdk.UpdateKeyDescriptionInput{KeyId: &id, Description: aws.String("d")})
			return err
		}},
		{"PutKeyPolicy", "", "", func() error {
			_, err := c.PutKeyPolicy(ctx, &sdk.PutKeyPolicyInput{KeyId: &id, Policy: policy.Policy})
			return err
		}},
		{"GetKeyRotationStatus", "", "", func() error {
			_, err := c.GetKeyRotationStatus(ctx, &sdk.GetKeyRotationStatusInput{KeyId: &id})
			return err
		}},
		{"ListGrants", "", "", func() error {
			_, err := c.ListGrants(ctx, &sdk.ListGrantsInput{KeyId: &id})
			return err
		}},
		{"DescribeKey", "", "", func() error {
			_, err := c.DescribeKey(ctx, &sdk.DescribeKeyInput{KeyId: aws.String("alias/x")})
			return err
		}},
	}
	both := []string{id, sign}
	for _, k := range both {
		_, err := c.DisableKey(ctx, &sdk.DisableKeyInput{KeyId: &k})
		w.must(err)
	}
	for _, r := range rows {
		t.Run(r.name+" disabled", func(t *testing.T) { wantCode(t, r.call(), r.disabled) })
	}
	for _, k := range both {
		_, err := c.ScheduleKeyDeletion(ctx, &sdk.ScheduleKeyDeletionInput{KeyId: &k})
		w.must(err)
	}
	for _, r := range rows {
		t.Run(r.name+" pending deletion", func(t *testing.T) { wantCode(t, r.call(), r.pending) })
	}
	for _, call := range []func() error{
		func() error { _, err := c.EnableKey(ctx, &sdk.EnableKeyInput{KeyId: &id}); return err },
		func() error { _, err := c.DisableKey(ctx, &sdk.DisableKeyInput{KeyId: &id}); return err },
		func() error {
			_, err := c.ScheduleKeyDeletion(ctx, &sdk.ScheduleKeyDeletionInput{KeyId: &id})
			return err
		},
	} {
		wantMessage(t, call(), dying, "is pending deletion.")
	}
}

func TestDeletionWindow(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	id := w.symmetric(home)
	_, err := c.CreateAlias(ctx, &sdk.CreateAliasInput{AliasName: aws.String("alias/x"), TargetKeyId: &id})
	w.must(err)
	for _, days := range []int32{6, 31, 0} {
		_, err := c.ScheduleKeyDeletion(ctx, &sdk.ScheduleKeyDeletionInput{KeyId: &id, PendingWindowInDays: &days})
		wantCode(t, err, "ValidationException")
	}
	_, err = c.CancelKeyDeletion(ctx, &sdk.CancelKeyDeletionInput{KeyId: &id})
	wantMessage(t, err, "KMSInvalidStateException", "is not pending deletion")

	out, err := c.ScheduleKeyDeletion(ctx, &sdk.ScheduleKeyDeletionInput{KeyId: &id, PendingWindowInDays: aws.Int32(7)})
	w.must(err)
	if *out.KeyId != id || out.KeyState != types.KeyStatePendingDeletion || *out.PendingWindowInDays != 7 ||
		!out.DeletionDate.Equal(w.clock().Add(7*24*time.Hour)) {
		t.Fatalf("got %+v", out)
	}
	_, err = c.CancelKeyDeletion(ctx, &sdk.CancelKeyDeletionInput{KeyId: &id})
	w.must(err)
	d, err := c.DescribeKey(ctx, &sdk.DescribeKeyInput{KeyId: &id})
	w.must(err)
	if d.KeyMetadata.KeyState != types.KeyStateDisabled || d.KeyMetadata.DeletionDate != nil {
		t.Fatalf("after the cancel: got state %s, deletion %v", d.KeyMetadata.KeyState, d.KeyMetadata.DeletionDate)
	}

	_, err = c.ScheduleKeyDeletion(ctx, &sdk.ScheduleKeyDeletionInput{KeyId: &id})
	w.must(err)
	w.pass(30*24*time.Hour - time.Second)
	_, err = c.DescribeKey(ctx, &sdk.DescribeKeyInput{KeyId: &id})
	w.must(err)
	w.pass(time.Second)
	_, err = c.DescribeKey(ctx, &sdk.DescribeKeyInput{KeyId: &id})
	wantCode(t, err, "NotFoundException")
	_, err = c.CancelKeyDeletion(ctx, &sdk.CancelKeyDeletionInput{KeyId: &id})
	wantCode(t, err, "NotFoundException")
	aliases, err := c.ListAliases(ctx, &sdk.ListAliasesInput{})
	w.must(err)
	if len(aliases.Aliases) != 1 || *aliases.Aliases[0].AliasName != "alias/aws/s3" || aliases.Aliases[0].TargetKeyId != nil {
		t.Errorf("got aliases %+v, want the predefined one alone", aliases.Aliases)
	}
	fresh := w.symmetric(home)
	_, err = c.CreateAlias(ctx, &sdk.CreateAliasInput{AliasName: aws.String("alias/x"), TargetKeyId: &fresh})
	w.must(err)
}

func TestPages(t *testing.T) {
	w := newWorld(t)
	want := map[string]bool{}
	for range 5 {
		want[w.symmetric(home)] = true
	}
	p := sdk.NewListKeysPaginator(w.root(home), &sdk.ListKeysInput{Limit: aws.Int32(2)})
	pages := 0
	for p.HasMorePages() {
		out, err := p.NextPage(ctx)
		w.must(err)
		pages++
		for _, k := range out.Keys {
			if !want[*k.KeyArn] {
				t.Errorf("key %s came twice or is unknown", *k.KeyArn)
			}
			delete(want, *k.KeyArn)
		}
	}
	if pages != 3 || len(want) != 0 {
		t.Errorf("got %d pages, missing %v", pages, want)
	}
	_, err := w.root(home).ListKeys(ctx, &sdk.ListKeysInput{Marker: aws.String("%%%")})
	wantCode(t, err, "InvalidMarkerException")
}
