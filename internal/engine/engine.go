package engine

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
)

// Options are how one stack's engine runs.
type Options struct {
	// Environ is the engine's whole environment, as Environ returns it, with the
	// changes of Equip. It is not completed from the process's own.
	Environ []string
	// Variables are values of the stack's input variables, TF_VAR_NAME=VALUE each, as
	// Variables returns them. They get into the environment of every command, never into
	// arguments, and are taken out of what an Error says. Nil: there are none.
	Variables []string
	// Output receives the human text of commands: init, the plan. Never state
	// contents and never output values. Nil: it is dropped.
	Output io.Writer
	// Progress is told what an apply does, from one goroutine at a time. Nil:
	// nobody is.
	Progress func(Event)
	// Patience is how long an interrupted command may take to save its state
	// before it is killed. Zero: ten minutes, because a killed apply forgets
	// what it made.
	Patience time.Duration
}

// Engine runs commands in one stack's directory. One command runs at a time;
// the methods may be called from several goroutines.
type Engine struct {
	Binary
	// Dir is the stack's directory, absolute.
	Dir string

	options Options
	tf      *tfexec.Terraform
	mu      sync.Mutex // one command at a time
	runsMu  sync.Mutex
	runs    []Run
	running []string // the arguments of the command that runs; nil: none does
	since   time.Time
}

// Run is one command that has ended, well or not.
type Run struct {
	// Args are the arguments that were asked for, without the binary: "apply".
	Args []string `json:"args"`
	// Seconds is the wall time from start to end.
	Seconds float64 `json:"seconds"`
}

// New returns the engine for the stack in dir, which must exist.
func New(b Binary, dir string, o Options) (*Engine, error) {
	tf, err := tfexec.NewTerraform(dir, b.Path)
	if err != nil {
		return nil, fmt.Errorf("engine in %s: %w", dir, err)
	}
	environ := map[string]string{"CHECKPOINT_DISABLE": "1"}
	for _, kv := range o.Environ {
		if k, v, ok := strings.Cut(kv, "="); ok && !reserved(k) {
			environ[k] = v
		}
	}
	if err := tf.SetEnv(environ); err != nil {
		return nil, fmt.Errorf("engine in %s: %w", dir, err)
	}
	// SetEnv refuses variables: terraform-exec has them in arguments, where everybody on
	// the machine can read them. It keeps the map, and builds each command's environment
	// from it. A test watches that they arrive.
	for _, kv := range o.Variables {
		if k, v, ok := strings.Cut(kv, "="); ok && strings.HasPrefix(k, variablePrefix) {
			environ[k] = v
		}
	}
	if o.Patience == 0 {
		o.Patience = 10 * time.Minute
	}
	if err := tf.SetWaitDelay(o.Patience); err != nil {
		return nil, fmt.Errorf("engine in %s: %w", dir, err)
	}
	if o.Output == nil {
		o.Output = io.Discard
	}
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	return &Engine{Binary: b, Dir: dir, options: o, tf: tf}, nil
}

// Runs returns the commands that have ended, in order.
func (e *Engine) Runs() []Run {
	e.runsMu.Lock()
	defer e.runsMu.Unlock()
	return append([]Run{}, e.runs...)
}

// Running names the command that runs now, with its age: "terraform apply (since
// 12 s)". Empty: none does.
func (e *Engine) Running() string {
	e.runsMu.Lock()
	defer e.runsMu.Unlock()
	if e.running == nil {
		return ""
	}
	return fmt.Sprintf("%s %s (since %d s)", strings.ToLower(e.Name), strings.Join(e.running, " "), int(time.Since(e.since).Seconds()))
}

// Seconds is the wall time of all commands that have ended.
func (e *Engine) Seconds() float64 {
	total := 0.0
	for _, r := range e.Runs() {
		total += r.Seconds
	}
	return total
}

// do runs one command: it takes the turn, points the engine's stdout at out
// and its stderr at a buffer for the error, and measures the time.
func (e *Engine) do(ctx context.Context, out io.Writer, name []string, command func(*tfexec.Terraform, io.Writer) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	// terraform-exec asks for the version before some commands, and would send
	// the answer to the command's stdout. It is asked once, before.
	e.tf.SetStdout(io.Discard)
	e.tf.SetStderr(io.Discard)
	if _, _, err := e.tf.Version(ctx, false); err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	stream := &stream{progress: e.options.Progress, plain: out}
	e.tf.SetStdout(stream)
	var stderr tail
	e.tf.SetStderr(&stderr)
	began := time.Now()
	e.runsMu.Lock()
	e.running, e.since = name, began
	e.runsMu.Unlock()
	err := command(e.tf, stream)
	e.runsMu.Lock()
	e.running = nil
	e.runs = append(e.runs, Run{Args: name, Seconds: time.Since(began).Seconds()})
	e.runsMu.Unlock()
	stream.flush()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && stream.emergency == nil {
		return fmt.Errorf("%s %s: %w", e.Name, strings.Join(name, " "), ctx.Err())
	}
	failed := &Error{Engine: e.Name, Args: name, Exit: -1, Problems: stream.problems, Text: stderr.text(), Emergency: stream.emergency}
	failed.conceal(e.options.Variables)
	if exit, ok := asExit(err); ok {
		failed.Exit = exit.ExitCode()
		failed.Signal = signalOf(exit)
	} else {
		failed.Err = err
	}
	return failed
}

// asExit finds the exit error in what terraform-exec returns. Its own text is
// not used: it repeats stderr.
func asExit(err error) (*exec.ExitError, bool) {
	for err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			return exit, true
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return nil, false
		}
		err = u.Unwrap()
	}
	return nil, false
}
