package rekey

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// What is done to a state.
const (
	// Copy is a server-side copy of the current version.
	Copy = "copy"
	// Restore is one of an earlier version.
	Restore = "restore"
	// Keep is nothing: it is as it should be, which is proven all the same.
	Keep = "keep"
	// Absent is a state that does not exist.
	Absent = "absent"
)

// Plan is what would be done. Nothing was changed to make it.
type Plan struct {
	Environments []*Environment `json:"environments"`
	// Difference is what Options.Version would change; nil without it.
	Difference *Difference `json:"difference,omitempty"`
	// Needs are the keys, other than the goal's, that versions are under now, those that
	// the Run would replace included: they are kept. Empty without Options.CountNeeds.
	Needs []Need `json:"needs"`

	work *work
}

// Environment is the part of one environment.
type Environment struct {
	Name string `json:"environment"`
	// Goal is how its states are to be encrypted; the zero value with Options.Version
	// and no state.
	Goal statestore.Encryption `json:"goal"`
	// States are in the spec's order, workspaces after their stack's default one.
	States []*State `json:"states"`
}

// State is one state, and what is done to it.
type State struct {
	Environment string `json:"environment"`
	Stack       string `json:"stack"`
	Workspace   string `json:"workspace"`
	Key         string `json:"key"`
	// Action is Copy, Restore, Keep or Absent.
	Action string `json:"action"`
	// Now is how the current version is encrypted, Then how it is to be.
	Now  statestore.Encryption `json:"now"`
	Then statestore.Encryption `json:"then"`
	// Version is the current version's ID, after a Run that of the copy.
	Version string `json:"version"`
	// Versions counts the older versions of the state, delete markers left out.
	Versions int `json:"older_versions"`
	// Outdated counts the versions, older ones and those of lock files, that
	// AllVersions updates; -1: they were not looked at.
	Outdated int `json:"outdated_versions"`

	// Done is set by a Run that proved the state; the rest is what it found.
	Done    bool   `json:"done"`
	Serial  uint64 `json:"serial"`
	Lineage string `json:"lineage"`
	// Updated counts the versions whose encryption the Run changed.
	Updated int `json:"updated_versions"`
	// Written is set as soon as the Run wrote the state, proven or not; Replaced is the
	// version that was current before.
	Written  bool   `json:"written"`
	Replaced string `json:"replaced_version"`

	target state.Target
	source string // the version to bring back; "" for none
	shown  string // the mark of the current version that differences were shown to
}

// flags select the state's stack.
func (s *State) flags() string { return "--env " + s.Environment + " --stack " + s.Stack }

// Changes counts the states that a Run would write, and the older versions that it
// would update.
func (p *Plan) Changes() (states, versions int) { return changes(p.Environments) }

func changes(list []*Environment) (states, versions int) {
	for _, e := range list {
		for _, s := range e.States {
			if s.Action == Copy || s.Action == Restore {
				states++
			}
			versions += max(s.Outdated, 0)
		}
	}
	return states, versions
}

// NewPlan looks at everything that Options select, and changes nothing. What cannot
// be done is refused as a whole, each reason being a *diag.Diagnostic.
func NewPlan(ctx context.Context, o Options) (*Plan, error) {
	w := &work{Options: o, limits: o.Limits.withDefaults()}
	if o.AllVersions && o.To != nil && o.To.Algorithm == SSES3 {
		return nil, &diag.Diagnostic{
			Rule: "state-rekey-versions", Summary: "older versions cannot be put under SSE-S3",
			Why: "S3 changes the encryption of a version in place only to SSE-KMS, and a copy of an old version would for a moment be the current state",
			Fix: "leave --all-versions out; the versions that still need the key are named afterwards, and the key has to stay until they are gone",
		}
	}
	if err := w.readDefault(ctx); err != nil {
		return nil, err
	}
	p := &Plan{Environments: []*Environment{}, Needs: []Need{}, work: w}
	var refused diag.List
	for _, e := range o.Environments {
		out, bad, err := w.environment(ctx, e)
		if err != nil {
			return nil, err
		}
		p.Environments, refused = append(p.Environments, out), append(refused, bad...)
	}
	if len(refused) > 0 {
		return nil, refused
	}
	if o.Workspace != "" && !slices.ContainsFunc(p.Environments, func(e *Environment) bool { return len(e.States) > 0 }) {
		return nil, &diag.Diagnostic{
			Rule: "state-rekey-workspace", Summary: fmt.Sprintf("no stack that is selected has a workspace %q", o.Workspace),
			Why: "nothing would be done, and it would look as if all were done", Fix: "see which there are: strongroom state status",
		}
	}
	if o.Version != "" {
		if err := w.chooseVersion(ctx, p); err != nil {
			return nil, err
		}
	}
	var err error
	if p.Needs, err = w.needs(ctx, p.Environments); err != nil {
		return nil, err
	}
	return p, w.foresee(ctx, p)
}

