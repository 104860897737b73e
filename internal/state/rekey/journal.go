package rekey

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/strongroom-dev/strongroom/internal/atomicfile"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// journal says which locks a run takes, on disk before it takes any: a lock that a
// killed run leaves is known by its ID. The file is locked while the process lives,
// so that a journal that nobody holds is one of a dead process, whatever its process
// ID is now. Its first line is a header; the others are uploads that were begun.
type journal struct {
	path  string
	file  *os.File
	locks map[string]*tfstate.LockInfo // by the state's object key

	mu   sync.Mutex
	left bool // something of it could not be given back
}

// header is the first line. A journal without a whole one took no lock.
type header struct {
	FormatVersion int    `json:"format_version"`
	Bucket        string `json:"bucket"`
	// Host is the machine: what happens to processes of others cannot be told.
	Host string `json:"host"`
	// Locks are the IDs of the locks, by the states' object keys.
	Locks map[string]string `json:"locks"`
}

// upload is every further line: a copy in parts that has to be aborted if it is not
// complete. The first of two lines is written before it is begun, the other one when
// S3 has given it an ID.
type upload struct {
	Key string `json:"key"`
	ID  string `json:"upload,omitempty"`
	// Others are the uploads of that key that there were before, somebody else's.
	Others []string `json:"others"`
}

const journalPattern = "rekey-*.jsonl"

// formatVersion is the journal's.
const formatVersion = 1

// newJournal writes down the locks of an environment's states.
func (w *work) newJournal(states []*State) (*journal, error) {
	j := &journal{locks: map[string]*tfstate.LockInfo{}}
	h := header{FormatVersion: formatVersion, Bucket: w.Bucket.Room.State.Bucket, Host: hostname(), Locks: map[string]string{}}
	for _, s := range states {
		l := state.NewLock(w.Operation)
		l.Path = w.Bucket.Room.State.Bucket + "/" + s.Key // as the S3 backend has it
		j.locks[s.Key], h.Locks[s.Key] = l, l.ID
	}
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	if err := w.createJournal(j, append(line, '\n')); err != nil {
		if j.file != nil {
			_ = os.Remove(j.path)
			j.file.Close()
		}
		return nil, &diag.Diagnostic{
			Rule: "state-rekey-journal", Summary: "the journal cannot be written: " + err.Error(), At: diag.Location{File: w.Journal}, Err: err,
			Why: "it is how a later run knows the locks of one that was killed; nothing was changed", Fix: "make room on the disk, or make the directory writable, and run this again",
		}
	}
	return j, nil
}

func (w *work) createJournal(j *journal, text []byte) error {
	if err := w.at("create the journal"); err != nil {
		return err
	}
	for j.file == nil {
		var id [8]byte
		_, _ = rand.Read(id[:])
		j.path = filepath.Join(w.Journal, "rekey-"+hex.EncodeToString(id[:])+".jsonl")
		f, err := os.OpenFile(j.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		// Another run may have found it before it was locked, and taken it for one of
		// a dead process.
		if atomicfile.TryLock(f) != nil || !stillAt(j.path, f) {
			f.Close()
			continue
		}
		j.file = f
	}
	if err := w.at("write the journal"); err != nil {
		return err
	}
	if _, err := j.file.Write(text); err != nil {
		return err
	}
	if err := w.at("sync the journal"); err != nil {
		return err
	}
	return errors.Join(j.file.Sync(), w.syncDir())
}

// stillAt reports whether the path is still that file's.
func stillAt(path string, f *os.File) bool {
	a, err := os.Stat(path)
	if err != nil {
		return false
	}
	b, err := f.Stat()
	return err == nil && os.SameFile(a, b)
}

// began writes down an upload.
func (w *work) began(j *journal, u upload) error {
	if err := w.at("add an upload to the journal"); err != nil {
		return err
	}
	line, err := json.Marshal(u)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err = j.file.Write(append(line, '\n'))
	return errors.Join(err, j.file.Sync())
}

// close ends the journal, and removes it when nothing of it is left to do.
func (w *work) closeJournal(j *journal, done bool) error {
	defer j.file.Close()
	if !done {
		return nil
	}
	if err := w.at("remove the journal"); err != nil {
		return err
	}
	return errors.Join(os.Remove(j.path), w.syncDir())
}

// Released is a lock that a killed run had left.
type Released struct {
	Key string `json:"key"`
	ID  string `json:"lock"`
	Who string `json:"who"`
}

// release gives back what runs left that were killed on this machine.
func (w *work) release(ctx context.Context) ([]Released, error) {
	paths, err := filepath.Glob(filepath.Join(w.Journal, journalPattern))
	if err != nil {
		return nil, err
	}
	list := []Released{}
	for _, path := range paths {
		some, err := w.releaseOf(ctx, path)
		if err != nil {
			return list, err
		}
		list = append(list, some...)
	}
	return list, nil
}

func (w *work) releaseOf(ctx context.Context, path string) (list []Released, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	defer f.Close()
	if atomicfile.TryLock(f) != nil || !stillAt(path, f) {
		return nil, nil // its process lives, or another run is at it
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	h, uploads := readJournal(raw)
	if h != nil && h.FormatVersion != formatVersion {
		w.note(fmt.Sprintf("%s was written by another version of strongroom, and stays as it is: a run of that version releases what it locked; or see: strongroom state unlock", path))
		return nil, nil
	}
	if h != nil && (h.Bucket != w.Bucket.Room.State.Bucket || h.Host != hostname()) {
		return nil, nil // not ours to judge
	}
	for _, u := range uploads { // while the state is locked
		if err := w.abort(ctx, u); err != nil {
			return list, err
		}
	}
	if h != nil {
		states := []*State{}
		for key := range h.Locks {
			states = append(states, &State{Key: key})
		}
		var mu sync.Mutex
		err := w.each(ctx, states, func(ctx context.Context, s *State) error {
			store := w.store(s.Key, statestore.Encryption{})
			l, err := store.Locked(ctx)
			if err != nil || l == nil || l.ID != h.Locks[s.Key] {
				return err
			}
			if err := store.Unlock(ctx, l.ID); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			list = append(list, Released{s.Key, l.ID, l.Who})
			return nil
		})
		if err != nil {
			return list, fmt.Errorf("release the locks of a run that was killed: %w", err)
		}
	}
	if err := w.at("remove an old journal"); err != nil {
		return list, err
	}
	return list, errors.Join(os.Remove(path), w.syncDir())
}

// readJournal reads what was written before the end came. A header that is not whole
// is none: no lock is taken before it is on disk. Of one of another version only the
// version is told.
func readJournal(raw []byte) (*header, []upload) {
	first, rest, whole := bytes.Cut(raw, []byte("\n"))
	h := &header{}
	var version struct {
		FormatVersion int `json:"format_version"`
	}
	if whole && json.Unmarshal(first, &version) == nil && version.FormatVersion != formatVersion {
		return &header{FormatVersion: version.FormatVersion}, nil
	}
	if !whole || json.Unmarshal(first, h) != nil {
		return nil, nil
	}
	var uploads []upload
	for {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if !whole {
			return h, uploads
		}
		var u upload
		if json.Unmarshal(line, &u) == nil && u.Key != "" {
			uploads = append(uploads, u)
		}
		rest = after
	}
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}
