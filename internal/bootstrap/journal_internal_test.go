package bootstrap

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

func roomDir(t *testing.T) *Options {
	t.Helper()
	o := &Options{Dir: t.TempDir(), Account: "111122223333", Write: replaceFile, Clock: time.Now, Note: func(string) {}}
	o.Stack = filepath.Join(o.Dir, "bootstrap")
	for _, dir := range []string{o.Stack, o.house()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func TestJournal(t *testing.T) {
	o := roomDir(t)
	j, err := loadJournal(o)
	if err != nil || j.Applied || j.intends("aws_s3_bucket b") {
		t.Fatalf("an empty journal: %+v, %v", j, err)
	}
	j.Intent, j.Began = append(j.Intent, "aws_s3_bucket b"), time.Now().UTC()
	if err := j.save(o); err != nil {
		t.Fatal(err)
	}
	if j, err = loadJournal(o); err != nil || !j.intends("aws_s3_bucket b") || j.Began.IsZero() {
		t.Errorf("%+v, %v", j, err)
	}
	o.Account = "999999999999"
	if j, err = loadJournal(o); err != nil || j.intends("aws_s3_bucket b") || j.Account != o.Account {
		t.Errorf("another account's intents count: %+v, %v", j, err)
	}
	if !exists(filepath.Join(o.house(), "bootstrap-111122223333.json")) {
		t.Error("the other account's journal is lost")
	}
	if err := os.WriteFile(journalFile(o), []byte(`{"format_version":1,"acc`), 0o600); err != nil {
		t.Fatal(err)
	}
	wantDiag(t, loadErr(o), "bootstrap-journal")
}

func loadErr(o *Options) error { _, err := loadJournal(o); return err }

func wantDiag(t *testing.T, err error, rule string) *diag.Diagnostic {
	t.Helper()
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Rule != rule {
		t.Fatalf("got %v, want a diagnostic of %s", err, rule)
	}
	return d
}

func TestFullDisk(t *testing.T) {
	o := roomDir(t)
	o.Write = func(path string, _ []byte) error { return &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC} }
	b := &run{Options: o, journal: &journal{}}
	began := false
	err := b.locking(t.Context(), func(context.Context) error { began = true; return nil })
	if d := wantDiag(t, err, "bootstrap-write"); !strings.Contains(d.Summary, "no space left") || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %+v", d)
	}
	if began {
		t.Error("the engine was started although its start could not be recorded")
	}
}

const wholeState = `{
  "version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "abc-def",
  "outputs": {}, "resources": [{"mode": "managed", "type": "aws_kms_key", "name": "k", "instances": [{"attributes": {"id": "1"}}]}]
}`

