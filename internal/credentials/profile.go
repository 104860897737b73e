package credentials

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// shared is a profile of the shared files as the SDK reads it.
type shared struct {
	name, variable string
	config         config.SharedConfig
	files          []string
	// missing: no file has the profile.
	missing bool
	// err is why the SDK cannot use it.
	err error
}

// assumesRole tells a profile that botocore's first profile provider takes.
// Source: botocore, AssumeRoleProvider._has_assume_role_config_vars.
func (p *shared) assumesRole() bool {
	return p.err == nil && p.config.RoleARN != "" && p.config.WebIdentityTokenFile == ""
}

func (r *resolver) readProfile(ctx context.Context) *shared {
	p := &shared{}
	if p.variable, p.name = r.env.profile(r.Tool); r.Profile != "" {
		p.variable, p.name = "", r.Profile
	}
	configFiles, credentialsFiles := r.env.files()
	if r.ConfigFiles != nil {
		configFiles = r.ConfigFiles
	}
	if r.CredentialsFiles != nil {
		credentialsFiles = r.CredentialsFiles
	}
	if r.Elsewhere {
		configFiles, credentialsFiles = []string{}, []string{}
	}
	p.files = slices.Concat(configFiles, credentialsFiles)
	p.config, p.err = config.LoadSharedConfigProfile(ctx, p.name, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = configFiles, credentialsFiles
	})
	var missing config.SharedConfigProfileNotExistError
	if errors.As(p.err, &missing) && missing.Profile == p.name {
		p.missing = true
	}
	return p
}

// profile is the link of the shared files.
func (r *resolver) profile(p *shared) {
	l := Link{Name: Profile, Title: fmt.Sprintf("profile %q", p.name)}
	chosen := "by default"
	switch {
	case p.variable != "":
		chosen = "chosen by " + p.variable
	case r.Profile != "":
		chosen = "chosen by an argument"
	}
	if p.missing {
		l.Detail = "in none of the shared files, " + chosen
		// Source: AWS SDK for Go v2, config.resolveConfigLoaders: AWS_PROFILE must
		// exist, even if other links would be used; AWS_DEFAULT_PROFILE need not.
		named := r.Profile != "" || p.variable == "AWS_PROFILE" || p.variable != "" && r.Tool == CLI
		if named {
			r.broken(l, "profile-missing", fmt.Sprintf("the profile %q, %s, is in none of the shared files", p.name, chosen),
				"the chain ends with an error, whatever else is configured", "unset it, or add the profile: aws configure --profile "+p.name, diag.Location{})
			return
		}
		r.add(l, false, false)
		return
	}
	if p.err != nil && r.Tool == CLI && r.ended {
		// botocore reads a profile's credentials only when it comes to it.
		l.Detail = "cannot be used, " + chosen
		r.add(l, true, true)
		return
	}
	if p.err != nil {
		l.Detail = "cannot be used, " + chosen
		r.broken(l, "profile-wrong", fmt.Sprintf("the profile %q cannot be used: %s", p.name, wrongProfile(p.err)),
			"the chain ends with an error, whatever else is configured", "mend the profile", p.place(p.name, ""))
		return
	}
	d := r.describe(&p.config)
	if p.config.RoleARN != "" && d.kind != "web-identity" {
		d.sources = append(d.sources, aws.CredentialSourceSTSAssumeRole)
	}
	l.Detail, l.Asks, l.Sources = d.says+", "+chosen, d.asks, d.sources
	l.Where = []diag.Location{p.place(p.name, d.key)}
	if d.kind == "" {
		l.Detail = "names no credentials, " + chosen
		r.add(l, false, false)
		return
	}
	r.add(l, true, d.wrong != "")
	if d.wrong != "" && r.chain.Links[len(r.chain.Links)-1].State == Wrong {
		r.find(Trap, "profile-wrong", fmt.Sprintf("the profile %q cannot be used: %s", p.name, d.wrong), "the chain ends with an error here", "mend the profile", l.Where[0])
	}
}

