package rehearse_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/rehearse"
)

func TestZZ(t *testing.T) {
	locks := []*lock.Lock{}
	for _, l := range lock.All() {
		if strings.Contains(","+os.Getenv("ZZ_LOCKS")+",", ","+l.ID+",") {
			locks = append(locks, l)
		}
	}
	r, err := rehearse.Run(t.Context(), rehearse.Options{Dir: os.Getenv("ZZ_DIR"), Binary: enginetest.First(t), Locks: locks, Progress: func(e rehearse.Event) {
		if e.Ended {
			fmt.Printf("%s %.1f\n", e.Step, e.Seconds)
		}
		if e.Lock != nil {
			fmt.Printf("%s %v %.1f\n", e.Lock.ID, e.Lock.Holds, e.Lock.Seconds)
		}
	}, Bootstrap: func(ctx context.Context, b rehearse.Bootstrap) error { return build(ctx, b) }})
	if r != nil {
		defer r.Close()
		r.Report.Table(os.Stdout, 0, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	if r.Sandbox != nil {
		for _, u := range r.Sandbox.Undelivered() {
			fmt.Printf("UNDELIVERED %+v\n", u)
		}
		fmt.Println("UNKNOWN", r.Sandbox.Unknown())
	}
	if os.Getenv("ZZ_BREAK") != "" {
		for _, l := range locks {
			breakLock(t, l, r.World)
		}
	}
}
