package kms_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func describe(c *sdk.Client, id string) error {
	_, err := c.DescribeKey(ctx, &sdk.DescribeKeyInput{KeyId: &id})
	return err
}

func encrypt(c *sdk.Client, id string, context map[string]string) ([]byte, error) {
	out, err := c.Encrypt(ctx, &sdk.EncryptInput{KeyId: &id, Plaintext: []byte("x"), EncryptionContext: context})
	if err != nil {
		return nil, err
	}
	return out.CiphertextBlob, nil
}

func TestDefaultPolicyDelegatesToIAM(t *testing.T) {
	w := newWorld(t)
	id := w.symmetric(home)
	admin, _ := w.user(home, "admin", allKMS)
	nobody, _ := w.user(home, "nobody", "")
	wantCode(t, describe(admin, id), "")
	wantCode(t, describe(nobody, id), "AccessDeniedException")
	p, err := admin.GetKeyPolicy(ctx, &sdk.GetKeyPolicyInput{KeyId: &id})
	w.must(err)
	if *p.PolicyName != "default" {
		t.Errorf("got policy name %q", *p.PolicyName)
	}
	names, err := admin.ListKeyPolicies(ctx, &sdk.ListKeyPoliciesInput{KeyId: &id})
	w.must(err)
	if len(names.PolicyNames) != 1 || names.PolicyNames[0] != "default" {
		t.Errorf("got policies %v", names.PolicyNames)
	}
}

// TestWithoutDelegation: IAM policies count only if the key policy says so, and
// the root user is no exception.
//
// Source: KMS Developer Guide, "Key policies".
func TestWithoutDelegation(t *testing.T) {
	w := newWorld(t)
	keeper, arn := w.user(home, "keeper", "")
	admin, _ := w.user(home, "admin", allKMS)
	policy := doc(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"ARN"},"Action":"kms:*","Resource":"*"}}`, "ARN", arn)
	id := w.key(home, &sdk.CreateKeyInput{Policy: &policy, BypassPolicyLockoutSafetyCheck: true})
	wantCode(t, describe(keeper, id), "")
	wantCode(t, describe(admin, id), "AccessDeniedException")
	wantCode(t, describe(w.root(home), id), "AccessDeniedException")
	got, err := keeper.GetKeyPolicy(ctx, &sdk.GetKeyPolicyInput{KeyId: &id})
	w.must(err)
	if *got.Policy != policy {
		t.Errorf("got policy %s, want it as it was put", *got.Policy)
	}
}

func TestLockoutSafetyCheck(t *testing.T) {
	w := newWorld(t)
	_, other := w.user(home, "other", "")
	lacking, _ := w.user(home, "lacking", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:CreateKey","Resource":"*"}}`)
	const code, text = "MalformedPolicyDocumentException", "will not allow you to update the key policy in the future"
	others := doc(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"ARN"},"Action":"kms:*","Resource":"*"}}`, "ARN", other)
	delegating := doc(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::HOME:root"},"Action":"kms:*","Resource":"*"}}`)

	_, err := w.root(home).CreateKey(ctx, &sdk.CreateKeyInput{Policy: &others})
	wantMessage(t, err, code, text)
	_, err = lacking.CreateKey(ctx, &sdk.CreateKeyInput{Policy: &delegating})
	wantMessage(t, err, code, text)
	_, err = lacking.CreateKey(ctx, &sdk.CreateKeyInput{})
	wantCode(t, err, "")

	id := w.symmetric(home)
	_, err = w.root(home).PutKeyPolicy(ctx, &sdk.PutKeyPolicyInput{KeyId: &id, Policy: &others})
	wantMessage(t, err, code, text)
	wantCode(t, describe(w.root(home), id), "") // nothing has changed
	_, err = w.root(home).PutKeyPolicy(ctx, &sdk.PutKeyPolicyInput{KeyId: &id, Policy: &others, BypassPolicyLockoutSafetyCheck: true})
	w.must(err)
	wantCode(t, describe(w.root(home), id), "AccessDeniedException")
}

