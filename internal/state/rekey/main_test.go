package rekey_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/rekey"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// The test binary plays two roles: the tests, and a run that kills itself.
func TestMain(m *testing.M) {
	if os.Getenv("STRONGROOM_TEST_ROLE") == "run" {
		err := play()
		code, show := diag.Outcome(err)
		if show != nil {
			_ = diag.Human(os.Stderr, show, diag.Style{})
		}
		os.Exit(code)
	}
	code := m.Run()
	if started.box != nil {
		started.box.Close()
	}
	os.Exit(code)
}

// job is what a run is told to do, by the test that starts it.
type job struct {
	Room, Journal string
	To            *rekey.Goal
	Version       string
	Workspace     string
	AllVersions   bool
	CountNeeds    bool
	Limits        rekey.Limits
}

func (j job) options(cfg aws.Config) (rekey.Options, error) {
	r, err := room.Load(j.Room)
	if err != nil {
		return rekey.Options{}, err
	}
	list, err := state.Select(r, "", "")
	return rekey.Options{
		Bucket: state.NewBucket(r, cfg), Environments: list, To: j.To, Version: j.Version, Workspace: j.Workspace, AllVersions: j.AllVersions, CountNeeds: j.CountNeeds,
		Operation: "strongroom state rekey", Journal: j.Journal, Caller: "arn:aws:iam::" + r.Account + ":root", Limits: j.Limits,
	}, err
}

func (j job) run(ctx context.Context, cfg aws.Config) (*rekey.Result, error) {
	o, err := j.options(cfg)
	if err != nil {
		return nil, err
	}
	p, err := rekey.NewPlan(ctx, o)
	if err != nil {
		return nil, err
	}
	return p.Run(ctx)
}

// play runs a job once, and kills the process before the N-th step: a request, or a
// write of a file.
func play() error {
	var j job
	if err := json.Unmarshal([]byte(os.Getenv("STRONGROOM_TEST_JOB")), &j); err != nil {
		return err
	}
	last, err := strconv.Atoi(os.Getenv("STRONGROOM_TEST_KILL"))
	if err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		return err
	}
	var mu sync.Mutex
	steps, counting, only := 0, enginetest.Full(), os.Getenv("STRONGROOM_TEST_ONLY")
	step := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		if !counting || !strings.Contains(what, only) {
			return
		}
		if steps++; steps == last {
			fmt.Fprintln(os.Stderr, "killed before "+what)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	inner := cfg.HTTPClient
	cfg.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		step(r.Method + " " + r.URL.RequestURI())
		return inner.Do(r)
	})
	o, err := j.options(cfg)
	if err != nil {
		return err
	}
	o.At = func(point string) error {
		step("to " + point)
		return nil
	}
	p, err := rekey.NewPlan(context.Background(), o)
	if err != nil {
		return err
	}
	counting = true // nothing was changed so far
	_, err = p.Run(context.Background())
	return err
}

// doer is an HTTP client.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// started is the sandbox of all tests of this process.
var started struct {
	once sync.Once
	box  *sandbox.Sandbox
	err  error
}

func box(t testing.TB) *sandbox.Sandbox {
	t.Helper()
	started.once.Do(func() { started.box, started.err = sandbox.Start(context.Background(), sandbox.Options{}) })
	if started.err != nil {
		t.Fatal(started.err)
	}
	return started.box
}
