package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
)

// fake writes an executable script that answers "version" and does the rest
// of the script for other commands.
func fake(t *testing.T, path, version, rest string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\n" +
		"if [ \"$1 $2\" = \"version -json\" ]; then echo '{\"terraform_version\":\"1.12.0\"}'; exit 0; fi\n" +
		"if [ \"$1\" = version ]; then printf '%s\\non linux_amd64\\n' '" + version + "'; exit 0; fi\n" + rest + "\n"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindOrder(t *testing.T) {
	dir := t.TempDir()
	path, home := filepath.Join(dir, "path"), filepath.Join(dir, "home")
	work := filepath.Join(dir, "work")
	put := func(name, version string) string { return fake(t, filepath.Join(dir, name), version, "exit 1") }

	environ := []string{"PATH=" + path, "HOME=" + home}
	// Each step adds an engine that comes before all those before it.
	for _, step := range []struct {
		name string
		add  func()
		want string
	}{
		{"none", func() {}, ""},
		{"user cache", func() { put("home/.cache/strongroom/bin/tofu", "OpenTofu v1.10.0") }, "OpenTofu 1.10.0"},
		{"bin/tofu", func() { put("work/bin/tofu", "OpenTofu v1.10.1") }, "OpenTofu 1.10.1"},
		{"terraform on PATH", func() { put("path/terraform", "Terraform v1.11.4") }, "Terraform 1.11.4"},
		{"tofu on PATH", func() { put("path/tofu", "OpenTofu v1.12.6") }, "OpenTofu 1.12.6"},
		{"STRONGROOM_ENGINE", func() {
			environ = append(environ, "STRONGROOM_ENGINE="+put("other/engine", "OpenTofu v1.13.0-beta1"))
		}, "OpenTofu 1.13.0-beta1"},
	} {
		step.add()
		b, err := engine.Find(t.Context(), engine.Search{Environ: environ, Dir: work})
		if step.want == "" {
			wantRule(t, err, "engine-missing", "make tofu")
			continue
		}
		if err != nil || b.String() != step.want || !filepath.IsAbs(b.Path) {
			t.Errorf("%s: got %s at %q, %v; want %s", step.name, b, b.Path, err, step.want)
		}
	}
	b, err := engine.Find(t.Context(), engine.Search{Spec: "terraform", Environ: environ, Dir: work})
	if err != nil || b.Name != engine.Terraform {
		t.Errorf("spec: got %s, %v; want the Terraform that the spec names", b, err)
	}
}

func TestFindRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ name, spec, script, rule, says string }{
		{"a named engine is not replaced", "tofu", "", "engine-missing", "the spec names"},
		{"a path that is missing", "./nothing", "", "engine-missing", "not silently replaced"},
		{"old OpenTofu", "./old", "OpenTofu v1.9.4", "engine-too-old", "1.10.0 or newer"},
		{"old Terraform", "./oldtf", "Terraform v1.10.5", "engine-too-old", "1.11.0 or newer"},
		{"a pre-release of the oldest is new enough", "./pre", "Terraform v1.11.0-rc1", "", ""},
		{"something else", "./else", "Vagrant v2.0.0", "engine-unknown", "does not answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.script != "" {
				fake(t, filepath.Join(dir, tt.spec), tt.script, "exit 1")
			}
			_, err := engine.Find(t.Context(), engine.Search{Spec: tt.spec, Environ: []string{"PATH=/nowhere"}, Dir: dir})
			if tt.rule == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantRule(t, err, tt.rule, tt.says)
		})
	}
}

// wantRule checks for a diagnostic of a rule whose texts say something.
func wantRule(t *testing.T, err error, rule, says string) {
	t.Helper()
	var d *diag.Diagnostic
	if !errors.As(err, &d) {
		t.Fatalf("got %v, want a diagnostic of %s", err, rule)
	}
	if all := d.Summary + "\n" + d.Why + "\n" + d.Fix; d.Rule != rule || !strings.Contains(all, says) {
		t.Errorf("got %s: %s\nwant %s, saying %q", d.Rule, all, rule, says)
	}
}
