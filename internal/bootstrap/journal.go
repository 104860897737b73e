package bootstrap

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// journal holds what reality does not tell. Every change is on disk before
// what it announces begins.
type journal struct {
	FormatVersion int    `json:"format_version"`
	Account       string `json:"account"`
	// Began is when an apply was first about to begin; zero: never.
	Began time.Time `json:"began,omitzero"`
	// Intent are the names that were found free and were about to be taken:
	// "aws_s3_bucket my-state". What has such a name now was made by us.
	Intent []string `json:"intent"`
	// Applied is set once the stack was applied as a whole, in this round.
	Applied bool `json:"applied"`
	// Moving is the local state that was about to be migrated. May be nil.
	Moving *tfstate.Snapshot `json:"moving,omitempty"`
	// Locking is when an engine was last about to lock the state in the bucket;
	// zero: it has ended well since, and released its lock. LockEnded is when it
	// ended badly; zero: unknown, it died with the process.
	Locking   time.Time `json:"locking,omitzero"`
	LockEnded time.Time `json:"lock_ended,omitzero"`
	// Holder is who that was, as engines write it: user@host.
	Holder string `json:"holder,omitempty"`
	// Finished is set at the end of a round, and taken back by the next apply.
	Finished bool `json:"finished"`
}

func journalFile(o *Options) string { return filepath.Join(o.house(), "bootstrap.json") }

// loadJournal reads the journal; a missing one is empty. One of another
// account is put aside: its names say nothing about this one.
func loadJournal(o *Options) (*journal, error) {
	path := journalFile(o)
	fresh := &journal{FormatVersion: 1, Account: o.Account, Intent: []string{}}
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return fresh, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	j := &journal{}
	if err := json.Unmarshal(raw, j); err != nil || j.FormatVersion != 1 {
		return nil, &diag.Diagnostic{
			Rule: "bootstrap-journal", Summary: "the journal of this room cannot be read", At: diag.Location{File: path}, Err: err,
			Why: "it says which names an earlier run was about to take; it is only ever replaced as a whole, so something else wrote to it",
			Fix: "move it away and run again; what an earlier run made and did not record is then only adopted if it carries the room's tags",
		}
	}
	if j.Account != o.Account {
		if err := os.Rename(path, filepath.Join(o.house(), "bootstrap-"+j.Account+".json")); err != nil {
			return nil, fmt.Errorf("put the journal of account %s aside: %w", j.Account, err)
		}
		return fresh, nil
	}
	return j, nil
}

// save writes the journal to disk.
func (j *journal) save(o *Options) error {
	raw, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	return o.write(journalFile(o), append(raw, '\n'))
}

func (j *journal) intends(name string) bool { return slices.Contains(j.Intent, name) }
