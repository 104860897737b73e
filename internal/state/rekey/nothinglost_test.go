package rekey_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/rekey"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// story is something that is begun, disturbed at one step, and done again.
type story struct {
	name string
	envs environments
	// prepare writes the states, and returns the job.
	prepare func(w *world) job
	// done checks the end. serial is what the state dev has to have at least.
	done func(w *world, serial uint64)
	// some are the disturbances that there are without STRONGROOM_TEST_FULL=1, where parts
	// of 5 MB make each step a second's work; nil: all. It is killed all the same.
	some []string
	// only is what the steps have in them that are disturbed without it; "": any.
	only string
	// back is true of a rollback to an earlier version: what a competitor writes meanwhile
	// is not replaced without another look.
	back bool
}

// stories are told at every step of theirs, with every disturbance. Without
// STRONGROOM_TEST_FULL=1 they have one state each, and steps that only look are left
// out: nothing can be lost by a request that changes nothing.
func stories() []story {
	envs := environments{{"dev", []string{"dev"}}}
	if enginetest.Full() {
		envs = two
	}
	write := func(w *world, keys ...string) job {
		for _, e := range envs {
			for _, key := range e.keys {
				if key != "dev" {
					w.put(key, 5, keys[1])
				}
			}
		}
		w.put("dev", 3, keys[0])
		w.put("dev", 4, keys[1])
		j := w.job()
		j.Limits.AtOnce = 1 // so that the N-th step is the same one in each run
		return j
	}
	return []story{
		{"rekey", envs, func(w *world) job {
			j := write(w, "", "")
			j.AllVersions = true
			return j
		}, func(w *world, serial uint64) {
			w.is("dev", serial, "aws:kms", w.dev)
			for id := range w.versions("dev") {
				if info, err := w.store("dev").HeadVersion(context.Background(), id); err != nil || info.Encryption.KeyARN != w.dev {
					w.t.Errorf("version %s: %+v, %v", id, info, err)
				}
			}
		}, nil, "", false},
		{"rollback to SSE-S3", envs, func(w *world) job {
			j := write(w, w.dev, w.dev)
			j.To, j.CountNeeds = &rekey.Goal{Algorithm: rekey.SSES3}, true
			return j
		}, func(w *world, serial uint64) { w.is("dev", serial, "AES256", "") }, []string{"cut after, for good", "the key is disabled", "an apply without locks"}, "", false},
		{"rollback to a version", environments{{"dev", []string{"dev"}}}, func(w *world) job {
			version := w.put("dev", 3, "")
			w.put("dev", 4, w.dev)
			j := w.job()
			j.Version, j.Limits.AtOnce = version, 1
			return j
		}, func(w *world, _ uint64) {
			if got := w.serial("dev"); got != 3 {
				w.t.Errorf("serial %d is current, and not the one that was asked for", got)
			}
		}, []string{"the connection is cut after", "an apply without locks", "credentials expire"}, "", true},
		{"rekey in parts", environments{{"dev", []string{"dev"}}}, func(w *world) job {
			w.putText("dev", largeState(5<<20), "")
			j := w.job()
			j.Limits = rekey.Limits{Copy: 5<<20 + 1, Part: 5 << 20, AtOnce: 1}
			return j
		}, func(w *world, serial uint64) { w.is("dev", serial, "aws:kms", w.dev) }, []string{}, "upload", false},
	}
}

// stage is one telling of a story.
type stage struct {
	*world
	job    job
	before map[string]string
	// serial is the highest that was written, by whomever.
	mu     sync.Mutex
	serial uint64
}

func (s *story) stage(w *world) *stage {
	fresh := *w
	fresh.again(s.envs)
	j := s.prepare(&fresh)
	return &stage{world: &fresh, job: j, before: fresh.versions("dev"), serial: 4}
}

// survived checks what has to be true at any time: the state is there, whole, no older
// than what was written last, and no version was lost.
func (g *stage) survived(s *story, what string) {
	g.t.Helper()
	if serial := g.world.serial("dev"); serial < g.serial && !(s.back && serial == 3) {
		g.t.Errorf("%s: serial %d is current, and %d was written", what, serial, g.serial)
	}
	g.kept("dev", g.before)
}

// completes runs the job again, undisturbed, and checks the end.
func (g *stage) completes(s *story, what string) *rekey.Result {
	g.t.Helper()
	r, err := g.job.run(context.Background(), g.cfg)
	if err != nil {
		g.t.Fatalf("%s: again: %v", what, err)
	}
	s.done(g.world, g.serial)
	g.kept("dev", g.before)
	keys := []string{}
	for _, e := range s.envs {
		keys = append(keys, e.keys...)
	}
	g.quiet(keys...)
	return r
}

// disturbance does something at a step instead of it, or before or after it.
type disturbance struct {
	name string
	// at is called in the place of the step; do does it. response is nil for a write of a
	// file, whose error it is.
	at func(g *stage, do func() (*http.Response, error)) (*http.Response, error)
	// stays is true of what disturbs all later steps too.
	stays bool
	// mend takes it away again; nil: nothing is to be done.
	mend func(g *stage)
	// harmless: the run has to come to its end by itself.
	harmless bool
	// files: writes of files are disturbed, and not requests.
	files bool
}

