package rehearse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/lock"
)

// Command is one run of the program, for Options.Command.
type Command struct {
	// Args are its arguments, without the program's name.
	Args []string
	// Dir is where it runs.
	Dir string
	// Environ is its whole environment.
	Environ []string
}

// knobVariable is the on switch of an environment's pipelines.
const knobVariable = "STATE_KMS_KEY_ID"

// commands are the program's commands and the engines, as lock.Commands.
type commands struct {
	r *Rehearsal
	// knob is what each environment's STATE_KMS_KEY_ID holds; "" is not set.
	knob map[string]string
	// backends are the backend blocks of the stacks, by environment and stack, as the
	// last pipeline wrote them.
	backends map[[2]string]string
	// newcomer administers an account that the spec does not know, for those who
	// practise; nil: there is none.
	newcomer *aws.Credentials
	// writes counts the changes that were applied.
	writes int
	// revisions are what was last applied in each stack.
	revisions map[[2]string]int
}

// Strongroom runs a command on the scenario's spec.
func (c *commands) Strongroom(ctx context.Context, as *aws.Credentials, set []string, args ...string) (lock.Ran, error) {
	environ := withCredentials(c.r.environ,
		"AWS_ACCESS_KEY_ID="+as.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+as.SecretAccessKey, "AWS_SESSION_TOKEN="+as.SessionToken)
	for i, a := range args[:len(args)-1] {
		if a == "--env" && c.knob[args[i+1]] != "" {
			environ = append(environ, knobVariable+"="+c.knob[args[i+1]])
		}
	}
	profiles, err := c.profiles()
	if err != nil {
		return lock.Ran{}, err
	}
	environ = append(environ, "AWS_CONFIG_FILE="+profiles, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	args = append([]string{}, args...)
	if suffix, ok := principalVerbs[args[1]]; ok {
		for _, e := range c.r.World.Environments {
			args = append(args, "--principal-profile", e.Name+"="+e.Name+suffix)
		}
	}
	if args[1] == "verify" {
		args = append(args, "--reader-profile", readerProfile)
	}
	return c.r.options.Command(ctx, Command{Args: args, Dir: c.r.Room.Dir, Environ: append(environ, set...)})
}

// principalVerbs are the state commands that ask as somebody of the environments'
// accounts too, and what the profile's name ends with: the principal itself, or who
// may read its policies.
var principalVerbs = map[string]string{"rekey": "", "verify": "", "rollback": "", "status": "", "grants": adminSuffix}

// The profiles besides those that are called like an environment: the owner of the
// state account, the reader there, and the administrators of the environments.
const (
	ownerProfile  = "state-owner"
	readerProfile = "reader"
	adminSuffix   = "-admin"
	// newcomerProfile administers an account that the spec does not know.
	newcomerProfile = "tools-admin"
	newcomer        = "555566667777"
)

// profiles writes the AWS configuration that a person's machine has, with the access
// keys of the principals and of the administrators of their accounts, and returns
// its path.
func (c *commands) profiles() (string, error) {
	var b strings.Builder
	profile := func(name string, as aws.Credentials) {
		fmt.Fprintf(&b, "[profile %s]\naws_access_key_id = %s\naws_secret_access_key = %s\nregion = %s\n", name, as.AccessKeyID, as.SecretAccessKey, c.r.World.Region)
		if as.SessionToken != "" {
			fmt.Fprintf(&b, "aws_session_token = %s\n", as.SessionToken)
		}
	}
	for _, e := range c.r.World.Environments {
		profile(e.Name, e.Credentials)
		profile(e.Name+adminSuffix, e.Admin)
	}
	if c.newcomer != nil {
		profile(newcomerProfile, *c.newcomer)
	}
	profile(ownerProfile, c.r.World.Operator)
	profile(readerProfile, c.r.World.Reader)
	file := filepath.Join(c.r.work, "aws-config")
	return file, os.WriteFile(file, []byte(b.String()), 0o600)
}

// Knob sets or clears an environment's variable and has the backend blocks written.
func (c *commands) Knob(ctx context.Context, environment string, on bool) error {
	e, err := c.r.environmentNamed(environment)
	if err != nil {
		return err
	}
	c.knob[environment] = ""
	if on {
		c.knob[environment] = e.KeyARN
	}
	for _, s := range e.Stacks {
		ran, err := c.Strongroom(ctx, &c.r.World.Operator, nil, "state", "backend", "--env", e.Name, "--stack", s.Name)
		if err != nil {
			return err
		}
		if ran.Exit != 0 {
			return fmt.Errorf("strongroom state backend --env %s --stack %s: exit status %d: %s", e.Name, s.Name, ran.Exit, ran.Stderr)
		}
		c.backends[[2]string{e.Name, s.Name}] = ran.Stdout
	}
	return nil
}

// checkout makes a fresh directory with a stack, as a pipeline's job has it, and
// returns an engine in it that runs as the environment's principal.
func (c *commands) checkout(ctx context.Context, environment, stack string, revision int) (*engine.Engine, error) {
	e, err := c.r.environmentNamed(environment)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(c.r.work, "job-")
	if err != nil {
		return nil, err
	}
	backend, ok := c.backends[[2]string{environment, stack}]
	if !ok {
		return nil, fmt.Errorf("stack %s of %s has no backend block yet", stack, environment)
	}
	files := map[string]string{"backend.tf": backend, "main.tf": c.stackText(stack == e.Stacks[0].Name), "terraform.tfvars": variables(e, stack, revision)}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	on, err := c.r.engineWith(dir, withCredentials(c.r.environ, "AWS_ACCESS_KEY_ID="+e.Credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+e.Credentials.SecretAccessKey))
	if err != nil {
		return nil, err
	}
	return on, on.Init(ctx)
}

// stackText is a root module without a provider to install. All but the first stack of
// an environment read the first one's state, as stacks that build on one another do.
func (c *commands) stackText(first bool) string {
	text := `variable "environment" {
  type = string
}

variable "revision" {
  type    = number
  default = 0
}

resource "terraform_data" "this" {
  input = {
    environment = var.environment
    revision    = var.revision
  }
}

output "name" {
  value = terraform_data.this.output.environment
}
`
	if !first {
		text += fmt.Sprintf(`
variable "first_key" {
  type = string
}

data "terraform_remote_state" "first" {
  backend = "s3"
  config = {
    bucket = %q
    key    = var.first_key
    region = %q
  }
}

resource "terraform_data" "after" {
  input = data.terraform_remote_state.first.outputs.name
}
`, c.r.World.Bucket, c.r.World.Region)
	}
	return text
}

// variables are the file that a pipeline's job generates for a stack.
func variables(e *lock.Environment, stack string, revision int) string {
	text := fmt.Sprintf("environment = %q\n", e.Name)
	if revision > 0 {
		text += fmt.Sprintf("revision = %d\n", revision)
	}
	if first := e.Stacks[0]; stack != first.Name {
		text += fmt.Sprintf("first_key = %q\n", first.Key)
	}
	return text
}

// Plan plans a stack that nothing was changed in since it was last applied.
func (c *commands) Plan(ctx context.Context, environment, stack string) ([]string, error) {
	e, err := c.checkout(ctx, environment, stack, c.revisions[[2]string{environment, stack}])
	if said, err := refusal(ctx, err); err != nil || said != "" {
		return []string{"init failed: " + said}, err
	}
	defer os.RemoveAll(e.Dir)
	return planned(ctx, e, filepath.Join(e.Dir, "second.tfplan"))
}

// Write applies a stack with a change in it.
func (c *commands) Write(ctx context.Context, environment, stack string) (string, error) {
	c.writes++
	return c.apply(ctx, environment, stack, c.writes)
}

// apply applies a stack at a revision, the first of which is 0.
func (c *commands) apply(ctx context.Context, environment, stack string, revision int) (string, error) {
	e, err := c.checkout(ctx, environment, stack, revision)
	if said, err := refusal(ctx, err); err != nil || said != "" {
		return said, err
	}
	defer os.RemoveAll(e.Dir)
	said, err := refusal(ctx, e.Apply(ctx))
	if err == nil && said == "" {
		c.revisions[[2]string{environment, stack}] = revision
	}
	return said, err
}
