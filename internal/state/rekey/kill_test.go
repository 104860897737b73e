package rekey_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// A run that is killed before any request and any write of a file loses nothing, and
// the next one releases its lock, says so, and does the rest.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("runs once for each request that is disturbed")
	}
	t.Parallel()
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, s.envs)
			stale := 0
			for n := 1; ; n++ {
				g := s.stage(w)
				log, ended := g.killed(n, s.only)
				if ended {
					if n < 8 && s.only == "" || n < 4 {
						t.Errorf("there were %d steps to be killed at", n-1)
					}
					break
				}
				what := fmt.Sprintf("step %d, %s", n, log)
				g.survived(&s, what)
				left := g.locks(s.envs)
				r := g.completes(&s, what)
				told := map[string]string{}
				for _, l := range r.Released {
					told[l.Key] = l.ID
				}
				if d := cmp.Diff(left, told); d != "" {
					t.Errorf("%s: the locks that were left, and those that the next run told of, -want +got:\n%s", what, d)
				}
				stale += len(left)
				if t.Failed() {
					t.FailNow()
				}
			}
			if stale == 0 {
				t.Error("no kill left a lock")
			}
		})
	}
}

// locks are the IDs of the locks that there are, by state.
func (g *stage) locks(envs environments) map[string]string {
	g.t.Helper()
	found := map[string]string{}
	for _, e := range envs {
		for _, key := range e.keys {
			l, err := g.store(key).Locked(context.Background())
			g.ok(err)
			if l != nil {
				found[key] = l.ID
			}
		}
	}
	return found
}

// killed runs the job in a process that kills itself before the N-th step; ended is
// true of one that came to its end before.
func (g *stage) killed(n int, only string) (log string, ended bool) {
	g.t.Helper()
	self, err := os.Executable()
	g.ok(err)
	raw, err := json.Marshal(g.job)
	g.ok(err)
	cmd := exec.Command(self)
	unset := sandbox.EnvUnset()
	for _, kv := range os.Environ() {
		if k, _, _ := strings.Cut(kv, "="); !slices.Contains(unset, k) {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(append(cmd.Env, g.box.Env()...), "STRONGROOM_TEST_ROLE=run", "STRONGROOM_TEST_JOB="+string(raw), fmt.Sprintf("STRONGROOM_TEST_KILL=%d", n), "STRONGROOM_TEST_ONLY="+only)
	if enginetest.Full() {
		cmd.Env = append(cmd.Env, "STRONGROOM_TEST_ONLY=")
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 0 {
		g.t.Fatalf("it did not die: %v\n%s", err, &out)
	}
	return strings.TrimSpace(out.String()), cmd.ProcessState.ExitCode() == 0
}
