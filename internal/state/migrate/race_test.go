package migrate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// A lock that somebody broke and took stays theirs: it is not made the mark of a state
// that has moved.
func TestMarkOfALockThatChangedHands(t *testing.T) {
	t.Parallel()
	w := newWorld(t, enginetest.First(t))
	w.at("s3")
	o := w.order("run", "local")
	o.StopAt = "mark s3"
	c := w.start(o)
	w.stops(c)
	store := &statestore.S3{Client: w.s3, Bucket: bucket, Key: key}
	if err := store.Unlock(t.Context(), w.lock("s3", "default").ID); err != nil {
		t.Fatal(err)
	}
	if err := store.Lock(t.Context(), &tfstate.LockInfo{ID: "alice", Who: "alice@laptop", Operation: "OperationTypeApply"}); err != nil {
		t.Fatal(err)
	}
	if got := c.goesOn(); got.code != 1 || !strings.Contains(got.log, "is locked by alice@laptop") {
		t.Errorf("exit status %d\n%s", got.code, got.log)
	}
	if l := w.lock("s3", "default"); l == nil || l.ID != "alice" {
		t.Errorf("alice's lock is lost: %+v", l)
	}
	w.nothingLost("s3", "local", nil)
	if err := store.Unlock(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	w.finishes("local")
	w.moved("s3", "local")
}

// What somebody writes to a source just before it would be deleted stays the current
// version.
func TestRetireOfAStateThatIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, enginetest.First(t))
	w.at("s3")
	w.finishes("local")
	o := w.order("retire", "local")
	o.StopAt = "delete s3"
	c := w.start(o)
	w.stops(c)
	w.put("s3", "default", text(lineage, 4, "newer"))
	if got := c.goesOn(); got.code != 1 || !strings.Contains(got.log, "somebody has written to it meanwhile") {
		t.Errorf("exit status %d\n%s", got.code, got.log)
	}
	if s, _ := w.get("s3", "default"); s == nil || s.Serial != 4 {
		t.Errorf("what was written is gone: %+v", s)
	}
	w.refused(w.order("retire", "local"), 2, "somebody has written to it since it was left")
}

// A state with nothing in it is no state to an engine, which copies none: the stack moves
// all the same.
func TestEmptyState(t *testing.T) {
	t.Parallel()
	nothing := fmt.Sprintf(`{"version":4,"terraform_version":"1.11.4","serial":5,"lineage":%q,"outputs":{},"resources":[],"check_results":null}`, lineage)
	for _, p := range []struct{ from, to string }{{"s3", "local"}, {"local", "s3"}, {"http", "s3"}} {
		t.Run(p.from, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, enginetest.First(t))
			w.write("backend.tf", string(w.block(p.from).Text()))
			w.put(p.from, "default", nothing)
			w.finishes(p.to)
			if s, _ := w.get(p.from, "default"); s == nil || s.Serial != 5 {
				t.Errorf("the source is %+v", s)
			}
			if got := w.start(w.order("retire", p.to)).wait(); got.code != 0 {
				t.Errorf("retire: exit status %d\n%s", got.code, got.log)
			}
		})
	}
}
