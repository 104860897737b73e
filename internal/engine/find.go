package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/hashicorp/go-version"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// The names of the two engines, as they print them themselves.
const (
	OpenTofu  = "OpenTofu"
	Terraform = "Terraform"
)

// Oldest versions that lock S3 state with a lock file.
// Source: OpenTofu 1.10 release notes, "S3 native locking"; Terraform v1.11
// upgrade notes, "S3 native state locking is now generally available".
var oldest = map[string]*version.Version{
	OpenTofu:  version.Must(version.NewVersion("1.10.0")),
	Terraform: version.Must(version.NewVersion("1.11.0")),
}

// Search says where to look for an engine.
type Search struct {
	// Spec is what strongroom.hcl names: "tofu", "terraform" or a path. Empty:
	// the spec leaves it open. A named engine that is not there is an error;
	// no other one is taken in its place.
	Spec string
	// Environ is the environment as KEY=VALUE: STRONGROOM_ENGINE, PATH,
	// XDG_CACHE_HOME and HOME are read. Nil: the process's own.
	Environ []string
	// Dir is where ./bin/tofu is looked for, and relative paths begin. Empty:
	// the current directory.
	Dir string
}

// Binary is an engine that was found and asked for its version.
type Binary struct {
	// Path is absolute.
	Path string
	// Name is OpenTofu or Terraform.
	Name string
	// Version is "1.11.4", without a "v".
	Version string
}

// String returns the name and the version.
func (b Binary) String() string { return b.Name + " " + b.Version }

// Find returns the engine to use. The order is: what the spec names,
// STRONGROOM_ENGINE, tofu on PATH, terraform on PATH, then a tofu that "make
// tofu" built: Dir/bin/tofu, and strongroom/bin/tofu in the user's cache
// directory. What is found must be new enough to lock S3 state with a lock
// file. Errors are diagnostics that say how to get an engine.
func Find(ctx context.Context, s Search) (Binary, error) {
	if s.Environ == nil {
		s.Environ = os.Environ()
	}
	for _, named := range []struct{ from, value string }{
		{"the spec", s.Spec}, {"STRONGROOM_ENGINE", getenv(s.Environ, "STRONGROOM_ENGINE")},
	} {
		if named.value == "" {
			continue
		}
		path, err := s.lookup(named.value)
		if err != nil {
			return Binary{}, &diag.Diagnostic{
				Rule: "engine-missing", Summary: fmt.Sprintf("%s names an engine that cannot be run", named.from),
				Found: named.value, Err: err,
				Why: "an engine that was chosen is not silently replaced by another: the two write their states and plans differently",
				Fix: "install it, or change " + named.from + " to \"tofu\", \"terraform\" or the path of a binary",
			}
		}
		return identify(ctx, path, s.Environ)
	}
	for _, name := range []string{"tofu", "terraform"} {
		if path, err := s.lookup(name); err == nil {
			return identify(ctx, path, s.Environ)
		}
	}
	for _, path := range s.built() {
		if executable(path) {
			return identify(ctx, path, s.Environ)
		}
	}
	return Binary{}, &diag.Diagnostic{
		Rule: "engine-missing", Summary: "no engine: neither tofu nor terraform is on PATH",
		Why: "strongroom plans and applies with the real OpenTofu or Terraform",
		Fix: "install OpenTofu 1.10 or newer (https://opentofu.org/docs/intro/install/), or build it from its Go module:\n" +
			"  make tofu\n" +
			"or name a binary: STRONGROOM_ENGINE=/path/to/tofu",
	}
}

// built lists the places where "make tofu" leaves its binary.
func (s Search) built() []string {
	paths := []string{filepath.Join(s.Dir, "bin", "tofu")}
	if cache := cacheHome(s.Environ); cache != "" {
		paths = append(paths, filepath.Join(cache, "strongroom", "bin", "tofu"))
	}
	return paths
}

// lookup resolves a name on the PATH of Environ, or a path from Dir.
func (s Search) lookup(name string) (string, error) {
	if strings.ContainsRune(name, filepath.Separator) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(s.Dir, name)
		}
		if !executable(name) {
			return "", fmt.Errorf("%q is not an executable file", name)
		}
		return name, nil
	}
	for _, dir := range filepath.SplitList(getenv(s.Environ, "PATH")) {
		// As in os/exec, the current directory is never searched implicitly.
		if path := filepath.Join(dir, name); filepath.IsAbs(path) && executable(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("%q: %w", name, exec.ErrNotFound)
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && (runtime.GOOS == "windows" || info.Mode()&0o111 != 0)
}

// firstLine is how both engines begin their version. The plain form is asked
// for because the JSON form does not say which of the two engines answers.
var firstLine = regexp.MustCompile(`(?m)^(OpenTofu|Terraform) v(\d+\.\d+\.\d+\S*)\s*$`)

func identify(ctx context.Context, path string, environ []string) (Binary, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Binary{}, err
	}
	// The configuration of the user is of no interest here, and a name of a
	// missing file in TF_CLI_CONFIG_FILE would only add warnings.
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(Environ(environ, nil, []string{"TF_CLI_CONFIG_FILE"}), "CHECKPOINT_DISABLE=1")
	cmd.Dir = os.TempDir()
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return Binary{}, ctx.Err()
	}
	m := firstLine.FindSubmatch(out)
	if m == nil {
		return Binary{}, &diag.Diagnostic{
			Rule: "engine-unknown", Summary: "this binary does not answer like an engine", Found: path, Err: errors.Join(err),
			Why: "\"version\" must print \"OpenTofu v...\" or \"Terraform v...\"",
			Fix: "name the binary of OpenTofu or Terraform itself, not a version manager's wrapper that is not set up",
		}
	}
	b := Binary{Path: path, Name: string(m[1]), Version: string(m[2])}
	v, err := version.NewVersion(b.Version)
	if err != nil {
		return Binary{}, fmt.Errorf("version of %s: %w", path, err)
	}
	if v.Core().LessThan(oldest[b.Name]) {
		return Binary{}, &diag.Diagnostic{
			Rule: "engine-too-old", Summary: fmt.Sprintf("%s is too old: %s %s or newer is needed", b, b.Name, oldest[b.Name]),
			Found: path,
			Why:   "older versions cannot lock state in S3 with a lock file, so two applies could run at once",
			Fix:   "upgrade it, or build OpenTofu from its Go module with \"make tofu\" and set STRONGROOM_ENGINE=bin/tofu",
		}
	}
	return b, nil
}

// cacheHome is os.UserCacheDir, read from an environment that is passed in.
func cacheHome(environ []string) string {
	if dir := getenv(environ, "XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	home := getenv(environ, "HOME")
	switch {
	case runtime.GOOS == "windows":
		return getenv(environ, "LOCALAPPDATA")
	case home == "":
		return ""
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Caches")
	}
	return filepath.Join(home, ".cache")
}
