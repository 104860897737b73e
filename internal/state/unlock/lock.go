package unlock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Holder is what is known of who has a lock.
type Holder string

const (
	// Nobody has it.
	Nobody Holder = "nobody"
	// Alive is a process that runs on this machine.
	Alive Holder = "alive"
	// Gone is a process of this machine that does not run any more: it left its lock.
	Gone Holder = "gone"
	// Elsewhere is somebody on another machine, who cannot be seen from here.
	Elsewhere Holder = "elsewhere"
	// Unknown: it cannot be told.
	Unknown Holder = "unknown"
)

// Lock is what was seen of a state's lock.
type Lock struct {
	Environment string `json:"environment"`
	Stack       string `json:"stack"`
	Workspace   string `json:"workspace"`
	// Where names the state's place.
	Where  string `json:"where"`
	Holder Holder `json:"holder"`
	// ID, Who, Operation and Since are the holder's own words; empty where the place does
	// not tell.
	ID        string     `json:"id"`
	Who       string     `json:"who"`
	Operation string     `json:"operation"`
	Since     *time.Time `json:"since"`
	// Process is the holder's, when it is Alive; zero: it is not known which.
	Process int `json:"process"`
	// Why is half a sentence on how that is known.
	Why string `json:"why"`
	// Released is whether the lock was taken away.
	Released bool `json:"released"`

	store statestore.Store
}

// Finder looks at locks.
type Finder struct {
	Places *state.Places
	// Processes lists what runs on this machine. Nil: the function of that name.
	Processes func() ([]Process, error)
	// Host is this machine's name, as locks have it; "": the system's.
	Host string
}

// Look sees who has the lock of a state. The error is a *diag.Diagnostic when the
// place cannot be asked. A place that tells of a lock only to those who want it is
// asked by taking the lock, and giving it back at once.
func (f *Finder) Look(ctx context.Context, t state.Target) (*Lock, error) {
	store, err := f.Places.Store(t)
	if err != nil {
		return nil, err
	}
	l := &Lock{Environment: t.Environment, Stack: t.Stack.Name, Workspace: t.Workspace, Where: store.Where(), Holder: Nobody, store: store}
	info, err := store.Locked(ctx)
	if errors.Is(err, statestore.ErrCannotTell) {
		info, err = probe(ctx, store)
	}
	if err != nil {
		return nil, &diag.Diagnostic{
			Rule: "state-lock-unseen", Summary: "the lock of " + store.Where() + " cannot be seen: " + policyread.Cause(err), Err: err,
			Why: "a lock that was not seen is not taken away", Fix: "use credentials that may read the lock file: --profile PROFILE",
		}
	}
	if local, ok := store.(*statestore.Local); ok {
		return l, f.local(l, local, info)
	}
	if info == nil {
		return l, nil
	}
	l.take(info)
	f.judge(l, t, info)
	return l, nil
}

func (l *Lock) take(info *tfstate.LockInfo) {
	l.ID, l.Who, l.Operation = info.ID, info.Who, info.Operation
	if !info.Created.IsZero() {
		at := info.Created.UTC()
		l.Since = &at
	}
}

// probe finds out who has a lock by trying to take it.
func probe(ctx context.Context, store statestore.Store) (*tfstate.LockInfo, error) {
	mine := state.NewLock("StrongroomUnlock")
	var locked *statestore.LockedError
	switch err := store.Lock(ctx, mine); {
	case errors.As(err, &locked):
		return locked.Holder, nil
	case err != nil:
		_ = store.Unlock(context.WithoutCancel(ctx), mine.ID) // an answer that was lost may have been a yes
		return nil, err
	}
	return nil, store.Unlock(context.WithoutCancel(ctx), mine.ID)
}

// local asks the file: the system knows which process has its lock.
func (f *Finder) local(l *Lock, store *statestore.Local, info *tfstate.LockInfo) error {
	if info != nil {
		l.take(info)
		pid, _, err := store.Holder()
		if err != nil {
			return err
		}
		if l.Holder, l.Process = Alive, pid; pid == 0 {
			// A lock of an open file, which strongroom takes on Linux, names no process.
			l.Process, _ = state.LockProcess(info)
		}
		l.Why = "the file is locked"
		return nil
	}
	left, err := store.Left()
	if left == nil || err != nil {
		return err
	}
	l.take(left)
	l.Holder, l.Why = Gone, "the file is not locked any more: a killed process left the lock file, and it holds nobody up"
	return nil
}

