package credentials

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// Question is what Explain is asked.
type Question struct {
	// Environ is the environment as KEY=VALUE.
	Environ []string
	// Command is the command line whose environment is asked about. Nil: none, and
	// the answer is for tofu and terraform.
	Command []string
	// Dir is where stacks are looked for. Empty: nowhere.
	Dir string
}

// Report is the answer.
type Report struct {
	// Command is the one asked about; its zero value: none.
	Command Command
	// Here is the chain of this environment.
	Here *Chain
	// CI are the chains of pipelines: the environment that each forge's usual way of
	// logging in to AWS makes, and no shared files.
	CI []Place
	// Stacks are the blocks below Dir, each with what it would use in every place.
	Stacks []Stack
	// Findings are the traps and what else to know, in the order they were found.
	Findings []Finding
	// Unknown says why the answer is not known. Empty: it is.
	Unknown []string
}

// Place is where a chain is followed.
type Place struct {
	Name  string
	Chain *Chain
}

// Stack is a provider or backend block.
type Stack struct {
	Block room.Block
	// Places are here and each CI, in the order of Report.
	Places []Place
}

// pipelines are the environments of CI jobs.
// Source: GitLab "Configure OpenID Connect in AWS"; GitHub,
// aws-actions/configure-aws-credentials, which exports session keys.
var pipelines = []struct {
	name    string
	environ []string
}{
	{"GitLab CI", []string{"AWS_ROLE_ARN=arn:aws:iam::ACCOUNT:role/ROLE", "AWS_WEB_IDENTITY_TOKEN_FILE=the job's file"}},
	{"GitHub Actions", []string{"AWS_ACCESS_KEY_ID=ASIA-OF-THE-JOB", "AWS_SECRET_ACCESS_KEY=of the job", "AWS_SESSION_TOKEN=of the job"}},
}

// maxEntries is how many files and directories below Dir are looked at.
const maxEntries = 100_000

// Explain answers the question. The error is a directory that cannot be read.
func Explain(ctx context.Context, q Question) (*Report, error) {
	r := &Report{Command: readCommand(q.Command, q.Environ)}
	r.Here = Resolve(ctx, Setting{Environ: r.Command.environ, Tool: r.Command.Tool, Profile: r.Command.profile})
	for _, p := range pipelines {
		r.CI = append(r.CI, Place{p.name, Resolve(ctx, Setting{Environ: p.environ, Tool: r.Command.Tool, Elsewhere: true})})
	}
	dir := q.Dir
	if r.Command.Dir != "" {
		dir = r.Command.Dir
	}
	if dir != "" && r.Command.Tool != CLI {
		if err := r.stacks(ctx, dir); err != nil {
			return nil, err
		}
	}
	r.Findings = append(r.Findings, r.Here.Findings...)
	r.known(q)
	return r, nil
}

// known says why the answer is not known.
func (r *Report) known(q Question) {
	c := r.Command
	switch {
	case len(q.Command) == 0 || c.Tool != "":
	case c.Name == "":
		r.Unknown = append(r.Unknown, "the command line names no program that could be found in it")
	case slices.Contains(wrappers, c.Name):
		r.Unknown = append(r.Unknown, fmt.Sprintf("%s runs another program, in an environment that only running it tells", shown(c.Name)))
	default:
		r.Unknown = append(r.Unknown, fmt.Sprintf("it is not known whose chain %s follows; what is said holds if it uses the AWS SDK for Go v2", shown(c.Name)))
	}
	if used := r.Here.Used(); used != nil && used.Name == Instance {
		r.Unknown = append(r.Unknown, "nothing is configured here, and only the instance's metadata could tell whether it has credentials")
	}
}

// Exit is the exit status: a trap, cannot tell, or clear.
func (r *Report) Exit() int {
	switch {
	case slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == Trap }):
		return diag.No
	case len(r.Unknown) > 0:
		return diag.Undecided
	}
	return diag.Yes
}

