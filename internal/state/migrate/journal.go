package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/internal/atomicfile"
	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// journal holds what the places do not tell. Every change is on disk before what it
// announces begins.
type journal struct {
	FormatVersion int    `json:"format_version"`
	Environment   string `json:"environment"`
	Stack         string `json:"stack"`
	// Moving is true from before a move's first lock until its end.
	Moving bool          `json:"moving"`
	From   backend.Block `json:"from"`
	To     backend.Block `json:"to"`
	// Lock is the ID of the locks that the move takes.
	Lock string `json:"lock"`
	// Selected is the workspace that the stack had selected.
	Selected string `json:"selected"`
	// Bare are the workspaces that had nothing at the destination when the move began.
	Bare []string `json:"bare"`
	// Left are the places that moves have left, and that are not retired.
	Left []Left `json:"left"`
}

// Left is a place that a move has left: its states are readable and marked.
type Left struct {
	// Place is where they are, To where they went.
	Place backend.Block `json:"place"`
	To    backend.Block `json:"to"`
	// Lock is the ID of the locks that stay there; "" where there are none.
	Lock string `json:"lock"`
	// When the move ended, by this machine's clock.
	When       time.Time  `json:"when"`
	Workspaces []LeftCopy `json:"workspaces"`
}

// LeftCopy is a workspace's state that was left.
type LeftCopy struct {
	Name string `json:"name"`
	// Where names the place.
	Where string `json:"where"`
	// State is what it was, and still has to be; nil: there was none.
	State *tfstate.Snapshot `json:"state"`
}

// journalPath is the stack's, in Home. A stack's name may hold slashes.
func (o *Options) journalPath() string {
	return filepath.Join(o.Home, "migrate-"+plain(o.Environment)+"-"+plain(o.Stack)+".json")
}

func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, name)
}

// loadJournal reads the stack's journal; a missing one is empty.
func (o *Options) loadJournal() (*journal, error) {
	path := o.journalPath()
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return &journal{FormatVersion: 1, Environment: o.Environment, Stack: o.Stack, Bare: []string{}, Left: []Left{}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	j := &journal{}
	err = json.Unmarshal(raw, j)
	if err != nil || j.FormatVersion != 1 || j.Environment != o.Environment || j.Stack != o.Stack {
		return nil, &diag.Diagnostic{
			Rule: "state-migrate-journal", Summary: "the journal of this stack's moves cannot be read, or is another stack's", At: diag.Location{File: path}, Err: err,
			Why: "it says which locks an earlier run took, and what it left where; it is only ever replaced as a whole, so something else wrote to it",
			Fix: "move it away and run again; locks that it knew are then somebody else's: strongroom state unlock",
		}
	}
	return j, nil
}

// save writes the journal to disk.
func (o *Options) save(j *journal) error {
	raw, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	return o.write(o.journalPath(), append(raw, '\n'))
}

// write is Options.Write with a diagnostic: a full disk is found here first.
func (o *Options) write(path string, data []byte) error {
	o.At("write " + filepath.Base(path))
	if err := o.Write(path, data); err != nil {
		return &diag.Diagnostic{
			Rule: "state-migrate-write", Summary: "cannot write " + path + ": " + cause(err), Err: err,
			Why: "nothing is lost: the states are where they were, and what was copied is a copy", Fix: "free some space, or mend the permissions; " + again,
		}
	}
	return nil
}

// cause is an error without the names of temporary files.
func cause(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// remove removes a file; one that is not there is removed already.
func (o *Options) remove(path string) error {
	o.At("remove " + filepath.Base(path))
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// ours reports whether a lock with that ID is one of this stack's moves.
func (j *journal) ours(id string) bool {
	return id != "" && (id == j.Lock || slices.ContainsFunc(j.Left, func(l Left) bool { return l.Lock == id }))
}

// takeTurn makes sure that one move of a room runs on this machine at a time. The
// lock ends with the process, however that ends.
func (o *Options) takeTurn() (release func(), err error) {
	path := filepath.Join(o.Home, "migrate.lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	if err := atomicfile.TryLock(f); err != nil {
		f.Close()
		return nil, &diag.Diagnostic{
			Rule: "state-migrate-busy", Summary: "another migration of this room's states is running on this machine", Found: path, Err: err,
			Why: "two of them would work in the same directory", Fix: "wait for it to end, or interrupt it with Ctrl-C",
		}
	}
	return func() {
		_ = atomicfile.Unlock(f) // closing it does the same, unless a child was just begun
		f.Close()
	}, nil
}
