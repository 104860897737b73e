package statestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Local is a state in a file. Its lock is the file's own, which the system ends with
// the process that holds it; the lock file beside it only says who that is or was.
// Source: "Backend Type: local"; statemgr.Filesystem of both engines.
type Local struct {
	// Path is the state file's.
	Path string
}

// LocalFile is what engines call a state file when the backend block does not say.
const LocalFile = "terraform.tfstate"

// LocalWorkspaceDir is where engines keep the states of all other workspaces.
const LocalWorkspaceDir = "terraform.tfstate.d"

// BackupSuffix is what engines add to the path for the state before the last write.
const BackupSuffix = ".backup"

// BackupVersion is the Version's ID of that state.
const BackupVersion = "backup"

// LocalPath returns the path of a workspace's state. dir is the stack's directory;
// path and workspaceDir are those of the backend block, "" for the defaults. path
// is about the default workspace alone, as with the engines.
func LocalPath(dir, path, workspaceDir, workspace string) string {
	if workspaceDir == "" {
		workspaceDir = LocalWorkspaceDir
	}
	switch {
	case workspace != "" && workspace != "default":
		path = filepath.Join(workspaceDir, workspace, LocalFile)
	case path == "":
		path = LocalFile
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// LocalWorkspaces lists the workspaces of a stack besides the default one, by name:
// those that have a directory, with a state in it or not yet.
func LocalWorkspaces(dir, workspaceDir string) ([]string, error) {
	if workspaceDir == "" {
		workspaceDir = LocalWorkspaceDir
	}
	if !filepath.IsAbs(workspaceDir) {
		workspaceDir = filepath.Join(dir, workspaceDir)
	}
	entries, err := os.ReadDir(workspaceDir)
	if errors.Is(err, fs.ErrNotExist) {
		return []string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for workspaces: %w", err)
	}
	names := []string{}
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// held are the locks of this process, by path. Where a file's lock belongs to the
// process it goes with the first descriptor of that file that the process closes, so
// a file that is locked here is read through the descriptor that locked it, and no
// Local opens a state file while a lock is being taken.
var (
	heldMu sync.RWMutex
	held   = map[string]*heldLock{}
)

type heldLock struct {
	file *os.File
	id   string
}

// name is the same for all paths to the file.
func (l *Local) name() (string, error) {
	path, err := filepath.Abs(l.Path)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real, nil
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path)), nil
	}
	return path, nil
}

// Kind is "local".
func (l *Local) Kind() string { return "local" }

// Where is the path.
func (l *Local) Where() string { return l.Path }

// open opens the state file, or the copy that this process has open because it
// holds the lock. done has to be called.
func (l *Local) open() (f *os.File, done func(), err error) {
	name, err := l.name()
	if err != nil {
		return nil, nil, err
	}
	heldMu.RLock()
	if h := held[name]; h != nil {
		return h.file, heldMu.RUnlock, nil
	}
	f, err = os.Open(l.Path)
	if err != nil {
		heldMu.RUnlock()
		return nil, nil, err
	}
	return f, func() { f.Close(); heldMu.RUnlock() }, nil
}

// Head looks at the file. An empty one is no state: engines make it when they take
// the lock.
func (l *Local) Head(ctx context.Context) (*Info, error) {
	info, err := stat(l.Path)
	if info == nil || err != nil {
		return nil, err
	}
	return &Info{Size: info.Size(), Modified: info.ModTime()}, ctx.Err()
}

func stat(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular() && info.Size() == 0:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look at the state: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("look at the state: %s is no file", path)
	}
	return info, nil
}

// Read reads the file, or with BackupVersion the one beside it.
func (l *Local) Read(ctx context.Context, version string) (raw []byte, err error) {
	switch version {
	case "":
		f, done, failed := l.open()
		if failed != nil {
			err = failed
			break
		}
		defer done()
		raw, err = io.ReadAll(io.NewSectionReader(f, 0, 1<<62))
	case BackupVersion:
		raw, err = os.ReadFile(l.Path + BackupSuffix)
	default:
		return nil, fmt.Errorf("%s, version %s: %w", l.Path, version, ErrNone)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(raw) == 0:
		return nil, fmt.Errorf("%s: %w", l.Path, ErrNone)
	case err != nil:
		return nil, fmt.Errorf("read the state: %w", err)
	}
	return raw, ctx.Err()
}

