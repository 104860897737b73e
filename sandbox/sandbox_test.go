package sandbox_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/internal/sdkclient"
	"github.com/strongroom-dev/strongroom/sandbox"
)

var ctx = context.Background()

// start runs a sandbox that does not outlive the test.
func start(t testing.TB, opts sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func whoAmI(t testing.TB, cfg aws.Config) string {
	t.Helper()
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.Arn)
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func TestEveryWayIn(t *testing.T) {
	s := start(t, sandbox.Options{})
	want := "arn:aws:iam::111122223333:root"
	if got := whoAmI(t, s.Config(s.Credentials())); got != want {
		t.Errorf("through the proxy: %q, want %q", got, want)
	}
	for _, endpoint := range []string{s.URL(), strings.Replace(s.URL(), "http:", "https:", 1)} {
		cfg := s.Config(s.Credentials())
		cfg.BaseEndpoint = aws.String(endpoint)
		direct := s.HTTPClient()
		direct.Transport.(sdkclient.Transport).Proxy = nil
		cfg.HTTPClient = direct
		if got := whoAmI(t, cfg); got != want {
			t.Errorf("at %s: %q, want %q", endpoint, got, want)
		}
	}
	other, err := s.RootCredentials("999988887777")
	if err != nil {
		t.Fatal(err)
	}
	if got := whoAmI(t, s.Config(other)); got != "arn:aws:iam::999988887777:root" {
		t.Errorf("second account: %q", got)
	}
	again, err := s.RootCredentials("999988887777")
	if err != nil || again != other {
		t.Errorf("the second account's credentials change from call to call: %v", err)
	}
	if _, err := s.RootCredentials("12"); err == nil {
		t.Error("account 12 is accepted")
	}
}

func TestChosenCredentials(t *testing.T) {
	s := start(t, sandbox.Options{Account: "222233334444", AccessKey: "mine", SecretKey: "my secret", Region: "eu-central-1"})
	env := map[string]string{}
	for _, kv := range s.Env() {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	if env["AWS_ACCESS_KEY_ID"] != "mine" || env["AWS_SECRET_ACCESS_KEY"] != "my secret" || env["AWS_REGION"] != "eu-central-1" ||
		env["HTTPS_PROXY"] != s.URL() || env["AWS_CA_BUNDLE"] != s.CAFile() || !strings.HasPrefix(env["STRONGROOM_SANDBOX"], s.URL()+"/") {
		t.Errorf("environment %v", env)
	}
	if got := whoAmI(t, s.Config(s.Credentials())); got != "arn:aws:iam::222233334444:root" {
		t.Errorf("caller %q", got)
	}
	bundle, err := os.ReadFile(s.CAFile())
	if err != nil || !bytes.HasPrefix(bundle, s.CAPEM()) || x509.NewCertPool().AppendCertsFromPEM(bundle) == false {
		t.Errorf("the CA bundle does not begin with the CA: %v", err)
	}
	for _, name := range s.EnvUnset() {
		if _, set := env[name]; set {
			t.Errorf("%s is both set and unset", name)
		}
	}
}

func TestRefusedOptions(t *testing.T) {
	for _, opts := range []sandbox.Options{
		{Listen: "0.0.0.0:0"}, {Listen: ":8080"}, {Listen: "192.0.2.1:0"}, {Listen: "example.com:0"}, {Listen: "127.0.0.1"},
		{Account: "1234"}, {Account: "11112222333x"}, {AccessKey: "only"}, {SecretKey: "only"}, {Issuers: []string{"http://plain.example"}},
	} {
		s, err := sandbox.Start(ctx, opts)
		if err == nil {
			_ = s.Close()
			t.Errorf("%+v is accepted", opts)
		}
	}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, err = sandbox.Start(ctx, sandbox.Options{Listen: busy.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("busy port: %v", err)
	}
}

func TestTheForgeAnswersForItsIssuers(t *testing.T) {
	s := start(t, sandbox.Options{Issuers: []string{"https://gitlab.example.com"}})
	for _, issuer := range []string{"https://gitlab.com", "https://token.actions.githubusercontent.com", "https://gitlab.example.com"} {
		resp, err := s.HTTPClient().Get(issuer + "/.well-known/openid-configuration")
		if err != nil {
			t.Errorf("%s: %v", issuer, err)
			continue
		}
		var doc struct{ Issuer string }
		err = json.NewDecoder(resp.Body).Decode(&doc)
		resp.Body.Close()
		if err != nil || doc.Issuer != issuer {
			t.Errorf("%s: discovery says %q, %v", issuer, doc.Issuer, err)
		}
	}
}

func TestOtherHostsAreTunnelledUntouched(t *testing.T) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "hello "+r.Proto) })
	secure := httptest.NewTLSServer(hello)
	defer secure.Close()
	plain := httptest.NewServer(hello)
	defer plain.Close()
	s := start(t, sandbox.Options{})
	client := s.HTTPClient()
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	transport := client.Transport.(sdkclient.Transport)
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	// The client leaves loopback hosts to itself, unless it is told the proxy.
	proxy, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	transport.Proxy = func(*http.Request) (*url.URL, error) { return proxy, nil }
	// A name of this machine with another port is another program too.
	named := strings.Replace(plain.URL, "127.0.0.1", "localhost", 1)
	for _, target := range []string{secure.URL, plain.URL, named} {
		resp, err := client.Get(target)
		if err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.HasPrefix(string(body), "hello") {
			t.Errorf("%s: %q, %v", target, body, err)
		}
	}
	transport.CloseIdleConnections()
	if n := len(s.Events()); n != 0 {
		t.Errorf("%d events for hosts that are not AWS's", n)
	}
}