func TestPolicyRefusals(t *testing.T) {
	w := newWorld(t)
	id := w.symmetric(home)
	for name, policy := range map[string]string{
		"no such user":    doc(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::HOME:user/ghost"},"Action":"kms:*","Resource":"*"}}`),
		"no principal":    `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`,
		"not JSON":        `kms:*`,
		"over-permissive": doc(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"HOME"},"Action":"kms:*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"kms:EncryptionContext:a":"b"}}}]}`),
	} {
		_, err := w.root(home).PutKeyPolicy(ctx, &sdk.PutKeyPolicyInput{KeyId: &id, Policy: &policy})
		t.Run(name, func(t *testing.T) { wantCode(t, err, "MalformedPolicyDocumentException") })
	}
	_, err := w.root(home).PutKeyPolicy(ctx, &sdk.PutKeyPolicyInput{KeyId: &id, PolicyName: aws.String("other"), Policy: aws.String("{}")})
	wantCode(t, err, "ValidationException")
}

// TestRecreatedUser: a key policy means the user that existed when it was put.
func TestRecreatedUser(t *testing.T) {
	w := newWorld(t)
	c, arn := w.user(home, "kay", "")
	policy := doc(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["ARN","arn:aws:iam::HOME:root"]},"Action":"kms:*","Resource":"*"}]}`, "ARN", arn)
	id := w.key(home, &sdk.CreateKeyInput{Policy: &policy})
	wantCode(t, describe(c, id), "")
	i := w.iamClient(home)
	keys, err := i.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("kay")})
	w.must(err)
	_, err = i.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("kay"), AccessKeyId: keys.AccessKeyMetadata[0].AccessKeyId})
	w.must(err)
	_, err = i.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("kay")})
	w.must(err)
	again, same := w.user(home, "kay", "")
	if same != arn {
		t.Fatalf("got ARN %q, want %q", same, arn)
	}
	wantCode(t, describe(again, id), "AccessDeniedException")
}

func TestCrossAccount(t *testing.T) {
	w := newWorld(t)
	open := doc(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::HOME:root"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::ABROAD:root"},"Action":["kms:Encrypt","kms:DescribeKey","kms:DisableKey"],"Resource":"*"}]}`)
	shared, private := w.key(home, &sdk.CreateKeyInput{Policy: &open}), w.symmetric(home)
	_, err := w.root(home).CreateAlias(ctx, &sdk.CreateAliasInput{AliasName: aws.String("alias/shared"), TargetKeyId: &shared})
	w.must(err)
	allowed, _ := w.user(abroad, "allowed", allKMS)
	bare, _ := w.user(abroad, "bare", "")
	role, _ := w.role(abroad, "deploy", allKMS)
	const denied = "AccessDeniedException"

	_, err = encrypt(allowed, shared, nil)
	wantCode(t, err, "")
	_, err = encrypt(role, shared, nil)
	wantCode(t, err, "")
	_, err = encrypt(allowed, "arn:aws:kms:"+region+":"+home+":alias/shared", nil)
	wantCode(t, err, "")
	_, err = encrypt(bare, shared, nil) // the key policy allows, IAM does not
	wantCode(t, err, denied)
	_, err = encrypt(allowed, private, nil) // IAM allows, the key policy does not
	wantCode(t, err, denied)
	_, err = encrypt(allowed, shared[len("arn:aws:kms:eu-west-2:111122223333:key/"):], nil) // by ARN only
	wantCode(t, err, "NotFoundException")
	// Even if the key policy allows it, DisableKey stays in its account.
	_, err = allowed.DisableKey(ctx, &sdk.DisableKeyInput{KeyId: &shared})
	wantCode(t, err, denied)
	blob, err := encrypt(w.root(home), shared, nil)
	w.must(err)
	_, err = allowed.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: blob}) // only Encrypt was given
	wantCode(t, err, denied)
}

