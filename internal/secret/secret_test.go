package secret_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	prng "math/rand/v2"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/secret"
)

func TestFind(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	b64 := base64.StdEncoding.EncodeToString
	jwt := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"a"}`)) + "." + strings.Repeat("aB3-", 8)
	for _, tt := range []struct{ name, text, want string }{
		{"PEM", private, "private-key"},
		{"PEM after a certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" + private, "private-key"},
		{"PEM in base64", b64([]byte(private)), "private-key"},
		{"DER in base64", b64(der), "private-key"},
		{"a token in base64 in base64", b64([]byte(b64([]byte("export T=ghp_" + strings.Repeat("aB3c", 9))))), "github-token"},
		{"JWT", jwt, "jwt"},
		{"an address", "postgres://app:s3cr3t-pa55@db.example.com:5432/app", "url-password"},
		{"an address in a sentence", `use <https://u:p%40ss@example.com/x>`, "url-password"},
		{"settings", "DB_HOST=db\nDB_PASSWORD=correcthorse\n", "assignment"},
		{"settings in quotes", `password = "a b c d"`, "assignment"},
		{"JSON in text", `cfg='{"api_key":"k3yk3yk3y"}'`, "assignment"},
		{"a connection string", "Server=db;User Id=sa;Password=Tr0ub4dor;", "assignment"},
		{"YAML", "token: Zm9vYmFy1\n", "assignment"},
		{"a slash in a database's password", "mysql://app:s3cr/t-pa55@db:3306/app", "url-password"},
		{"a database's port", "redis://cache:6379/0?from=a@b", ""},
		{"a program's expressions", "var token = request.headers['x-token']; password = get_secret(a); const apiKey = options.auth.key", ""},
		{"a long assignment", "PASSWORD=" + strings.Repeat("a1", 3000), ""},
		{"basic", "Authorization: Basic " + b64([]byte("user:pass")), "authorization-header"},
		{"bearer", "-H 'Authorization: Bearer 0123456789abcdef0123'", "authorization-header"},
		{"HCP Terraform", "aBcDeFgHiJkLmN.atlasv1." + strings.Repeat("aB3", 20), "terraform-token"},
	} {
		found := []string{}
		for _, m := range secret.Find(tt.text) {
			found = append(found, m.Format)
		}
		if strings.Join(found, " ") != tt.want {
			t.Errorf("%s: found %q, want %q", tt.name, found, tt.want)
		}
	}
}

// ordinary are texts as states are full of them.
func ordinary() []string {
	sum := sha256.Sum256([]byte("x"))
	return []string{
		"", "x", "arn:aws:secretsmanager:eu-west-2:111122223333:secret:prod/db-AbCdEf", "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef",
		"8b1a9953-c461-4e2d-8b1a-9953c4614e2d", hex.EncodeToString(sum[:]), hex.EncodeToString(sum[:20]), hex.EncodeToString(sum[:16]), "\"" + hex.EncodeToString(sum[:16]) + "-12\"",
		"AROAJQABLZS4A3QDU576Q", "AIDAJQABLZS4A3QDU576Q", "Z2FDTNDATAQYW2Z2FDTN", "vpce-0a1b2c3d4e5f67890", "eni-0a1b2c3d4e5f67890", "sg-0123456789abcdef0",
		"mrk-1234abcd12ab34cd56ef1234567890ab", "d111111abcdef8.cloudfront.net", "internal-lb-1234567890.eu-west-2.elb.amazonaws.com",
		"AWSServiceRoleForAmazonGuardDuty", "AmazonSSMManagedInstanceCore", "terraform-20240101123456789000000001", "TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
		`{"Version":"2012-10-17","Statement":[{"Sid":"AllowSecretsRead","Effect":"Allow","Action":["secretsmanager:GetSecretValue","kms:Decrypt"],"Resource":"arn:aws:secretsmanager:*:111122223333:secret:x-??????"}]}`,
		"-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ29ycmVjdEhvcnNlQmF0dGVyeVN0YXBsZTAKBggqhkjO\n-----END CERTIFICATE-----\n",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl user@host",
		base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\nset -e\ndnf install -y amazon-cloudwatch-agent\nsystemctl enable --now amazon-cloudwatch-agent\n")),
		"https://sqs.eu-west-2.amazonaws.com/111122223333/queue-name", "https://oidc.eks.eu-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
		"https://user@example.com/", "mailto:someone@example.com", "s3://bucket/env:/production/infra.tfstate", "git@github.com:acme/infra.git", "registry.terraform.io/hashicorp/aws",
		"password: at least fourteen characters", "The token is rotated every month by the on-call engineer.", "key-of-the-front-door-of-the-house", "sk-learn-pipeline-for-predictions",
		"PASSWORD=${DB_PASSWORD}", "token = var.token", "password=<your password>", "TOKEN_URL=https://id.example.com/oauth/token", "secret_arn=arn:aws:secretsmanager:x",
		"eyJhIjoxfQ.eyJiIjoyfQ", "2024-01-01T12:34:56.789Z", "rate(5 minutes)", "cron(0 12 * * ? *)", "0123456789012345678901234567890123456789",
		"google-site-verification=rXOxyZounnZasA8Z7oaD3c14JdjS9aKSWvsR1EbUSIQ", "sha256:" + hex.EncodeToString(sum[:]), "111122223333.dkr.ecr.eu-west-2.amazonaws.com/app@sha256:" + hex.EncodeToString(sum[:]),
		"guardduty/UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS", "projects/example/secrets/db/versions/latest", "CloudWatchAgentServerPolicy", "TF_VAR_ntfy_publisher_token",
	}
}

