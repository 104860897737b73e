package bootstrap

import (
	"context"
	"time"
)

// Run brings the room's bootstrap stack to its end, from wherever an earlier
// run left it. A second run of a finished room changes nothing.
//
// Errors are diagnostics; a diag.ExitError with diag.No is a decision ("these
// are another account's credentials", "a person said no"). Whatever the error,
// and however the process ends, Run can be called again. Cancelling ctx lets
// the engine save its state first.
func Run(ctx context.Context, o Options) (Result, error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	release, err := takeTurn(&o)
	if err != nil {
		return Result{}, err
	}
	defer release()
	b := &run{Options: &o, cloud: newCloud(&o), result: Result{
		Steps: []Step{}, Adopted: []string{},
		Bucket: o.Bucket, StateKey: o.StateKey, Region: o.Region,
	}}
	if b.journal, err = loadJournal(&o); err != nil {
		return Result{}, err
	}
	for _, s := range steps() {
		if err := b.take(ctx, s); err != nil {
			return b.result, b.explain(ctx, s.name, err)
		}
	}
	return b.result, nil
}

// run is one call of Run.
type run struct {
	*Options
	cloud   *cloud
	journal *journal
	result  Result
	reality *reality
	// planned is the file of a plan that waits to be applied; "" if there is none.
	planned string
	// keyARN is the key of the room's states, once it exists.
	keyARN string
}

// step is one thing to do. Both functions look at reality, not at what the
// steps before them did.
type step struct {
	name string
	// done reports whether there is nothing left to do. Nil: always do it.
	done func(*run, context.Context) (bool, error)
	do   func(*run, context.Context) error
}

func steps() []step {
	return []step{
		{"preflight", nil, (*run).preflightStep},
		{"prepare", nil, (*run).prepareStep},
		{"plan", (*run).planDone, (*run).planStep},
		{"apply", (*run).applyDone, (*run).applyStep},
		{"backend", (*run).backendDone, (*run).backendStep},
		{"migrate", (*run).migrateDone, (*run).migrateStep},
		{"verify", nil, (*run).verifyStep},
		{"clean", (*run).cleanDone, (*run).cleanStep},
	}
}

// run reports whether the step was done already, and does it if not.
func (s step) run(ctx context.Context, b *run) (done bool, err error) {
	if s.done != nil {
		if done, err = s.done(b, ctx); done || err != nil {
			return done, err
		}
	}
	return false, s.do(b, ctx)
}

func (b *run) take(ctx context.Context, s step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.At("before " + s.name)
	b.Report(Step{Name: s.name})
	began := time.Now()
	done, err := s.run(ctx, b)
	if err != nil {
		return err
	}
	ended := Step{Name: s.name, Ended: true, Done: done, Seconds: time.Since(began).Seconds()}
	b.result.Steps = append(b.result.Steps, ended)
	b.Report(ended)
	b.At("after " + s.name)
	return nil
}

// look refreshes what is known of reality.
func (b *run) look(ctx context.Context) (err error) {
	b.reality, err = look(ctx, b.Options, b.cloud)
	return err
}

// locking runs an engine command that may take the lock in the bucket. It is
// announced in the journal, so that a lock left by a command that was killed,
// or that could not release it, is known as ours.
func (b *run) locking(ctx context.Context, command func(context.Context) error) error {
	j := b.journal
	j.Locking, j.LockEnded, j.Holder = b.Clock().UTC(), time.Time{}, holder()
	if err := j.save(b.Options); err != nil {
		return err
	}
	err := b.watched(ctx, command)
	if err == nil {
		j.Locking = time.Time{}
	} else {
		j.LockEnded = b.Clock().UTC()
	}
	if saved := j.save(b.Options); err == nil {
		err = saved
	}
	return err
}