func answer(status int, code, message string) func(*stage, func() (*http.Response, error)) (*http.Response, error) {
	return func(*stage, func() (*http.Response, error)) (*http.Response, error) {
		body := "<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>"
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/xml"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

var errCut = errors.New("connection reset by peer")

// apply writes a newer state, as an engine does; with lock it takes the lock first, and
// gives up if somebody has it.
func (g *stage) apply(lock bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	ctx, store := context.Background(), g.store("dev")
	l := state.NewLock("OperationTypeApply")
	if lock {
		err := store.Lock(ctx, l)
		var held *statestore.LockedError
		if errors.As(err, &held) {
			return
		}
		g.ok(err)
	}
	g.serial += 10
	id := g.put("dev", g.serial, "")
	g.before[id] = string(stateText(g.serial, "dev"))
	if lock {
		g.ok(store.Unlock(ctx, l.ID))
	}
}

func disturbances() []disturbance {
	type response = *http.Response
	onKeys := func(do func(*stage, string) error) func(*stage) {
		return func(g *stage) { g.ok(errors.Join(do(g, g.dev), do(g, g.old))) }
	}
	enable := func(g *stage, key string) error {
		_, err := g.kms.EnableKey(context.Background(), &kms.EnableKeyInput{KeyId: &key})
		return err
	}
	return []disturbance{
		{name: "the connection is cut before", at: func(*stage, func() (response, error)) (response, error) { return nil, errCut }},
		{name: "the connection is cut after", at: func(_ *stage, do func() (response, error)) (response, error) {
			if r, err := do(); err == nil {
				r.Body.Close()
			}
			return nil, errCut
		}},
		{name: "cut after, for good", stays: true, at: func(_ *stage, do func() (response, error)) (response, error) {
			if r, err := do(); err == nil {
				r.Body.Close()
			}
			return nil, errCut
		}},
		{name: "credentials expire", stays: true, at: answer(400, "ExpiredToken", "The provided token has expired.")},
		{name: "throttled", stays: true, at: answer(503, "SlowDown", "Please reduce your request rate.")},
		{name: "an apply without locks", harmless: true, at: func(g *stage, do func() (response, error)) (response, error) {
			g.apply(false)
			return do()
		}},
		{name: "an apply with locks", harmless: true, at: func(g *stage, do func() (response, error)) (response, error) {
			g.apply(true)
			return do()
		}},
		{name: "the key is disabled", at: func(g *stage, do func() (response, error)) (response, error) {
			_, err := g.kms.DisableKey(context.Background(), &kms.DisableKeyInput{KeyId: &g.dev})
			g.ok(err)
			return do()
		}, mend: onKeys(enable)},
		{name: "the key is scheduled for deletion", at: func(g *stage, do func() (response, error)) (response, error) {
			_, err := g.kms.ScheduleKeyDeletion(context.Background(), &kms.ScheduleKeyDeletionInput{KeyId: &g.dev})
			g.ok(err)
			return do()
		}, mend: func(g *stage) {
			_, err := g.kms.CancelKeyDeletion(context.Background(), &kms.CancelKeyDeletionInput{KeyId: &g.dev})
			if statestore.Code(err) != "KMSInvalidStateException" { // it was not scheduled at that step
				g.ok(err)
			}
			g.ok(enable(g, g.dev))
		}},
		{name: "the disk is full", files: true, stays: true, at: func(*stage, func() (response, error)) (response, error) {
			return nil, errors.New("no space left on device")
		}},
	}
}

func TestNothingLost(t *testing.T) {
	if testing.Short() {
		t.Skip("runs once for each request that is disturbed")
	}
	t.Parallel()
	for _, s := range stories() {
		for _, d := range disturbances() {
			if s.some != nil && !enginetest.Full() && !slices.Contains(s.some, d.name) {
				continue
			}
			t.Run(s.name+"/"+d.name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, s.envs)
				for n := 1; ; n++ {
					if !s.disturbed(s.stage(w), &d, n) {
						if n < 3 {
							t.Errorf("there were %d steps to disturb", n-1)
						}
						t.Logf("%d steps", n-1)
						return
					}
				}
			})
		}
	}
}

// disturbed runs a job with the N-th step disturbed, and then again. It is false when
// there is no such step.
func (s *story) disturbed(g *stage, d *disturbance, n int) bool {
	g.t.Helper()
	what := fmt.Sprintf("step %d", n)
	steps, planned := 0, enginetest.Full()
	step := func(name string, file bool, do func() (*http.Response, error)) (*http.Response, error) {
		if !planned || file != d.files || !enginetest.Full() && !strings.Contains(name, s.only) {
			return do()
		}
		steps++
		if steps == n {
			what = fmt.Sprintf("step %d, %s", n, name)
		}
		if steps == n || steps > n && d.stays {
			return d.at(g, do)
		}
		return do()
	}
	cfg := g.cfg.Copy()
	inner := cfg.HTTPClient
	cfg.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		return step(r.Method+" "+r.URL.String(), false, func() (*http.Response, error) { return inner.Do(r) })
	})
	o, err := g.job.options(cfg)
	g.ok(err)
	o.At = func(point string) error {
		_, err := step(point, true, func() (*http.Response, error) { return nil, nil })
		return err
	}
	p, err := rekey.NewPlan(context.Background(), o)
	planned = true
	if err == nil {
		_, err = p.Run(context.Background())
	}
	if d.mend != nil {
		d.mend(g)
	}
	g.survived(s, what)
	if d.harmless && err != nil && !s.back {
		g.t.Errorf("%s: %v", what, err)
	}
	g.completes(s, what)
	if g.t.Failed() {
		g.t.Fatalf("%s: %v", what, err)
	}
	return steps >= n
}
