package statetest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// Where everything is.
const (
	Account = "111122223333"
	Region  = "us-east-1"
	Bucket  = "acme-tf-backend"
	// Lineage is that of every State.
	Lineage = "6f1ed001-2dd5-4a09-9d3c-000000000001"
)

// accounts are those of the environments.
var accounts = map[string]string{"development": "222233334444", "production": "333344445555"}

// World is the world of a test.
type World struct {
	testing.TB
	Sandbox *sandbox.Sandbox
	// Dir is the room's directory; Room what its spec says.
	Dir  string
	Room *room.Room
	// Owner is the state account's root user, and Reader a user there with s3:GetObject
	// and s3:ListBucket alone.
	Owner, Reader aws.Config
	S3            *s3.Client
	KMS           *kms.Client
	// Keys are the ARNs of the environments' keys, Principals their users' credentials,
	// Access the same as the sandbox has them.
	Keys       map[string]string
	Principals map[string]aws.Config
	Access     map[string]sandbox.Credentials
	// ReaderAccess are the reader's.
	ReaderAccess sandbox.Credentials
}

// New makes the world. extra goes into the spec's state block.
func New(t testing.TB, extra string) *World {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Options{Account: Account, Region: Region})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test has ended
	w := &World{
		TB: t, Sandbox: s, Dir: t.TempDir(), Owner: s.Config(s.Credentials()),
		Keys: map[string]string{}, Principals: map[string]aws.Config{}, Access: map[string]sandbox.Credentials{},
	}
	w.S3, w.KMS = s3.NewFromConfig(w.Owner), kms.NewFromConfig(w.Owner)
	ctx := t.Context()
	_, err = w.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(Bucket)})
	w.check(err)
	_, err = w.S3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: aws.String(Bucket), VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
	w.check(err)
	w.ReaderAccess = w.user(Account, "reader", `{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"}`)
	w.Reader = s.Config(w.ReaderAccess)
	statements, environments := []string{}, ""
	for _, name := range []string{"development", "production"} {
		key, err := w.KMS.CreateKey(ctx, &kms.CreateKeyInput{})
		w.check(err)
		w.Keys[name] = *key.KeyMetadata.Arn
		w.Access[name] = w.user(accounts[name], "terraform",
			`{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Allow","Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey"],"Resource":"`+w.Keys[name]+`"}`)
		w.Principals[name] = s.Config(w.Access[name])
		w.KeyPolicy(name, Statement("Allow", w.User(name), "", "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"))
		objects := `["arn:aws:s3:::` + Bucket + `/` + name + `","arn:aws:s3:::` + Bucket + `/` + name + `.tflock","arn:aws:s3:::` + Bucket + `/env:/*/` + name + `"]`
		statements = append(statements,
			`{"Effect":"Allow","Principal":{"AWS":"`+w.User(name)+`"},"Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":`+objects+`}`,
			`{"Effect":"Allow","Principal":{"AWS":"`+w.User(name)+`"},"Action":"s3:ListBucket","Resource":"arn:aws:s3:::`+Bucket+`"}`)
		environments += fmt.Sprintf("\n  environment %q {\n    principals  = [%q]\n    state_keys  = [%[1]q]\n    kms_key_arn = %[3]q\n\n    stack \"infra\" {\n      state_key = %[1]q\n      dir       = \"stacks/%[1]s\"\n    }\n  }\n", name, w.User(name), w.Keys[name])
	}
	w.BucketPolicy(statements...)
	w.Spec(fmt.Sprintf("name    = \"states\"\naccount = %q\nregion  = %q\n\nforge \"github\" {\n  project = \"acme/infra\"\n}\n\nstate {\n  bucket    = %q\n  key_alias = \"alias/acme-tf-state\"\n%s%s}\n", Account, Region, Bucket, extra, environments))
	return w
}

func (w *World) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// Spec replaces the room's spec.
func (w *World) Spec(text string) {
	w.Helper()
	w.check(os.WriteFile(filepath.Join(w.Dir, room.SpecFile), []byte(text), 0o600))
	r, err := room.Load(w.Dir)
	w.check(err)
	w.Room = r
}

// EditSpec replaces a part of the room's spec.
func (w *World) EditSpec(old, text string) {
	w.Helper()
	raw, err := os.ReadFile(filepath.Join(w.Dir, room.SpecFile))
	w.check(err)
	if !strings.Contains(string(raw), old) {
		w.Fatalf("the spec has no %q", old)
	}
	w.Spec(strings.Replace(string(raw), old, text, 1))
}