// A state that the engine could write nowhere is kept where the next run looks.
func TestRescue(t *testing.T) {
	b := &run{Options: roomDir(t)}
	if says := b.rescue([]byte(wholeState)); !strings.Contains(says, erroredFile) {
		t.Error(says)
	}
	if raw, err := os.ReadFile(b.stack(erroredFile)); err != nil || string(raw) != wholeState {
		t.Errorf("%v, %q", err, raw)
	}
	if info, err := os.Stat(b.stack(erroredFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, mode %v; a state is for nobody else", err, info.Mode())
	}
}

func TestMendLocal(t *testing.T) {
	for _, tt := range []struct {
		name, state, backup string
		serial              uint64 // of what is used then; 0: nothing
		files               []string
	}{
		{"whole", wholeState, "", 0, []string{localFile}},
		{"empty", "", "", 0, []string{localFile}},
		{"half, no backup", wholeState[:80], "", 0, []string{localFile + ".damaged-1"}},
		{"half, with a backup", wholeState[:80], wholeState, 7, []string{localFile, backupFile, localFile + ".damaged-1"}},
		{"half, with half a backup", wholeState[:80], wholeState[:90], 0, []string{backupFile, localFile + ".damaged-1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := &run{Options: roomDir(t), reality: &reality{}}
			for name, text := range map[string]string{localFile: tt.state, backupFile: tt.backup} {
				if name == backupFile && text == "" {
					continue
				}
				if err := os.WriteFile(b.stack(name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.mendLocal(); err != nil {
				t.Fatal(err)
			}
			var got []string
			entries, err := os.ReadDir(b.Stack)
			for _, e := range entries {
				got = append(got, e.Name())
			}
			if d := cmp.Diff(slices.Sorted(slices.Values(tt.files)), got); d != "" || err != nil {
				t.Errorf("%v, -want +got:\n%s", err, d)
			}
			if s := b.reality.local; tt.serial > 0 && (s == nil || s.Serial != tt.serial) || tt.serial == 0 && s != nil {
				t.Errorf("state in use: %+v, want serial %d", s, tt.serial)
			}
		})
	}
}

func TestOneAtATime(t *testing.T) {
	o := roomDir(t)
	release, err := takeTurn(o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = takeTurn(o)
	wantDiag(t, err, "bootstrap-busy")
	release()
	if release, err = takeTurn(o); err != nil {
		t.Error(err)
	} else {
		release()
	}
}

func TestOurLock(t *testing.T) {
	now := time.Now()
	mine := tfstate.LockInfo{ID: "1", Who: holder(), Created: now}
	for _, tt := range []struct {
		name string
		j    journal
		l    tfstate.LockInfo
		want bool
	}{
		{"announced, then killed", journal{Locking: now, Holder: holder()}, mine, true},
		{"failed, and made before its end", journal{Locking: now.Add(-time.Minute), LockEnded: now.Add(time.Minute), Holder: holder()}, mine, true},
		{"made after the end of ours", journal{Locking: now.Add(-time.Hour), LockEnded: now.Add(-time.Minute), Holder: holder()}, mine, false},
		{"nothing announced", journal{}, mine, false},
		{"made before it was announced", journal{Locking: now.Add(time.Minute), Holder: holder()}, mine, false},
		{"somebody else's", journal{Locking: now, Holder: holder()}, tfstate.LockInfo{ID: "1", Who: "eve@elsewhere", Created: now}, false},
		{"announced on another machine", journal{Locking: now, Holder: "me@elsewhere"}, tfstate.LockInfo{ID: "1", Who: "me@elsewhere", Created: now}, false},
		{"unreadable", journal{Locking: now, Holder: holder()}, tfstate.LockInfo{Who: holder(), Created: now}, false},
	} {
		b := &run{journal: &tt.j}
		if got := b.ours(&tt.l); got != tt.want {
			t.Errorf("%s: ours = %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestCreationsAndAdoption(t *testing.T) {
	change := func(address, kind string, before, after map[string]any, actions ...tfjson.Action) *tfjson.ResourceChange {
		c := &tfjson.Change{Actions: actions}
		if before != nil {
			c.Before = before
		}
		if after != nil {
			c.After = after
		}
		return &tfjson.ResourceChange{Address: address, Type: kind, Mode: tfjson.ManagedResourceMode, Change: c}
	}
	all, known := creations(&tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{
		change("a", "aws_s3_bucket", nil, map[string]any{"bucket": "b", "tags_all": map[string]any{"Room": "r"}}, tfjson.ActionCreate),
		change("b", "aws_kms_key", map[string]any{"key_id": "k-1"}, map[string]any{}, tfjson.ActionNoop),
		change(`m.c["x"]`, "aws_kms_key", nil, map[string]any{"description": "State of b"}, tfjson.ActionCreate),
		change("d", "aws_iam_policy", nil, map[string]any{"name": "p", "path": "/q/"}, tfjson.ActionCreate),
		change("e", "aws_s3_bucket_versioning", nil, map[string]any{"bucket": "b"}, tfjson.ActionCreate),
		change("f", "aws_iam_role", map[string]any{}, nil, tfjson.ActionDelete),
	}})
	want := []wanted{
		{address: "a", kind: "aws_s3_bucket", name: "b", tags: map[string]string{"Room": "r"}},
		{address: `m.c["x"]`, kind: "aws_kms_key", description: "State of b", tags: map[string]string{}},
		{address: "d", kind: "aws_iam_policy", name: "q/p", tags: map[string]string{}},
	}
	if d := cmp.Diff(want, all, cmp.AllowUnexported(wanted{})); d != "" || !known["k-1"] {
		t.Errorf("known %v, -want +got:\n%s", known, d)
	}
	got := string(adoption([]string{"a", `m.c["x"]`}, map[string]string{"a": "${evil}", `m.c["x"]`: "k-2"}))
	if !strings.Contains(got, "to = m.c[\"x\"]\n  id = \"k-2\"") || !strings.Contains(got, `id = "$${evil}"`) {
		t.Error(got)
	}
	for _, tt := range []struct {
		have, want map[string]string
		ok         bool
	}{
		{map[string]string{"a": "1", "b": "2"}, map[string]string{"a": "1"}, true},
		{map[string]string{"a": "1"}, map[string]string{"a": "2"}, false},
		{map[string]string{"b": ""}, map[string]string{"a": ""}, false},
		{map[string]string{"a": "1"}, nil, false}, // no tags, no proof
	} {
		if carries(tt.have, tt.want) != tt.ok {
			t.Errorf("carries(%v, %v) = %t", tt.have, tt.want, !tt.ok)
		}
	}
}
