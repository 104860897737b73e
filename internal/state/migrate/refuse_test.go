package migrate_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

const other = "ffffffff-6f0e-4d0b-8f6a-9d1d3a1f0a01"

// What is refused before anything is done. Each refusal is Look's too, and leaves no
// lock, no journal and no file behind.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		from, to string
		prepare  func(w *world)
		code     int
		says     string
		kept     string // what the destination has to hold afterwards
	}{
		{"another lineage", "local", "s3", func(w *world) { w.put("s3", "default", text(other, 1, "x")) }, 2, "it is of another lineage", text(other, 1, "x")},
		{"another lineage, in GitLab", "s3", "http", func(w *world) { w.put("http", "default", text(other, 9, "x")) }, 2, "it is of another lineage", text(other, 9, "x")},
		{"another lineage, the same contents", "local", "s3", func(w *world) { w.put("s3", "default", text(other, 1, "default")) }, 2, "it is of another lineage", text(other, 1, "default")},
		{"a younger one", "local", "s3", func(w *world) { w.put("s3", "default", text(lineage, 4, "default")) }, 2, "it has a higher serial", text(lineage, 4, "default")},
		{"a younger file", "s3", "local", func(w *world) { w.put("local", "default", text(lineage, 4, "x")) }, 2, "it has a higher serial", text(lineage, 4, "x")},
		{"the same serial, other contents", "s3", "local", func(w *world) { w.put("local", "default", text(lineage, 3, "x")) }, 2, "written after they parted", text(lineage, 3, "x")},
		{"a workspace that the source has not", "local", "s3", func(w *world) { w.put("s3", "three", text(other, 1, "three")) }, 2, "the source has nothing in this workspace", ""},
		{"workspaces to GitLab", "s3", "http", func(w *world) { w.put("s3", "two", text(other, 1, "two")) }, 2, `the stack has a workspace "two", and the http backend has none`, ""},
		{"half a state at the source", "s3", "local", func(w *world) { w.put("s3", "default", text(lineage, 3, "x")[:200]) }, 1, "it is damaged", ""},
		{"half a state at the destination", "local", "s3", func(w *world) { w.put("s3", "default", text(lineage, 3, "x")[:200]) }, 1, "it is damaged", ""},
		{"a bucket that is not ours", "local", "s3", func(w *world) {
			if _, err := w.s3.DeleteBucket(w.t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(bucket)}); err != nil {
				w.t.Fatal(err)
			}
		}, 1, "NoSuchBucket", ""},
		{"no stack", "local", "s3", func(w *world) {
			for _, name := range []string{"main.tf", "backend.tf"} {
				_ = os.Remove(filepath.Join(w.dir, name))
			}
		}, 1, "there is no stack in", ""},
		{"a backend of another kind", "local", "s3", func(w *world) { w.write("backend.tf", "terraform {\n  backend \"azurerm\" {}\n}\n") }, 1, `a backend of another kind: "azurerm"`, ""},
		{"another table for locks", "s3", "local", func(w *world) {
			w.write("backend.tf", strings.Replace(string(w.block("s3").Text()), "region", "dynamodb_table = \"locks\"\n    region", 1))
		}, 1, "the s3 backend block has dynamodb_table", ""},
		{"a role in a block of its own", "s3", "local", func(w *world) {
			w.write("backend.tf", strings.Replace(string(w.block("s3").Text()), "region", "assume_role {\n role_arn = \"x\"\n }\n    region", 1))
		}, 1, "the s3 backend block has assume_role", ""},
		{"a partial configuration", "s3", "local", func(w *world) {
			w.write("backend.tf", "terraform {\n  backend \"s3\" {\n    key = \"development\"\n  }\n}\n")
		}, 1, "the s3 backend block has no plain text for bucket", ""},
		{"a lock that is not GitLab's", "http", "local", func(w *world) {
			w.write("backend.tf", strings.Replace(string(w.block("http").Text()), "/lock\"", "/other\"", 1))
		}, 1, "that is not GitLab's", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, enginetest.First(t))
			w.at(tt.from)
			tt.prepare(w)
			for _, verb := range []string{"look", "run"} {
				w.refused(w.order(verb, tt.to), tt.code, tt.says)
			}
			if tt.kept != "" {
				if _, raw := w.get(tt.to, "default"); string(raw) != tt.kept {
					t.Errorf("the destination was changed:\n%s", raw)
				}
			}
			if w.lock("s3", "default") != nil || w.lock("http", "default") != nil {
				t.Error("a lock was left")
			}
			if _, err := os.Stat(filepath.Join(w.dir, "strongroom_migrate_override.tf.json")); err == nil {
				t.Error("a file was left in the stack")
			}
		})
	}
}