// TestConditions allows one request for each condition key and refuses its
// counterpart, by a policy that has the condition as its only Allow.
func TestConditions(t *testing.T) {
	w := newWorld(t)
	id := w.key(home, &sdk.CreateKeyInput{Tags: []types.Tag{{TagKey: aws.String("env"), TagValue: aws.String("prod")}}})
	plain, sign := w.symmetric(home), w.signing(types.KeySpecEccNistP256)
	rsaKey := w.signing(types.KeySpecRsa2048)
	alias := func(name, key string) {
		_, err := w.root(home).CreateAlias(ctx, &sdk.CreateAliasInput{AliasName: &name, TargetKeyId: &key})
		w.must(err)
	}
	alias("alias/app", id)
	alias("alias/other", plain)
	signed := func(c *sdk.Client, id string, kind types.MessageType, a types.SigningAlgorithmSpec) error {
		_, err := c.Sign(ctx, &sdk.SignInput{KeyId: &id, Message: make([]byte, 32), MessageType: kind, SigningAlgorithm: a})
		return err
	}
	ecdsa, pss, pkcs := types.SigningAlgorithmSpecEcdsaSha256, types.SigningAlgorithmSpecRsassaPssSha256, types.SigningAlgorithmSpecRsassaPkcs1V15Sha256
	wrap := func(id string, context map[string]string) func(*sdk.Client) error {
		return func(c *sdk.Client) error { _, err := encrypt(c, id, context); return err }
	}
	create := func(in sdk.CreateKeyInput) func(*sdk.Client) error {
		return func(c *sdk.Client) error { _, err := c.CreateKey(ctx, &in); return err }
	}
	window := func(days *int32) func(*sdk.Client) error {
		return func(c *sdk.Client) error {
			_, err := c.ScheduleKeyDeletion(ctx, &sdk.ScheduleKeyDeletionInput{KeyId: aws.String(w.symmetric(home)), PendingWindowInDays: days})
			return err
		}
	}
	rotate := func(days *int32) func(*sdk.Client) error {
		return func(c *sdk.Client) error {
			_, err := c.EnableKeyRotation(ctx, &sdk.EnableKeyRotationInput{KeyId: &plain, RotationPeriodInDays: days})
			return err
		}
	}
	tag := func(key string) func(*sdk.Client) error {
		return func(c *sdk.Client) error {
			_, err := c.TagResource(ctx, &sdk.TagResourceInput{KeyId: &plain, Tags: []types.Tag{{TagKey: &key, TagValue: aws.String("v")}}})
			return err
		}
	}
	pair := func(spec types.DataKeyPairSpec) func(*sdk.Client) error {
		return func(c *sdk.Client) error {
			_, err := c.GenerateDataKeyPairWithoutPlaintext(ctx, &sdk.GenerateDataKeyPairWithoutPlaintextInput{KeyId: &plain, KeyPairSpec: spec})
			return err
		}
	}
	blob, err := encrypt(w.root(home), plain, nil)
	w.must(err)
	reencrypt := func(to string) func(*sdk.Client) error {
		return func(c *sdk.Client) error {
			_, err := c.ReEncrypt(ctx, &sdk.ReEncryptInput{CiphertextBlob: blob, DestinationKeyId: &to})
			return err
		}
	}
	put := func(bypass bool) func(*sdk.Client) error {
		return func(c *sdk.Client) error {
			p := doc(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::HOME:root"},"Action":"kms:*","Resource":"*"}}`)
			_, err := c.PutKeyPolicy(ctx, &sdk.PutKeyPolicyInput{KeyId: &plain, Policy: &p, BypassPolicyLockoutSafetyCheck: bypass})
			return err
		}
	}
	for i, row := range []struct {
		condition string
		yes, no   func(*sdk.Client) error
	}{
		{`"StringEquals":{"kms:EncryptionContext:App":"state"}`, wrap(id, map[string]string{"App": "state"}), wrap(id, map[string]string{"App": "other"})},
		{`"StringEquals":{"kms:EncryptionContext:app":"state"}`, wrap(id, map[string]string{"App": "state"}), wrap(id, nil)},
		{`"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"App"}`, wrap(id, map[string]string{"App": "1", "B": "2"}), wrap(id, map[string]string{"app": "1"})},
		{`"Null":{"kms:EncryptionContextKeys":"false"}`, wrap(id, map[string]string{"a": "b"}), wrap(id, nil)},
		{`"StringEquals":{"kms:RequestAlias":"alias/app"}`, wrap("alias/app", nil), wrap(id, nil)},
		{`"StringEquals":{"kms:RequestAlias":"alias/app"}`, wrap("arn:aws:kms:eu-west-2:111122223333:alias/app", nil), wrap("alias/other", nil)},
		{`"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/app"}`, wrap(id, nil), wrap(plain, nil)},
		{`"Null":{"kms:ResourceAliases":"true"}`, func(c *sdk.Client) error { return describe(c, sign) }, func(c *sdk.Client) error { return describe(c, id) }},
		{`"StringEquals":{"aws:ResourceTag/env":"prod"}`, wrap(id, nil), wrap(plain, nil)},
		{`"StringEquals":{"kms:EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}`, wrap(id, nil), func(c *sdk.Client) error { return describe(c, id) }},
		{`"StringEquals":{"kms:CallerAccount":"111122223333"}`, wrap(id, nil), func(c *sdk.Client) error { _, err := c.ListKeys(ctx, &sdk.ListKeysInput{}); return err }},
		{`"StringEquals":{"kms:KeySpec":"ECC_NIST_P256"}`, func(c *sdk.Client) error { return describe(c, sign) }, func(c *sdk.Client) error { return describe(c, id) }},
		{`"StringEquals":{"kms:KeySpec":"SYMMETRIC_DEFAULT"}`, create(sdk.CreateKeyInput{}), create(sdk.CreateKeyInput{KeySpec: types.KeySpecHmac256, KeyUsage: types.KeyUsageTypeGenerateVerifyMac})},
		{`"StringEquals":{"kms:KeyUsage":"SIGN_VERIFY"}`, func(c *sdk.Client) error { return describe(c, sign) }, func(c *sdk.Client) error { return describe(c, id) }},
		{`"StringEquals":{"kms:KeyOrigin":"AWS_KMS"},"Bool":{"kms:MultiRegion":"false"}`, create(sdk.CreateKeyInput{}), func(c *sdk.Client) error { _, err := c.ListKeys(ctx, &sdk.ListKeysInput{}); return err }},
		{`"StringEquals":{"kms:SigningAlgorithm":"RSASSA_PSS_SHA_256"}`, func(c *sdk.Client) error { return signed(c, rsaKey, "", pss) }, func(c *sdk.Client) error { return signed(c, rsaKey, "", pkcs) }},
		{`"StringEquals":{"kms:MessageType":"RAW"}`, func(c *sdk.Client) error { return signed(c, sign, "", ecdsa) }, func(c *sdk.Client) error { return signed(c, sign, types.MessageTypeDigest, ecdsa) }},
		{`"NumericGreaterThanEquals":{"kms:ScheduleKeyDeletionPendingWindowInDays":"30"}`, window(nil), window(aws.Int32(7))},
		{`"NumericLessThanEquals":{"kms:RotationPeriodInDays":"365"}`, rotate(aws.Int32(90)), rotate(aws.Int32(400))},
		{`"StringLike":{"kms:DataKeyPairSpec":"ECC_*"}`, pair(types.DataKeyPairSpecEccNistP256), pair(types.DataKeyPairSpecRsa2048)},
		{`"Bool":{"kms:ReEncryptOnSameKey":"true"}`, reencrypt(plain), reencrypt(id)},
		{`"ForAllValues:StringEquals":{"aws:TagKeys":"team"},"StringEquals":{"aws:RequestTag/team":"v"}`, tag("team"), tag("other")},
		{`"Null":{"kms:BypassPolicyLockoutSafetyCheck":"true"}`, put(false), put(true)},
		{`"Null":{"kms:ViaService":"true"}`, wrap(id, nil), nil},
	} {
		t.Run(row.condition, func(t *testing.T) {
			c, _ := w.user(home, "u"+string(rune('a'+i)), `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":{`+row.condition+`}}}`)
			wantCode(t, row.yes(c), "")
			if row.no == nil {
				return
			}
			wantCode(t, row.no(c), "AccessDeniedException")
		})
	}
}

func TestCreateWithTagsNeedsTagResource(t *testing.T) {
	w := newWorld(t)
	tags := []types.Tag{{TagKey: aws.String("a"), TagValue: aws.String("b")}}
	creator, _ := w.user(home, "creator", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:CreateKey","Resource":"*"}}`)
	tagger, _ := w.user(home, "tagger", doc(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:CreateKey","Resource":"*"},{"Effect":"Allow","Action":"kms:TagResource","Resource":"arn:aws:kms:*:HOME:key/*"}]}`))
	_, err := creator.CreateKey(ctx, &sdk.CreateKeyInput{Tags: tags})
	wantMessage(t, err, "AccessDeniedException", "kms:TagResource")
	_, err = tagger.CreateKey(ctx, &sdk.CreateKeyInput{Tags: tags})
	wantCode(t, err, "")
}
