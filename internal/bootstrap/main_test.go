package bootstrap_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/strongroom-dev/strongroom/internal/bootstrap"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// The test binary plays three roles, so that a test can kill the other two as
// processes: the test itself, a sandbox, and a bootstrap.
func TestMain(m *testing.M) {
	switch role := os.Getenv("STRONGROOM_TEST_ROLE"); role {
	case "":
		os.Exit(m.Run())
	case "sandbox":
		exit(role, playSandbox())
	case "bootstrap":
		exit(role, playBootstrap())
	}
}

func exit(role string, err error) {
	code, print := diag.Outcome(err)
	if print != nil {
		fmt.Fprintln(os.Stderr, role+":")
		_ = diag.Human(os.Stderr, print, diag.Style{})
	}
	os.Exit(code)
}

// playSandbox serves until stdin ends. The first line of stdout is the
// environment, all others are audit events.
func playSandbox() error {
	started := make(chan struct{})
	events := &gate{open: started, to: os.Stdout, last: os.Getenv("STRONGROOM_TEST_DIE")}
	s, err := sandbox.Start(context.Background(), sandbox.Options{
		Listen: os.Getenv("STRONGROOM_TEST_LISTEN"), DataDir: os.Getenv("STRONGROOM_TEST_DATA"), Audit: events,
	})
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(s.Env()); err != nil {
		return err
	}
	close(started)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return s.Close()
}

// gate holds the events back until the first line is out, and kills the process
// when the event has come that is to be its last: "CreateKey", or of several
// "PutObject .tflock 2".
type gate struct {
	open chan struct{}
	to   io.Writer
	last string
	seen int
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	n, err := g.to.Write(p)
	name, key, nth := lastEvent(g.last)
	for line := range bytes.Lines(p) { // the log writes whole lines until it is behind by 64 KiB
		var e event
		if name != "" && json.Unmarshal(line, &e) == nil && e.is(name, key) {
			if g.seen++; g.seen == nth {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
	}
	return n, err
}

func lastEvent(s string) (name, key string, nth int) {
	nth = 1
	for i, f := range strings.Fields(s) {
		if n, err := strconv.Atoi(f); err == nil {
			nth = n
		} else if i == 0 {
			name = f
		} else {
			key = f
		}
	}
	return name, key, nth
}

// playBootstrap runs bootstrap once, as the command does, and kills itself at
// the point that STRONGROOM_TEST_KILL names.
func playBootstrap() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := room.Load(os.Getenv("STRONGROOM_TEST_ROOM"))
	if err != nil {
		return err
	}
	e, err := equip(ctx, r)
	if err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stderr)
	defer out.Flush()
	say := func(format string, args ...any) {
		fmt.Fprintf(out, format+"\n", args...)
		out.Flush()
	}
	result, err := bootstrap.Run(ctx, bootstrap.Options{
		Dir: r.Dir, Stack: r.StackDir(room.StackBootstrap), Account: r.Account, Region: r.Region,
		Bucket: r.State.Bucket, KeyAlias: r.State.KeyAlias, StateKey: r.StateKey(room.StackBootstrap),
		Others:  []bootstrap.Stack{{Name: room.StackSrc, Dir: r.StackDir(room.StackSrc), StateKey: r.StateKey(room.StackSrc)}},
		Backend: r.BackendS3, Engine: e, AWS: cfg,
		Check: func() error {
			found, err := room.CheckProviders(r.StackDir(room.StackSrc))
			if err != nil {
				return err
			}
			return found.Err()
		},
		Confirm: func(_ context.Context, p bootstrap.Proposal) (bool, error) {
			say("adopted: %q", p.Adopted)
			return os.Getenv("STRONGROOM_TEST_ANSWER") != "no", nil
		},
		Report:  func(s bootstrap.Step) { say("%s %+v", s.Name, s) },
		Note:    func(text string) { say("note: %s", text) },
		Silence: 2 * time.Second,
		At: func(point string) {
			if point == os.Getenv("STRONGROOM_TEST_PAUSE") {
				say("paused %s", point)
				fmt.Fprintln(os.NewFile(3, "paused"))
				_, _ = io.Copy(io.Discard, os.Stdin) // until the test lets it go on
			}
			if point == os.Getenv("STRONGROOM_TEST_KILL") {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		},
	})
	for _, run := range e.Runs() {
		say("%6.1f s  %v", run.Seconds, run.Args)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

func equip(ctx context.Context, r *room.Room) (*engine.Engine, error) {
	b, err := engine.Find(ctx, engine.Search{Spec: os.Getenv("STRONGROOM_TEST_ENGINE")})
	if err != nil {
		return nil, err
	}
	plugins, err := engine.Equip(ctx, b, engine.Outfit{PreferLocal: true})
	if err != nil {
		return nil, err
	}
	stack, err := filepath.Abs(r.StackDir(room.StackBootstrap))
	if err != nil {
		return nil, err
	}
	return engine.New(b, stack, engine.Options{Environ: engine.Environ(os.Environ(), plugins.Set, plugins.Unset)})
}
