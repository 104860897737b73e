package state

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// Places are where a room's states are, whichever backend the spec names. It is safe
// for concurrent use.
type Places struct {
	Room *room.Room
	// Bucket is the state bucket; it may be nil when the backend is not s3.
	Bucket *Bucket
	// Getenv tells the http backend's credentials; it may be nil when the backend is not
	// http.
	Getenv func(string) string
	// HTTP sends the http backend's requests. Nil: what HTTP of statestore has then.
	HTTP *http.Client
}

// Targets are the states of an environment: each stack's default workspace, and the
// other workspaces that are found. The http backend has none.
// Source: "Workspaces", "Backends Supporting Multiple Workspaces".
func (p *Places) Targets(ctx context.Context, e Environment) ([]Target, error) {
	if p.Room.State.Backend == "s3" {
		return p.Bucket.Targets(ctx, e)
	}
	list := []Target{}
	for _, s := range e.Stacks {
		list = append(list, Target{e.Name, s, "default"})
		if p.Room.State.Backend != "local" || s.Dir == "" {
			continue
		}
		names, err := statestore.LocalWorkspaces(s.Dir, "")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			list = append(list, Target{e.Name, s, name})
		}
	}
	return list, nil
}

// Store is the place of a state. The error is a *diag.Diagnostic when the spec does
// not say enough to find it.
func (p *Places) Store(t Target) (statestore.Store, error) {
	switch p.Room.State.Backend {
	case "http":
		h, err := statestore.NewHTTP(p.Room.State.HTTPAddress+"/"+t.Stack.HTTPName(), p.Getenv)
		if err != nil {
			return nil, err
		}
		h.Client = p.HTTP
		return h, nil
	case "local":
		if t.Stack.Dir == "" {
			return nil, &diag.Diagnostic{
				Rule: "state-local-dir", Summary: fmt.Sprintf("the spec does not say where stack %s of %s is", t.Stack.Name, t.Environment), At: diag.Location{File: filepath.Join(p.Room.Dir, room.SpecFile)},
				Why: "a local state is a file in its stack's directory", Fix: fmt.Sprintf("add to the environment: stack %q { state_key = %q, dir = \"...\" }, on lines of their own", t.Stack.Name, t.Stack.Key),
			}
		}
		path := ""
		found, err := backend.Find(t.Stack.Dir)
		switch {
		case err == nil && found.Type == "local":
			path = found.Text("path")
		case err != nil && !errors.Is(err, backend.ErrNoStack):
			return nil, err
		}
		return &statestore.Local{Path: statestore.LocalPath(t.Stack.Dir, path, "", t.Workspace)}, nil
	}
	return p.Bucket.Store(t, ""), nil
}
