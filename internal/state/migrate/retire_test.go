package migrate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
)

// Each kind of source goes, killed at every step of it on the way.
func TestRetire(t *testing.T) {
	t.Parallel()
	for _, p := range []struct {
		from, to   string
		workspaces []string
	}{{"local", "s3", []string{"two"}}, {"s3", "local", []string{"two"}}, {"http", "s3", nil}} {
		t.Run(p.from, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, enginetest.First(t))
			w.at(p.from, p.workspaces...)
			w.finishes(p.to)
			w.moved(p.from, p.to, p.workspaces...)
			kills := 0
			for n := 1; ; n++ {
				o := w.order("retire", p.to)
				o.KillAt = fmt.Sprintf("#%d", n)
				c := w.start(o)
				if !w.ended(c) {
					break
				}
				kills++
				for i, name := range append([]string{"default"}, p.workspaces...) {
					if s, _ := w.get(p.to, name); s == nil || s.Lineage != lineageOf(name) || s.Serial < uint64(3+i) {
						t.Fatalf("%s: the destination is %+v", name, s)
					}
				}
			}
			if kills < 2 {
				t.Errorf("it was killed %d times", kills)
			}
			for _, name := range append([]string{"default"}, p.workspaces...) {
				if s, raw := w.get(p.from, name); s != nil || len(raw) > 0 {
					t.Errorf("%s: the source is still there: %+v", name, s)
				}
				if l := w.lock(p.from, name); l != nil {
					t.Errorf("%s: it is still locked: %+v", name, l)
				}
			}
			switch p.from {
			case "s3":
				out := must(t, w.s3.ListObjectVersions, &s3.ListObjectVersionsInput{Bucket: aws.String(bucket), Prefix: aws.String(key)})
				if len(out.Versions) == 0 {
					t.Error("its versions went with it")
				}
			case "local":
				left, err := filepath.Glob(filepath.Join(w.dir, "terraform.tfstate*"))
				if err != nil || len(left) > 0 {
					t.Errorf("left: %q, %v", left, err)
				}
			}
			if left, err := os.ReadDir(w.home); err != nil || len(left) != 1 || left[0].Name() != "migrate.lock" {
				t.Errorf("left in the journals' directory: %v, %v", left, err)
			}
			if got := w.start(w.order("retire", p.to)).wait(); got.code != 0 {
				t.Errorf("a second time: exit status %d\n%s", got.code, got.log)
			}
			w.plansNothing()
		})
	}
}

// A source that still holds something of its own stays.
func TestRetireRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, enginetest.First(t))
	w.at("s3")
	w.finishes("local")
	_, home := w.get("local", "default")
	_, left := w.get("s3", "default")
	block := string(w.block("local").Text())
	for _, tt := range []struct {
		name    string
		prepare func()
		says    string
	}{
		{"the destination is gone", func() { _ = os.Remove(filepath.Join(w.dir, "terraform.tfstate")) }, "there is no state at its destination"},
		{"the destination is another", func() { w.put("local", "default", text(other, 9, "x")) }, "the state at its destination is of another lineage"},
		{"the destination is older", func() { w.put("local", "default", text(lineage, 2, "x")) }, "the state at its destination has a lower serial"},
		{"the block names the source", func() { w.write("backend.tf", string(w.block("s3").Text())) }, "the stack's backend block names the place that was left"},
		{"somebody has written to the source", func() { w.put("s3", "default", text(lineage, 4, "x")) }, "somebody has written to it since it was left"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.prepare()
			_, before := w.get("s3", "default")
			w.refused(w.order("retire", "local"), 2, tt.says)
			if _, after := w.get("s3", "default"); len(after) == 0 || string(after) != string(before) {
				t.Error("the source was removed")
			}
			if l := w.lock("s3", "default"); l == nil || !strings.HasPrefix(l.ID, "strongroom-migrate-") {
				t.Errorf("the mark went: %+v", l)
			}
			w.put("local", "default", string(home))
			w.put("s3", "default", string(left))
			w.write("backend.tf", block)
		})
	}
	if got := w.start(w.order("retire", "local")).wait(); got.code != 0 {
		t.Errorf("with everything as it was: exit status %d\n%s", got.code, got.log)
	}
}

// An engine that still has the old block is kept from writing to what was left.
func TestOldBlockIsRefused(t *testing.T) {
	t.Parallel()
	for _, p := range []struct{ from, to, says string }{
		{"s3", "local", "the state has moved to"}, {"http", "local", "strongroom-migrate-to-local-"},
	} {
		t.Run(p.from, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, enginetest.First(t))
			w.at(p.from)
			w.finishes(p.to)
			old := newWorld(t, w.engine) // another checkout, with its own directory
			old.sandbox, old.gitlab = w.sandbox, w.gitlab
			block := w.block(p.from)
			text := string(block.Text())
			if p.from == "s3" {
				text = strings.Replace(text, "region ", "use_lockfile = true\n    region ", 1)
			}
			old.write("backend.tf", text)
			old.write("main.tf", "resource \"terraform_data\" \"b\" {}\n")
			if out, err := old.engineRuns("init", "-input=false", "-no-color"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			out, err := old.engineRuns("apply", "-auto-approve", "-input=false", "-no-color")
			if err == nil || !strings.Contains(strings.Join(strings.Fields(strings.ReplaceAll(out, "│", "")), " "), p.says) {
				t.Errorf("%v\n%s", err, out)
			}
			if s, _ := w.get(p.from, "default"); s == nil || s.Serial != 3 {
				t.Errorf("the source was written to: %+v", s)
			}
		})
	}
}
