package cli_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/cli"
)

// A caller that cancels the context, rather than a signal, ends the command.
func TestExecEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	status := make(chan int)
	go func() {
		defer in.Close()
		status <- cli.Run(ctx, []string{"sandbox", "exec", "--", "sh", "-c", "echo ready; exec cat /dev/zero > /dev/null"},
			strings.NewReader(""), in, io.Discard, os.Environ())
	}()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the command said %q: %v", line, err)
	}
	cancel()
	if got := <-status; got != 128+15 {
		t.Errorf("status = %d, want that of a command ended by SIGTERM", got)
	}
}

func TestGetenvTakesTheLast(t *testing.T) {
	env := &cli.Env{Environ: []string{"A=1", "B=", "A=2", "AA=3", "C"}}
	for key, want := range map[string]string{"A": "2", "B": "", "AA": "3", "C": "", "D": ""} {
		if got := env.Getenv(key); got != want {
			t.Errorf("Getenv(%q) = %q, want %q", key, got, want)
		}
	}
}

func TestNoColourOffATerminal(t *testing.T) {
	env := &cli.Env{}
	if env.Colour(&strings.Builder{}) || env.Terminal(strings.NewReader("")) || env.Terminal(nil) {
		t.Error("a buffer is taken for a terminal")
	}
}

// Every command has help that fits a terminal, and can be run.
func TestEveryCommandHasHelp(t *testing.T) {
	var stdout, stderr strings.Builder
	root := cli.Root(&cli.Env{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr})
	pending := root.Commands()
	if len(pending) == 0 {
		t.Fatal("there are no commands")
	}
	for len(pending) > 0 {
		cmd := pending[0]
		pending = append(pending[1:], cmd.Commands()...)
		switch {
		case cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || strings.ToLower(cmd.Short[:1]) != cmd.Short[:1]:
			t.Errorf("%s: short help %q is not a lower-case phrase", cmd.CommandPath(), cmd.Short)
		case cmd.RunE == nil:
			t.Errorf("%s has no RunE", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Long) {
			if len(line) > 89 {
				t.Errorf("%s: help line of %d characters: %s", cmd.CommandPath(), len(line), line)
			}
		}
	}
}
