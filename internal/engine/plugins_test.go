package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/engine"
)

var tofu = engine.Binary{Path: "/bin/tofu", Name: engine.OpenTofu, Version: "1.12.6"}

func answering(yes bool) func(context.Context, string) bool {
	return func(context.Context, string) bool { return yes }
}

func put(t *testing.T, mode os.FileMode, text string, parts ...string) string {
	t.Helper()
	path := filepath.Join(parts...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEquipOrder(t *testing.T) {
	home, plugins := t.TempDir(), t.TempDir()
	target := runtime.GOOS + "_" + runtime.GOARCH
	environ := []string{"HOME=" + home, "TF_CLI_CONFIG_FILE=" + home + "/missing"}
	outfit := engine.Outfit{Environ: environ, Places: []string{plugins}, Reachable: answering(false)}
	equip := func(o engine.Outfit) engine.Plugins {
		t.Helper()
		p, err := engine.Equip(t.Context(), tofu, o)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}

	_, err := engine.Equip(t.Context(), tofu, outfit)
	wantRule(t, err, "provider-missing", "tofu providers mirror")

	put(t, 0o755, "five", plugins, "registry.terraform.io/hashicorp/aws/5.100.0", target, "terraform-provider-aws_v5.100.0_x5")
	put(t, 0o755, "six", plugins, "flat/terraform-provider-aws_v6.1.0_x5")
	put(t, 0o755, "plan nine", plugins, "registry.terraform.io/hashicorp/aws/7.0.0/solaris_arm/terraform-provider-aws_v7.0.0_x5")
	put(t, 0o644, "not executable", plugins, "flat/terraform-provider-aws_v8.0.0_x5")
	put(t, 0o755, "another", plugins, "flat/terraform-provider-random_v3.0.0_x5")

	p := equip(outfit)
	if p.Source != "mirror" || len(p.Set) != 1 {
		t.Fatalf("got %+v, want the mirror", p)
	}
	config, _ := strings.CutPrefix(p.Set[0], "TF_CLI_CONFIG_FILE=")
	mirror := filepath.Dir(config)
	var files []string
	for _, host := range []string{"registry.opentofu.org", "registry.terraform.io"} {
		for _, f := range []string{"5.100.0/" + target + "/terraform-provider-aws_v5.100.0_x5", "6.1.0/" + target + "/terraform-provider-aws_v6.1.0_x5"} {
			files = append(files, filepath.Join(mirror, host, "hashicorp/aws", f))
		}
	}
	var have []string
	err = filepath.WalkDir(mirror, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type()&os.ModeSymlink != 0 {
			t.Errorf("%s is a symbolic link; engines do not follow those to directories", path)
		}
		if err == nil && d.Type().IsRegular() && path != config {
			have = append(have, path)
		}
		return err
	})
	if d := cmp.Diff(files, have); d != "" || err != nil {
		t.Errorf("mirror: %v, -want +got:\n%s", err, d)
	}

	before, _ := os.Stat(config)
	equip(outfit)
	if after, _ := os.Stat(config); !after.ModTime().Equal(before.ModTime()) {
		t.Error("a second Equip wrote the configuration again")
	}

	outfit.Reachable = answering(true)
	p = equip(outfit)
	if p.Source != "registry" || p.From != "registry.opentofu.org" || !slices.Contains(p.Unset, "TF_CLI_CONFIG_FILE") {
		t.Errorf("got %+v, want the registry, without the missing configuration file", p)
	}
	outfit.PreferLocal = true
	if p = equip(outfit); p.Source != "mirror" {
		t.Errorf("got %+v, want the mirror because local is preferred", p)
	}

	// A user's configuration that says nothing of installation is kept in front.
	put(t, 0o600, "credentials \"example.com\" {\n  token = \"t\"\n}\n", home, ".terraformrc")
	p = equip(outfit)
	text, err := os.ReadFile(config)
	if err != nil || p.Source != "mirror" || !strings.HasPrefix(string(text), "credentials \"example.com\"") || !strings.Contains(string(text), "filesystem_mirror") {
		t.Errorf("got %+v and %q, %v; want the user's settings and the mirror", p, text, err)
	}
	if info, err := os.Stat(config); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: the configuration may hold credentials", info.Mode(), err)
	}
	own := put(t, 0o600, "provider_installation {\n  direct {}\n}\n", home, ".tofurc")
	if p = equip(outfit); p.Source != "cli configuration" || p.From != own || len(p.Set) != 0 {
		t.Errorf("got %+v, want the user's own configuration", p)
	}
}

func TestPlaces(t *testing.T) {
	got := engine.Places([]string{"HOME=/h", "STRONGROOM_PLUGIN_DIR=/mine", "TF_PLUGIN_CACHE_DIR=relative", "XDG_DATA_DIRS=/a:/b"})
	if len(got) < 4 || got[0] != "/mine" || slices.Contains(got, "relative") {
		t.Errorf("got %q, want the named directory first and no relative one", got)
	}
	for _, want := range []string{"/h/.terraform.d/plugins", "/h/.local/share/opentofu/plugins", "/a/terraform/plugins", "/b/opentofu/plugins"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among %q", want, got)
		}
	}
}