// broken ends the chain whichever link came first: the SDK reads the profile before
// it follows the chain.
func (r *resolver) broken(l Link, rule, summary, why, fix string, at diag.Location) {
	for i := range r.chain.Links {
		if r.chain.Links[i].State == Used || r.chain.Links[i].State == Wrong {
			r.chain.Links[i].State = Shadowed
			r.chain.Links[i].Sources = nil
		}
	}
	r.ended = true
	l.State = Wrong
	if at.File != "" {
		l.Where = []diag.Location{at}
	}
	r.chain.Links = append(r.chain.Links, l)
	r.find(Trap, rule, summary, why, fix, at)
}

// wrongProfile says why the SDK refuses a profile, without quoting its values.
func wrongProfile(err error) string {
	var arn config.CredentialRequiresARNError
	var role config.SharedConfigAssumeRoleError
	var load config.SharedConfigLoadError
	switch {
	case errors.As(err, &arn):
		return fmt.Sprintf("%s needs role_arn", arn.Type)
	case errors.As(err, &role):
		return fmt.Sprintf("its source_profile %q has no credentials", role.Profile)
	case errors.As(err, &load):
		return "the file does not parse: " + load.Filename
	case strings.Contains(err.Error(), "only one credential type"):
		return "it names more than one of source_profile, credential_source, credential_process and web_identity_token_file"
	case strings.Contains(err.Error(), "partial credentials"):
		return "it has one of aws_access_key_id and aws_secret_access_key, and not the other"
	case strings.Contains(err.Error(), "failed to find SSO session"):
		return "its sso_session is in none of the files"
	}
	return "a value of it is not one that the SDK takes"
}

// described is what a profile's credentials are.
type described struct {
	kind, says, asks, key, wrong string
	sources                      []aws.CredentialSource
}

// describe names a profile's kind in the order in which the tool looks at it.
func (r *resolver) describe(c *config.SharedConfig) described {
	d := r.base(c)
	if d.kind == "" && c.RoleARN != "" {
		// role_arn alone: the SDK asks the container or the instance, and assumes the
		// role with what it gets.
		d = described{kind: "role", says: "role_arn without a source: the container's or the instance's credentials", key: "role_arn", sources: []aws.CredentialSource{aws.CredentialSourceIMDS}}
		if name, _ := r.env.first("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"); name != "" {
			d.sources = []aws.CredentialSource{aws.CredentialSourceHTTP}
		}
		if r.Tool == CLI {
			d.wrong = "role_arn needs source_profile or credential_source"
		}
	}
	if c.RoleARN != "" && d.kind != "web-identity" {
		d.says = fmt.Sprintf("role %s with %s", c.RoleARN, d.says)
		d.asks = strings.TrimPrefix(d.asks+", then STS for AssumeRole", ", then ")
		if c.MFASerial != "" && r.Tool == SDK {
			d.wrong = "it has mfa_serial, and tofu and terraform cannot ask for a code"
		}
	}
	return d
}

