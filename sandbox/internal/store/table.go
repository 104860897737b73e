package store

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/tidwall/btree"
)

// Table is an ordered map from string keys to records. Use it inside View and
// Update only. Records are shared, not copied: change one by putting a changed
// copy, never in place, so that what a reader still holds stays as it was.
type Table[T any] struct {
	db   *DB
	name string
	tree btree.Map[string, *T]
}

// Loaded is implemented by records that rebuild derived fields (a compiled
// policy) after they were read from disk.
type Loaded interface{ Loaded() error }

// NewTable adds a table. The name is its name on disk and must be new.
func NewTable[T any](db *DB, name string) *Table[T] {
	if _, ok := db.tables[name]; ok {
		panic(fmt.Sprintf("store: table %q exists", name))
	}
	t := &Table[T]{db: db, name: name}
	db.tables[name] = t
	return t
}

// Get returns the record, or nil if there is none.
func (t *Table[T]) Get(key string) *T {
	v, _ := t.tree.Get(key)
	return v
}

// Put stores the record under key. v must not be changed afterwards.
func (t *Table[T]) Put(key string, v *T) {
	t.tree.Set(key, v)
	t.db.record(t.name, key, v)
}

// Delete removes the record, if it is there.
func (t *Table[T]) Delete(key string) {
	if _, ok := t.tree.Delete(key); ok {
		t.db.record(t.name, key, nil)
	}
}

// Len returns the number of records.
func (t *Table[T]) Len() int { return t.tree.Len() }

// Prefix yields the records whose key begins with prefix, in key order. The
// table must not change meanwhile.
func (t *Table[T]) Prefix(prefix string) iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) {
		t.tree.Ascend(prefix, func(k string, v *T) bool {
			return strings.HasPrefix(k, prefix) && yield(k, v)
		})
	}
}

// From yields the records from the first key that is not less than start.
func (t *Table[T]) From(start string) iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) { t.tree.Ascend(start, yield) }
}

func (t *Table[T]) load(key string, value []byte) error {
	v := new(T)
	if err := json.Unmarshal(value, v); err != nil {
		return err
	}
	if l, ok := any(v).(Loaded); ok {
		if err := l.Loaded(); err != nil {
			return err
		}
	}
	t.tree.Set(key, v)
	return nil
}