func TestOrdinaryTextsAreNoSecrets(t *testing.T) {
	for _, text := range ordinary() {
		if found := secret.Find(text); len(found) > 0 {
			t.Errorf("%q: %v", text, found)
		}
		if n := secret.Random(text); n > 0 {
			t.Errorf("%q: looks random", text)
		}
	}
}

func TestNamed(t *testing.T) {
	const value = "hunter2-and-more"
	for _, name := range []string{"password", "DB_PASSWORD", "dbPassword", "DB_PASSWORD_PROD", "master_user_password", "client_secret", "apiKey", "api_key", "PUSHOVER_USER_KEY", "pushover-app-token", "AuthToken", "APITOKEN_X_secret", "connection_string", "private-key", "wifi.psk", "DB_PASS", "smtpPass", "HTPASSWD", "app:secret", "credentials"} {
		if !secret.Named(name, value) {
			t.Errorf("%s: no secret by its name", name)
		}
	}
	for _, name := range []string{"", "name", "password_policy", "minimum_password_length", "secret_arn", "token_url", "secret_id", "next_token", "creation_token", "client_token", "http_tokens", "public_key", "kms_key_id",
		"SINK_NTFY_TOKEN_PARAMETER", "passwordless", "tokenizer", "secretary", "key", "rotation_secret_name", "manage_master_user_password_enabled", "verification_token", "token.actions.githubusercontent.com:sub", "auth_token_update_strategy", "lock_token", "update_token", "token_domains", "encrypted_password", "pass", "bypass", "pass_through", strings.Repeat("password_", 100)} {
		if secret.Named(name, value) {
			t.Errorf("%s: a secret by its name", name)
		}
	}
	for _, v := range []string{"", "short", "required", "optional", "true", "12345", "arn:aws:ssm:eu-west-2:111122223333:parameter/x", "/app/prod/token", "alias/x", "${var.token}", "$TOKEN_FROM_ENV", "{{ token }}", "<token>", "https://id.example.com/token", "PLACEHOLDER", "change-me", "********", "xxxxxxxx"} {
		if secret.Named("token", v) {
			t.Errorf("%q under the name token is a secret", v)
		}
	}
	for _, v := range []string{"hunter2", "correct horse battery staple", "12345678", "/9j4AAQSkZJRgABAQEAYABgAAD", "$2b$12$abcdefghijklmnopqrstuv"} {
		if !secret.Named("password", v) {
			t.Errorf("%q under the name password is none", v)
		}
	}
}