// Versions are the file, and the one beside it that an engine left when it last
// wrote.
func (l *Local) Versions(ctx context.Context) ([]Version, error) {
	list := []Version{}
	for _, v := range []Version{{Current: true}, {ID: BackupVersion}} {
		path := l.Path
		if v.ID != "" {
			path += BackupSuffix
		}
		info, err := stat(path)
		if err != nil {
			return nil, err
		}
		if info != nil {
			v.Size, v.Written = info.Size(), info.ModTime()
			list = append(list, v)
		}
	}
	return list, ctx.Err()
}

// lockPath is the lock file's: hidden, beside the state.
func (l *Local) lockPath() string {
	return filepath.Join(filepath.Dir(l.Path), "."+filepath.Base(l.Path)+".lock.info")
}

// Lock takes the file's lock, and makes the file if there is none, as engines do.
// Until Unlock, nothing but a Local should open the file in this process: but on Linux
// and Windows, closing it would release the lock.
func (l *Local) Lock(ctx context.Context, info *tfstate.LockInfo) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(l.Path), 0o755); err != nil {
		return fmt.Errorf("lock %s: %w", l.Path, err)
	}
	name, err := l.name()
	if err != nil {
		return fmt.Errorf("lock %s: %w", l.Path, err)
	}
	heldMu.Lock()
	defer heldMu.Unlock()
	if held[name] != nil {
		return &LockedError{l.Path, l.holder()}
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("lock %s: %w", l.Path, err)
	}
	if err := lockFile(f); err != nil {
		f.Close()
		if isLocked(err) {
			return &LockedError{l.Path, l.holder()}
		}
		return fmt.Errorf("lock %s: %w", l.Path, err)
	}
	written := *info
	if written.Path == "" {
		written.Path = l.Path
	}
	if err := os.WriteFile(l.lockPath(), written.Text(), 0o600); err != nil {
		f.Close()
		return fmt.Errorf("lock %s: %w", l.Path, err)
	}
	held[name] = &heldLock{f, info.ID}
	return nil
}

// Unlock gives back the lock, if this process holds it. What a process left that was
// killed is cleared away; the lock of one that lives cannot be taken from it. An empty
// file stays: an engine that waits for the lock has it open, and would write its
// state into nothing if the file went.
func (l *Local) Unlock(ctx context.Context, id string) error {
	name, err := l.name()
	if err != nil {
		return fmt.Errorf("unlock %s: %w", l.Path, err)
	}
	heldMu.Lock()
	h := held[name]
	if h == nil {
		heldMu.Unlock()
		return l.clear(ctx, id)
	}
	defer heldMu.Unlock()
	if h.id != id {
		return &LockedError{l.Path, l.holder()}
	}
	if err := os.Remove(l.lockPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("unlock %s: %w", l.Path, err)
	}
	delete(held, name)
	if err := h.file.Close(); err != nil {
		return fmt.Errorf("unlock %s: %w", l.Path, err)
	}
	return nil
}

// clear removes the lock file that a killed process left.
func (l *Local) clear(ctx context.Context, id string) error {
	holder, err := l.Locked(ctx)
	if err != nil {
		return err
	}
	if holder != nil {
		return &LockedError{l.Path, holder}
	}
	left, err := l.Left()
	if left == nil || err != nil || left.ID != id {
		return err
	}
	if err := os.Remove(l.lockPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("unlock %s: %w", l.Path, err)
	}
	return nil
}

// Locked asks the file. A lock file alone is no lock: see Left.
func (l *Local) Locked(ctx context.Context) (*tfstate.LockInfo, error) {
	_, locked, err := l.Holder()
	if !locked || err != nil {
		return nil, err
	}
	return l.holder(), ctx.Err()
}

// Holder tells whether the file is locked, and by which process; pid is 0 when the
// system does not tell.
func (l *Local) Holder() (pid int, locked bool, err error) {
	f, done, err := l.open()
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("look at the lock: %w", err)
	}
	defer done()
	if name, err := l.name(); err == nil && held[name] != nil { // open holds heldMu
		return os.Getpid(), true, nil
	}
	pid, locked, err = lockOf(f)
	if err != nil {
		return 0, false, fmt.Errorf("look at the lock of %s: %w", l.Path, err)
	}
	return pid, locked, nil
}

// Left reads the lock file that a process left which was killed, and so holds the
// lock no more; nil if there is none, or if the lock is held.
func (l *Local) Left() (*tfstate.LockInfo, error) {
	if _, locked, err := l.Holder(); locked || err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(l.lockPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the lock file: %w", err)
	}
	return tfstate.ReadLock(raw), nil
}

// holder reads who has the lock; it is not nil.
func (l *Local) holder() *tfstate.LockInfo {
	raw, _ := os.ReadFile(l.lockPath()) // what cannot be read is a holder who is unknown
	return tfstate.ReadLock(bytes.TrimSpace(raw))
}
