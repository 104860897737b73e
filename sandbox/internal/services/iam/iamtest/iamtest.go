// Package iamtest runs IAM and STS behind the dispatcher, for tests that speak
// to them with the SDK's own clients.
//
// Start gives a World: accounts, a clock that only the test moves, an issuer
// of OIDC tokens. It holds no assertions about AWS.
package iamtest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	jose "github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/internal/sdkclient"
	"github.com/strongroom-dev/strongroom/sandbox/internal/dispatch"
	"github.com/strongroom-dev/strongroom/sandbox/internal/dispatch/dispatchtest"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/sts"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

// The accounts of every World.
const (
	Account = "111122223333"
	Other   = "444455556666"
)

// World is IAM and STS with two accounts.
type World struct {
	T   testing.TB
	DB  *store.DB
	IAM *iam.Service
	STS *sts.Service
	URL string

	mu   sync.Mutex
	time time.Time
}

// Start makes a World in memory.
func Start(t testing.TB) *World {
	t.Helper()
	w := &World{T: t, DB: store.Memory()}
	w.serve()
	return w
}

// Open makes a World kept in dir. Close its DB before opening it again.
func Open(t testing.TB, dir string) *World {
	t.Helper()
	db, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := &World{T: t, DB: db}
	w.serve()
	return w
}

func (w *World) serve() {
	w.T.Helper()
	w.time = time.Now().UTC().Truncate(time.Second)
	w.IAM = iam.New(w.DB)
	w.IAM.Clock = w.Now
	w.STS = sts.New(w.DB, w.IAM, issuer{})
	if err := w.DB.Load(); err != nil {
		w.T.Fatal(err)
	}
	err := w.DB.Update(func() error {
		return errors.Join(
			w.IAM.EnsureAccount(Account, "AKIAROOTROOTROOTROOT", "secret-of-root"),
			w.IAM.EnsureAccount(Other, "AKIAOTHEROTHEROTHER1", "secret-of-other"))
	})
	if err != nil {
		w.T.Fatal(err)
	}
	w.URL = dispatchtest.Start(w.T, dispatch.Config{DB: w.DB, Directory: w.IAM, Services: []op.Service{w.IAM, w.STS}, Clock: w.Now, Used: w.IAM.Used, Log: slog.New(slog.NewTextHandler(w.T.Output(), nil))})
}

// Now is the World's clock. It starts at the real time, which the SDK's
// signatures carry, and stands still until the test moves it.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

// Move sets the clock forward, or back for a negative d. Signatures are good
// for five minutes either way.
func (w *World) Move(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(d)
}

// Caller makes requests as one principal.
type Caller struct {
	w   *World
	IAM *awsiam.Client
	STS *awssts.Client
}

// As returns a Caller with these credentials; an empty id makes it anonymous.
func (w *World) As(id, secret, token string) Caller {
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(w.URL), RetryMaxAttempts: 1, HTTPClient: sdkclient.Plain(),
		Credentials: aws.AnonymousCredentials{}}
	if id != "" {
		cfg.Credentials = credentials.NewStaticCredentialsProvider(id, secret, token)
	}
	return Caller{w, awsiam.NewFromConfig(cfg), awssts.NewFromConfig(cfg)}
}

// Root is the root user of Account, OtherRoot that of Other.
func (w *World) Root() Caller { return w.As("AKIAROOTROOTROOTROOT", "secret-of-root", "") }

// OtherRoot is the root user of the second account.
func (w *World) OtherRoot() Caller { return w.As("AKIAOTHEROTHEROTHER1", "secret-of-other", "") }

// Session is a Caller with temporary credentials.
func (w *World) Session(c *ststypes.Credentials) Caller {
	return w.As(aws.ToString(c.AccessKeyId), aws.ToString(c.SecretAccessKey), aws.ToString(c.SessionToken))
}

// User makes a user of Account with an access key and, unless doc is empty, an
// inline policy.
func (w *World) User(name, doc string) Caller {
	w.T.Helper()
	ctx, root := context.Background(), w.Root()
	_, err := root.IAM.CreateUser(ctx, &awsiam.CreateUserInput{UserName: &name})
	w.must(err)
	if doc != "" {
		_, err = root.IAM.PutUserPolicy(ctx, &awsiam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("inline"), PolicyDocument: &doc})
		w.must(err)
	}
	key, err := root.IAM.CreateAccessKey(ctx, &awsiam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	return w.As(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
}

// Role makes a role of Account with a trust policy and, unless doc is empty,
// an inline policy. It returns the ARN.
func (w *World) Role(name, trust, doc string) string {
	w.T.Helper()
	ctx, root := context.Background(), w.Root()
	out, err := root.IAM.CreateRole(ctx, &awsiam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	w.must(err)
	if doc != "" {
		_, err = root.IAM.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("inline"), PolicyDocument: &doc})
		w.must(err)
	}
	return *out.Role.Arn
}

func (w *World) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// Code is the AWS error code of err; empty: err is nil or not AWS's.
func Code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

// Unescape reads a policy document of a response.
func Unescape(t testing.TB, doc *string) string {
	t.Helper()
	s, err := url.PathUnescape(aws.ToString(doc))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// issuer knows every issuer but "https://unreachable.example.com".
type issuer struct{}

var tokenKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func (issuer) JWKS(_ context.Context, name string) (*jose.JSONWebKeySet, error) {
	if name == "https://unreachable.example.com" {
		return nil, errors.New("no such issuer")
	}
	return &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: tokenKey().Public(), KeyID: "one", Algorithm: "RS256", Use: "sig"}}}, nil
}

// IssuerKey is the private key behind every issuer's JWKS, under the ID "one".
func IssuerKey() *rsa.PrivateKey { return tokenKey() }

// Token signs claims as the issuer would.
func (w *World) Token(claims map[string]any) string {
	w.T.Helper()
	return w.Sign(claims, jose.SigningKey{Algorithm: jose.RS256, Key: tokenKey()}, "one")
}

// Sign signs claims with any key.
func (w *World) Sign(claims map[string]any, key jose.SigningKey, kid string) string {
	w.T.Helper()
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", kid))
	w.must(err)
	payload, err := json.Marshal(claims)
	w.must(err)
	jws, err := signer.Sign(payload)
	w.must(err)
	raw, err := jws.CompactSerialize()
	w.must(err)
	return raw
}
