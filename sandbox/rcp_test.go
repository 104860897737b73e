package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// A resource control policy binds whoever comes to the account's resources, the
// root user and strangers too, and nothing of services that do not support it.
// Source: Organizations User Guide, orgs_manage_policies_rcps.
func TestRCPsBindTheResourcesOfAnAccount(t *testing.T) {
	dir := t.TempDir()
	s := start(t, sandbox.Options{DataDir: dir})
	root := s.Config(s.Credentials())
	bucket(t, s, "fenced")
	key, err := kms.NewFromConfig(root).CreateKey(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	const deny = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":["s3:ListBucket","kms:Encrypt","iam:ListUsers"],"Resource":"*"}]}`
	if err := s.AttachRCP("111122223333", 2, "fence", []byte(deny)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, doc, want string }{
		{"RCPFullAWSAccess", deny, "cannot be replaced"},
		{"open", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}`, "can only deny"},
		{"named", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*"}]}`, "principal"},
	} {
		if err := s.AttachRCP("111122223333", 0, tc.name, []byte(tc.doc)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
	ask := func(cfg aws.Config) (list, encrypt, users error) {
		_, list = s3.NewFromConfig(cfg).ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("fenced")})
		_, encrypt = kms.NewFromConfig(cfg).Encrypt(ctx, &kms.EncryptInput{KeyId: key.KeyMetadata.Arn, Plaintext: []byte("x")})
		_, users = iam.NewFromConfig(cfg).ListUsers(ctx, nil)
		return list, encrypt, users
	}
	check := func(s *sandbox.Sandbox) {
		t.Helper()
		list, encrypt, users := ask(s.Config(s.Credentials()))
		for name, err := range map[string]error{"s3": list, "kms": encrypt} {
			if err == nil || !strings.Contains(err.Error(), "with an explicit deny in a resource control policy") {
				t.Errorf("%s: got %v, want a refusal by the RCP", name, err)
			}
		}
		if users != nil {
			t.Errorf("IAM does not support RCPs: %v", users)
		}
	}
	check(s)
	if _, err := s3.NewFromConfig(root).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("fenced"), Key: aws.String("k"), Body: strings.NewReader("x")}); err != nil {
		t.Errorf("what the RCP does not deny: %v", err)
	}
	// A caller from a fenced account may go elsewhere.
	other, err := s.RootCredentials("444455556666")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s3.NewFromConfig(s.Config(other)).ListBuckets(ctx, nil); err != nil {
		t.Errorf("another account: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, sandbox.Options{DataDir: dir, AccessKey: s.Credentials().AccessKeyID, SecretKey: s.Credentials().SecretAccessKey})
	s = again
	check(again)
}
