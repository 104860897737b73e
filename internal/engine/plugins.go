package engine

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// Outfit says how an engine is to get its provider plugins.
type Outfit struct {
	// Environ is the environment as KEY=VALUE. Nil: the process's own.
	Environ []string
	// PreferLocal takes a plugin that lies on this machine before asking the
	// registry. For rehearsals, which hold nothing of value; a real apply takes
	// the signed plugin from the registry when it can.
	PreferLocal bool
	// Reachable says whether a registry host ("registry.opentofu.org") answers.
	// Nil: it is asked, with a limit of a few seconds.
	Reachable func(ctx context.Context, host string) bool
	// Places are the directories to search for plugins. Nil: see Places.
	Places []string
	// CacheDir is where a mirror and a plugin cache are kept. Empty:
	// strongroom in the user's cache directory.
	CacheDir string
}

// Plugins is where the plugins come from.
type Plugins struct {
	// Source is "cli configuration", "registry" or "mirror".
	Source string
	// From is the file, host or directory behind it.
	From string
	// Set and Unset are the changes to the engine's environment. Never nil
	// entries; both may be empty.
	Set, Unset []string
}

// Equip makes sure that the binary can install the AWS provider, and says how
// its environment must change. The order is: the provider_installation block
// of the user's own CLI configuration; the registry; a plugin found on this
// machine, laid out as a filesystem mirror. A TF_CLI_CONFIG_FILE that names a
// missing file is left out, not an error.
//
// Equip may run in several processes at once.
func Equip(ctx context.Context, b Binary, o Outfit) (Plugins, error) {
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.CacheDir == "" {
		home := cacheHome(o.Environ)
		if home == "" {
			return Plugins{}, &diag.Diagnostic{Rule: "cache-missing", Summary: "no cache directory: neither XDG_CACHE_HOME nor HOME is set", Fix: "export HOME"}
		}
		o.CacheDir = filepath.Join(home, "strongroom")
	}
	if o.Places == nil {
		o.Places = Places(o.Environ)
	}
	if o.Reachable == nil {
		o.Reachable = reachable(o.Environ)
	}
	config, missing := userConfig(b, o.Environ)
	var unset []string
	if missing {
		unset = []string{"TF_CLI_CONFIG_FILE"}
	}
	var own []byte
	if config != "" {
		src, err := os.ReadFile(config)
		if err != nil {
			return Plugins{}, fmt.Errorf("read the CLI configuration: %w", err)
		}
		if installs(src, config) {
			return Plugins{Source: "cli configuration", From: config, Unset: unset}, nil
		}
		own = src
	}
	host := registryHost[b.Name]
	if !o.PreferLocal && o.Reachable(ctx, host) {
		return o.registry(host, unset)
	}
	found, err := search(o.Places)
	if err != nil {
		return Plugins{}, err
	}
	if len(found) > 0 {
		file, err := layMirror(filepath.Join(o.CacheDir, "plugins"), found, own)
		if err != nil {
			return Plugins{}, err
		}
		return Plugins{Source: "mirror", From: found[0].path, Set: []string{"TF_CLI_CONFIG_FILE=" + file}}, nil
	}
	if o.PreferLocal && o.Reachable(ctx, host) {
		return o.registry(host, unset)
	}
	if ctx.Err() != nil {
		return Plugins{}, ctx.Err()
	}
	return Plugins{}, missingProvider(b, host, o.Places)
}

// registry lets the engine download, into a plugin cache so that the next
// stack need not download again.
func (o Outfit) registry(host string, unset []string) (Plugins, error) {
	p := Plugins{Source: "registry", From: host, Unset: unset}
	if getenv(o.Environ, "TF_PLUGIN_CACHE_DIR") == "" {
		dir := filepath.Join(o.CacheDir, "downloads")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return Plugins{}, fmt.Errorf("plugin cache: %w", err)
		}
		p.Set = []string{"TF_PLUGIN_CACHE_DIR=" + dir}
	}
	return p, nil
}

func missingProvider(b Binary, host string, places []string) error {
	name := strings.ToLower(b.Name)
	if b.Name == OpenTofu {
		name = "tofu"
	}
	return &diag.Diagnostic{
		Rule:    "provider-missing",
		Summary: "no AWS provider: " + host + " does not answer, and no terraform-provider-aws is on this machine",
		Why:     "the room is built by the real hashicorp/aws provider; looked in " + strings.Join(places, ", "),
		Fix: "give this machine a way to " + host + " (HTTPS_PROXY), or on one that has it, in a directory with a stack, run\n" +
			"  " + name + " providers mirror ~/.terraform.d/plugins\n" +
			"and copy ~/.terraform.d/plugins here, or name a directory: STRONGROOM_PLUGIN_DIR=/path/to/plugins",
		Ref: "docs: Provider Installation",
	}
}

var registryHost = map[string]string{OpenTofu: "registry.opentofu.org", Terraform: "registry.terraform.io"}

// reachable asks for the discovery document that every registry serves, on the
// way the engine itself would take.
func reachable(environ []string) func(context.Context, string) bool {
	return func(ctx context.Context, host string) bool {
		ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/.well-known/terraform.json", nil)
		if err != nil {
			return false
		}
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, Proxy: func(*http.Request) (*url.URL, error) {
			for _, key := range []string{"HTTPS_PROXY", "https_proxy"} {
				if v := getenv(environ, key); v != "" {
					return url.Parse(v)
				}
			}
			return nil, nil
		}}}
		resp, err := client.Do(req)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}
}

// userConfig returns the CLI configuration file that the engine would read, or
// "", and whether TF_CLI_CONFIG_FILE names a file that is not there.
// Source: "CLI Configuration File" of both engines (locations).
func userConfig(b Binary, environ []string) (file string, missing bool) {
	if file = getenv(environ, "TF_CLI_CONFIG_FILE"); file != "" {
		if isFile(file) {
			return file, false
		}
		missing = true
	}
	var candidates []string
	home := getenv(environ, "HOME")
	if b.Name == OpenTofu {
		if home != "" {
			candidates = append(candidates, filepath.Join(home, ".tofurc"))
		}
		if xdg := getenv(environ, "XDG_CONFIG_HOME"); xdg != "" {
			candidates = append(candidates, filepath.Join(xdg, "opentofu", "tofurc"))
		}
	}
	if home != "" {
		candidates = append(candidates, filepath.Join(home, ".terraformrc"))
	}
	if appdata := getenv(environ, "APPDATA"); appdata != "" {
		candidates = append(candidates, filepath.Join(appdata, "tofu.rc"), filepath.Join(appdata, "terraform.rc"))
	}
	for _, c := range candidates {
		if isFile(c) {
			return c, missing
		}
	}
	return "", missing
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// installs reports whether a CLI configuration says how providers are
// installed. A file that does not parse counts: the engine then tells the user.
func installs(src []byte, name string) bool {
	f, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	if diags.HasErrors() {
		return true
	}
	body, ok := f.Body.(*hclsyntax.Body)
	if !ok {
		return true
	}
	for _, block := range body.Blocks {
		if block.Type == "provider_installation" {
			return true
		}
	}
	return false
}