// readDefault reads whether the bucket uses Bucket Keys: what neither a copy nor an
// engine's write says is the bucket's default.
func (w *work) readDefault(ctx context.Context) error {
	b := w.Bucket.Room
	out, err := w.Bucket.S3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b.State.Bucket, ExpectedBucketOwner: &b.Account})
	if d := w.Bucket.Misplaced(err); d != nil {
		return d
	}
	if err != nil {
		return fmt.Errorf("ask how bucket %s encrypts by default: %w", b.State.Bucket, err)
	}
	for _, r := range out.ServerSideEncryptionConfiguration.Rules {
		w.bucketKey = w.bucketKey || aws.ToBool(r.BucketKeyEnabled)
	}
	return nil
}

// goal is how an environment's states are to be encrypted.
func (w *work) goal(ctx context.Context, e state.Environment) (statestore.Encryption, error) {
	to := Goal{Algorithm: SSEKMS}
	if w.To != nil {
		to = *w.To
	} else {
		arn, err := w.Bucket.KeyARN(ctx, e)
		if err != nil {
			return statestore.Encryption{}, err
		}
		to.KeyARN = arn
	}
	if to.Algorithm == SSES3 {
		return statestore.Encryption{Algorithm: SSES3}, nil
	}
	return statestore.Encryption{Algorithm: SSEKMS, KeyARN: to.KeyARN, BucketKey: w.bucketKey}, w.usable(ctx, to.KeyARN, e.Name)
}

// environment looks at an environment's states.
func (w *work) environment(ctx context.Context, e state.Environment) (*Environment, diag.List, error) {
	out := &Environment{Name: e.Name, States: []*State{}}
	keepEncryption := w.Version != "" && w.To == nil
	if !keepEncryption {
		goal, err := w.goal(ctx, e)
		if err != nil {
			return nil, nil, err
		}
		out.Goal = goal
	}
	targets, err := w.Bucket.Targets(ctx, e)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range targets {
		if w.Workspace == "" || t.Workspace == w.Workspace {
			out.States = append(out.States, &State{Environment: e.Name, Stack: t.Stack.Name, Workspace: t.Workspace, Key: t.Key(), Then: out.Goal, Outdated: -1, target: t})
		}
	}
	var mu sync.Mutex
	var refused diag.List
	err = w.each(ctx, out.States, func(ctx context.Context, s *State) error {
		bad, err := w.look(ctx, s)
		mu.Lock()
		defer mu.Unlock()
		refused = append(refused, bad...)
		return err
	})
	if keepEncryption && len(out.States) == 1 {
		out.Goal = out.States[0].Now
		out.States[0].Then = out.Goal
	}
	return out, refused, err
}

// look looks at one state.
func (w *work) look(ctx context.Context, s *State) (refused diag.List, err error) {
	o, err := w.head(ctx, s.Key, "")
	var named *diag.Diagnostic
	if asDiagnostic(err, &named) {
		return diag.List{named}, nil
	}
	if err != nil {
		return nil, err
	}
	if o == nil {
		s.Action = Absent
	} else {
		s.Now, s.Version, s.Action = o.encryption, o.version, Keep
		if !o.meets(s.Then) && (w.Version == "" || w.To != nil) {
			s.Action = Copy
			if bad := w.refuse(s.Key, o, false); bad != nil {
				refused = append(refused, bad)
			}
		}
	}
	pieces, err := w.pieces(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, p := range pieces {
		if p.key == s.Key {
			s.Versions++
		}
	}
	if !w.AllVersions {
		return refused, nil
	}
	s.Outdated = 0
	for _, p := range pieces {
		o, err := w.head(ctx, p.key, p.version)
		switch {
		case asDiagnostic(err, &named):
			refused = append(refused, named)
		case err != nil:
			return nil, err
		case o == nil || o.meets(s.Then):
		default:
			s.Outdated++
			if bad := w.refuse(p.key, o, true); bad != nil {
				refused = append(refused, bad)
			}
		}
	}
	return refused, nil
}

// each does something to all states, some at once. After the first error no other is
// begun; those that are being worked on are waited for.
func (w *work) each(ctx context.Context, states []*State, do func(context.Context, *State) error) error {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		errs  []error
		next  = make(chan *State)
		fails = make(chan struct{})
	)
	for range min(w.limits.AtOnce, max(len(states), 1)) {
		wg.Go(func() {
			for s := range next {
				if err := do(ctx, s); err != nil {
					mu.Lock()
					if errs = append(errs, err); len(errs) == 1 {
						close(fails)
					}
					mu.Unlock()
				}
			}
		})
	}
feed:
	for _, s := range states {
		select { // both may be ready, and then either is chosen
		case <-fails:
			break feed
		case <-ctx.Done():
			break feed
		default:
		}
		select {
		case next <- s:
		case <-fails:
			break feed
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
	if err := ctx.Err(); err != nil && len(errs) == 0 {
		return err
	}
	return joined(errs)
}
