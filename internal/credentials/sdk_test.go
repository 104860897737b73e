package credentials_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/credentials"
)

// cloud stands in for STS, the instance's metadata and a container's agent.
func cloud(t *testing.T) string {
	t.Helper()
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPut:
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "600")
			fmt.Fprint(w, "session")
		case r.URL.Path == "/container":
			fmt.Fprintf(w, `{"AccessKeyId":"ASIACONTAINER","SecretAccessKey":"s","Token":"t","Expiration":%q}`, until)
		case strings.HasSuffix(r.URL.Path, "/security-credentials/"):
			fmt.Fprint(w, "role")
		case strings.HasSuffix(r.URL.Path, "/security-credentials/role"):
			fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"ASIAINSTANCE","SecretAccessKey":"s","Token":"t","Expiration":%q}`, until)
		case r.Method == http.MethodPost:
			_ = r.ParseForm()
			action := r.Form.Get("Action")
			fmt.Fprintf(w, `<%[1]sResponse><%[1]sResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%[2]s</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn><AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser></%[1]sResult></%[1]sResponse>`, action, until)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// combination is one way to be configured.
type combination struct {
	name                string
	env                 map[string]string
	config, credentials string
	// profile is chosen by an argument.
	profile string
	// used is the link; "" for a chain that ends with an error or nothing.
	used string
	// source is the SDK's Credentials.Source, its beginning; "": not retrieved, for
	// nobody stands in for that service.
	source string
}

var (
	keys   = map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "s"}
	web    = map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "TOKEN", "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/ci"}
	static = "aws_access_key_id = AKIAPROFILE\naws_secret_access_key = s\n"
	role   = "role_arn = arn:aws:iam::111122223333:role/r\n"
	sso    = "sso_account_id = 111122223333\nsso_role_name = r\n"
)

func and(maps ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range maps {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

func set(kv ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	return m
}

var combinations = []combination{
	{name: "nothing", used: credentials.Instance, source: "EC2RoleProvider"},
	{name: "keys", env: keys, used: credentials.Environment, source: "EnvConfigCredentials"},
	{name: "keys under their old names", env: set("AWS_ACCESS_KEY", "AKIAENVIRONMENT", "AWS_SECRET_KEY", "s"), used: credentials.Environment, source: "EnvConfigCredentials"},
	{name: "keys and session", env: and(keys, set("AWS_SESSION_TOKEN", "t")), used: credentials.Environment, source: "EnvConfigCredentials"},
	{name: "half a pair", env: set("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"), used: credentials.Instance, source: "EC2RoleProvider"},
	{name: "the other half, and web identity", env: and(web, set("AWS_SECRET_ACCESS_KEY", "s")), used: credentials.WebIdentity, source: "WebIdentityCredentials"},
	{name: "web identity", env: web, used: credentials.WebIdentity, source: "WebIdentityCredentials"},
	{name: "web identity without a role", env: set("AWS_WEB_IDENTITY_TOKEN_FILE", "TOKEN")},
	{name: "a role without a token file", env: set("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/ci"), credentials: "[default]\n" + static, used: credentials.Profile, source: "SharedConfigCredentials"},
	{name: "keys and web identity", env: and(keys, web), used: credentials.Environment, source: "EnvConfigCredentials"},
	{name: "keys and AWS_PROFILE", env: and(keys, set("AWS_PROFILE", "me")), credentials: "[me]\n" + static, used: credentials.Environment, source: "EnvConfigCredentials"},
	{name: "keys and AWS_PROFILE that is not there", env: and(keys, set("AWS_PROFILE", "me"))},
	{name: "keys and AWS_DEFAULT_PROFILE that is not there", env: and(keys, set("AWS_DEFAULT_PROFILE", "me")), used: credentials.Environment, source: "EnvConfigCredentials"},
	{name: "keys and a broken default profile", env: keys, credentials: "[default]\naws_access_key_id = AKIAPROFILE\n"},
	{name: "web identity and AWS_PROFILE", env: and(web, set("AWS_PROFILE", "me")), credentials: "[me]\n" + static, used: credentials.WebIdentity, source: "WebIdentityCredentials"},
	{name: "web identity and a default profile with a role", env: web, config: "[default]\n" + role + "source_profile = me\n", credentials: "[me]\n" + static, used: credentials.WebIdentity, source: "WebIdentityCredentials"},
	{name: "the default profile", credentials: "[default]\n" + static, used: credentials.Profile, source: "SharedConfigCredentials"},
	{name: "the default profile in the config file", config: "[default]\n" + static, used: credentials.Profile, source: "SharedConfigCredentials"},
	{name: "AWS_PROFILE before AWS_DEFAULT_PROFILE", env: set("AWS_PROFILE", "me", "AWS_DEFAULT_PROFILE", "other"), credentials: "[me]\n" + static + "[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = s\n", used: credentials.Profile, source: "SharedConfigCredentials"},
	{name: "AWS_DEFAULT_PROFILE", env: set("AWS_DEFAULT_PROFILE", "me"), credentials: "[me]\n" + static, used: credentials.Profile, source: "SharedConfigCredentials"},
	{name: "role and source profile", config: "[default]\n" + role + "source_profile = me\n", credentials: "[me]\n" + static, used: credentials.Profile, source: "AssumeRoleProvider"},
	{name: "role and itself as source", config: "[default]\n" + role + "source_profile = default\n" + static, used: credentials.Profile, source: "AssumeRoleProvider"},
	{name: "role of a role", config: "[default]\n" + role + "source_profile = b\n[profile b]\n" + role + "source_profile = c\n[profile c]\n" + static, used: credentials.Profile, source: "AssumeRoleProvider"},
	{name: "source profile without credentials", config: "[default]\n" + role + "source_profile = me\n[profile me]\nregion = eu-west-2\n"},
	{name: "source profile that is not there", config: "[default]\n" + role + "source_profile = me\n"},
	{name: "source profile without a role", config: "[default]\nsource_profile = me\n[profile me]\n" + static},
	{name: "a role alone", config: "[default]\n" + role, used: credentials.Profile, source: "AssumeRoleProvider"},
	{name: "a role alone in a container", env: set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "CLOUD/container"), config: "[default]\n" + role, used: credentials.Profile, source: "AssumeRoleProvider"},
	{name: "role with a code", config: "[default]\n" + role + "source_profile = me\nmfa_serial = arn:aws:iam::111122223333:mfa/me\n[profile me]\n" + static},
	{name: "credential source Environment", env: set("AWS_PROFILE", "me"), config: "[profile me]\n" + role + "credential_source = Environment\n"},
	{name: "credential source instance", config: "[default]\n" + role + "credential_source = Ec2InstanceMetadata\n", used: credentials.Profile, source: "AssumeRoleProvider"},
	{name: "credential source container", env: set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "CLOUD/container"), config: "[default]\n" + role + "credential_source = EcsContainer\n", used: credentials.Profile, source: "AssumeRoleProvider"},
	{name: "credential source container, none", config: "[default]\n" + role + "credential_source = EcsContainer\n"},
	{name: "credential source of another name", config: "[default]\n" + role + "credential_source = Moon\n"},
	{name: "web identity in a profile", config: "[default]\n" + role + "web_identity_token_file = TOKEN\n", used: credentials.Profile, source: "WebIdentityCredentials"},
	{name: "web identity in a profile without a role", config: "[default]\nweb_identity_token_file = TOKEN\n"},
	{name: "two kinds in a profile", config: "[default]\n" + role + "web_identity_token_file = TOKEN\ncredential_process = true\n"},
	{name: "sso session", config: "[default]\nsso_session = s\n" + sso + "[sso-session s]\nsso_region = eu-west-2\nsso_start_url = https://x.awsapps.com/start\n", used: credentials.Profile},
	{name: "sso session that is not there", config: "[default]\nsso_session = s\n" + sso},
	{name: "sso of the old form", config: "[default]\nsso_region = eu-west-2\nsso_start_url = https://x.awsapps.com/start\n" + sso, used: credentials.Profile},
	{name: "sso of the old form, incomplete", config: "[default]\n" + sso},
	{name: "static before sso", config: "[default]\nsso_region = eu-west-2\nsso_start_url = https://x.awsapps.com/start\n" + sso + static, used: credentials.Profile, source: "SharedConfigCredentials"},
	{name: "login", config: "[default]\nlogin_session = arn:aws:iam::111122223333:user/me\n", used: credentials.Profile},
	{name: "process", config: "[default]\ncredential_process = /bin/echo '{\"Version\":1,\"AccessKeyId\":\"AKIAPROCESS\",\"SecretAccessKey\":\"s\"}'\n", used: credentials.Profile, source: "ProcessProvider"},
	{name: "static before process", config: "[default]\ncredential_process = /bin/false\n" + static, used: credentials.Profile, source: "SharedConfigCredentials"},
	{name: "login before process", config: "[default]\nlogin_session = x\ncredential_process = /bin/false\n", used: credentials.Profile},
	{name: "container", env: set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "CLOUD/container"), used: credentials.Container, source: "CredentialsEndpointProvider"},
	{name: "profile before container", env: set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "CLOUD/container"), credentials: "[default]\n" + static, used: credentials.Profile, source: "SharedConfigCredentials"},
	{name: "container behind a relative address", env: set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "CLOUD/container"), used: credentials.Container},
	{name: "profile without credentials", env: set("AWS_PROFILE", "me"), config: "[profile me]\nregion = eu-west-2\n", used: credentials.Instance, source: "EC2RoleProvider"},
	{name: "profile by argument before keys and web identity", env: and(keys, web), profile: "me", credentials: "[me]\n" + static, used: credentials.Profile, source: "SharedConfigCredentials"},
	{name: "profile by argument that is not there", env: and(keys, web), profile: "me"},
	{name: "profile by argument without credentials", env: and(keys, web), profile: "me", config: "[profile me]\nregion = eu-west-2\n", used: credentials.Instance, source: "EC2RoleProvider"},
	{name: "profile by argument before AWS_PROFILE", env: set("AWS_PROFILE", "gone"), profile: "me", credentials: "[me]\n" + static, used: credentials.Profile, source: "SharedConfigCredentials"},
	{name: "metadata turned off", env: set("AWS_EC2_METADATA_DISABLED", "true")},
}

// setUp makes the combination this process's environment and returns it.
func (c combination) setUp(t *testing.T, cloud string) []string {
	t.Helper()
	dir := t.TempDir()
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	fill := strings.NewReplacer("TOKEN", filepath.Join(dir, "token"), "CLOUD", cloud)
	for name, text := range map[string]string{"token": "a.b.c", "config": fill.Replace(c.config), "credentials": c.credentials} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"AWS_CONFIG_FILE=" + filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(dir, "credentials"), "HOME=" + dir,
		"AWS_REGION=eu-west-2", "AWS_DEFAULT_REGION=eu-west-2", "AWS_EC2_METADATA_SERVICE_ENDPOINT=" + cloud, "AWS_ENDPOINT_URL_STS=" + cloud}
	for k, v := range c.env {
		if k != "AWS_SECRET_ACCESS_KEY" {
			v = fill.Replace(v)
		}
		env = append(env, k+"="+v)
	}
	for _, kv := range env {
		k, v, _ := strings.Cut(kv, "=")
		t.Setenv(k, v)
	}
	return env
}

// Every combination is put to the real SDK too: what it would use, by its own
// names of the steps, and, where somebody can stand in for the service, what came
// out.
func TestAgainstTheSDK(t *testing.T) {
	cloud := cloud(t)
	for _, c := range combinations {
		t.Run(c.name, func(t *testing.T) {
			env := c.setUp(t, cloud)
			chain := credentials.Resolve(t.Context(), credentials.Setting{Environ: env, Profile: c.profile})
			used := chain.Used()
			got := ""
			if used != nil {
				got = used.Name
			}
			if got != c.used {
				t.Errorf("used %q, want %q\n%+v", got, c.used, chain.Links)
			}
			sources, source, err := sdk(t.Context(), c)
			if used == nil {
				if err == nil {
					t.Errorf("the SDK has credentials of %s (%v), and we have none", source, sources)
				}
				if len(chain.Findings) == 0 {
					t.Error("nothing says why there are no credentials")
				}
				return
			}
			if d := cmp.Diff(sources, used.Sources); d != "" {
				t.Errorf("steps, -SDK +ours:\n%s", d)
			}
			if c.source != "" && (err != nil || !strings.HasPrefix(source, c.source)) {
				t.Errorf("the SDK answers %q, %v; want %s", source, err, c.source)
			}
		})
	}
}

// sdk asks the real SDK.
func sdk(ctx context.Context, c combination) (steps []aws.CredentialSource, source string, err error) {
	options := []func(*config.LoadOptions) error{config.WithRetryMaxAttempts(1), config.WithSharedConfigFiles([]string{os.Getenv("AWS_CONFIG_FILE")}), config.WithSharedCredentialsFiles([]string{os.Getenv("AWS_SHARED_CREDENTIALS_FILE")})}
	if c.profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, "", err
	}
	if cache, ok := cfg.Credentials.(*aws.CredentialsCache); ok {
		steps = cache.ProviderSources()
	}
	if c.used != "" && c.source == "" {
		return steps, "", nil
	}
	creds, err := cfg.Credentials.Retrieve(ctx)
	return steps, creds.Source, err
}