func TestUnreachableAndForeignTargets(t *testing.T) {
	s := start(t, sandbox.Options{})
	for target, want := range map[string]string{"http://169.254.169.254/latest/meta-data/": "link-local", "http://127.0.0.1:1/": "cannot reach", "ftp://example.com/": "cannot proxy"} {
		req := &http.Request{Method: "GET", Host: strings.Split(target, "/")[2], Header: http.Header{}}
		var err error
		if req.URL, err = url.Parse(target); err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: "+req.Host+"\r\nConnection: close\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		conn.Close()
		if err != nil || !(strings.HasPrefix(string(answer), "HTTP/1.1 502") || strings.HasPrefix(string(answer), "HTTP/1.1 400")) || !strings.Contains(string(answer), want) {
			t.Errorf("%s: %v %.200s", target, err, answer)
		}
	}
}

func TestUnknownServicesNameThemselves(t *testing.T) {
	s := start(t, sandbox.Options{})
	resp, err := s.HTTPClient().Post("https://dynamodb.eu-west-2.amazonaws.com/", "application/x-amz-json-1.0", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 400 || !strings.Contains(string(body), `does not implement the service \"dynamodb\"`) {
		t.Errorf("%d %s %v", resp.StatusCode, body, err)
	}
	if s.Unknown()["dynamodb"] != 1 {
		t.Errorf("unknown: %v", s.Unknown())
	}
}

func TestAuditAndDenials(t *testing.T) {
	var lines bytes.Buffer
	s, err := sandbox.Start(ctx, sandbox.Options{Audit: &lines})
	if err != nil {
		t.Fatal(err)
	}
	root := iam.NewFromConfig(s.Config(s.Credentials()))
	if _, err := root.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("bob")}); err != nil {
		t.Fatal(err)
	}
	key, err := root.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("bob")})
	if err != nil {
		t.Fatal(err)
	}
	bob := sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}
	_, err = kms.NewFromConfig(s.Config(bob)).CreateKey(ctx, &kms.CreateKeyInput{})
	if code(err) != "AccessDeniedException" {
		t.Errorf("bob creates a key: %v", err)
	}
	denials := s.Denials()
	if len(denials) != 1 || denials[0].EventName != "CreateKey" || denials[0].UserIdentity.UserName != "bob" ||
		denials[0].Decisions[0].Explanation == nil || denials[0].TLSDetails == nil {
		t.Errorf("denials: %+v", denials)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(lines.String(), "\n"); n != 3 {
		t.Errorf("%d audit lines, want 3:\n%s", n, &lines)
	}
	if strings.Contains(lines.String(), bob.SecretAccessKey) {
		t.Error("the audit holds a secret access key")
	}
	if _, err := os.Stat(s.CAFile()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the CA file is still there: %v", err)
	}
}

func TestDataDirectory(t *testing.T) {
	dir := t.TempDir()
	s, err := sandbox.Start(ctx, sandbox.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	first := s.Credentials()
	if _, err := iam.NewFromConfig(s.Config(first)).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("bob")}); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.Start(ctx, sandbox.Options{DataDir: dir}); err == nil || !strings.Contains(err.Error(), "in use by another sandbox") {
		t.Errorf("a second sandbox on the same data: %v", err)
	}
	ca := s.CAPEM()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, sandbox.Options{DataDir: dir})
	if again.Credentials() != first || !bytes.Equal(again.CAPEM(), ca) {
		t.Error("the root credentials or the CA changed over a restart")
	}
	if _, err := iam.NewFromConfig(again.Config(first)).GetUser(ctx, &iam.GetUserInput{UserName: aws.String("bob")}); err != nil {
		t.Errorf("bob is gone: %v", err)
	}
	for _, name := range []string{"ca-key.pem", "sandbox.db"} {
		info, err := os.Stat(dir + "/" + name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestServiceControlPolicy(t *testing.T) {
	s := start(t, sandbox.Options{})
	deny := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}]}`
	client, err := sandbox.Dial(s.ControlURL())
	if err != nil {
		t.Fatal(err)
	}
	env, err := client.Environment(ctx, "222233334444")
	if err != nil {
		t.Fatal(err)
	}
	if err := client.AttachPolicy(ctx, sandbox.SCP{Account: "222233334444", Name: "fence", Document: json.RawMessage(deny)}); err != nil {
		t.Fatal(err)
	}
	var creds sandbox.Credentials
	for _, v := range env.Set {
		switch v.Name {
		case "AWS_ACCESS_KEY_ID":
			creds.AccessKeyID = v.Value
		case "AWS_SECRET_ACCESS_KEY":
			creds.SecretAccessKey = v.Value
		}
	}
	_, err = iam.NewFromConfig(s.Config(creds)).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("bob")})
	if code(err) != "AccessDenied" || !strings.Contains(err.Error(), "explicit deny in a service control policy") {
		t.Errorf("root of the fenced account creates a user: %v", err)
	}
	_, err = iam.NewFromConfig(s.Config(s.Credentials())).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("bob")})
	if err != nil {
		t.Errorf("root of the other account: %v", err)
	}
	resp, err := http.Post(s.URL()+"/_strongroom/0000/token", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		t.Error("the control API answers at a wrong path")
	}
	if token, err := client.MintToken(ctx, sandbox.TokenRequest{Project: "group/project"}); err != nil || strings.Count(token, ".") != 2 {
		t.Errorf("token %q, %v", token, err)
	}
}
