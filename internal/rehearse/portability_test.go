package rehearse_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/rehearse"
)

// As TestStateKeysCanBreak, for the way of a state between backends: by default with
// one engine, with every engine of the machine at once in STRONGROOM_TEST_FULL.
func TestPortabilityCanBreak(t *testing.T) {
	if testing.Short() {
		t.Skip("the engine needs half a minute")
	}
	t.Parallel() // most of it waits for the provider, and for children
	engines := enginetest.Chosen(t)
	r := rehearsed(t, rehearse.Options{Scenario: rehearse.Portability, Binaries: engines})
	if len(r.Report.Engines) != len(engines) || len(r.Report.NotApplicable) != 2-len(engines) {
		t.Errorf("played with %v, without %v", r.Report.Engines, r.Report.NotApplicable)
	}
	for _, l := range lock.Portability(r.World) {
		t.Run(l.ID, func(t *testing.T) { breakStateLock(t, l, r.World) })
	}
}
