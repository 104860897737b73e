package migrate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// pipeFile is what a state goes through to an engine that reads it from a path: a
// named pipe, so that no copy of it is ever on the disk.
var pipeFile = filepath.Join(".terraform", "strongroom-state.pipe")

// push writes a state to the destination, with its lineage and serial, whatever the
// engine would ask.
func (m *move) push(ctx context.Context, workspace string, text []byte) error {
	if err := m.selectWorkspace(ctx, workspace); err != nil {
		return err
	}
	path := m.file(pipeFile)
	if err := m.remove(path); err != nil {
		return err
	}
	m.At("push " + workspace)
	done, err := feed(path, text)
	if err != nil {
		return err
	}
	pushed := m.Engine.StateReplace(ctx, path)
	fed := done()
	if pushed != nil { // an engine that did not read on is no fault of the pipe's
		fed = nil
	}
	return errors.Join(pushed, fed, os.Remove(path))
}
