package rehearse_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/cli"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/rehearse"
)

// TestMain lets the scenarios run this binary as the program itself.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "strongroom" {
		os.Exit(cli.Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
	}
	os.Exit(m.Run())
}

// command runs the program as a child process.
func command(ctx context.Context, c rehearse.Command) (lock.Ran, error) {
	self, err := os.Executable()
	if err != nil {
		return lock.Ran{}, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, self, c.Args...)
	cmd.Args[0] = "strongroom"
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.Dir, c.Environ, &stdout, &stderr
	err = cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) && failed.ExitCode() >= 0 {
		err = nil
	}
	return lock.Ran{Stdout: stdout.String(), Stderr: stderr.String(), Exit: cmd.ProcessState.ExitCode()}, err
}
