package engine

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"
)

// Places returns the directories where a provider plugin usually lies, for the
// environment given: STRONGROOM_PLUGIN_DIR, the plugin cache, then the implied
// local mirrors of both engines, then /opt/*plugins*.
// Source: "Implied Local Mirror Directories" of both engines.
func Places(environ []string) []string {
	home := getenv(environ, "HOME")
	var places []string
	add := func(parts ...string) {
		dir := filepath.Join(parts...)
		if parts[0] != "" && filepath.IsAbs(dir) && !slices.Contains(places, dir) {
			places = append(places, dir)
		}
	}
	add(getenv(environ, "STRONGROOM_PLUGIN_DIR"))
	add(getenv(environ, "TF_PLUGIN_CACHE_DIR"))
	add(home, ".terraform.d", "plugins")
	add(home, ".terraform.d", "plugin-cache")
	add(getenv(environ, "APPDATA"), "terraform.d", "plugins")
	data := []string{getenv(environ, "XDG_DATA_HOME")}
	if data[0] == "" && home != "" {
		data[0] = filepath.Join(home, ".local", "share")
	}
	if dirs := getenv(environ, "XDG_DATA_DIRS"); dirs != "" {
		data = append(data, filepath.SplitList(dirs)...)
	} else {
		data = append(data, "/usr/local/share", "/usr/share")
	}
	for _, dir := range data {
		add(dir, "terraform", "plugins")
		add(dir, "opentofu", "plugins")
	}
	if runtime.GOOS == "darwin" {
		add(home, "Library", "Application Support", "io.terraform", "plugins")
		add("/Library/Application Support/io.terraform/plugins")
	}
	opt, _ := filepath.Glob("/opt/*plugins*") // the pattern is well formed
	for _, dir := range opt {
		add(dir)
	}
	return places
}

// plugin is one unpacked AWS provider that was found.
type plugin struct {
	path    string // the binary
	version *version.Version
}

// unpacked is the name of the provider's binary, in any directory.
var unpacked = regexp.MustCompile(`^terraform-provider-aws_v(\d+\.\d+\.\d+)(_x\d+)?(\.exe)?$`)

// depth is how far below a place a plugin may lie: HOST/NAMESPACE/TYPE/VERSION/TARGET/FILE.
const depth = 6

// search finds every unpacked plugin for this platform below the places,
// newest first, one for each version. Places that are missing or may not be
// read are passed over.
func search(places []string) ([]plugin, error) {
	var found []plugin
	for _, place := range places {
		err := filepath.WalkDir(place, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return fs.SkipDir
			}
			rel, err := filepath.Rel(place, path)
			if err != nil {
				return err
			}
			if d.IsDir() {
				if strings.Count(rel, string(filepath.Separator)) >= depth-1 && rel != "." {
					return fs.SkipDir
				}
				return nil
			}
			m := unpacked.FindStringSubmatch(d.Name())
			if m == nil || foreign(path) || !executable(path) {
				return nil
			}
			v, err := version.NewVersion(m[1])
			if err != nil {
				return nil
			}
			if !slices.ContainsFunc(found, func(p plugin) bool { return p.version.Equal(v) }) {
				found = append(found, plugin{path, v})
			}
			return nil
		})
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
	}
	slices.SortStableFunc(found, func(a, b plugin) int { return cmp.Compare(0, a.version.Compare(b.version)) })
	return found, nil
}

// target is how a directory names a platform: "linux_amd64".
var target = regexp.MustCompile(`^(linux|darwin|windows|freebsd|openbsd|solaris)_(amd64|arm64|386|arm)$`)

// foreign reports whether a directory above the file names another platform.
func foreign(path string) bool {
	dir := filepath.Base(filepath.Dir(path))
	return target.MatchString(dir) && dir != platform()
}

func platform() string { return runtime.GOOS + "_" + runtime.GOARCH }
