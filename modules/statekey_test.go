package modules_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/sandbox"
)

const stateKeys = rootHeader + `
variable "generation" {
  type = number
}

locals {
  first = var.generation == 1
  principals = {
    development = "arn:aws:iam::175059541256:user/terraform"
    staging     = "arn:aws:iam::111122223333:user/staging"
  }
}

module "state_key" {
  source   = "./state-key"
  for_each = local.principals

  environment              = each.key
  principals               = local.first ? [each.value] : [each.value, "arn:aws:iam::175059541256:user/second"]
  key_alias                = local.first ? "alias/acme-state" : "alias/acme-tf-state"
  key_deletion_window_days = local.first ? 30 : 14
  only_through_s3          = local.first ? null : { bucket = "acme-state", state_keys = [each.key] }
  tags                     = local.first ? {} : { Owner = "platform" }
}

output "keys" {
  value = { for name, key in module.state_key : name => [key.key_arn, key.key_id, key.alias] }
}
`

// The keys of two environments, one of another account and one of this, are made by plain
// commands. Each environment's principal may do the four things with its own key, the one
// of another account only once its own account allows it too, and nobody may do more; with
// STRONGROOM_TEST_FULL every input changes, and destroying is refused.
func TestStateKeysAreForTheirEnvironments(t *testing.T) {
	if testing.Short() {
		t.Skip("the engine needs a quarter of a minute")
	}
	t.Parallel()
	s, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test has ended
	r := &room{T: t, sb: s}
	const far, near = "175059541256", sandbox.DefaultAccount
	development, staging := r.user(far, "terraform"), r.user(near, "staging")
	r.user(far, "second")

	k := newStack(t, enginetest.First(t), s, stateKeys, false)
	r.must(os.CopyFS(filepath.Join(k.dir, "state-key"), os.DirFS("state-key")))
	k.must("init", "-input=false")
	k.must("apply", "-auto-approve", "-var=generation=1")
	if enginetest.Full() {
		k.settled("-var=generation=1")
	}
	var keys map[string][3]string
	r.must(json.Unmarshal([]byte(k.must("output", "-json", "keys")), &keys))
	own, other := keys["development"], keys["staging"]

	// One half of what a principal of another account needs is none.
	for name, call := range uses(r, development, own[0]) {
		r.refused("without its own policy, kms:"+name, call(), "AccessDeniedException")
	}
	r.allow(far, "terraform", `"kms:Encrypt","kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey"`, own[0])
	for name, call := range uses(r, development, own[0]) {
		if err := call(); err != nil {
			t.Errorf("kms:%s: %v", name, err)
		}
	}
	for name, call := range uses(r, staging, other[0]) {
		if err := call(); err != nil {
			t.Errorf("in the account of the key, kms:%s: %v", name, err)
		}
	}
	// The whole service, as far as their own policies go: the keys still keep them apart.
	r.allow(far, "terraform", `"kms:*"`, "*")
	for name, call := range uses(r, development, other[0]) {
		r.refused("on the other environment's key, kms:"+name, call(), "AccessDeniedException")
	}
	for name, call := range uses(r, staging, own[0]) {
		r.refused("the other way round, kms:"+name, call(), "AccessDeniedException")
	}
	for name, call := range takeovers(r, development, own[0]) {
		r.refused("kms:"+name, call(), "AccessDeniedException")
	}

	admin := kms.NewFromConfig(s.Config(s.Credentials()))
	for name, key := range keys {
		found, err := admin.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(key[2])})
		r.must(err)
		if id := *found.KeyMetadata.KeyId; id != key[1] || *found.KeyMetadata.Arn != key[0] || key[2] != "alias/acme-state-"+name {
			t.Errorf("%s: outputs %q, the alias leads to %s", name, key, id)
		}
		rotation, err := admin.GetKeyRotationStatus(t.Context(), &kms.GetKeyRotationStatusInput{KeyId: aws.String(key[1])})
		if err != nil || !rotation.KeyRotationEnabled || *found.KeyMetadata.MultiRegion {
			t.Errorf("%s: the key does not rotate or is a multi-region key (%v)", name, err)
		}
	}
	if !enginetest.Full() {
		return
	}

	if out, status := k.run("plan", "-destroy", "-var=generation=1"); status == 0 || !strings.Contains(out, "prevent_destroy") {
		t.Errorf("a plan to destroy the keys is not refused, exit status %d\n%s", status, out)
	}
	k.must("apply", "-auto-approve", "-var=generation=2")
	k.settled("-var=generation=2")
	var changed map[string][3]string
	r.must(json.Unmarshal([]byte(k.must("output", "-json", "keys")), &changed))
	if changed["development"][0] != own[0] {
		t.Error("a change of the inputs made another key")
	}
	// Narrowed, the key is of no use but through S3.
	for name, call := range uses(r, development, own[0]) {
		if err := call(); name == "DescribeKey" {
			r.must(err)
		} else {
			r.refused("not through S3, kms:"+name, err, "AccessDeniedException")
		}
	}
	k.lift(k.dir)
	k.must("destroy", "-auto-approve", "-var=generation=2")
	if unknown := s.Unknown(); len(unknown) > 0 {
		t.Errorf("operations that the sandbox does not implement: %v", unknown)
	}
}