// stacks finds the blocks below a directory.
func (r *Report) stacks(ctx context.Context, root string) error {
	var dirs []string
	entries := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entries++; entries > maxEntries {
			return errMany
		}
		if d.IsDir() {
			if base := d.Name(); name != root && (strings.HasPrefix(base, ".") || base == "node_modules") {
				return filepath.SkipDir
			}
			return ctx.Err()
		}
		for _, end := range []string{".tf", ".tofu", ".tf.json", ".tofu.json"} {
			if dir := filepath.Dir(name); strings.HasSuffix(name, end) && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
		return nil
	})
	if err != nil {
		return &diag.Diagnostic{Rule: "credentials-dir", Summary: err.Error(), At: diag.Location{File: root}, Fix: "name the directory of the stacks: --dir DIR", Err: err}
	}
	for _, dir := range dirs {
		blocks, problems, err := room.Blocks(dir)
		if err != nil {
			return &diag.Diagnostic{Rule: "credentials-dir", Summary: err.Error(), At: diag.Location{File: dir}, Fix: "make the directory readable", Err: err}
		}
		for _, p := range problems {
			r.Unknown = append(r.Unknown, p.Error())
		}
		for _, b := range blocks {
			r.block(ctx, b)
		}
	}
	return nil
}

var errMany = errors.New("there are more than 100000 files below it")

// block follows the chain of a block in every place.
func (r *Report) block(ctx context.Context, b room.Block) {
	s := Stack{Block: b}
	if !unread(b) {
		here := setting(b, newEnviron(r.Command.environ)["HOME"])
		here.Environ = r.Command.environ
		s.Places = append(s.Places, Place{"here", Resolve(ctx, here)})
		for _, p := range pipelines {
			ci := setting(b, "")
			ci.Environ, ci.Elsewhere = p.environ, true
			s.Places = append(s.Places, Place{p.name, Resolve(ctx, ci)})
		}
	}
	r.Stacks = append(r.Stacks, s)
	if len(s.Places) > 0 && len(b.Credentials()) == 0 {
		for _, f := range s.Places[0].Chain.Findings {
			if !r.has(f) {
				r.Findings = append(r.Findings, f)
			}
		}
	}
	for _, d := range b.Credentials() {
		d := *d
		d.Why += s.instead()
		r.Findings = append(r.Findings, Finding{Trap, &d})
	}
}

// has tells whether the finding is known already, of the environment itself or of
// another block.
func (r *Report) has(f Finding) bool {
	return slices.ContainsFunc(slices.Concat(r.Here.Findings, r.Findings), func(g Finding) bool { return g.Rule == f.Rule && g.Summary == f.Summary })
}

// instead says what becomes of the pipelines' credentials.
func (s *Stack) instead() string {
	var says []string
	for _, p := range s.Places[min(len(s.Places), 1):] {
		if used := p.Chain.Used(); used == nil || used.Name != Environment && used.Name != WebIdentity {
			says = append(says, p.Name+": "+Outcome(p.Chain))
		}
	}
	if len(says) == 0 {
		return ""
	}
	return "\n" + strings.Join(says, "\n")
}

// unread tells a block whose profile is an expression: what it is cannot be known
// without running the engine.
func unread(b room.Block) bool {
	p := b.Argument("profile")
	return p != nil && p.Value == ""
}

// setting is what a block's arguments make of the chain.
func setting(b room.Block, home string) Setting {
	s := Setting{Tool: SDK, Block: b.Name}
	if p := b.Argument("profile"); p != nil {
		s.Profile = p.Value
	}
	files := func(names ...string) (list []string) {
		for _, n := range names {
			if a := b.Argument(n); a != nil && a.Value != "" {
				for _, f := range strings.Split(a.Value, ",") {
					if rest, ok := strings.CutPrefix(f, "~/"); ok {
						f = filepath.Join(home, rest)
					}
					list = append(list, f)
				}
				return list
			}
		}
		return nil
	}
	s.ConfigFiles = files("shared_config_files")
	s.CredentialsFiles = files("shared_credentials_files", "shared_credentials_file")
	s.Keys = b.Argument("access_key") != nil || b.Argument("secret_key") != nil || b.Argument("token") != nil
	s.Role = b.Argument("assume_role_with_web_identity") != nil
	if a := b.Argument("skip_metadata_api_check"); a != nil {
		s.NoInstance = a.Value == "true"
	}
	return s
}

// Outcome says in a few words what a chain comes to: a link's title, or why there
// are no credentials.
func Outcome(c *Chain) string {
	if used := c.Used(); used != nil {
		return used.Title
	}
	for _, l := range c.Links {
		if l.State == Wrong {
			return l.Title + " fails: " + l.Detail
		}
	}
	return "no credentials"
}
