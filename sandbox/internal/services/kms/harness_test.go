package kms_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/internal/sdkclient"
	"github.com/strongroom-dev/strongroom/sandbox/internal/dispatch"
	"github.com/strongroom-dev/strongroom/sandbox/internal/forge"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	iamservice "github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/kms"
	stsservice "github.com/strongroom-dev/strongroom/sandbox/internal/services/sts"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

const (
	home   = "111122223333"
	abroad = "444455556666"
	region = "eu-west-2"
	allKMS = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`
)

// world is a sandbox of IAM, STS and KMS with a clock that tests turn.
type world struct {
	t   testing.TB
	db  *store.DB
	iam *iamservice.Service
	kms *kms.Service
	url string

	mu  sync.Mutex
	now time.Time
}

func newWorld(t testing.TB) *world { return openWorld(t, store.Memory()) }

func openWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, now: time.Now().UTC().Truncate(time.Millisecond)}
	w.iam = iamservice.New(db)
	w.iam.Clock = w.clock
	w.kms = kms.New(db, w.iam)
	w.kms.Clock = w.clock
	f, err := forge.New(forge.Options{Clock: w.clock, Rand: rand.Reader})
	w.must(err)
	stsSvc := stsservice.New(db, w.iam, f)
	w.must(db.Load())
	d, err := dispatch.New(dispatch.Config{
		DB: db, Directory: w.iam, Services: []op.Service{w.iam, stsSvc, w.kms}, Clock: w.clock, Rand: rand.Reader,
	})
	w.must(err)
	for _, account := range []string{home, abroad} {
		w.must(db.Update(func() error { return w.iam.EnsureAccount(account, "AKIAROOT"+account, "secret"+account) }))
	}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// pass moves the clock.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) config(key, secret, token string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &w.url, RetryMaxAttempts: 1, HTTPClient: sdkclient.Plain(),
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, token),
	}
}

// root is the root user's client of the account.
func (w *world) root(account string) *sdk.Client {
	return w.client(w.config("AKIAROOT"+account, "secret"+account, ""))
}

// client signs with the world's clock.
func (w *world) client(cfg aws.Config) *sdk.Client {
	return sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		o.HTTPSignerV4 = clockSigner{v4.NewSigner(), w}
	})
}

func (w *world) iamClient(account string) *iam.Client {
	cfg := w.config("AKIAROOT"+account, "secret"+account, "")
	cfg.Region = "us-east-1" // IAM's, which has no other
	return iam.NewFromConfig(cfg)
}

// user makes an IAM user with an inline policy ("": none) and returns its
// client and ARN.
func (w *world) user(account, name, policy string) (*sdk.Client, string) {
	w.t.Helper()
	c := w.iamClient(account)
	u, err := c.CreateUser(context.Background(), &iam.CreateUserInput{UserName: &name})
	w.must(err)
	if policy != "" {
		_, err = c.PutUserPolicy(context.Background(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy})
		w.must(err)
	}
	k, err := c.CreateAccessKey(context.Background(), &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	return w.client(w.config(*k.AccessKey.AccessKeyId, *k.AccessKey.SecretAccessKey, "")), *u.User.Arn
}

// role makes a role with an inline policy and returns a session's client and
// the role's ARN.
func (w *world) role(account, name, policy string) (*sdk.Client, string) {
	w.t.Helper()
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"sts:AssumeRole"}}`
	c := w.iamClient(account)
	r, err := c.CreateRole(context.Background(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	w.must(err)
	if policy != "" {
		_, err = c.PutRolePolicy(context.Background(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy})
		w.must(err)
	}
	return w.assume(account, *r.Role.Arn), *r.Role.Arn
}

// assume takes on a role as a user of the account who may take on any.
func (w *world) assume(account, arn string) *sdk.Client {
	w.t.Helper()
	ctx := context.Background()
	name := "assumer-" + arn[strings.LastIndex(arn, "/")+1:]
	c := w.iamClient(account)
	_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	w.must(err)
	_, err = c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`)})
	w.must(err)
	k, err := c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	s := sts.NewFromConfig(w.config(*k.AccessKey.AccessKeyId, *k.AccessKey.SecretAccessKey, ""))
	out, err := s.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("session")})
	w.must(err)
	return w.client(w.config(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken))
}

// key makes a key as the account's root user and returns its ARN.
func (w *world) key(account string, in *sdk.CreateKeyInput) string {
	w.t.Helper()
	out, err := w.root(account).CreateKey(context.Background(), in)
	w.must(err)
	return *out.KeyMetadata.Arn
}

func (w *world) symmetric(account string) string { return w.key(account, &sdk.CreateKeyInput{}) }

func (w *world) signing(spec types.KeySpec) string {
	return w.key(home, &sdk.CreateKeyInput{KeySpec: spec, KeyUsage: types.KeyUsageTypeSignVerify})
}

// wantCode fails unless err is the AWS error with this code; "" wants none.
func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	got, message := "", ""
	var api smithy.APIError
	if errors.As(err, &api) {
		got, message = api.ErrorCode(), api.ErrorMessage()
	} else if err != nil {
		t.Fatalf("got error %v, want code %q", err, code)
	}
	if got != code {
		t.Fatalf("got code %q (%s), want %q", got, message, code)
	}
}

// wantMessage fails unless err is the AWS error with this code, and its message
// holds the text.
func wantMessage(t testing.TB, err error, code, text string) {
	t.Helper()
	wantCode(t, err, code)
	if !strings.Contains(err.Error(), text) {
		t.Fatalf("got error %q, want one that says %q", err, text)
	}
}

// doc reads a policy with HOME, ABROAD and further pairs replaced.
func doc(text string, pairs ...string) string {
	return strings.NewReplacer(append([]string{"HOME", home, "ABROAD", abroad}, pairs...)...).Replace(text)
}

// clockSigner signs at the world's time instead of the system's.
type clockSigner struct {
	*v4.Signer
	w *world
}

func (s clockSigner) SignHTTP(ctx context.Context, cred aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, opts ...func(*v4.SignerOptions)) error {
	return s.Signer.SignHTTP(ctx, cred, r, hash, service, region, s.w.clock(), opts...)
}

type grantOperation = types.GrantOperation

// again is a client with c's credentials for this world.
func (w *world) again(c *sdk.Client) *sdk.Client {
	w.t.Helper()
	cred, err := c.Options().Credentials.Retrieve(context.Background())
	w.must(err)
	return w.client(w.config(cred.AccessKeyID, cred.SecretAccessKey, cred.SessionToken))
}
