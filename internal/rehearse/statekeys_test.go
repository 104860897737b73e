package rehearse_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/rehearse"
)

// Every lock of the scenario holds, does not hold once it is taken off, and holds
// again when it is put back.
func TestStateKeysCanBreak(t *testing.T) {
	if testing.Short() {
		t.Skip("the engine needs half a minute")
	}
	t.Parallel() // most of it waits for the provider, and for children
	for _, b := range enginetest.Chosen(t) {
		t.Run(b.Name, func(t *testing.T) {
			r := rehearsed(t, rehearse.Options{Scenario: rehearse.StateKeys, Binary: b})
			for _, l := range lock.StateKeys(r.World) {
				t.Run(l.ID, func(t *testing.T) { breakStateLock(t, l, r.World) })
			}
		})
	}
}

// rehearsed plays a scenario, in which every lock has to hold.
func rehearsed(t *testing.T, o rehearse.Options) *rehearse.Rehearsal {
	t.Helper()
	o.Command = command
	r, err := rehearse.Run(t.Context(), o)
	if r != nil {
		t.Cleanup(func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Report.Locks {
		if !l.Holds {
			t.Errorf("lock %s does not hold: %+v %+v", l.ID, l.Controls, l.Attacks)
		}
		for _, a := range l.Attacks {
			if a.Answer == "" || a.DecidedBy == "" || a.By == "" || a.Request == "" {
				t.Errorf("lock %s has an attack that says too little: %+v", l.ID, a)
			}
		}
	}
	if !r.Report.Holds || r.Report.Scenario != o.Scenario {
		t.Errorf("report of %q: holds %v, %d locks", r.Report.Scenario, r.Report.Holds, len(r.Report.Locks))
	}
	return r
}

// breakStateLock takes a lock off and puts it back.
func breakStateLock(t *testing.T, l *lock.Lock, w *lock.World) {
	putBack, err := l.TakeOff(t.Context(), w)
	if err != nil {
		t.Fatalf("take off: %v", err)
	}
	without, err := l.Try(t.Context(), w)
	if back := putBack(); back != nil {
		t.Fatalf("put back: %v", back)
	}
	if err != nil {
		t.Fatalf("without the lock: %v", err)
	}
	if without.Holds {
		t.Errorf("the lock was taken off and the rehearsal did not notice: %+v", without.Attacks)
	}
	if l.ID == "state-under-its-key" {
		for _, a := range without.Attacks {
			if strings.Contains(a.Request, "--env staging") && !a.Failed {
				t.Errorf("the command did not notice: %+v", a)
			}
		}
	}
	for _, c := range without.Controls {
		if c.Failed {
			t.Errorf("without the lock %q fails: the mutation broke more than the lock: %+v", c.Request, c)
		}
	}
	for i, o := range l.Open {
		openLock(t, l, i, o, w)
	}
	again, err := l.Try(t.Context(), w)
	if err != nil {
		t.Fatalf("put back: %v", err)
	}
	if !again.Holds {
		t.Errorf("the lock was put back and does not hold: %+v %+v", again.Controls, again.Attacks)
	}
}

// openLock opens the world, and expects that every request of the attacks which it is
// opened for is let through: what is refused otherwise is refused for the lock alone.
func openLock(t *testing.T, l *lock.Lock, i int, o lock.Opening, w *lock.World) {
	putBack, err := o.Do(t.Context(), w)
	if err != nil {
		t.Fatalf("open %d: %v", i, err)
	}
	tried := 0
	for _, a := range l.Attacks {
		if o.By != "" && a.By != o.By || !strings.Contains(a.Request, o.Request) {
			continue
		}
		tried++
		got, err := a.Do(t.Context(), w)
		if err != nil {
			t.Errorf("open %d: %s: %s: %v", i, a.By, a.Request, err)
			continue
		}
		if got.Refused || !o.Some && len(got.Kept()) > 0 {
			t.Errorf("open %d: %s: %s: %s, %s; these are refused for another reason than the lock: %q", i, a.By, a.Request, got.Answer, got.DecidedBy, got.Kept())
		}
	}
	if err := putBack(); err != nil {
		t.Fatalf("open %d: put back: %v", i, err)
	}
	if tried == 0 {
		t.Errorf("open %d: no attack is by %q", i, o.By)
	}
}