// judge tells whether the holder still runs here.
func (f *Finder) judge(l *Lock, t state.Target, info *tfstate.LockInfo) {
	host := f.Host
	if host == "" {
		host, _ = os.Hostname()
	}
	name, at, known := strings.Cut(info.Who, "@")
	if i := strings.LastIndexByte(info.Who, '@'); known {
		name, at = info.Who[:i], info.Who[i+1:]
	}
	if known && at != host {
		l.Holder, l.Why = Elsewhere, "it was taken on "+at+", and this is "+host+": whether it is still held there cannot be seen from here"
		return
	}
	list := f.Processes
	if list == nil {
		list = Processes
	}
	running, err := list()
	if err != nil {
		l.Holder, l.Why = Unknown, err.Error()
		return
	}
	if pid, ok := state.LockProcess(info); ok {
		for _, p := range running {
			if p.PID == pid && p.before(info.Created) {
				l.Holder, l.Process, l.Why = Alive, pid, fmt.Sprintf("process %d runs, %s", pid, p.Command)
				return
			}
		}
		l.Holder, l.Why = Gone, fmt.Sprintf("process %d of this machine, which took it, does not run any more", pid)
		return
	}
	for _, p := range running {
		if !isEngine(p.Command) || !p.before(info.Created) || known && p.User != "" && p.User != name {
			continue
		}
		switch f.uses(&p, t) {
		case yes:
			l.Holder, l.Process, l.Why = Alive, p.PID, fmt.Sprintf("process %d, %s, runs in %s, which is prepared for this state", p.PID, p.Command, p.Dir)
			return
		case unsure:
			l.Holder, l.Process, l.Why = Alive, p.PID, fmt.Sprintf("process %d, %s, was there when it was taken, and which state it works on cannot be seen%s", p.PID, p.Command, in(p.Dir))
		}
	}
	switch {
	case l.Holder == Alive:
	case known:
		l.Holder, l.Why = Gone, "it was taken on this machine, and no engine runs here that works on this state: a killed process left it"
	default:
		l.Holder, l.Why = Elsewhere, "the lock does not say on which machine it was taken; on this one no engine works on this state"
	}
}

// in names a directory for the end of a sentence.
func in(dir string) string {
	if dir == "" {
		return ""
	}
	return " in " + dir
}

type certainty int

const (
	no certainty = iota
	unsure
	yes
)

// uses tells whether an engine works on a state, by what the directory it runs in is
// prepared for.
func (f *Finder) uses(p *Process, t state.Target) certainty {
	if p.Dir == "" {
		return unsure
	}
	there, err := state.Configure(p.Dir)
	if err != nil {
		return unsure
	}
	workspace := there.Workspace
	if p.Workspace != "" {
		workspace = p.Workspace
	}
	of := func(kind string, text func(string) string) certainty {
		switch {
		case kind != f.Places.Room.State.Backend:
			return no
		case kind == "http":
			return same(strings.TrimSuffix(text("address"), "/"), f.Places.Room.State.HTTPAddress+"/"+t.Stack.HTTPName())
		}
		if c := same(text("bucket"), f.Places.Room.State.Bucket); c != yes {
			return c
		}
		if c := same(text("key"), t.Stack.Key); c != yes {
			return c
		}
		return same(workspace, t.Workspace)
	}
	switch {
	case there.Cached != nil:
		return of(there.Cached.Type, there.Cached.Text)
	case there.Block != nil && there.Block.Path != "":
		return of(there.Block.Type, there.Block.Text)
	case t.Stack.Dir != "" && sameDir(p.Dir, t.Stack.Dir):
		return yes
	}
	return no
}

func same(have, want string) certainty {
	switch have {
	case want:
		return yes
	case "":
		return unsure
	}
	return no
}

func sameDir(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(filepath.Clean(b))
	return err == nil && os.SameFile(x, y)
}

// Release takes the lock away that was seen. The error is a *diag.Diagnostic when its
// holder runs on this machine, or cannot be judged, or when somebody has taken the
// lock since.
func (l *Lock) Release(ctx context.Context) error {
	switch {
	case l.Holder == Nobody:
		return nil
	case l.Holder == Alive:
		fix := "wait for it"
		if l.Process > 0 {
			fix += fmt.Sprintf(", or interrupt it, and it saves its state and gives the lock back: kill -INT %d", l.Process)
		}
		return &diag.Diagnostic{
			Rule: "state-lock-alive", Summary: fmt.Sprintf("the lock of %s is held: %s", l.Where, l.Why),
			Why: "it will write its state, and whoever takes the lock now will be overwritten, or overwrite it", Fix: fix,
		}
	case l.Holder == Unknown:
		return &diag.Diagnostic{
			Rule: "state-lock-unknown", Summary: fmt.Sprintf("whether the lock of %s is still held cannot be told: %s", l.Where, l.Why),
			Why: "a lock is taken away only from those who are gone", Fix: "make sure that nobody works on the state, and run in its stack: terraform force-unlock " + l.ID + ", or tofu force-unlock " + l.ID,
		}
	case l.ID == "":
		return &diag.Diagnostic{
			Rule: "state-lock-nameless", Summary: "the lock of " + l.Where + " has no ID: no engine made it",
			Why: "it could not be told from one that somebody takes meanwhile", Fix: "look at it, and delete it by hand: " + l.Where + statestore.LockSuffix,
		}
	}
	err := l.store.Unlock(ctx, l.ID)
	var locked *statestore.LockedError
	switch {
	case errors.As(err, &locked):
		return &diag.Diagnostic{
			Rule: "state-lock-another", Summary: fmt.Sprintf("%s was locked by somebody else meanwhile: %s, for %s (lock %s)", l.Where, locked.Holder.Who, locked.Holder.Operation, locked.Holder.ID), Err: err,
			Why: "only the lock that was shown is taken away", Fix: "look again: strongroom state unlock --env " + l.Environment + " --stack " + l.Stack,
		}
	case err != nil:
		return fmt.Errorf("unlock %s: %w", l.Where, err)
	}
	l.Released = true
	return nil
}
