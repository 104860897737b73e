package house_test

import (
	"sort"
	"strings"
	"testing"
)

// layers is the import policy, lowest first. A package may import packages of
// lower layers; of its own layer only where the layer says so. It is docs/
// architecture.md as data: change the page first, never the table to get a
// build through.
var layers = []struct {
	name     string
	prefixes []string // a directory, or a tree when it ends in /...
	within   bool     // members may import each other
}{
	{"policy", []string{"policy"}, false},
	{"policytest", []string{"policy/policytest"}, false},
	{"assets and facts", []string{"modules", "internal/diag", "examples", "internal/oidc", "internal/serviceref/...", "internal/eventpattern", "internal/filterpattern", "internal/metricalarm", "internal/tfstate", "internal/secret", "internal/atomicfile", "internal/sdkclient"}, false},
	{"base", []string{"sandbox/...", "release", "internal/engine/...", "internal/room", "internal/statestore", "internal/backend", "internal/logintegrity", "internal/awscall", "internal/policyread"}, false},
	{"knowledge", []string{"internal/trust", "internal/state"}, false},
	{"locks", []string{"internal/lock"}, false},
	{"features", []string{
		"internal/bootstrap", "internal/state/...", "internal/change", "internal/pipeline", "internal/lint",
		"internal/prove", "internal/policycheck", "internal/explain", "internal/token", "internal/credentials", "internal/alerts", "internal/audit", "internal/report", "internal/rehearse", "internal/sink/...",
	}, false},
	{"cli", []string{"internal/cli", "internal/cli/..."}, true},
	{"cmd", []string{"cmd/..."}, false},
}

func layerOf(dir string) int {
	best, length := -1, -1
	for i, l := range layers {
		for _, p := range l.prefixes {
			tree, isTree := strings.CutSuffix(p, "/...")
			if dir == p { // named itself, and not only the tree that it heads
				return i
			}
			if isTree && (dir == tree || strings.HasPrefix(dir, tree+"/")) {
				if len(p) > length {
					best, length = i, len(p)
				}
			}
		}
	}
	return best
}

// member is the part of a layer that a package belongs to: imports inside one
// member (sandbox and its internal packages) are its own business.
func member(dir string) string {
	parts := strings.SplitN(dir, "/", 3)
	if parts[0] == "internal" && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

func TestImportsRunOneWay(t *testing.T) {
	var bad []string
	for _, p := range packages(t) {
		if p.dir == "internal/house" {
			continue
		}
		from := layerOf(p.dir)
		if from < 0 {
			bad = append(bad, p.dir+": is in no layer; add it to docs/architecture.md and to layers in graph_test.go")
			continue
		}
		for imp, file := range p.imports {
			dir, ours := strings.CutPrefix(imp, module+"/")
			if !ours {
				continue
			}
			to := layerOf(dir)
			switch {
			case to < from:
			case to == from && (layers[from].within || member(dir) == member(p.dir)):
			default:
				bad = append(bad, p.dir+"/"+file+": "+layers[from].name+" imports "+dir+"; imports run cmd > cli > features > locks > knowledge > base > facts > policy")
			}
		}
	}
	sort.Strings(bad)
	for _, b := range bad {
		t.Error(b)
	}
}

// only says which packages may import a library, and why.
var only = []struct{ imported, by, why string }{
	{"github.com/hashicorp/terraform-exec", "internal/engine", "one place runs the engine"},
	{"github.com/spf13/cobra", "internal/cli", "features know nothing of flags"},
	{"go.etcd.io/bbolt", "sandbox/internal/store", "one place keeps the sandbox's state"},
	{"text/template", "nowhere", "a program that links it keeps every method of every type: 30 MB more on disk, 14 MB more in memory; internal/room has HCL's templates"},
}

func TestLibrariesHaveOneUser(t *testing.T) {
	for _, p := range packages(t) {
		for imp, file := range p.imports {
			for _, o := range only {
				if (imp == o.imported || strings.HasPrefix(imp, o.imported+"/")) && p.dir != o.by && !strings.HasPrefix(p.dir, o.by+"/") {
					t.Errorf("%s/%s imports %s, which only %s may: %s", p.dir, file, imp, o.by, o.why)
				}
			}
		}
	}
}

func TestPolicyUsesTheStandardLibraryOnly(t *testing.T) {
	for _, p := range packages(t) {
		if p.dir != "policy" {
			continue
		}
		for imp, file := range p.imports {
			if strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
				t.Errorf("policy/%s imports %s: the engine is importable without any dependency", file, imp)
			}
			for _, io := range []string{"os", "net", "net/http", "io/fs", "log", "os/exec"} {
				if imp == io {
					t.Errorf("policy/%s imports %s: the engine does no I/O", file, imp)
				}
			}
		}
	}
}
