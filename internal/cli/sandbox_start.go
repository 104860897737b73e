package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// secretKeyVariable keeps a chosen secret key out of the argument list, which
// every user of the machine can read.
const secretKeyVariable = "STRONGROOM_SANDBOX_SECRET_KEY"

// startFlags are the flags of the commands that start a sandbox.
type startFlags struct {
	cmd                                         *cobra.Command
	listen, account, accessKey, secretKey, data string
	audit, region                               string
	issuers                                     []string
	verbose, runFunctions                       bool
}

func newStartFlags(cmd *cobra.Command) *startFlags {
	s := &startFlags{cmd: cmd}
	f := cmd.Flags()
	f.StringVar(&s.listen, "listen", "127.0.0.1:0", "loopback address and port; port 0 is any free one")
	f.StringVar(&s.account, "account", "", "ID of the account whose root user the environment is for (default "+sandbox.DefaultAccount+")")
	f.StringVar(&s.accessKey, "access-key", "", "access key ID of that root user (default generated)")
	f.StringVar(&s.secretKey, "secret-key", "", "its secret access key; better in the variable "+secretKeyVariable+", out of the process list")
	f.StringVar(&s.data, "data", "", "directory that keeps the sandbox's state (default none: in memory)")
	f.StringVar(&s.audit, "audit", "", "file that every request is appended to, in CloudTrail's record shape")
	f.StringVar(&s.region, "region", "", "region that the environment names (default "+sandbox.DefaultRegion+")")
	f.StringSliceVar(&s.issuers, "issuer", nil, "further OIDC issuer to stand in for, such as https://gitlab.example.com")
	f.BoolVar(&s.verbose, "verbose", false, "explain every denial in full on standard error")
	f.BoolVar(&s.runFunctions, "run-functions", false, "execute the code of Lambda functions, as processes of this machine with your own rights")
	_ = cmd.MarkFlagDirname("data")
	_ = cmd.MarkFlagFilename("audit")
	return s
}

// onlyForFresh returns the name of a flag that was given and that makes no
// sense for a sandbox that runs already; empty if there is none.
func (s *startFlags) onlyForFresh() string {
	for _, name := range []string{"listen", "access-key", "secret-key", "data", "audit", "issuer", "run-functions", "verbose"} {
		if s.cmd.Flags().Changed(name) {
			return name
		}
	}
	return ""
}

// regionForm is what every region's name looks like, "us-gov-west-1" included.
var regionForm = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+)+-[0-9]$`)

func (s *startFlags) checkRegion() error {
	if s.region != "" && !regionForm.MatchString(s.region) {
		return usage(s.cmd, "--region %q is not the name of a region, such as %s", s.region, sandbox.DefaultRegion)
	}
	return nil
}

// startFix is the repair of a sandbox that does not start.
func (s *startFlags) startFix(err error) string {
	if s.data != "" && strings.Contains(err.Error(), s.data) {
		return "name a directory that you can write and that no other sandbox has open: --data DIR\n" +
			"if it is damaged, begin anew: rm -r " + s.data
	}
	return s.cmd.CommandPath() + " --help"
}

// endError says what did not survive the end of a sandbox. A nil err is nil.
func endError(err error) error {
	if err == nil {
		return nil
	}
	return &diag.Diagnostic{
		Rule: "sandbox-end", Summary: err.Error(),
		Why: "what --audit and --data name is not complete", Fix: "make room on that disk, or name another place, and run it again", Err: err,
	}
}

// apply changes an environment of a running sandbox as the flags say.
func (s *startFlags) apply(e sandbox.Environment) sandbox.Environment {
	if s.region == "" {
		return e
	}
	for i, v := range e.Set {
		if v.Name == "AWS_REGION" || v.Name == "AWS_DEFAULT_REGION" {
			e.Set[i].Value = s.region
		}
	}
	return e
}

// startedSandbox is a sandbox with what belongs to it.
type startedSandbox struct {
	environment sandbox.Environment
	url         string
	close       func() error
}

// start starts a sandbox as the flags say.
func (s *startFlags) start(ctx context.Context, env *Env) (*startedSandbox, error) {
	if err := s.checkRegion(); err != nil {
		return nil, err
	}
	opts := sandbox.Options{
		Listen: s.listen, Account: s.account, AccessKey: s.accessKey, SecretKey: s.secretKey,
		Region: s.region, DataDir: s.data, Issuers: s.issuers, RunFunctions: s.runFunctions,
	}
	if opts.SecretKey == "" {
		opts.SecretKey = env.Getenv(secretKeyVariable)
	}
	if (opts.AccessKey == "") != (opts.SecretKey == "") {
		return nil, usage(s.cmd, "--access-key and the secret key (--secret-key or %s) belong together", secretKeyVariable)
	}
	level := slog.LevelWarn
	if s.verbose {
		level = slog.LevelDebug
	}
	opts.Log = slog.New(slog.NewTextHandler(env.Stderr, &slog.HandlerOptions{Level: level}))
	closeAudit := func() error { return nil }
	if s.audit != "" {
		f, err := os.OpenFile(s.audit, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return nil, &diag.Diagnostic{
				Rule: "sandbox-audit", Summary: fmt.Sprintf("cannot write the audit file: %v", err),
				Why: "requests that leave no trace prove nothing", Fix: "name a file that you can write: --audit FILE", Err: err,
			}
		}
		opts.Audit, closeAudit = f, f.Close
	}
	box, err := sandbox.Start(ctx, opts)
	if err != nil {
		return nil, &diag.Diagnostic{
			Rule: "sandbox-start", Summary: "the sandbox does not start: " + err.Error(),
			Fix: s.startFix(err), Err: errors.Join(err, closeAudit()),
		}
	}
	end := func() error { return endError(errors.Join(box.Close(), closeAudit())) }
	environment, err := box.Environment("")
	if err != nil {
		return nil, errors.Join(err, end())
	}
	go debug.FreeOSMemory() // a start needs more than what follows
	return &startedSandbox{environment: environment, url: box.URL(), close: end}, nil
}