// Somebody else's lock, at either end, by either kind of lock.
func TestLocked(t *testing.T) {
	t.Parallel()
	alice := &tfstate.LockInfo{ID: "11112222-3333-4444-5555-666677778888", Operation: "OperationTypeApply", Who: "alice@laptop", Version: "1.11.4", Path: "x"}
	for i, tt := range []struct{ name, from, to, at, says string }{
		{"S3's source", "s3", "local", "s3", "s3://migrate-test-state/development is locked by alice@laptop"},
		{"S3's destination", "local", "s3", "s3", "s3://migrate-test-state/development is locked by alice@laptop"},
		{"GitLab's destination", "s3", "http", "http", "is locked by maintainer"},
		{"GitLab's source", "http", "s3", "http", "is locked by maintainer"},
		{"a file", "local", "s3", "local", "terraform.tfstate is locked by alice@laptop"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, enginetest.First(t))
			w.at(tt.from)
			switch tt.at {
			case "s3":
				must(t, w.s3.PutObject, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(key + statestore.LockSuffix), Body: strings.NewReader(string(alice.Text()))})
			case "http":
				if status, body := w.gitlabDo(http.MethodPost, "/lock", string(alice.Text())); status != http.StatusOK {
					t.Fatalf("%d %s", status, body)
				}
			default:
				f := &statestore.Local{Path: filepath.Join(w.dir, "terraform.tfstate")}
				if err := f.Lock(t.Context(), alice); err != nil {
					t.Fatal(err)
				}
				defer f.Unlock(t.Context(), alice.ID)
			}
			w.refused(w.order("run", tt.to), 1, tt.says)
			for _, kind := range []string{"s3", "http"} {
				switch l := w.lock(kind, "default"); {
				case kind == tt.at && (l == nil || l.ID != alice.ID):
					t.Errorf("alice's lock was broken: %+v", l)
				case kind != tt.at && l != nil:
					t.Errorf("%s was left locked: %+v", kind, l)
				}
			}
			if i%2 == 1 && !enginetest.Full() {
				return
			}
			// She is done: it goes through.
			switch tt.at {
			case "s3":
				must(t, w.s3.DeleteObject, &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String(key + statestore.LockSuffix)})
			case "http":
				w.gitlabDo(http.MethodDelete, "/lock", `{"ID":"`+alice.ID+`"}`)
			default:
				return
			}
			w.finishes(tt.to)
			w.moved(tt.from, tt.to)
		})
	}
}

// One move at a time: the other one is told, also when the first was killed half way.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	w := newWorld(t, enginetest.First(t))
	w.at("local")
	o := w.order("run", "s3")
	o.KillAt = "step verify"
	if !w.ended(w.start(o)) {
		t.Fatal("it was not killed")
	}
	w.refused(w.order("run", "http"), 1, "a move of this stack to s3://migrate-test-state/development was begun and not finished")
	w.refused(w.order("retire", "s3"), 1, "finish it: strongroom state migrate --to s3")
	o = w.order("run", "s3")
	o.StopAt = "step copy"
	c := w.start(o)
	w.stops(c)
	w.refused(w.order("run", "s3"), 1, "another migration of this room's states is running")
	if got := c.goesOn(); got.code != 0 {
		t.Fatalf("exit status %d\n%s", got.code, got.log)
	}
	w.moved("local", "s3")
}

// The stack is as it was after a run that failed: its own block, and no trap for the
// next command.
func TestFailedRunLeavesTheStackAsItWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, enginetest.First(t))
	w.at("s3")
	o := w.order("run", "local")
	o.FullAt = "backend.tf"
	w.refused(o, 1, "no space left on device")
	if raw, err := os.ReadFile(filepath.Join(w.dir, "backend.tf")); err != nil || string(raw) != string(w.block("s3").Text()) {
		t.Errorf("%v\n%s", err, raw)
	}
	if l := w.lock("s3", "default"); l != nil {
		t.Errorf("the source is still locked: %+v", l)
	}
	w.finishes("local")
	w.moved("s3", "local")
}

// What engines do not write down, and a person would miss.
func TestSelectedWorkspaceStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, enginetest.First(t))
	w.at("s3", "two")
	w.write(".terraform/environment", "two")
	w.finishes("local")
	w.moved("s3", "local", "two")
	if raw, err := os.ReadFile(filepath.Join(w.dir, ".terraform", "environment")); err != nil || string(raw) != "two" {
		t.Errorf("%q, %v", raw, err)
	}
	w.plansNothing()
}

// A file by another name.
func TestNamedFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, enginetest.First(t))
	b := backend.Block{Local: &backend.Local{Path: "states/infra.tfstate"}}
	w.write("backend.tf", string(b.Text()))
	w.write("states/infra.tfstate", text(lineage, 3, "default"))
	w.write("terraform.tfstate.d/two/terraform.tfstate", text(lineageOf("two"), 4, "two"))
	w.finishes("s3")
	if got, _ := w.get("s3", "two"); got == nil || got.Lineage != lineageOf("two") {
		t.Errorf("%+v", got)
	}
	o := w.order("run", "local")
	o.To = b
	if got := w.start(o).wait(); got.code != 0 {
		t.Fatalf("exit status %d\n%s", got.code, got.log)
	}
	if raw, err := os.ReadFile(filepath.Join(w.dir, "states", "infra.tfstate")); err != nil {
		t.Error(err)
	} else if s, err := tfstate.Read(raw); err != nil || s.Lineage != lineage || s.Serial < 3 {
		t.Errorf("%+v, %v", s, err)
	}
	w.plansNothing()
	w.write("terraform.tfstate", text(other, 1, "x"))
	w.refused(w.order("run", "s3"), 1, "there is a state file beside the one that the backend block names")
}

// The backend block goes first where there is nothing to move.
func TestNothingToMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t, enginetest.First(t))
	w.write("backend.tf", string(w.block("local").Text()))
	r := w.finishes("s3")
	if len(r.Workspaces) != 1 || r.Workspaces[0].Before != nil || r.Workspaces[0].After != nil || !r.Changed {
		t.Errorf("%+v", r)
	}
	if raw, err := os.ReadFile(filepath.Join(w.dir, "backend.tf")); err != nil || string(raw) != string(w.block("s3").Text()) {
		t.Errorf("%v\n%s", err, raw)
	}
	if l := w.lock("s3", "default"); l != nil {
		t.Errorf("it is locked: %+v", l)
	}
}
