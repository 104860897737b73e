package grants_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// The second seed's accounts.
const (
	stateAccount = "101246931230"
	region       = "us-east-1"
	bucket       = "cabal-tf-backend"
)

var accounts = map[string]string{"development": "175059541256", "staging": "715401949493", "production": "859381087471"}

// world is the seed's: a state account with a hand-made bucket and a key for each
// environment, whose policy keeps root's administration and nothing else; in each
// environment's account a static user without any policy.
type world struct {
	*testing.T
	sb   *sandbox.Sandbox
	s3   *s3.Client
	kms  *kms.Client
	keys map[string]string
	// creds are the users', by environment; users are their ARNs.
	creds map[string]sandbox.Credentials
	users map[string]string
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// newWorld makes the world. near is an environment whose user is in the state
// account; empty: none.
func newWorld(t *testing.T, near string) *world {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Options{Account: stateAccount, Region: region})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test has ended
	cfg := s.Config(s.Credentials())
	w := &world{T: t, sb: s, s3: s3.NewFromConfig(cfg), kms: kms.NewFromConfig(cfg), keys: map[string]string{}, creds: map[string]sandbox.Credentials{}, users: map[string]string{}}
	must(w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}))
	for environment, account := range accounts {
		name := "terraform"
		if environment == near {
			account, name = stateAccount, environment
		}
		client := w.iam(account)
		made := must(client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}))
		key := must(client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})).AccessKey
		w.users[environment] = *made.User.Arn
		w.creds[environment] = sandbox.Credentials{AccessKeyID: *key.AccessKeyId, SecretAccessKey: *key.SecretAccessKey}
		w.keys[environment] = *must(w.kms.CreateKey(t.Context(), &kms.CreateKeyInput{})).KeyMetadata.Arn
		w.keyPolicy(environment, "")
	}
	return w
}

func (w *world) iam(account string) *iam.Client {
	return iam.NewFromConfig(w.sb.Config(must(w.sb.RootCredentials(account))))
}

// root is what every key policy keeps.
const root = `{"Sid":"AccountAdministersTheKey","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + stateAccount + `:root"},"Action":"kms:*","Resource":"*"}`

func document(statements ...string) *string {
	keep := []string{}
	for _, s := range statements {
		if s = strings.TrimSpace(s); s != "" {
			keep = append(keep, s)
		}
	}
	return aws.String(`{"Version":"2012-10-17","Statement":[` + strings.Join(keep, ",") + `]}`)
}

func (w *world) keyPolicy(environment, statements string) {
	w.Helper()
	id := w.keys[environment]
	must(w.kms.PutKeyPolicy(w.Context(), &kms.PutKeyPolicyInput{KeyId: &id, Policy: document(root, statements)}))
}

func (w *world) bucketPolicy(statements ...string) {
	w.Helper()
	if strings.Join(statements, "") == "" {
		must(w.s3.DeleteBucketPolicy(w.Context(), &s3.DeleteBucketPolicyInput{Bucket: aws.String(bucket)}))
		return
	}
	must(w.s3.PutBucketPolicy(w.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: document(statements...)}))
}

// ownPolicy writes the user's inline policy, the hand-managed one.
func (w *world) ownPolicy(environment, statements string) {
	w.Helper()
	arn := strings.Split(w.users[environment], ":")
	client, name := w.iam(arn[4]), strings.TrimPrefix(arn[5], "user/")
	if statements == "" {
		_, err := client.DeleteUserPolicy(w.Context(), &iam.DeleteUserPolicyInput{UserName: &name, PolicyName: aws.String("state")})
		if err != nil && !strings.Contains(err.Error(), "NoSuchEntity") {
			w.Fatal(err)
		}
		return
	}
	must(client.PutUserPolicy(w.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("state"), PolicyDocument: document(statements)}))
}

// bucketKey sets the bucket's default encryption.
func (w *world) bucketKey(on bool) {
	w.Helper()
	must(w.s3.PutBucketEncryption(w.Context(), &s3.PutBucketEncryptionInput{Bucket: aws.String(bucket), ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{
		Rules: []s3types.ServerSideEncryptionRule{{BucketKeyEnabled: &on, ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAes256}}},
	}}))
}

// workdir is a root module of an environment.
type workdir struct {
	*world
	engine  engine.Binary
	dir     string
	environ []string
}

func (w *world) workdir(b engine.Binary, environment, key string, locking bool) *workdir {
	w.Helper()
	d := &workdir{world: w, engine: b, dir: w.TempDir()}
	lock := ""
	if locking {
		lock = "\n    use_lockfile = true"
	}
	text := `terraform {
  backend "s3" {
    bucket       = "` + bucket + `"
    key          = "` + key + `"
    region       = "` + region + `"
    encrypt      = true
    kms_key_id   = "` + w.keys[environment] + `"` + lock + `
  }
}

variable "generation" {
  type = number
}

resource "terraform_data" "this" {
  input = var.generation
}
`
	if err := os.WriteFile(filepath.Join(d.dir, "main.tf"), []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
	c := w.creds[environment]
	d.environ = append(engine.Environ(os.Environ(), w.sb.Env(), w.sb.EnvUnset()), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		"AWS_ACCESS_KEY_ID="+c.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+c.SecretAccessKey)
	return d
}

// run runs the engine as the environment's user.
func (d *workdir) run(args ...string) (string, error) {
	d.Helper()
	cmd := exec.CommandContext(d.Context(), d.engine.Path, append(args, "-no-color")...)
	cmd.WaitDelay = 30 * time.Second // what outlives the engine holds the output
	cmd.Dir, cmd.Env = d.dir, d.environ
	out, err := cmd.CombinedOutput()
	return string(out), err
}