// Whoever knows a webhook's address may post to it.
func TestNamedWebhooks(t *testing.T) {
	for value, want := range map[string]bool{
		"https://acme.webhook.office.com/webhookb2/8b1a9953-c461-4e2d-8b1a-9953c4614e2d@8b1a9953/IncomingWebhook/x": true,
		"https://hooks.example.com/catch?token=0123456789abcdef":                                                    true,
		"https://ci.example.com/hooks/github":                                                                       false, "http://example.com/0123456789abcdef": false, "arn:aws:sns:x": false,
	} {
		if secret.Named("TEAMS_WEBHOOK_URL", value) != want {
			t.Errorf("%s: want %t", value, want)
		}
	}
	if secret.Named("CALLBACK_URL", "https://hooks.example.com/catch?token=0123456789abcdef") {
		t.Error("any address is one")
	}
}

func TestPlaceholder(t *testing.T) {
	for _, v := range []string{"", " ", "PLACEHOLDER", "placeholder", "placeholder-value", "CHANGE_ME", "change-me", "changeme", "ReplaceMe", "<token>", "dummy", "unset", "to be set", "set-by-hand: your token goes here", "-", "*****", "none", "x", "initial value", "set out of band"} {
		if !secret.Placeholder(v) {
			t.Errorf("%q is none", v)
		}
	}
	for _, v := range []string{"hunter2", "change-me-7f3A9dk2LqZx81", "eu-west-2", "correct horse battery staple", "sample9", "azGDORePK8gMaC0QOYAMyEEuzJnyUi", strings.Repeat("ab", 60)} {
		if secret.Placeholder(v) {
			t.Errorf("%q is one", v)
		}
	}
}

// How often Random is right about what is drawn by lot. The seed is fixed, so the
// figures are too; docs/state-secrets.md has them.
func TestRandomFindsWhatIsDrawnByLot(t *testing.T) {
	const l, u, d = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
	r := prng.New(prng.NewPCG(1, 2))
	for _, tt := range []struct {
		name, alphabet string
		n              int
		least          float64 // percent
	}{
		{"base 62", l + u + d, 20, 88}, {"base 62", l + u + d, 30, 96}, {"base 62", l + u + d, 40, 98},
		{"base64", l + u + d + "+/", 40, 98}, {"base64 for addresses", l + u + d + "-_", 43, 98}, {"base 36", l + d, 30, 92}, {"base 36", l + d, 40, 96},
	} {
		hits := 0
		for range 1000 {
			b := make([]byte, tt.n)
			for i := range b {
				b[i] = tt.alphabet[r.IntN(len(tt.alphabet))]
			}
			if secret.Random(string(b)) == tt.n {
				hits++
			}
		}
		got := float64(hits) / 10
		t.Logf("%s, %d characters: %.1f %%", tt.name, tt.n, got)
		if got < tt.least {
			t.Errorf("%s, %d characters: %.1f %% are found, want %.0f", tt.name, tt.n, got, tt.least)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, text := range ordinary() {
		f.Add(text)
	}
	f.Add("password=hunter22 https://a:b@c glpat-0123456789abcdefghij eyJhbGciOiJIUzI1NiJ9.e30." + strings.Repeat("a1", 20))
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range secret.Find(text) {
			if len(m.Prefix) > 4 || m.Length < 1 || m.Prefix != "" && !strings.HasPrefix(secret.Mask(m), m.Prefix) {
				t.Errorf("%+v", m)
			}
		}
		if n := secret.Random(text); n < 0 || n > len(text) {
			t.Errorf("%d of %d characters are random", n, len(text))
		}
		secret.Named("password", text)
		secret.IsName(text)
		secret.Placeholder(text)
	})
}

func BenchmarkFind(b *testing.B) {
	text := strings.Join(ordinary(), "\n")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if secret.Looks(text) {
			b.Fatal(fmt.Sprint(secret.Find(text)))
		}
	}
}

// Texts that are made to keep who looks at them busy: the figures have to be near those
// of ordinary text, and the same for texts of any length.
func BenchmarkFindInTextsMadeToBeSlow(b *testing.B) {
	for _, piece := range []string{"a=", "password=", "password: ", "a://b:c", "eyJhIjoxfQ.", "-----BEGIN X-----", "glpat-", "Q~", "\"{", "Bearer a ", "X509Certificate>", "postgres://a:b/"} {
		text := strings.Repeat(piece, (1<<18)/len(piece))
		b.Run(piece, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				secret.Looks(text)
			}
		})
	}
}
