package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/rehearse"
)

// The runbook's commands are run in their order, in the world that it is about, and
// answer what the page says. Its blocks of language console are transcripts: a line
// that begins with "$ " is a command, with the lines after one that ends with "\" or
// up to the EOF that it asks for, and the rest is what it prints; "..." stands for
// any lines, "…" for the rest of a line or a part of it. With -update the page gets
// what was printed.
//
// UUIDs are others in every world: one on the page stands for one in this world,
// the same throughout. Times are not compared.
func TestRunbookIsWhatHappens(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the engine needs half a minute")
	}
	path := filepath.Join("..", "..", "docs", "runbooks", "state-encryption.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rehearse.Run(t.Context(), rehearse.Options{Scenario: rehearse.StateKeys, AsFound: true, Binary: enginetest.First(t), Command: self})
	if r != nil {
		t.Cleanup(func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	sh := newShell(t, r)
	var updated strings.Builder
	commands := 0
	for _, part := range regexp.MustCompile("(?s)```console\n.*?```\n|.[^`]*").FindAllString(string(page), -1) {
		block, ok := strings.CutPrefix(part, "```console\n")
		if !ok {
			updated.WriteString(part)
			continue
		}
		updated.WriteString("```console\n")
		for _, c := range transcript(strings.TrimSuffix(block, "```\n")) {
			commands++
			got := sh.run(c)
			if !likeLines(c.output, got) {
				if !*update {
					t.Errorf("$ %s\nprints\n%s\nand the page says\n%s", c.text, got, c.output)
				}
				c.output = got
			}
			updated.WriteString("$ " + c.text + "\n" + c.output)
		}
		updated.WriteString("```\n")
	}
	if commands < 40 {
		t.Errorf("the page has lost its commands: %d are left", commands)
	}
	if *update {
		if err := os.WriteFile(path, []byte(updated.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// self runs the program, which testscript.Main has put on PATH.
func self(ctx context.Context, c rehearse.Command) (lock.Ran, error) {
	cmd := exec.CommandContext(ctx, "strongroom", c.Args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.Dir, c.Environ, &stdout, &stderr
	err := cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) && failed.ExitCode() >= 0 {
		err = nil
	}
	return lock.Ran{Stdout: stdout.String(), Stderr: stderr.String(), Exit: cmd.ProcessState.ExitCode()}, err
}

// typed is a command of the page and what it prints there.
type typed struct{ text, output string }

func transcript(block string) (list []typed) {
	more, until := false, ""
	for _, line := range strings.SplitAfter(block, "\n") {
		command, begins := strings.CutPrefix(line, "$ ")
		switch {
		case line == "":
		case begins:
			list = append(list, typed{text: strings.TrimSuffix(command, "\n")})
			more = strings.HasSuffix(command, "\\\n")
			if until = ""; strings.HasSuffix(command, "<<'EOF'\n") {
				until = "EOF\n"
			}
		case until != "":
			list[len(list)-1].text += "\n" + strings.TrimSuffix(line, "\n")
			if line == until {
				until = ""
			}
		case more:
			list[len(list)-1].text += "\n" + strings.TrimSuffix(line, "\n")
			more = strings.HasSuffix(line, "\\\n")
		default:
			list[len(list)-1].output += line
		}
	}
	return list
}

// likeLines reports whether a text has the lines wanted, where "..." is any number
// of them and "…" a part of one.
func likeLines(want, got string) bool {
	var b strings.Builder
	b.WriteString(`\A`)
	for _, line := range strings.SplitAfter(want, "\n") {
		if line == "...\n" {
			b.WriteString(`(?:.*\n)*?`)
			continue
		}
		parts := strings.Split(line, "…")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		b.WriteString(strings.Join(parts, ".*"))
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String()).MatchString(got)
}

// shell is one bash that commands are typed into.
type shell struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Reader
	// shown and real are UUIDs: the page's for this world's, and the other way round.
	shown, real map[string]string
	status      string
}

func newShell(t *testing.T, r *rehearse.Rehearsal) *shell {
	set, unset, err := r.Shell()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "--norc", "--noprofile")
	cmd.Dir = r.Room.Dir
	cmd.Env = append(engine.Environ(os.Environ(), set, append(unset, "TF_CLI_CONFIG_FILE")),
		"AWS_PAGER=", "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_CLI_ARGS=-no-color")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	sh := &shell{t: t, in: in, out: bufio.NewReader(out), shown: map[string]string{}, real: map[string]string{}, status: "0"}
	b := enginetest.First(t)
	sh.run(typed{text: fmt.Sprintf("terraform() { STRONGROOM_ENGINE=%[1]s command %[1]s \"$@\"; }; export STRONGROOM_ENGINE=%[1]s", b.Path)})
	return sh
}

var (
	uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	times = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d| UTC)?`)
)

// run types a command and returns what it prints, in the page's UUIDs. A command that
// fails must be followed by "echo $?".
func (s *shell) run(c typed) string {
	s.t.Helper()
	asks := c.text == "echo $?"
	if s.status != "0" && !asks {
		s.t.Errorf("the command before %q ends with status %s, and the page does not show it with: echo $?", c.text, s.status)
	}
	text := uuids.ReplaceAllStringFunc(c.text, func(id string) string {
		if s.real[id] == "" {
			s.t.Fatalf("the page names %s before anything printed it:\n$ %s", id, c.text)
		}
		return s.real[id]
	})
	const end = "\x1e"
	fmt.Fprintf(s.in, "(exit %s)\n{ %s\n} </dev/null 2>&1; __status=$?; printf '\\n%s%%s\\n' \"$__status\"\n", s.status, text, end)
	var b strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			s.t.Fatalf("$ %s\n%s\nthe shell ended: %v", c.text, b.String(), err)
		}
		if status, ok := strings.CutPrefix(line, end); ok {
			s.status = strings.TrimSpace(status)
			break
		}
		b.WriteString(line)
	}
	if asks {
		s.status = "0"
	}
	got := strings.TrimSuffix(b.String(), "\n") // the marker's own
	if got != "" && !strings.HasSuffix(got, "\n") {
		got += "\n"
	}
	got = uuids.ReplaceAllStringFunc(got, func(id string) string {
		if s.shown[id] == "" {
			n := len(s.shown) + 1
			s.shown[id] = fmt.Sprintf("%08d-0000-4000-8000-%012d", n, n)
			s.real[s.shown[id]] = id
		}
		return s.shown[id]
	})
	for shown, id := range s.real { // tables have the beginning alone
		got = strings.ReplaceAll(got, id[:8], shown[:8])
	}
	return times.ReplaceAllString(got, "2026-11-22T12:00:00Z")
}
