package revert

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/strongroom-dev/strongroom/internal/atomicfile"
	"github.com/strongroom-dev/strongroom/internal/diag"
)

// journal is on disk before the lock is taken: a lock that a killed run leaves is known
// by its ID.
type journal struct {
	FormatVersion int    `json:"format_version"`
	Address       string `json:"address"`
	Lock          string `json:"lock"`
}

// path is the state's, whatever the spec calls it.
func (o *Options) path() string {
	sum := sha256.Sum256([]byte(o.Store.Address))
	return filepath.Join(o.Journal, "rollback-"+hex.EncodeToString(sum[:8])+".json")
}

// openJournal reads the journal of a run that was killed, or begins one.
func (o *Options) openJournal() (j *journal, left bool, err error) {
	path := o.path()
	raw, err := os.ReadFile(path)
	switch {
	case err == nil:
		j = &journal{}
		if err := json.Unmarshal(raw, j); err != nil || j.FormatVersion != 1 || j.Address != o.Store.Address || j.Lock == "" {
			return nil, false, &diag.Diagnostic{
				Rule: "state-rollback-journal", Summary: "the journal of a rollback cannot be read, or is of another version of strongroom", At: diag.Location{File: path}, Err: err,
				Why: "it says which lock a run took that was killed", Fix: "move it away and run again; a lock that it knew is then somebody else's: strongroom state unlock " + o.flags(),
			}
		}
		return j, true, nil
	case !errors.Is(err, os.ErrNotExist):
		return nil, false, fmt.Errorf("read the journal: %w", err)
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails: crypto/rand ends the program instead
	j = &journal{1, o.Store.Address, "strongroom-rollback-" + hex.EncodeToString(id[:])}
	raw, err = json.Marshal(j)
	if err == nil {
		err = o.at("write the journal")
	}
	if err == nil {
		err = atomicfile.Write(path, append(raw, '\n'), 0o600)
	}
	if err != nil {
		return nil, false, &diag.Diagnostic{
			Rule: "state-rollback-journal", Summary: "the journal cannot be written: " + err.Error(), At: diag.Location{File: path}, Err: err,
			Why: "it is how a later run knows the lock of one that was killed; nothing was changed", Fix: "make room on the disk, or make the directory writable, and run this again",
		}
	}
	return j, false, nil
}

// closeJournal removes it: the lock is nobody's, or somebody else's.
func (o *Options) closeJournal() error {
	err := o.at("remove the journal")
	if err == nil {
		err = os.Remove(o.path())
	}
	if err == nil {
		err = atomicfile.SyncDir(o.Journal)
	}
	if err != nil {
		return &diag.Diagnostic{
			Rule: "state-rollback-journal", Summary: "the journal cannot be removed: " + err.Error(), At: diag.Location{File: o.path()}, Err: err,
			Why: "it names a lock that is given back by now", Fix: "make the directory writable, and run this again",
		}
	}
	return nil
}

func (o *Options) at(point string) error {
	if o.At == nil {
		return nil
	}
	return o.At(point)
}

// takeTurn makes sure that one rollback of a room runs on this machine at a time: two
// would share a lock. It ends with the process, however that ends.
func (o *Options) takeTurn() (release func(), err error) {
	path := filepath.Join(o.Journal, "rollback.lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("rollback: %w", err)
	}
	if err := atomicfile.TryLock(f); err != nil {
		f.Close()
		return nil, &diag.Diagnostic{
			Rule: "state-rollback-busy", Summary: "another rollback of this room's states is running on this machine", Found: path, Err: err,
			Why: "two of them would share a lock", Fix: "wait for it to end, or interrupt it with Ctrl-C",
		}
	}
	return func() {
		_ = atomicfile.Unlock(f) // closing it does the same, unless a child was just begun
		f.Close()
	}, nil
}
