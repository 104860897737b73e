package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

type record struct {
	Name string
	// upper is rebuilt after a restart.
	upper string
}

func (r *record) Loaded() error {
	if r.Name == "bad" {
		return errors.New("a bad record")
	}
	r.upper = strings.ToUpper(r.Name)
	return nil
}

func open(t *testing.T, dir string) (*store.DB, *store.Table[record]) {
	t.Helper()
	db, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	table := store.NewTable[record](db, "records")
	return db, table
}

func put(t *testing.T, db *store.DB, table *store.Table[record], keys ...string) {
	t.Helper()
	err := db.Update(func() error {
		for _, k := range keys {
			table.Put(k, &record{Name: k})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTablesSurviveARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	db, table := open(t, dir)
	if err := db.Load(); err != nil {
		t.Fatal(err)
	}
	put(t, db, table, "a/1", "a/2", "b/1", "gone")
	refused := errors.New("refused after a write")
	if err := db.Update(func() error { table.Delete("gone"); table.Delete("never"); return refused }); !errors.Is(err, refused) {
		t.Errorf("update returns %v", err)
	}
	if _, err := store.Open(dir); !errors.Is(err, store.ErrBusy) {
		t.Errorf("a second open returns %v, want ErrBusy", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory mode %v, %v", info.Mode(), err)
	}

	db, table = open(t, dir)
	defer db.Close()
	if err := db.Load(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for k, v := range table.Prefix("a/") {
		keys = append(keys, k)
		if v.upper != strings.ToUpper(k) {
			t.Errorf("%s: the derived field is %q", k, v.upper)
		}
	}
	if !slices.Equal(keys, []string{"a/1", "a/2"}) || table.Len() != 3 || table.Get("gone") != nil {
		t.Errorf("after the restart: %v, %d records", keys, table.Len())
	}
	keys = nil
	for k := range table.From("a/2") {
		keys = append(keys, k)
	}
	if !slices.Equal(keys, []string{"a/2", "b/1"}) {
		t.Errorf("From a/2: %v", keys)
	}
}

func TestLoadRefusesWhatItDoesNotKnow(t *testing.T) {
	dir := t.TempDir()
	db, table := open(t, dir)
	put(t, db, table, "bad")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, _ = open(t, dir)
	if err := db.Load(); err == nil || !strings.Contains(err.Error(), `record "bad"`) {
		t.Errorf("a bad record: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.Load(); err == nil || !strings.Contains(err.Error(), `table "records"`) {
		t.Errorf("an unknown table: %v", err)
	}
}

func TestNothingIsTakenAfterTheDiskRefused(t *testing.T) {
	db, table := open(t, t.TempDir())
	put(t, db, table, "a")
	if err := db.Close(); err != nil { // from here on the disk refuses
		t.Fatal(err)
	}
	err := db.Update(func() error { table.Put("b", &record{Name: "b"}); return nil })
	if !errors.Is(err, store.ErrUnwritable) {
		t.Errorf("the first refused update: %v", err)
	}
	ran := false
	err = db.Update(func() error { ran = true; return nil })
	if !errors.Is(err, store.ErrUnwritable) || ran {
		t.Errorf("the next update: %v, ran %t", err, ran)
	}
}

func TestMemory(t *testing.T) {
	db := store.Memory()
	table := store.NewTable[record](db, "records")
	put(t, db, table, "a")
	if err := errors.Join(db.Load(), db.View(func() error {
		if table.Get("a") == nil {
			return errors.New("the record is gone")
		}
		return nil
	}), db.Close()); err != nil {
		t.Error(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("two tables of one name are accepted")
		}
	}()
	store.NewTable[record](db, "records")
}
