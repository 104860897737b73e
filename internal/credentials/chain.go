package credentials

import (
	"context"
	"fmt"
	"net/url"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// Tool is whose chain is followed.
type Tool string

const (
	// SDK is the AWS SDK for Go v2: tofu, terraform, and most tools written in Go.
	SDK Tool = "AWS SDK"
	// CLI is the AWS CLI, version 1 or 2, and other tools on botocore.
	CLI Tool = "AWS CLI"
)

// State is what becomes of a link.
type State string

const (
	// Used: its credentials are those that calls are signed with.
	Used State = "used"
	// Shadowed: it is configured, and an earlier link is used instead.
	Shadowed State = "shadowed"
	// Absent: it is not configured.
	Absent State = "absent"
	// Wrong: it is configured so that the chain ends with an error.
	Wrong State = "wrong"
)

// The links, in the SDK's order.
const (
	Arguments   = "arguments"
	Environment = "environment"
	WebIdentity = "web-identity"
	Profile     = "profile"
	Container   = "container"
	Instance    = "instance"
)

// Link is one place that credentials could come from.
type Link struct {
	// Name is one of the constants above.
	Name string `json:"name"`
	// Title is the name for people.
	Title string `json:"title"`
	State State  `json:"state"`
	// Detail says what is configured, or why it is absent. Keys are masked.
	Detail string `json:"detail"`
	// Asks says what would be asked for the credentials. Empty: nothing, they are
	// at hand.
	Asks string `json:"asks"`
	// Where it is configured: files with lines. Variables are in Detail.
	Where []diag.Location `json:"-"`
	// Sources are the SDK's own names of the steps, of a link that is used.
	Sources []aws.CredentialSource `json:"-"`
}

// Chain is the whole of it for one environment, in the order the tool asks.
type Chain struct {
	Tool  Tool
	Links []Link
	// Findings are what is wrong, errors first to be believed.
	Findings []Finding
}

// Level is how much a finding weighs.
type Level string

const (
	// Trap: the credentials used are wrong, none, or not the ones meant.
	Trap Level = "error"
	// Caution: what is used may surprise.
	Caution Level = "warning"
)

// Finding is one thing to know.
type Finding struct {
	Level Level
	*diag.Diagnostic
}

// Used returns the link that is used; nil if the chain ends with an error or with
// nothing.
func (c *Chain) Used() *Link {
	for i := range c.Links {
		if c.Links[i].State == Used {
			return &c.Links[i]
		}
	}
	return nil
}

// Setting is what a chain is resolved in.
type Setting struct {
	// Environ is the environment as KEY=VALUE; the last of a name counts.
	Environ []string
	// Tool whose order is followed. Empty: SDK.
	Tool Tool
	// Profile is chosen by the tool's own argument: --profile of the AWS CLI,
	// profile of a provider. Empty: none is.
	Profile string
	// ConfigFiles and CredentialsFiles replace the environment's. Nil: they do not.
	ConfigFiles, CredentialsFiles []string
	// Elsewhere says that the environment is another machine's, whose files are not
	// here: there are no shared files, and the token file is there.
	Elsewhere bool
	// Keys says that the tool's own arguments hold keys; Role, that they name a role
	// to assume with a web identity. Both come before everything else.
	Keys, Role bool
	// Block names whose arguments these are, for texts: provider "aws". Empty: none.
	Block string
	// NoInstance turns the instance's metadata off, as a provider's
	// skip_metadata_api_check does.
	NoInstance bool
}

type resolver struct {
	Setting
	env   environ
	chain *Chain
	ended bool
	// passed: a profile that an argument names has made the tool pass the keys and
	// the web identity of the environment by.
	passed bool
}

// Resolve follows the chain. It reads the shared files and looks whether a token
// file exists, and asks nobody.
func Resolve(ctx context.Context, s Setting) *Chain {
	if s.Tool == "" {
		s.Tool = SDK
	}
	r := &resolver{Setting: s, env: newEnviron(s.Environ), chain: &Chain{Tool: s.Tool}}
	profile := r.readProfile(ctx)
	if s.Keys || s.Role {
		r.arguments()
	}
	switch {
	case s.Profile != "":
		// A profile that is named by argument comes before everything: neither the
		// SDK nor the CLI looks at the environment's keys or web identity then.
		r.profile(profile)
		r.passed = true
		r.environment()
		r.webIdentity()
	case s.Tool == CLI && profile.assumesRole():
		r.environment()
		r.profile(profile)
		r.webIdentity()
	default:
		r.environment()
		r.webIdentity()
		r.profile(profile)
	}
	r.container()
	r.instance()
	r.judge()
	return r.chain
}

// add appends a link: the first that is configured is used, or ends the chain.
func (r *resolver) add(l Link, configured, wrong bool) {
	switch {
	case !configured:
		l.State = Absent
	case r.ended, r.passed && (l.Name == Environment || l.Name == WebIdentity):
		l.State = Shadowed
	case wrong:
		l.State, r.ended = Wrong, true
	default:
		l.State, r.ended = Used, true
	}
	if l.State != Used {
		l.Sources = nil
	}
	r.chain.Links = append(r.chain.Links, l)
}

func (r *resolver) find(level Level, rule, summary, why, fix string, at diag.Location) {
	r.chain.Findings = append(r.chain.Findings, Finding{level, &diag.Diagnostic{Rule: rule, Summary: summary, Why: why, Fix: fix, At: at}})
}

// arguments is the link of what a provider's or backend's block says itself.
// Source: hashicorp/aws-sdk-go-base v2, GetAwsConfig and getCredentialsProvider.
func (r *resolver) arguments() {
	l := Link{Name: Arguments, Title: "arguments of " + r.Block, Detail: "keys in the configuration"}
	if !r.Keys {
		l.Detail, l.Asks = "assume_role_with_web_identity", "STS for AssumeRoleWithWebIdentity"
	}
	r.add(l, true, false)
}

// environment is the link of the static keys.
func (r *resolver) environment() {
	idName, id := r.env.first(keyNames...)
	secretName, secret := r.env.first(secretNames...)
	if r.Tool == CLI {
		// botocore knows the first names only. Source: botocore, EnvProvider.
		idName, id = r.env.first(keyNames[0])
		secretName, secret = r.env.first(secretNames[0])
	}
	l := Link{Name: Environment, Title: "keys in the environment", Sources: []aws.CredentialSource{aws.CredentialSourceEnvVars}}
	switch {
	case id == "" && secret == "":
		l.Detail = "AWS_ACCESS_KEY_ID is not set"
		r.add(l, false, false)
		return
	case id == "" || secret == "":
		have, lack := idName, secretNames[0]
		if id == "" {
			have, lack = secretName, keyNames[0]
		}
		l.Detail = fmt.Sprintf("%s is set, and %s is not", have, lack)
		// The SDK passes half a pair by; botocore ends with an error over an ID
		// without a secret. Source: botocore, EnvProvider.load.
		fails := r.Tool == CLI && id != ""
		if !r.passed && !r.ended {
			why := "the SDK passes half a pair by without a word, and takes other credentials"
			if fails {
				why = "the AWS CLI ends with an error"
			}
			r.find(Trap, "keys-half", l.Detail, why, "set both, or unset "+have, diag.Location{})
		}
		r.add(l, fails, true)
		return
	}
	l.Detail = fmt.Sprintf("%s=%s, with a session token", idName, masked(id))
	session := r.env["AWS_SESSION_TOKEN"] != ""
	if !session {
		l.Detail = fmt.Sprintf("%s=%s, without a session token", idName, masked(id))
	}
	used := !r.ended && !r.passed
	r.add(l, true, false)
	if !used {
		return
	}
	// Source: IAM User Guide, reference_identifiers, "Unique ID prefixes": AKIA is
	// an access key, ASIA a temporary one.
	switch {
	case len(id) >= 4 && id[:4] == "ASIA" && !session:
		r.find(Trap, "keys-session", "the key ID is a temporary one, and AWS_SESSION_TOKEN is not set", "AWS refuses every call: InvalidClientTokenId", "set AWS_SESSION_TOKEN as well, or take new credentials", diag.Location{})
	case len(id) >= 4 && id[:4] == "AKIA" && session:
		r.find(Trap, "keys-session", "the key ID is a lasting one, and AWS_SESSION_TOKEN belongs to another", "AWS refuses every call: InvalidClientTokenId", "unset AWS_SESSION_TOKEN", diag.Location{})
	}
}

// webIdentity is the link of the pipelines: a token in a file, and a role.
func (r *resolver) webIdentity() {
	file, role := r.env["AWS_WEB_IDENTITY_TOKEN_FILE"], r.env["AWS_ROLE_ARN"]
	l := Link{Name: WebIdentity, Title: "web identity of a pipeline", Sources: []aws.CredentialSource{aws.CredentialSourceEnvVarsSTSWebIDToken}}
	if file == "" {
		l.Detail = "AWS_WEB_IDENTITY_TOKEN_FILE is not set"
		if role != "" {
			l.Detail += ", so AWS_ROLE_ARN counts for nothing"
		}
		r.add(l, false, false)
		return
	}
	l.Detail = fmt.Sprintf("token in %s, role %s", file, role)
	l.Asks = "STS for AssumeRoleWithWebIdentity"
	if role == "" {
		l.Detail = "AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not"
	}
	used := !r.ended && !r.passed
	r.add(l, true, role == "")
	if !used {
		return
	}
	if role == "" {
		r.find(Trap, "web-identity-role", l.Detail, "the chain ends with an error here", "export AWS_ROLE_ARN=arn:aws:iam::ACCOUNT:role/ROLE", diag.Location{})
	} else if info, err := os.Stat(file); !r.Elsewhere && (err != nil || info.IsDir()) {
		r.find(Trap, "web-identity-file", "there is no token file where AWS_WEB_IDENTITY_TOKEN_FILE says", "the chain ends with an error here, and no other link is asked", "have the job write its token to that file before the first call", diag.Location{File: file})
	}
}

// container is the link of ECS and EKS.
func (r *resolver) container() {
	l := Link{Name: Container, Title: "container", Sources: []aws.CredentialSource{aws.CredentialSourceHTTP}}
	switch name, value := r.env.first("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"); name {
	case "":
		l.Detail = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set"
		r.add(l, false, false)
	case "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI":
		// The path is what opens the agent's credentials, so it is not shown.
		l.Detail, l.Asks = name+" is set", "http://169.254.170.2"
		r.add(l, true, false)
	default:
		// A user name or a query could hold a secret.
		host := "a host that cannot be read"
		if u, err := url.Parse(value); err == nil && u.Host != "" {
			host = u.Scheme + "://" + u.Host
		}
		l.Detail, l.Asks = name+" is set", host
		r.add(l, true, false)
	}
}

// instance is the link of EC2, asked when nothing else is configured.
func (r *resolver) instance() {
	l := Link{Name: Instance, Title: "instance metadata", Sources: []aws.CredentialSource{aws.CredentialSourceIMDS}}
	switch {
	case r.NoInstance:
		l.Detail = "turned off by skip_metadata_api_check"
		r.add(l, false, false)
	case equalFold(r.env["AWS_EC2_METADATA_DISABLED"], "true"):
		l.Detail = "turned off by AWS_EC2_METADATA_DISABLED"
		r.add(l, false, false)
	default:
		l.Detail, l.Asks = "the last resort: whether it answers is not known", "http://169.254.169.254"
		if value := r.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"]; value != "" {
			l.Asks = value
		}
		if r.ended {
			l.Detail, l.Asks = "the last resort: not asked", ""
		}
		r.add(l, !r.ended, false)
	}
}
