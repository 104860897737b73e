package rekey

import (
	"context"
	"errors"
	"sync"
)

// Result is what a Run did.
type Result struct {
	// Environments are those that were begun, in order; the last one may not be done.
	Environments []*Environment `json:"environments"`
	// Released are the locks that a killed run had left.
	Released []Released `json:"released"`
	// Needs are the keys that versions still need; empty without Options.CountNeeds.
	Needs []Need `json:"needs"`
}

// Run does what the plan says: one environment after the other, the states of one some
// at once. It stops at the first state that cannot be done or is not proven, and between
// environments where Options.Next says so; the result, which is never nil, then says
// what stands. Running a new plan does the rest.
func (p *Plan) Run(ctx context.Context) (*Result, error) {
	w := p.work
	r := &Result{Environments: []*Environment{}, Released: []Released{}, Needs: []Need{}}
	released, err := w.release(ctx)
	r.Released = append(r.Released, released...)
	if err != nil {
		return r, err
	}
	for i, e := range p.Environments {
		r.Environments = append(r.Environments, e)
		if err := w.run(ctx, e); err != nil {
			return r, err
		}
		if states, versions := changes(p.Environments[i+1:]); w.Next == nil || states+versions == 0 {
			continue
		}
		if err := w.Next(e.Name); err != nil {
			return r, err
		}
	}
	r.Needs, err = w.needs(ctx, p.Environments)
	return r, err
}

// run does one environment.
func (w *work) run(ctx context.Context, e *Environment) (err error) {
	j, err := w.newJournal(e.States)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.closeJournal(j, !j.left)) }()
	if w.Report != nil {
		w.Report(Step{Environment: e.Name, Total: len(e.States)})
	}
	var mu sync.Mutex
	done := 0
	do := func(ctx context.Context, s *State) error {
		if err := w.state(ctx, j, s); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if done++; w.Report != nil {
			w.Report(Step{Environment: e.Name, State: s, Done: done, Total: len(e.States)})
		}
		return nil
	}
	// The first one is done alone: what is wrong with a key or a grant is wrong for all.
	first := 0
	for first < len(e.States) && e.States[first].Action == Absent {
		first++
	}
	first = min(first+1, len(e.States))
	if err := w.each(ctx, e.States[:first], do); err != nil {
		return err
	}
	return w.each(ctx, e.States[first:], do)
}
