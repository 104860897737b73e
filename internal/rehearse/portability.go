package rehearse

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// portability are the stages of the scenario: a bucket with a key, a project in
// GitLab, and a stack for each engine. The way itself is what its locks claim.
func (r *Rehearsal) portability() []stage {
	return []stage{{"sandbox", r.start}, {"accounts", r.portabilityWorld}, {"engines", r.journeys}}
}

// portabilityWorld makes the owner of the state account, a reader there, the
// environment's key and the bucket, and the members of the project in GitLab.
func (r *Rehearsal) portabilityWorld(ctx context.Context) error {
	if err := r.suitsPortability(); err != nil {
		return err
	}
	w := r.newStatesWorld()
	if err := r.owners(ctx); err != nil {
		return err
	}
	for _, e := range state.Environments(r.Room) {
		if err := r.tenant(ctx, e); err != nil {
			return fmt.Errorf("environment %s: %w", e.Name, err)
		}
	}
	e := &w.Environments[0]
	client := kms.NewFromConfig(r.config(&w.Operator))
	made, err := client.CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String("State of " + e.Name)})
	if err != nil {
		return err
	}
	e.KeyARN = *made.KeyMetadata.Arn
	if _, err := client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String(r.Room.State.KeyAlias + "-" + e.Name), TargetKeyId: &e.KeyARN}); err != nil {
		return err
	}
	g := &gitlab{r: r, tokens: map[string]*sandbox.Access{}}
	for _, role := range []string{"guest", "reporter", "developer", "maintainer"} {
		if err := g.join(role, role); err != nil {
			return err
		}
	}
	w.GitLab = g
	if err := r.stateBucket(ctx); err != nil {
		return err
	}
	return r.specKeys()
}

// suitsPortability refuses a spec that the scenario cannot be played with.
func (r *Rehearsal) suitsPortability() error {
	d := &diag.Diagnostic{
		Rule: "rehearse-scenario", Why: "scenario " + Portability + " moves the state of a stack for each engine between a file, S3 and the forge's GitLab",
		Fix: "name another directory, or none: the example has what it takes",
	}
	names := []string{}
	for _, e := range state.Environments(r.Room) {
		for _, s := range e.Stacks {
			if s.Dir != "" {
				names = append(names, s.Name)
			}
		}
	}
	switch {
	case r.Room.Forge.Kind != "gitlab":
		d.Summary = "the forge of the spec is " + r.Room.Forge.Kind + ", which keeps no states"
	case r.Room.State.Backend != "s3":
		d.Summary = fmt.Sprintf("the spec keeps states in the backend %q", r.Room.State.Backend)
	case r.Room.State.ClientEncryption:
		d.Summary = "the spec has OpenTofu encrypt states, which Terraform does not read"
	case r.Room.Engine != "":
		d.Summary = fmt.Sprintf("the spec names the engine %q, and the scenario plays with both", r.Room.Engine)
	case len(r.Room.State.Environments) != 1 || !slices.Contains(names, "opentofu") || !slices.Contains(names, "terraform"):
		d.Summary = `the spec does not have one environment with the stacks "opentofu" and "terraform", each with a dir`
	default:
		return nil
	}
	return d
}

// journeys makes one for each engine of this machine, and says which is missing.
func (r *Rehearsal) journeys(ctx context.Context) error {
	binaries, err := r.binaries(ctx)
	if err != nil {
		return err
	}
	// The stacks have no provider to install: how a user's engine installs them is not
	// asked for, and may be named by a file that is gone.
	r.environ = engine.Environ(r.options.Environ, r.Sandbox.Env(), append(r.Sandbox.EnvUnset(), "TF_CLI_CONFIG_FILE"))
	r.actAs(r.World.Operator)
	for _, name := range []string{engine.OpenTofu, engine.Terraform} {
		at := slices.IndexFunc(binaries, func(b engine.Binary) bool { return b.Name == name })
		if at < 0 && r.options.Binary.Path != "" {
			continue // one was asked for
		}
		if at < 0 {
			r.Report.NotApplicable = append(r.Report.NotApplicable, NotApplicable{
				ID: "portability with " + name, Why: name + " was not found on this machine; nothing here says how it moves states",
			})
			continue
		}
		b := binaries[at]
		r.Report.Engines = append(r.Report.Engines, Engine{Name: b.Name, Version: b.Version})
		j, err := r.journey(b)
		if err != nil {
			return err
		}
		r.World.Journeys = append(r.World.Journeys, j)
	}
	r.Report.Engine = r.Report.Engines[0]
	return nil
}

