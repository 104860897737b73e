package statestore_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

var _ statestore.Store = (*statestore.Local)(nil)

func lockFor(id string) *tfstate.LockInfo {
	return &tfstate.LockInfo{ID: id, Operation: "OperationTypeApply", Who: "ann@laptop", Version: "1.11.4", Created: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLocalReads(t *testing.T) {
	ctx, l := context.Background(), &statestore.Local{Path: filepath.Join(t.TempDir(), "terraform.tfstate")}
	none := func(when string) {
		t.Helper()
		if info, err := l.Head(ctx); info != nil || err != nil {
			t.Errorf("%s: head %+v, %v", when, info, err)
		}
		if raw, err := l.Read(ctx, ""); raw != nil || !errors.Is(err, statestore.ErrNone) {
			t.Errorf("%s: read %q, %v", when, raw, err)
		}
		if list, err := l.Versions(ctx); err != nil || list == nil || len(list) != 0 {
			t.Errorf("%s: versions %+v, %v", when, list, err)
		}
		if held, err := l.Locked(ctx); held != nil || err != nil {
			t.Errorf("%s: locked %+v, %v", when, held, err)
		}
	}
	none("no file")
	write(t, l.Path, "")
	none("an empty file")
	write(t, l.Path, "now")
	if list, err := l.Versions(ctx); err != nil || len(list) != 1 || !list[0].Current || list[0].Size != 3 {
		t.Errorf("without a backup: %+v, %v", list, err)
	}
	write(t, l.Path+statestore.BackupSuffix, "before")
	list, err := l.Versions(ctx)
	if err != nil || len(list) != 2 || list[1].Current || list[1].Size != 6 || list[1].Written.IsZero() {
		t.Fatalf("with a backup: %+v, %v", list, err)
	}
	for i, want := range []string{"now", "before"} {
		if raw, err := l.Read(ctx, list[i].ID); err != nil || string(raw) != want {
			t.Errorf("version %q: %q, %v", list[i].ID, raw, err)
		}
	}
	if _, err := l.Read(ctx, "7"); !errors.Is(err, statestore.ErrNone) {
		t.Errorf("a version that is not there: %v", err)
	}
	if info, err := l.Head(ctx); err != nil || info.Size != 3 || info.Encryption != (statestore.Encryption{}) || info.Modified.IsZero() {
		t.Errorf("head: %+v, %v", info, err)
	}
	if _, err := (&statestore.Local{Path: filepath.Dir(l.Path)}).Head(ctx); err == nil {
		t.Error("a directory passes for a state")
	}
}

func TestLocalPaths(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ path, workspaceDir, workspace, want string }{
		{"", "", "", "terraform.tfstate"},
		{"", "", "default", "terraform.tfstate"},
		{"states/a.tfstate", "", "default", "states/a.tfstate"},
		{"", "", "blue", "terraform.tfstate.d/blue/terraform.tfstate"},
		{"states/a.tfstate", "", "blue", "terraform.tfstate.d/blue/terraform.tfstate"},
		{"", "w", "blue", "w/blue/terraform.tfstate"},
	} {
		if got, want := statestore.LocalPath(dir, tt.path, tt.workspaceDir, tt.workspace), filepath.Join(dir, filepath.FromSlash(tt.want)); got != want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
	abs := filepath.Join(dir, "elsewhere")
	if got := statestore.LocalPath("stack", abs, "", "default"); got != abs {
		t.Errorf("an absolute path: %s", got)
	}
	if names, err := statestore.LocalWorkspaces(dir, ""); err != nil || names == nil || len(names) != 0 {
		t.Errorf("no workspaces: %q, %v", names, err)
	}
	for _, name := range []string{"green", "blue"} {
		if err := os.MkdirAll(filepath.Join(dir, "terraform.tfstate.d", name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "terraform.tfstate.d", "note"), "no workspace")
	if names, err := statestore.LocalWorkspaces(dir, ""); err != nil || strings.Join(names, " ") != "blue green" {
		t.Errorf("workspaces: %q, %v", names, err)
	}
}

// Two stores of one process exclude each other, and reading does not release the
// lock, by whichever path.
func TestLocalLockInOneProcess(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	l := &statestore.Local{Path: filepath.Join(dir, "a", "terraform.tfstate")}
	if err := l.Lock(ctx, lockFor("zero")); err != nil { // makes the directory
		t.Fatal(err)
	}
	if err := l.Unlock(ctx, "zero"); err != nil {
		t.Fatal(err)
	}
	write(t, l.Path, "state")
	if err := l.Lock(ctx, lockFor("one")); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Dir(l.Path), link); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	other := &statestore.Local{Path: filepath.Join(link, "terraform.tfstate")}
	for range 2 {
		if raw, err := other.Read(ctx, ""); err != nil || string(raw) != "state" {
			t.Fatalf("%q, %v", raw, err)
		}
		var locked *statestore.LockedError
		if err := other.Lock(ctx, lockFor("two")); !errors.As(err, &locked) || locked.Holder.ID != "one" || locked.Holder.Who != "ann@laptop" {
			t.Fatalf("locked twice: %v", err)
		}
		if held, err := other.Locked(ctx); err != nil || held == nil || held.ID != "one" {
			t.Fatalf("held by %+v, %v", held, err)
		}
		if pid, yes, err := other.Holder(); pid != os.Getpid() || !yes || err != nil {
			t.Fatalf("process %d, %v, %v", pid, yes, err)
		}
		// Another process finds it locked, too.
		if out := child(t, other.Path, "try"); !strings.Contains(out, "locked by ann@laptop") {
			t.Fatalf("another process: %s", out)
		}
	}
	var locked *statestore.LockedError
	if err := other.Unlock(ctx, "two"); !errors.As(err, &locked) {
		t.Errorf("unlocked with another ID: %v", err)
	}
	if err := other.Unlock(ctx, "one"); err != nil {
		t.Fatal(err)
	}
	if names, err := os.ReadDir(filepath.Dir(l.Path)); err != nil || len(names) != 1 {
		t.Errorf("left behind: %v, %v", names, err)
	}
	if err := l.Unlock(ctx, "one"); err != nil {
		t.Errorf("unlocking what is not locked: %v", err)
	}
	if out := child(t, l.Path, "try"); out != "taken\n" {
		t.Errorf("another process: %s", out)
	}
}

// A process that is killed leaves the lock file and not the lock.
func TestLocalLeftByAKilledProcess(t *testing.T) {
	ctx, l := context.Background(), &statestore.Local{Path: filepath.Join(t.TempDir(), "terraform.tfstate")}
	c := startChild(t, l.Path, "hold")
	held, err := l.Locked(ctx)
	if err != nil || held == nil || held.ID != "child" {
		t.Fatalf("held by %+v, %v", held, err)
	}
	if pid, yes, err := l.Holder(); err != nil || !yes || pid != 0 && pid != c.Process.Pid {
		t.Errorf("process %d, %v, %v, want %d", pid, yes, err, c.Process.Pid)
	}
	if left, err := l.Left(); left != nil || err != nil {
		t.Errorf("held, and left: %+v, %v", left, err)
	}
	var locked *statestore.LockedError
	if err := l.Unlock(ctx, "child"); !errors.As(err, &locked) {
		t.Errorf("the lock of a process that lives was taken from it: %v", err)
	}
	if err := l.Lock(ctx, lockFor("mine")); !errors.As(err, &locked) || locked.Holder.ID != "child" {
		t.Errorf("locked: %v", err)
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	if held, err := l.Locked(ctx); held != nil || err != nil {
		t.Errorf("held by a killed process: %+v, %v", held, err)
	}
	if left, err := l.Left(); err != nil || left == nil || left.ID != "child" {
		t.Fatalf("left: %+v, %v", left, err)
	}
	if err := l.Unlock(ctx, "another"); err != nil {
		t.Error(err)
	}
	if left, _ := l.Left(); left == nil {
		t.Error("another ID cleared it away")
	}
	if err := l.Unlock(ctx, "child"); err != nil {
		t.Error(err)
	}
	if left, err := l.Left(); left != nil || err != nil {
		t.Errorf("still there: %+v, %v", left, err)
	}
	if err := l.Lock(ctx, lockFor("mine")); err != nil {
		t.Error(err)
	}
	if err := l.Unlock(ctx, "mine"); err != nil {
		t.Error(err)
	}
}

// child plays another process and returns what it said.
func child(t *testing.T, path, role string) string {
	t.Helper()
	out, err := childCommand(path, role).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func childCommand(path, role string) *exec.Cmd {
	c := exec.Command(os.Args[0], "-test.run=^TestLocalChild$")
	c.Env = append(os.Environ(), "STRONGROOM_TEST_LOCAL="+path, "STRONGROOM_TEST_ROLE="+role)
	return c
}

// startChild starts a process that has the lock when this returns.
func startChild(t *testing.T, path, role string) *exec.Cmd {
	t.Helper()
	c := childCommand(path, role)
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); _ = c.Process.Kill(); _ = c.Wait() })
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "taken\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return c
}

// TestLocalChild is the other process.
func TestLocalChild(t *testing.T) {
	path := os.Getenv("STRONGROOM_TEST_LOCAL")
	if path == "" {
		return
	}
	l := &statestore.Local{Path: path}
	err := l.Lock(context.Background(), lockFor("child"))
	if err != nil {
		os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(0)
	}
	os.Stdout.WriteString("taken\n")
	if os.Getenv("STRONGROOM_TEST_ROLE") == "hold" {
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
	_ = l.Unlock(context.Background(), "child")
	os.Exit(0)
}
