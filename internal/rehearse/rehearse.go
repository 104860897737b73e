package rehearse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// Options say what to rehearse. Bootstrap is required, or Scenario and Command.
type Options struct {
	// Dir is the room to rehearse; it is copied, not touched. Empty: the
	// example room.
	Dir string
	// Environ is the environment that the engine is found in and its own is
	// made from. Nil: the process's own.
	Environ []string
	// Binary is the engine to use. Zero: as engine.Find finds it.
	Binary engine.Binary
	// Binaries are the engines of scenario Portability. Nil: Binary alone, or else those
	// of this machine.
	Binaries []engine.Binary
	// Bootstrap brings the bootstrap stack of the room to its end. A scenario needs
	// none.
	Bootstrap func(ctx context.Context, b Bootstrap) error
	// Scenario is one of Scenarios; empty: the room is built, bootstrapped and
	// attacked. With a scenario and no Dir its own example is taken.
	Scenario string
	// AsFound leaves the world of scenario StateKeys as it was found: nothing is
	// encrypted yet, and no lock is tried.
	AsFound bool
	// Command runs the program itself, as a child process that ctx ends. Scenarios
	// are made of commands; a room needs none. The error is that it did not run.
	Command func(ctx context.Context, c Command) (lock.Ran, error)
	// Change is done to the copy before it is built. For tests; nil: nothing.
	Change func(r *room.Room) error
	// Locks are what is claimed. Nil: lock.All, or those of the scenario.
	Locks []*lock.Lock
	// Progress is told what happens, in order. Nil: nobody is.
	Progress func(Event)
	// Audit receives the sandbox's audit events. Nil: they are dropped.
	Audit *os.File
}

// Bootstrap is what the bootstrap of a room in the sandbox needs.
type Bootstrap struct {
	Room *room.Room
	// Engine runs in the bootstrap stack, as the operator.
	Engine *engine.Engine
	// AWS has the operator's credentials.
	AWS aws.Config
	// Step is told when a step ("apply") begins, and when it ends.
	Step func(name string, ended bool)
}

// Event is one thing that happened.
type Event struct {
	// Step is the name of the step that begins or, with Ended, that ended.
	Step    string
	Ended   bool
	Seconds float64
	// Resource is what the engine works on within a step; nil otherwise.
	Resource *engine.Event
	// Lock is the result of a lock that was tried; nil otherwise.
	Lock *lock.Result
}

// Rehearsal is a room that was built in the sandbox. Close it.
type Rehearsal struct {
	// Room is the copy that was built.
	Room    *room.Room
	Sandbox *sandbox.Sandbox
	World   *lock.World
	Report  Report

	options Options
	work    string
	environ []string
	// commands are those of a scenario; nil for a room.
	commands *commands
	engines  []*engine.Engine
	began    time.Time
	step     string
	stepAt   time.Time
}

// Run builds the room and tries every lock. The Rehearsal comes back even with
// an error, unless nothing was started, so that what stands can be looked at;
// the caller closes it. An error means that the rehearsal could not be carried
// out; whether the locks hold is in the Report.
func Run(ctx context.Context, o Options) (*Rehearsal, error) {
	r, err := Build(ctx, o)
	if err != nil {
		return r, err
	}
	if o.AsFound {
		r.finish()
		return r, nil
	}
	r.begin("attack")
	for _, l := range r.locks() {
		if why, applies := l.Applies(r.World); !applies {
			r.Report.NotApplicable = append(r.Report.NotApplicable, NotApplicable{l.ID, why})
			continue
		}
		result, err := l.Try(ctx, r.World)
		if err != nil {
			return r, err
		}
		r.Report.add(result)
		r.options.Progress(Event{Lock: &result})
	}
	r.end()
	r.finish()
	return r, nil
}

