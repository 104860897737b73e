package migrate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/strongroom-dev/strongroom/internal/atomicfile"
	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/state/migrate"
)

// The test binary plays two roles, so that a test can kill the other one as a
// process: the test itself, and a migration.
func TestMain(m *testing.M) {
	if os.Getenv("STRONGROOM_TEST_ROLE") != "migrate" {
		os.Exit(m.Run())
	}
	code, print := diag.Outcome(playMigrate())
	if print != nil {
		_ = diag.Human(os.Stderr, print, diag.Style{})
	}
	os.Exit(code)
}

// order is what a child is told to do.
type order struct {
	Verb                   string // "run", "look", "retire"
	Dir, Home              string
	To                     backend.Block
	Bucket, Account        string
	NoLocking              bool
	Engine                 engine.Binary
	KillAt, FullAt, StopAt string // a point; KillAt "#3" is the third of all
}

// playMigrate runs one migration, as the command does.
func playMigrate() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var w order
	if err := json.Unmarshal([]byte(os.Getenv("STRONGROOM_TEST_ORDER")), &w); err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	e, err := engine.New(w.Engine, w.Dir, engine.Options{Environ: engine.Environ(os.Environ(), nil, []string{"TF_CLI_CONFIG_FILE"})})
	if err != nil {
		return err
	}
	seen := 0
	o := migrate.Options{
		Environment: "development", Stack: "infra", Dir: w.Dir, Home: w.Home, To: w.To, Bucket: w.Bucket, Account: w.Account, Locking: !w.NoLocking,
		Engine: e, AWS: cfg, Getenv: os.Getenv,
		Note:   func(text string) { fmt.Fprintln(os.Stderr, "note:", text) },
		Report: func(s migrate.Step) { fmt.Fprintf(os.Stderr, "%s %t\n", s.Name, s.Ended) },
		At: func(point string) {
			seen++
			fmt.Fprintf(os.Stderr, "#%d %s\n", seen, point)
			if point == w.KillAt || fmt.Sprintf("#%d", seen) == w.KillAt {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			if w.StopAt != "" && strings.HasPrefix(point, w.StopAt) {
				fmt.Fprintln(os.NewFile(3, "stopped"))
				_, _ = io.Copy(io.Discard, os.Stdin) // until the test lets it go on
			}
		},
		Write: func(path string, data []byte) error {
			if w.FullAt != "" && strings.HasSuffix(path, w.FullAt) {
				return &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
			}
			return atomicfile.Write(path, data, 0o600)
		},
	}
	var answer any
	switch w.Verb {
	case "run":
		answer, err = migrate.Run(ctx, o)
	case "look":
		answer, err = migrate.Look(ctx, o)
	case "retire":
		answer, err = migrate.Retire(ctx, o)
	default:
		err = errors.New("what?")
	}
	for _, run := range e.Runs() {
		fmt.Fprintf(os.Stderr, "%6.1f s  %v\n", run.Seconds, run.Args)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}
