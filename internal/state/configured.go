package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/backend"
)

// Configured is where a stack's own files say that its state is: what an engine
// that runs there uses, whatever the spec says.
type Configured struct {
	// Block is the backend block; nil when the directory has no stack.
	Block *backend.Found
	// Cached is the backend that an engine was prepared for there; nil: it was not.
	Cached *CachedBackend
	// Workspace is the one that is selected there.
	Workspace string
}

// CachedBackend is the backend that the last init wrote down: the block, with what
// -backend-config added to it.
type CachedBackend struct {
	// Type is "s3", "http", "local".
	Type string
	// Config holds what is set, as it is written there. It may hold secrets.
	Config map[string]any
}

// Text returns a string of the configuration; "" when it is not set.
func (c *CachedBackend) Text(name string) string {
	text, _ := c.Config[name].(string)
	return text
}

// Configure reads the stack in dir. A directory that is not there, or that has no
// .tf files, has a nil Block. The error is backend.Find's, or that of a file that
// cannot be read.
func Configure(dir string) (*Configured, error) {
	c := &Configured{Workspace: "default"}
	found, err := backend.Find(dir)
	switch {
	case err == nil:
		c.Block = found
	case !errors.Is(err, backend.ErrNoStack):
		return nil, err
	}
	// Source: "Initializing Working Directories": .terraform holds the current backend and
	// the selected workspace.
	raw, err := os.ReadFile(filepath.Join(dir, ".terraform", "terraform.tfstate"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the backend that %s was prepared for: %w", dir, err)
	}
	var cached struct {
		Backend *struct {
			Type   string         `json:"type"`
			Config map[string]any `json:"config"`
		} `json:"backend"`
	}
	if err == nil {
		if json.Unmarshal(raw, &cached) != nil {
			return nil, fmt.Errorf("%s/.terraform/terraform.tfstate is not what an engine writes", dir)
		}
		if cached.Backend != nil {
			c.Cached = &CachedBackend{cached.Backend.Type, cached.Backend.Config}
		}
	}
	name, err := os.ReadFile(filepath.Join(dir, ".terraform", "environment"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the workspace that %s has selected: %w", dir, err)
	}
	if text := strings.TrimSpace(string(name)); text != "" {
		c.Workspace = text
	}
	return c, nil
}