// Build builds the room and makes the World, without trying any lock.
func Build(ctx context.Context, o Options) (*Rehearsal, error) {
	if o.Bootstrap == nil && o.Scenario == "" {
		return nil, errors.New("rehearse: Options.Bootstrap is nil")
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	r := &Rehearsal{options: o, began: time.Now(), Report: newReport()}
	if o.Scenario != "" {
		return r, r.scenario(ctx)
	}
	if err := r.stages(ctx, stage{"init", r.prepare}, stage{"sandbox", r.start}, stage{"people", r.people}, stage{"engine", r.equip}); err != nil {
		return r, err
	}
	if err := r.bootstrap(ctx); err != nil {
		return r, err
	}
	return r, r.src(ctx)
}

// locks are those that are tried.
func (r *Rehearsal) locks() []*lock.Lock {
	switch {
	case r.options.Locks != nil:
		return r.options.Locks
	case r.options.Scenario == StateKeys:
		return lock.StateKeys(r.World)
	case r.options.Scenario == Portability:
		return lock.Portability(r.World)
	}
	return lock.All()
}

// Close ends the sandbox and removes the copy of the room.
func (r *Rehearsal) Close() error {
	var err error
	if r.Sandbox != nil {
		err = r.Sandbox.Close()
	}
	if r.work != "" {
		err = errors.Join(err, os.RemoveAll(r.work))
	}
	return err
}

func (r *Rehearsal) begin(step string) {
	r.end()
	r.step, r.stepAt = step, time.Now()
	r.options.Progress(Event{Step: step})
}

func (r *Rehearsal) end() {
	if r.step == "" {
		return
	}
	s := Step{Name: r.step, Seconds: time.Since(r.stepAt).Seconds()}
	r.Report.Steps = append(r.Report.Steps, s)
	r.step = ""
	r.options.Progress(Event{Step: s.Name, Ended: true, Seconds: s.Seconds})
}

// finish fills in the figures. The engine's own time is the wall time of its
// commands less the time in which the sandbox was answering at least one
// request: what the same commands would have taken against a server that
// answers at once, or a little less, because the engine works on while it waits.
func (r *Rehearsal) finish() {
	r.Report.Seconds.Total = time.Since(r.began).Seconds()
	engines := 0.0
	for _, e := range r.engines {
		engines += e.Seconds()
	}
	r.Report.Seconds.Engine = max(0, engines-r.Sandbox.Busy().Seconds())
}

// start starts the sandbox for the room's account and region.
func (r *Rehearsal) start(ctx context.Context) (err error) {
	o := sandbox.Options{Account: r.Room.Account, Region: r.Room.Region}
	if r.options.Scenario != "" {
		o.Region = r.Room.State.Region
	}
	if o.Issuers, err = issuers(r.Room.Forge); err != nil {
		return err
	}
	if r.options.Audit != nil {
		o.Audit = r.options.Audit
	}
	r.Sandbox, err = sandbox.Start(ctx, o)
	return err
}

// issuers are those that the sandbox's forge has to stand in for: the room's own,
// and those that the tokens of others come from. It always stands in for the
// public ones, and for the enterprises of a GitHub that it stands in for.
func issuers(f room.Forge) (list []string, err error) {
	public := []string{oidc.GitLabIssuer, oidc.GitHubIssuer}
	_, shapes, err := oidc.Around(oidc.Project{Forge: f.Kind, Issuer: f.Issuer, Path: f.Project, Audience: f.Audience})
	if err != nil {
		return nil, err
	}
	for _, s := range shapes {
		for _, t := range s.Tokens {
			known := slices.ContainsFunc(slices.Concat(public, list), func(base string) bool {
				return t.Issuer == base || oidc.IsEnterprise(t.Issuer, base) && oidc.KindOf(base) == oidc.KindGitHub
			})
			if t.Issuer != "" && !known {
				list = append(list, t.Issuer)
			}
		}
	}
	return list, nil
}

// equip finds the engine and its provider.
func (r *Rehearsal) equip(ctx context.Context) error {
	var err error
	if r.options.Binary.Path == "" {
		r.options.Binary, err = engine.Find(ctx, engine.Search{Spec: r.Room.Engine, Environ: r.options.Environ})
		if err != nil {
			return err
		}
	}
	b := r.options.Binary
	plugins, err := engine.Equip(ctx, b, engine.Outfit{Environ: r.options.Environ, PreferLocal: true})
	if err != nil {
		return err
	}
	set := append([]string{}, plugins.Set...)
	set = append(set, r.Sandbox.Env()...)
	r.environ = engine.Environ(r.options.Environ, set, append(r.Sandbox.EnvUnset(), plugins.Unset...))
	r.actAs(r.World.Operator)
	r.Report.Engine = Engine{Name: b.Name, Version: b.Version}
	r.Report.Provider = providerVersion(plugins)
	return nil
}

// actAs makes engines run with these credentials from now on.
func (r *Rehearsal) actAs(c aws.Credentials) {
	r.environ = withCredentials(r.environ,
		"AWS_ACCESS_KEY_ID="+c.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+c.SecretAccessKey, "AWS_SESSION_TOKEN="+c.SessionToken)
}

// withCredentials returns an environment with other credentials than it has.
func withCredentials(environ []string, set ...string) []string {
	return append(slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		switch k, _, _ := strings.Cut(kv, "="); k {
		case "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN":
			return true
		}
		return false
	}), set...)
}

// engine returns an engine in a directory of the copy, whose time is counted. It
// runs as the operator.
func (r *Rehearsal) engine(dir string) (*engine.Engine, error) { return r.engineWith(dir, r.environ) }

func (r *Rehearsal) engineWith(dir string, environ []string) (*engine.Engine, error) {
	e, err := engine.New(r.options.Binary, dir, engine.Options{
		Environ:  environ,
		Progress: func(ev engine.Event) { r.options.Progress(Event{Resource: &ev}) },
	})
	if err == nil {
		r.engines = append(r.engines, e)
	}
	return e, err
}

func (r *Rehearsal) bootstrap(ctx context.Context) error {
	e, err := r.engine(r.Room.StackDir(room.StackBootstrap))
	if err != nil {
		return err
	}
	err = r.options.Bootstrap(ctx, Bootstrap{
		Room: r.Room, Engine: e, AWS: r.config(&r.World.Operator),
		Step: func(name string, ended bool) {
			if ended {
				r.end()
			} else {
				r.begin("bootstrap: " + name)
			}
		},
	})
	if err != nil {
		return err
	}
	r.end()
	return r.settle(ctx, e)
}

// prepare makes the copy of the room.
func (r *Rehearsal) prepare(context.Context) (err error) {
	if r.work, err = os.MkdirTemp("", "strongroom-rehearsal-"); err != nil {
		return err
	}
	dir := filepath.Join(r.work, "room")
	if err := copyRoom(r.options.Dir, dir); err != nil {
		var d *diag.Diagnostic
		if errors.As(err, &d) {
			return err
		}
		return &diag.Diagnostic{
			Rule: "rehearse-copy", Summary: "the room cannot be copied: " + err.Error(), Err: err,
			Why: "a rehearsal builds a copy, so it has to read every file of the room, and needs room for them in the directory for temporary files",
			Fix: "make the file readable, or point TMPDIR at a directory with room",
		}
	}
	if r.Room, _, err = room.Init(dir, room.Options{}); err != nil {
		return err
	}
	if err := scaffold(r.Room); err != nil {
		return err
	}
	if r.options.Change != nil {
		if err := r.options.Change(r.Room); err != nil {
			return fmt.Errorf("change the room: %w", err)
		}
	}
	return nil
}
