package audit

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/policy"
)

func readWithoutDecrypt() *Check {
	return &Check{
		Lock:  "read-without-decrypt",
		Claim: "The buckets encrypt under customer-managed keys, which are on, rotate, and let nobody decrypt who has only been given S3.",
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			for _, b := range a.buckets() {
				key, err := a.keyOf(ctx, b.alias)
				if isCode(err, "NotFoundException") {
					f.Short(b.alias, "there is no such key", "apply "+b.module)
					continue
				}
				if err != nil {
					return err
				}
				if err := encryption(ctx, a, f, b, key); err != nil {
					return err
				}
				if err := keyStands(ctx, a, f, key, b.module); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// encryption checks what a bucket does with an object that asks for nothing.
func encryption(ctx context.Context, a *Account, f *Finder, b bucket, key string) error {
	out, err := a.s3().GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b.name, ExpectedBucketOwner: &a.Room.Account})
	if isCode(err, "NoSuchBucket") {
		f.Short(a.bucketARN(b.name), "there is no such bucket", "apply "+b.module)
		return nil
	}
	if err != nil {
		return err
	}
	for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
		d := rule.ApplyServerSideEncryptionByDefault
		if d != nil && d.SSEAlgorithm == types.ServerSideEncryptionAwsKms && last(aws.ToString(d.KMSMasterKeyID)) == last(key) {
			return nil
		}
	}
	f.Short(a.bucketARN(b.name), "its default encryption is not SSE-KMS under "+key, b.module+": its default encryption as the module writes it")
	return nil
}

// keyStands checks a key's state, its rotation, and that its policy gives nothing
// to somebody who has rights on S3 alone.
func keyStands(ctx context.Context, a *Account, f *Finder, key, module string) error {
	out, err := a.kms().DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key})
	if err != nil {
		return err
	}
	if !out.KeyMetadata.Enabled {
		f.Short(key, fmt.Sprintf("it is %s: what is under it cannot be read", out.KeyMetadata.KeyState), "aws kms cancel-key-deletion or enable-key --key-id "+key)
	}
	rotation, err := a.kms().GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &key})
	if err != nil {
		return err
	}
	if !rotation.KeyRotationEnabled {
		f.Short(key, "it does not rotate", module+": enable_key_rotation as the module writes it")
	}
	p, err := a.keyPolicy(ctx, key)
	if err != nil {
		return err
	}
	reader, err := policy.Parse("a reader", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}}`), policy.Identity)
	if err != nil {
		return err
	}
	keys := &policy.Context{}
	keys.Set("kms:ViaService", "s3."+a.Room.Region+".amazonaws.com")
	keys.Set("kms:CallerAccount", a.Room.Account)
	set := &policy.Set{Identity: []*policy.Policy{reader}, Resource: p}
	d := set.Decide(&policy.Request{Principal: a.somebody(), Action: "kms:Decrypt", Resource: key, ResourceAccount: a.Room.Account, Context: keys})
	if d.Verdict == policy.Allow {
		f.Short(key, "its policy lets everybody of the account decrypt through S3", module+": the key policy as the module writes it")
	}
	return nil
}

func oldVersions() *Check {
	return &Check{
		Lock:  "old-versions",
		Claim: "The buckets keep old versions.",
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			for _, b := range a.buckets() {
				out, err := a.s3().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.name, ExpectedBucketOwner: &a.Room.Account})
				switch {
				case isCode(err, "NoSuchBucket"):
					f.Short(a.bucketARN(b.name), "there is no such bucket", "apply "+b.module)
				case err != nil:
					return err
				case out.Status != types.BucketVersioningStatusEnabled:
					f.Short(a.bucketARN(b.name), "versioning is not enabled", b.module+": aws_s3_bucket_versioning as the module writes it")
				}
			}
			return nil
		},
	}
}