func (r *resolver) base(c *config.SharedConfig) described {
	static := func() (described, bool) {
		if !c.Credentials.HasKeys() {
			return described{}, false
		}
		session := "without"
		if c.Credentials.SessionToken != "" {
			session = "with"
		}
		return described{kind: "static", says: fmt.Sprintf("keys %s, %s a session token", masked(c.Credentials.AccessKeyID), session), key: "aws_access_key_id", sources: []aws.CredentialSource{aws.CredentialSourceProfile}}, true
	}
	if c.Source != nil {
		d := r.describe(c.Source)
		d.says = fmt.Sprintf("the profile %q (%s)", c.SourceProfileName, d.says)
		d.key = "source_profile"
		d.sources = append([]aws.CredentialSource{aws.CredentialSourceProfileSourceProfile}, d.sources...)
		return d
	}
	if d, ok := static(); ok && r.Tool == SDK {
		return d
	}
	switch {
	case c.CredentialSource != "":
		return r.source(c.CredentialSource)
	case c.WebIdentityTokenFile != "":
		return described{kind: "web-identity", says: fmt.Sprintf("web identity, token in %s, role %s", c.WebIdentityTokenFile, c.RoleARN), key: "web_identity_token_file",
			asks: "STS for AssumeRoleWithWebIdentity", sources: []aws.CredentialSource{aws.CredentialSourceProfileSTSWebIDToken}}
	case c.SSOSessionName != "":
		d := described{kind: "sso", says: fmt.Sprintf("SSO session %q, account %s, role %s", c.SSOSessionName, c.SSOAccountID, c.SSORoleName), key: "sso_session",
			asks: "IAM Identity Center for the role's credentials, with the login's cached token", sources: []aws.CredentialSource{aws.CredentialSourceSSO, aws.CredentialSourceProfileSSO}}
		if c.SSOAccountID != "" || c.SSORoleName != "" {
			d.sources = []aws.CredentialSource{aws.CredentialSourceProfileSSOLegacy, aws.CredentialSourceSSOLegacy, aws.CredentialSourceProfileSSO}
		}
		return d
	case c.SSOStartURL != "" || c.SSORegion != "" || c.SSOAccountID != "" || c.SSORoleName != "":
		d := described{kind: "sso", says: fmt.Sprintf("SSO, account %s, role %s", c.SSOAccountID, c.SSORoleName), key: "sso_start_url",
			asks: "IAM Identity Center for the role's credentials, with the login's cached token", sources: []aws.CredentialSource{aws.CredentialSourceProfileSSOLegacy, aws.CredentialSourceSSOLegacy}}
		if c.SSOStartURL == "" || c.SSORegion == "" || c.SSOAccountID == "" || c.SSORoleName == "" {
			d.wrong = "SSO needs sso_start_url, sso_region, sso_account_id and sso_role_name"
		}
		return d
	}
	if d, ok := static(); ok {
		return d
	}
	switch {
	case c.LoginSession != "":
		return described{kind: "login", says: "a console login (aws login)", key: "login_session", asks: "AWS sign-in for credentials, with the login's cached token",
			sources: []aws.CredentialSource{aws.CredentialSourceProfileLogin, aws.CredentialSourceLogin}}
	case c.CredentialProcess != "":
		// The rest of the line may hold a secret.
		command, _, _ := strings.Cut(strings.TrimLeft(c.CredentialProcess, ` "`), " ")
		command = filepath.Base(strings.Trim(command, `"`))
		return described{kind: "process", says: "a program's", key: "credential_process", asks: "the program " + command, sources: []aws.CredentialSource{aws.CredentialSourceProfileProcess, aws.CredentialSourceProcess}}
	}
	return described{}
}

// source is a profile's credential_source.
func (r *resolver) source(name string) described {
	d := described{kind: "source", says: "credential_source " + name, key: "credential_source"}
	switch name {
	case "Environment":
		d.says = "the keys of the environment"
		// The SDK's own name for it is that of HTTP.
		d.sources = []aws.CredentialSource{aws.CredentialSourceProfileNamedProvider, aws.CredentialSourceHTTP}
		if _, id := r.env.first(keyNames...); id == "" {
			d.wrong = "credential_source is Environment, and the environment has no keys"
		}
	case "EcsContainer":
		d.says, d.asks = "the container's credentials", "the container's credentials"
		d.sources = []aws.CredentialSource{aws.CredentialSourceProfileNamedProvider, aws.CredentialSourceHTTP}
		if name, _ := r.env.first("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"); name == "" {
			d.wrong = "credential_source is EcsContainer, and the environment names no container credentials"
		}
	case "Ec2InstanceMetadata":
		d.says, d.asks = "the instance's credentials", "the instance's metadata"
		d.sources = []aws.CredentialSource{aws.CredentialSourceProfileNamedProvider, aws.CredentialSourceIMDS}
	default:
		d.wrong = "credential_source is not one of Environment, Ec2InstanceMetadata and EcsContainer"
	}
	return d
}

// place finds a profile, or a key of it, in the shared files; the last file that
// has it counts.
func (p *shared) place(profile, key string) (at diag.Location) {
	for _, name := range p.files {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		inside, line := false, 0
		for s := bufio.NewScanner(f); s.Scan(); {
			line++
			text := strings.TrimSpace(s.Text())
			if strings.HasPrefix(text, "[") {
				section := strings.TrimSpace(strings.TrimPrefix(strings.Trim(text[1:], "] \t"), "profile "))
				if inside = section == profile; inside && (at.File == "" || key == "") {
					at = diag.Location{File: name, Line: line}
				}
				continue
			}
			if k, _, ok := strings.Cut(text, "="); inside && ok && key != "" && strings.EqualFold(strings.TrimSpace(k), key) {
				at = diag.Location{File: name, Line: line}
			}
		}
		f.Close()
	}
	return at
}

func equalFold(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), b) }
