package sts_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	jose "github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam/iamtest"
)

const (
	gitlabSub = "project_path:group/app:ref_type:branch:ref:main"
	gitlab    = "arn:aws:iam::111122223333:oidc-provider/gitlab.com"
)

// room is a World with gitlab.com registered and a role that trusts main.
type room struct {
	*iamtest.World
	role string
}

func newRoom(t *testing.T, condition string) room {
	t.Helper()
	w := iamtest.Start(t)
	_, err := w.Root().IAM.CreateOpenIDConnectProvider(ctx, &awsiam.CreateOpenIDConnectProviderInput{Url: aws.String("https://gitlab.com"), ClientIDList: []string{"sts.amazonaws.com"}})
	if err != nil {
		t.Fatal(err)
	}
	return room{w, w.Role("deploy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"`+gitlab+`"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],"Condition":`+condition+`}]}`, "")}
}

func (r room) claims(change map[string]any) map[string]any {
	now := r.Now().Unix()
	c := map[string]any{"iss": "https://gitlab.com", "sub": gitlabSub, "aud": "sts.amazonaws.com", "iat": now, "nbf": now - 5, "exp": now + 300,
		"project_id": "42", "project_path": "group/app", "ref_protected": "true"}
	for k, v := range change {
		if v == nil {
			delete(c, k)
		} else {
			c[k] = v
		}
	}
	return c
}

func (r room) assume(token string) (*awssts.AssumeRoleWithWebIdentityOutput, error) {
	return r.As("", "", "").STS.AssumeRoleWithWebIdentity(ctx, &awssts.AssumeRoleWithWebIdentityInput{RoleArn: &r.role, RoleSessionName: aws.String("ci"), WebIdentityToken: &token})
}

const onlyMain = `{"StringEquals":{"gitlab.com:aud":"sts.amazonaws.com","gitlab.com:sub":"` + gitlabSub + `"}}`

func TestWebIdentity(t *testing.T) {
	r := newRoom(t, onlyMain)
	out, err := r.assume(r.Token(r.claims(nil)))
	if err != nil {
		t.Fatal(err)
	}
	if *out.SubjectFromWebIdentityToken != gitlabSub || *out.Audience != "sts.amazonaws.com" || *out.Provider != gitlab {
		t.Errorf("got %q %q %q", *out.SubjectFromWebIdentityToken, *out.Audience, *out.Provider)
	}
	who, err := r.Session(out.Credentials).STS.GetCallerIdentity(ctx, nil)
	if err != nil || *who.Arn != "arn:aws:sts::111122223333:assumed-role/deploy/ci" {
		t.Errorf("got %v, %v", who, err)
	}
}

func TestWebIdentityRefused(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(iamtest.IssuerKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	r := newRoom(t, onlyMain)
	now := r.Now()
	good := r.Token(r.claims(nil))
	parts := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	for _, tc := range []struct{ name, token, want, message string }{
		{"another project", r.Token(r.claims(map[string]any{"sub": "project_path:group/other:ref_type:branch:ref:main"})), "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		{"another branch", r.Token(r.claims(map[string]any{"sub": gitlabSub + "x"})), "AccessDenied", "Not authorized"},
		{"wrong audience", r.Token(r.claims(map[string]any{"aud": "https://gitlab.com"})), "InvalidIdentityToken", "Incorrect token audience"},
		{"several audiences", r.Token(r.claims(map[string]any{"aud": []string{"sts.amazonaws.com", "x"}})), "InvalidIdentityToken", "several audiences"},
		{"expired for five minutes", r.Token(r.claims(map[string]any{"exp": now.Add(-5 * time.Minute).Unix()})), "ExpiredTokenException", "Token expired"},
		{"issued to another party", r.Token(r.claims(map[string]any{"azp": "another client"})), "InvalidIdentityToken", "Incorrect token audience"},
		{"not yet", r.Token(r.claims(map[string]any{"nbf": now.Add(time.Hour).Unix()})), "InvalidIdentityToken", "not valid yet"},
		{"no subject", r.Token(r.claims(map[string]any{"sub": nil})), "InvalidIdentityToken", "sub"},
		{"no expiry", r.Token(r.claims(map[string]any{"exp": nil})), "InvalidIdentityToken", "exp"},
		{"no issued-at", r.Token(r.claims(map[string]any{"iat": nil})), "InvalidIdentityToken", "iat"},
		{"expiry as text", r.Token(r.claims(map[string]any{"exp": "4102444800"})), "InvalidIdentityToken", "exp"},
		{"expiry in fractions", r.Token(r.claims(map[string]any{"exp": float64(now.Unix()) + 300.5})), "InvalidIdentityToken", "whole seconds"},
		{"issuer not registered", r.Token(r.claims(map[string]any{"iss": "https://gitlab.example.com"})), "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://gitlab.example.com"},
		{"issuer with a slash more", r.Token(r.claims(map[string]any{"iss": "https://gitlab.com/"})), "InvalidIdentityToken", "No OpenIDConnect provider"},
		{"signed by a stranger", r.Sign(r.claims(nil), jose.SigningKey{Algorithm: jose.RS256, Key: other}, "one"), "InvalidIdentityToken", "signature"},
		{"unknown key ID", r.Sign(r.claims(nil), jose.SigningKey{Algorithm: jose.RS256, Key: iamtest.IssuerKey()}, "two"), "InvalidIdentityToken", "verification key"},
		{"another algorithm than the key's", r.Sign(r.claims(nil), jose.SigningKey{Algorithm: jose.RS512, Key: iamtest.IssuerKey()}, "one"), "InvalidIdentityToken", "verification key"},
		{"RSA-PSS", r.Sign(r.claims(nil), jose.SigningKey{Algorithm: jose.PS256, Key: iamtest.IssuerKey()}, "one"), "InvalidIdentityToken", "PS256"},
		{"HMAC with the public key", r.Sign(r.claims(nil), jose.SigningKey{Algorithm: jose.HS256, Key: public}, "one"), "InvalidIdentityToken", "HS256"},
		{"alg none", encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", "InvalidIdentityToken", ""},
		{"alg none with a signature", encode([]byte(`{"alg":"none","kid":"one"}`)) + "." + parts[1] + "." + parts[2], "InvalidIdentityToken", ""},
		{"signature cut off", parts[0] + "." + parts[1] + ".", "InvalidIdentityToken", ""},
		{"payload swapped", parts[0] + "." + encode([]byte(`{"iss":"https://gitlab.com","sub":"`+gitlabSub+`","aud":"sts.amazonaws.com","iat":1,"exp":4102444800}`)) + "." + parts[2], "InvalidIdentityToken", "signature"},
		{"not a token", "garbage", "InvalidIdentityToken", "not a valid JWT"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := r.assume(tc.token)
			wantCode(t, err, tc.want)
			if !strings.Contains(err.Error(), tc.message) {
				t.Errorf("got %q, want it to hold %q", err, tc.message)
			}
			if strings.Contains(err.Error(), parts[1]) {
				t.Error("the error repeats the token")
			}
		})
	}
}

// The limits on the way to a refusal: five minutes of clock skew, and a token
// that is for the party it was issued to, whatever audiences it has.
func TestWebIdentityAccepted(t *testing.T) {
	r := newRoom(t, onlyMain)
	now := r.Now()
	for name, change := range map[string]map[string]any{
		"expired within the skew": {"exp": now.Add(-5*time.Minute + time.Second).Unix()},
		"valid within the skew":   {"nbf": now.Add(5 * time.Minute).Unix()},
		"issued to the client":    {"aud": []string{"x", "y"}, "azp": "sts.amazonaws.com"},
		"one audience in a list":  {"aud": []string{"sts.amazonaws.com"}},
	} {
		if _, err := r.assume(r.Token(r.claims(change))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A trust policy sees the claims that STS exposes and no others.
// Source: Service Authorization Reference, AWS STS, condition keys.
func TestWebIdentityClaims(t *testing.T) {
	for _, tc := range []struct{ name, condition, want string }{
		{"project_id is exposed", `{"StringLike":{"gitlab.com:sub":"project_path:*"},"StringEquals":{"gitlab.com:project_id":"42"}}`, ""},
		{"project_path is not", `{"StringLike":{"gitlab.com:sub":"project_path:*"},"StringEquals":{"gitlab.com:project_path":"group/app"}}`, "AccessDenied"},
		{"a negated condition on it is met", `{"StringLike":{"gitlab.com:sub":"project_path:*"},"StringNotEquals":{"gitlab.com:project_path":"group/app"}}`, ""},
		{"a tag no token carries", `{"StringLike":{"gitlab.com:sub":"project_path:*"},"StringEquals":{"aws:RequestTag/team":"red"}}`, "AccessDenied"},
		{"session name", `{"StringLike":{"gitlab.com:sub":"project_path:*"},"StringEquals":{"sts:RoleSessionName":"ci"}}`, ""},
		{"the provider", `{"StringLike":{"gitlab.com:sub":"project_path:*"},"ArnEquals":{"aws:FederatedProvider":"` + gitlab + `"}}`, ""},
		{"no AWS service, but no signature either", `{"StringLike":{"gitlab.com:sub":"project_path:*"},"Bool":{"aws:PrincipalIsAWSService":"false"}}`, "AccessDenied"},
		{"a merge request that GitLab never issues", `{"StringLike":{"gitlab.com:sub":"project_path:group/app:ref_type:mr:*"}}`, "AccessDenied"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRoom(t, tc.condition)
			_, err := r.assume(r.Token(r.claims(nil)))
			wantCode(t, err, tc.want)
		})
	}
}

func TestWebIdentityTags(t *testing.T) {
	r := newRoom(t, `{"StringLike":{"gitlab.com:sub":"project_path:*"},"StringEquals":{"aws:RequestTag/team":"red"}}`)
	tags := map[string]any{"https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"team": []string{"red"}}, "transitive_tag_keys": []string{"team"}}}
	if _, err := r.assume(r.Token(r.claims(tags))); err != nil {
		t.Fatal(err)
	}
	bad := map[string]any{"https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"team": []string{"red", "blue"}}}}
	_, err := r.assume(r.Token(r.claims(bad)))
	wantCode(t, err, "InvalidIdentityToken")
	missing := map[string]any{"https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"team": []string{"red"}}, "transitive_tag_keys": []string{"TEAM", "owner"}}}
	_, err = r.assume(r.Token(r.claims(missing)))
	wantCode(t, err, "InvalidParameterValue")
}

// The provider must be registered in the account of the role, not just
// anywhere.
func TestProviderOfAnotherAccount(t *testing.T) {
	r := newRoom(t, onlyMain)
	if _, err := r.OtherRoot().IAM.CreateRole(ctx, &awsiam.CreateRoleInput{RoleName: aws.String("deploy"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + gitlab + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":` + onlyMain + `}]}`)}); err != nil {
		t.Fatal(err)
	}
	r.role = "arn:aws:iam::444455556666:role/deploy"
	_, err := r.assume(r.Token(r.claims(nil)))
	wantCode(t, err, "InvalidIdentityToken")
}

func TestDeletedProvider(t *testing.T) {
	r := newRoom(t, onlyMain)
	if _, err := r.Root().IAM.DeleteOpenIDConnectProvider(ctx, &awsiam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: aws.String(gitlab)}); err != nil {
		t.Fatal(err)
	}
	_, err := r.assume(r.Token(r.claims(nil)))
	wantCode(t, err, "InvalidIdentityToken")
}

func TestUnreachableIssuer(t *testing.T) {
	r := newRoom(t, onlyMain)
	if _, err := r.Root().IAM.CreateOpenIDConnectProvider(ctx, &awsiam.CreateOpenIDConnectProviderInput{Url: aws.String("https://unreachable.example.com"), ClientIDList: []string{"sts.amazonaws.com"}}); err != nil {
		t.Fatal(err)
	}
	_, err := r.assume(r.Token(r.claims(map[string]any{"iss": "https://unreachable.example.com"})))
	wantCode(t, err, "IDPCommunicationError")
}