// user makes an IAM user and returns its access key.
func (r *room) user(account, name string) sandbox.Credentials {
	r.Helper()
	client := r.iam(account)
	_, err := client.CreateUser(r.Context(), &iam.CreateUserInput{UserName: &name})
	r.must(err)
	made, err := client.CreateAccessKey(r.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	r.must(err)
	return sandbox.Credentials{AccessKeyID: *made.AccessKey.AccessKeyId, SecretAccessKey: *made.AccessKey.SecretAccessKey}
}

// allow writes the one inline policy of a user.
func (r *room) allow(account, name, actions, resource string) {
	r.Helper()
	_, err := r.iam(account).PutUserPolicy(r.Context(), &iam.PutUserPolicyInput{
		UserName: &name, PolicyName: aws.String("state"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[` + actions + `],"Resource":"` + resource + `"}}`),
	})
	r.must(err)
}

func (r *room) iam(account string) *iam.Client {
	r.Helper()
	root, err := r.sb.RootCredentials(account)
	r.must(err)
	return iam.NewFromConfig(r.sb.Config(root))
}

// uses are the four calls that an environment's principal may make.
func uses(r *room, c sandbox.Credentials, key string) map[string]func() error {
	client := kms.NewFromConfig(r.sb.Config(c))
	made, err := kms.NewFromConfig(r.sb.Config(r.sb.Credentials())).Encrypt(r.Context(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte("x")})
	r.must(err)
	return map[string]func() error{
		"Encrypt": func() error {
			_, err := client.Encrypt(r.Context(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte("x")})
			return err
		},
		"Decrypt": func() error {
			_, err := client.Decrypt(r.Context(), &kms.DecryptInput{CiphertextBlob: made.CiphertextBlob, KeyId: &key})
			return err
		},
		"GenerateDataKey": func() error {
			_, err := client.GenerateDataKey(r.Context(), &kms.GenerateDataKeyInput{KeyId: &key, KeySpec: "AES_256"})
			return err
		},
		"DescribeKey": func() error {
			_, err := client.DescribeKey(r.Context(), &kms.DescribeKeyInput{KeyId: &key})
			return err
		},
	}
}

// takeovers are calls that would make more of the right to use a key.
func takeovers(r *room, c sandbox.Credentials, key string) map[string]func() error {
	client := kms.NewFromConfig(r.sb.Config(c))
	return map[string]func() error{
		"GetKeyPolicy": func() error {
			_, err := client.GetKeyPolicy(r.Context(), &kms.GetKeyPolicyInput{KeyId: &key})
			return err
		},
		"PutKeyPolicy": func() error {
			_, err := client.PutKeyPolicy(r.Context(), &kms.PutKeyPolicyInput{KeyId: &key, Policy: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}`)})
			return err
		},
		"CreateGrant": func() error {
			_, err := client.CreateGrant(r.Context(), &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: aws.String("arn:aws:iam::175059541256:user/second"), Operations: []kmstypes.GrantOperation{"Decrypt"}})
			return err
		},
		"ScheduleKeyDeletion": func() error {
			_, err := client.ScheduleKeyDeletion(r.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &key})
			return err
		},
		"DisableKey": func() error {
			_, err := client.DisableKey(r.Context(), &kms.DisableKeyInput{KeyId: &key})
			return err
		},
	}
}
