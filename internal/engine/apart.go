package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// cacheFile is where an engine remembers the backend that a stack was initialised
// for, below the stack's directory.
var cacheFile = filepath.Join(".terraform", "terraform.tfstate")

// InitialisedFor is the type of the backend that the stack was initialised for: "s3".
// It is "" if it was not, or for no backend block, or if that cannot be read.
func (e *Engine) InitialisedFor() string {
	raw, err := os.ReadFile(filepath.Join(e.Dir, cacheFile))
	if err != nil {
		return ""
	}
	var cached struct {
		Backend struct {
			Type string `json:"type"`
		} `json:"backend"`
	}
	if json.Unmarshal(raw, &cached) != nil {
		return ""
	}
	return cached.Backend.Type
}

// asideSuffix marks a local state while an engine must not see it.
const asideSuffix = ".aside"

// localStates are the states that an engine finds in a stack's directory whatever
// its backend is. Source: "Backend Type: local", defaults of path and workspace_dir.
var localStates = []string{"terraform.tfstate", "terraform.tfstate.d"}

// ReconfigureApart is Reconfigure for a directory with local states that are not to
// be copied. An engine that finds some insists on migrating them even with
// -reconfigure, so they are out of the way meanwhile. If the process is killed,
// BringBack ends what this began.
func (e *Engine) ReconfigureApart(ctx context.Context) error {
	for _, name := range localStates {
		path := filepath.Join(e.Dir, name)
		if _, err := os.Lstat(path); err != nil {
			continue
		}
		if err := os.Rename(path, path+asideSuffix); err != nil {
			return errors.Join(err, BringBack(e.Dir))
		}
	}
	return errors.Join(e.Reconfigure(ctx), BringBack(e.Dir))
}

// BringBack puts local states back that a ReconfigureApart which was killed has left
// aside. It does nothing when there are none, and replaces no file that holds anything.
func BringBack(dir string) error {
	for _, name := range localStates {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path + asideSuffix); err != nil {
			continue
		}
		// An engine may have made a state without anything in it, or a directory: a
		// rename takes the place of a file, and of a directory that is empty.
		if raw, err := os.ReadFile(path); err == nil {
			if s, err := tfstate.Read(raw); !errors.Is(err, tfstate.ErrEmpty) && (err != nil || !s.Void()) {
				return errors.Join(err, fmt.Errorf("%s and %s%s both hold a state", path, path, asideSuffix))
			}
		}
		if err := os.Rename(path+asideSuffix, path); err != nil {
			return err
		}
	}
	return nil
}

// Forget makes the stack one that was never initialised for a backend: the next Init
// takes the local states of the directory for its own.
func (e *Engine) Forget() error {
	if err := os.Remove(filepath.Join(e.Dir, cacheFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// forgetHalf is Forget if what the engine remembers is not whole.
func (e *Engine) forgetHalf() error {
	raw, err := os.ReadFile(filepath.Join(e.Dir, cacheFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil || json.Valid(raw):
		return err
	}
	return e.Forget()
}

// workspaceFile is where an engine remembers the selected workspace.
var workspaceFile = filepath.Join(".terraform", "environment")

// Workspace is the workspace that the stack has selected: "default" if none was.
func (e *Engine) Workspace() string {
	raw, err := os.ReadFile(filepath.Join(e.Dir, workspaceFile))
	if name := strings.TrimSpace(string(raw)); err == nil && name != "" {
		return name
	}
	return "default"
}

// WorkspaceDefault selects the default workspace. Unlike WorkspaceSelect it needs no
// backend, and so no initialised stack.
func (e *Engine) WorkspaceDefault() error {
	if err := os.Remove(filepath.Join(e.Dir, workspaceFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