// binaries are the engines to play with: Options.Binaries, Options.Binary alone, or those of this
// machine: on PATH, where "make tofu" leaves OpenTofu, and as engine.Find finds one.
// None is an error.
func (r *Rehearsal) binaries(ctx context.Context) ([]engine.Binary, error) {
	switch {
	case r.options.Binaries != nil:
		return r.options.Binaries, nil
	case r.options.Binary.Path != "":
		return []engine.Binary{r.options.Binary}, nil
	}
	var found []engine.Binary
	var failed error
	for _, spec := range []string{"tofu", "terraform", "./bin/tofu", ""} {
		b, err := engine.Find(ctx, engine.Search{Spec: spec, Environ: r.options.Environ})
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			failed = err
		case !slices.ContainsFunc(found, func(f engine.Binary) bool { return f.Name == b.Name }):
			found = append(found, b)
		}
	}
	if len(found) == 0 {
		return nil, failed
	}
	return found, nil
}

// gitlab is the project's members, as lock.GitLab.
type gitlab struct {
	r      *Rehearsal
	tokens map[string]*sandbox.Access
}

// join gives the user called name a role, and a token.
func (g *gitlab) join(name, role string) error {
	f := g.r.Room.Forge
	a, err := g.r.Sandbox.AccessToken(sandbox.AccessRequest{Issuer: f.Issuer, Project: f.Project, User: name, Role: role})
	if err == nil && g.tokens[name] == nil {
		g.tokens[name] = a
	}
	return err
}

func (g *gitlab) Member(role string) (*lock.Member, error) {
	a := g.tokens[role]
	if a == nil {
		return nil, fmt.Errorf("the project has no %s", role)
	}
	return &lock.Member{User: a.Username, Token: a.Token}, nil
}

// Job is the token of a job that the maintainer started.
func (g *gitlab) Job(own bool) (*lock.Member, error) {
	project := g.r.Room.Forge.Project
	if !own {
		project += "-elsewhere"
	}
	return g.mint(sandbox.AccessRequest{Kind: sandbox.JobAccess, Project: project})
}

// ReadOnly is a token of the maintainer's that was made to read with.
func (g *gitlab) ReadOnly() (*lock.Member, error) {
	return g.mint(sandbox.AccessRequest{Project: g.r.Room.Forge.Project, Scopes: []string{"read_api"}})
}

// mint makes a token of the maintainer's.
func (g *gitlab) mint(r sandbox.AccessRequest) (*lock.Member, error) {
	r.Issuer, r.User, r.Role = g.r.Room.Forge.Issuer, "maintainer", "maintainer"
	a, err := g.r.Sandbox.AccessToken(r)
	if err != nil {
		return nil, err
	}
	return &lock.Member{User: a.Username, Token: a.Token}, nil
}

func (g *gitlab) Promote(_ context.Context, role string) (func() error, error) {
	if g.tokens[role] == nil {
		return nil, errors.New("the project has no " + role)
	}
	return func() error { return g.join(role, role) }, g.join(role, "maintainer")
}

// journey prepares the stack that is called like the engine.
func (r *Rehearsal) journey(b engine.Binary) (*journey, error) {
	name := strings.ToLower(b.Name)
	for _, e := range state.Environments(r.Room) {
		for _, s := range e.Stacks {
			if s.Name == name {
				return &journey{r: r, binary: b, environment: e.Name, stack: s, dir: filepath.Clean(s.Dir)}, nil
			}
		}
	}
	return nil, fmt.Errorf("the spec has no stack %q", name)
}
