package credentials

import (
	"path/filepath"
	"slices"
	"strings"
)

// Command is what is known of a command line without running it.
type Command struct {
	// Name is the program's, without its directory.
	Name string
	// Tool whose chain it follows. Empty: not known.
	Tool Tool
	// Dir is the directory of its stack, -chdir of tofu and terraform. Empty: none
	// is named.
	Dir string

	environ []string
	profile string
}

// engines are the programs that read stacks; wrappers change the environment in ways
// that only running them tells.
var (
	engines  = []string{"tofu", "terraform", "terragrunt"}
	goTools  = []string{"eksctl", "packer", "crossplane", "rclone", "kops", "sops", "vault", "aws-nuke", "steampipe"}
	wrappers = []string{"aws-vault", "aws-okta", "awsume", "saml2aws", "granted", "assume", "sudo", "su", "ssh", "docker", "podman", "strongroom", "chamber", "direnv", "sh", "bash", "zsh", "dash", "make", "xargs", "op"}
)

// readCommand reads a command line: leading NAME=VALUE and env(1) change the
// environment, --profile of the AWS CLI the profile.
func readCommand(args, environ []string) Command {
	c := Command{environ: slices.Clone(environ)}
	args = c.assignments(args)
	for len(args) > 0 && filepath.Base(args[0]) == "env" {
		args = c.env(args[1:])
	}
	if len(args) == 0 {
		return c
	}
	c.Name = filepath.Base(args[0])
	switch {
	case c.Name == "aws":
		c.Tool = CLI
		c.profile = option(args[1:], "--profile")
	case slices.Contains(engines, c.Name):
		c.Tool = SDK
		c.Dir = option(args[1:], "-chdir")
	case slices.Contains(goTools, c.Name):
		c.Tool = SDK
	}
	return c
}

// assignments takes leading NAME=VALUE off.
func (c *Command) assignments(args []string) []string {
	for len(args) > 0 {
		name, _, ok := strings.Cut(args[0], "=")
		if !ok || name == "" || strings.ContainsAny(name, "/-") {
			break
		}
		c.environ, args = append(c.environ, args[0]), args[1:]
	}
	return args
}

// env reads the arguments of env(1).
func (c *Command) env(args []string) []string {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch a := args[0]; {
		case a == "-i" || a == "-" || a == "--ignore-environment":
			c.environ = nil
		case a == "-u" && len(args) > 1:
			c.unset(args[1])
			args = args[1:]
		case strings.HasPrefix(a, "--unset="):
			c.unset(strings.TrimPrefix(a, "--unset="))
		case a == "--":
			return c.assignments(args[1:])
		default:
			// Another option of env: what follows cannot be known.
			return nil
		}
		args = args[1:]
	}
	return c.assignments(args)
}

func (c *Command) unset(name string) {
	c.environ = slices.DeleteFunc(c.environ, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
}

// option is the value of an option, as its own word or behind "=".
func option(args []string, name string) string {
	for i, a := range args {
		if a == name && i+1 < len(args) {
			return args[i+1]
		}
		if v, ok := strings.CutPrefix(a, name+"="); ok {
			return v
		}
	}
	return ""
}
