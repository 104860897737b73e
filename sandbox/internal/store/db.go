package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// ErrBusy is returned by Open when another process holds the directory.
var ErrBusy = errors.New("the data directory is in use by another sandbox")

// ErrUnwritable is returned by Update once the disk refused a change: memory is
// then ahead of the disk, and no further change is taken.
var ErrUnwritable = errors.New("the data directory cannot be written")

// DB is a set of tables behind one lock. Many views or one update run at once.
type DB struct {
	mu     sync.RWMutex
	bolt   *bbolt.DB // nil: memory only
	tables map[string]loader
	writes []write // of the update that runs
	broken error   // the disk's first refusal
}

type loader interface {
	load(key string, value []byte) error
}

type write struct {
	table, key string
	value      []byte // nil deletes
}

// Memory returns a DB that forgets everything when the process ends.
func Memory() *DB { return &DB{tables: map[string]loader{}} }

// Open returns a DB kept in dir, which is created with mode 0700 if it does
// not exist. It fails with ErrBusy if another process has it open.
func Open(dir string) (*DB, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	b, err := bbolt.Open(filepath.Join(dir, "sandbox.db"), 0o600, &bbolt.Options{Timeout: 200 * time.Millisecond})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("%s: %w", dir, ErrBusy)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	return &DB{bolt: b, tables: map[string]loader{}}, nil
}

// Load reads every table from disk. Call it once, after all tables were made
// and before the first View. A table on disk that nobody made is an error: the
// file was written by another version.
func (db *DB) Load() error {
	if db.bolt == nil {
		return nil
	}
	return db.bolt.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			t, ok := db.tables[string(name)]
			if !ok {
				return fmt.Errorf("the data directory has a table %q that this version does not know", name)
			}
			return b.ForEach(func(k, v []byte) error {
				if err := t.load(string(k), v); err != nil {
					return fmt.Errorf("table %s: record %q: %w", name, k, err)
				}
				return nil
			})
		})
	})
}

// View runs f while nothing changes. f must not write to any table.
func (db *DB) View(f func() error) error {
	db.mu.RLock()
	defer db.mu.RUnlock()
	return f()
}

// Update runs f alone. What f put or deleted is durable when Update returns,
// whether f failed or not: an f that returns an error should have changed
// nothing. An error of the disk itself comes back joined to f's, wraps
// ErrUnwritable, and is the answer to every later Update: start again from what
// the disk holds.
func (db *DB) Update(f func() error) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.broken != nil {
		return db.broken
	}
	err := f()
	if db.bolt == nil || len(db.writes) == 0 {
		return err
	}
	writes := db.writes
	db.writes = nil
	if disk := db.flush(writes); disk != nil {
		db.broken = fmt.Errorf("%w: %w", ErrUnwritable, disk)
	}
	return errors.Join(err, db.broken)
}

func (db *DB) flush(writes []write) error {
	return db.bolt.Update(func(tx *bbolt.Tx) error {
		for _, w := range writes {
			b, err := tx.CreateBucketIfNotExists([]byte(w.table))
			if err != nil {
				return err
			}
			if w.value == nil {
				err = b.Delete([]byte(w.key))
			} else {
				err = b.Put([]byte(w.key), w.value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Close releases the data directory. Nothing may use the DB afterwards.
func (db *DB) Close() error {
	if db.bolt == nil {
		return nil
	}
	return db.bolt.Close()
}

func (db *DB) record(table, key string, v any) {
	if db.bolt == nil {
		return
	}
	var value []byte
	if v != nil {
		var err error
		if value, err = json.Marshal(v); err != nil {
			panic(fmt.Sprintf("store: table %s: %v", table, err))
		}
	}
	db.writes = append(db.writes, write{table, key, value})
}
