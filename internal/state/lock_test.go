package state_test

import (
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

func TestNewLock(t *testing.T) {
	a, b := state.NewLock("StrongroomTest"), state.NewLock("StrongroomTest")
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(a.ID) || a.ID == b.ID {
		t.Errorf("IDs %q and %q", a.ID, b.ID)
	}
	back := tfstate.ReadLock(a.Text())
	if pid, ok := state.LockProcess(back); !ok || pid != os.Getpid() {
		t.Errorf("process %d, %v", pid, ok)
	}
	if host, err := os.Hostname(); err != nil || !regexp.MustCompile(`^.+@`+regexp.QuoteMeta(host)+`$`).MatchString(a.Who) {
		t.Errorf("held by %q", a.Who)
	}
	if a.Operation != "StrongroomTest" || a.Created.IsZero() || a.Created.Location() != time.UTC {
		t.Errorf("%+v", a)
	}
	for _, info := range []string{"", "strongroom process", "strongroom process 0", "strongroom process 12 or so", "process 12"} {
		if pid, ok := state.LockProcess(&tfstate.LockInfo{Info: info}); ok {
			t.Errorf("%q names process %d", info, pid)
		}
	}
}