// User is the ARN of an environment's principal.
func (w *World) User(environment string) string {
	return "arn:aws:iam::" + accounts[environment] + ":user/terraform"
}

func (w *World) user(account, name, statements string) sandbox.Credentials {
	w.Helper()
	root, err := w.Sandbox.RootCredentials(account)
	w.check(err)
	client := iam.NewFromConfig(w.Sandbox.Config(root))
	_, err = client.CreateUser(w.Context(), &iam.CreateUserInput{UserName: &name})
	w.check(err)
	_, err = client.PutUserPolicy(w.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("own"), PolicyDocument: document(statements)})
	w.check(err)
	key, err := client.CreateAccessKey(w.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	w.check(err)
	return sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}
}

// Stranger makes a user of the state account who may look at keys, and do nothing else.
func (w *World) Stranger(name string) sandbox.Credentials {
	w.Helper()
	return w.user(Account, name, `{"Effect":"Allow","Action":"kms:DescribeKey","Resource":"*"}`)
}

func document(statements ...string) *string {
	return aws.String(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
}

// Statement is one of a key policy. principal is an ARN or "*"; condition is JSON, or
// empty.
func Statement(effect, principal, condition string, actions ...string) string {
	who := `{"AWS":"` + principal + `"}`
	if principal == "*" {
		who = `"*"`
	}
	text := `{"Effect":"` + effect + `","Principal":` + who + `,"Action":["` + strings.Join(actions, `","`) + `"],"Resource":"*"`
	if condition != "" {
		text += `,"Condition":` + condition
	}
	return text + "}"
}

// KeyPolicy replaces a key's policy: root keeps its administration.
func (w *World) KeyPolicy(environment string, statements ...string) {
	w.Helper()
	statements = append([]string{Statement("Allow", "arn:aws:iam::"+Account+":root", "", "kms:*")}, statements...)
	_, err := w.KMS.PutKeyPolicy(w.Context(), &kms.PutKeyPolicyInput{KeyId: aws.String(w.Keys[environment]), Policy: document(statements...)})
	w.check(err)
}

// BucketPolicy replaces the bucket's policy.
func (w *World) BucketPolicy(statements ...string) {
	w.Helper()
	_, err := w.S3.PutBucketPolicy(w.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(Bucket), Policy: document(statements...)})
	w.check(err)
}

// DefaultEncryption sets the bucket's: under a key, or SSE-S3 without one.
func (w *World) DefaultEncryption(keyARN string, bucketKey bool) {
	w.Helper()
	by := &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAes256}
	if keyARN != "" {
		by = &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &keyARN}
	}
	_, err := w.S3.PutBucketEncryption(w.Context(), &s3.PutBucketEncryptionInput{Bucket: aws.String(Bucket), ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{
		Rules: []s3types.ServerSideEncryptionRule{{BucketKeyEnabled: &bucketKey, ApplyServerSideEncryptionByDefault: by}},
	}})
	w.check(err)
}

// State is a state with so many resources.
func State(serial uint64, resources int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"version":4,"terraform_version":"1.11.4","serial":%d,"lineage":%q,"outputs":{},"resources":[`, serial, Lineage)
	for i := range resources {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"mode":"managed","type":"terraform_data","name":"r%d","provider":"provider[\"terraform.io/builtin/terraform\"]","instances":[{"schema_version":0,"attributes":{"id":"id-%d"}}]}`, i, i)
	}
	b.WriteString(`],"check_results":null}`)
	return b.Bytes()
}

// Put writes an object as the owner: under a key, or as the bucket does by default.
func (w *World) Put(key string, body []byte, keyARN string) {
	w.Helper()
	in := &s3.PutObjectInput{Bucket: aws.String(Bucket), Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("application/json")}
	if keyARN != "" {
		in.ServerSideEncryption, in.SSEKMSKeyId = s3types.ServerSideEncryptionAwsKms, &keyARN
	}
	_, err := w.S3.PutObject(w.Context(), in)
	w.check(err)
}

// Environment returns one of the spec's, by name.
func (w *World) Environment(name string) state.Environment {
	w.Helper()
	list, err := state.Select(w.Room, name, "")
	w.check(err)
	return list[0]
}

// Target is the default workspace's state of an environment's first stack.
func (w *World) Target(environment string) state.Target {
	e := w.Environment(environment)
	return state.Target{Environment: e.Name, Stack: e.Stacks[0], Workspace: "default"}
}
