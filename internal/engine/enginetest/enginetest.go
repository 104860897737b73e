// Package enginetest finds the engines that tests run. Call All for every
// engine of the machine, First for the one that users would get, and Full to
// know whether the long tests are wanted. It runs nothing itself.
package enginetest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine"
)

// Full reports whether the tests that take long are to run with every engine:
// `make test-full` sets STRONGROOM_TEST_FULL=1.
func Full() bool { return os.Getenv("STRONGROOM_TEST_FULL") == "1" }

// All returns every engine of this machine, each name once: those on PATH, and
// bin/tofu of this checkout. No engine is a failure, because what the engine
// should show would go unshown; with Full, so is having only one of the two.
func All(t testing.TB) []engine.Binary {
	t.Helper()
	var found []engine.Binary
	seen := map[string]bool{}
	for _, spec := range []string{"terraform", "tofu", "./bin/tofu"} {
		b, err := engine.Find(t.Context(), engine.Search{Spec: spec, Dir: root()})
		if err == nil && !seen[b.Name] {
			seen[b.Name] = true
			found = append(found, b)
		}
	}
	switch {
	case len(found) == 0:
		t.Fatal("no engine: install OpenTofu or Terraform, or run: make tofu")
	case Full() && len(found) < 2:
		t.Fatalf("STRONGROOM_TEST_FULL=1 wants both engines, found %v: put terraform on PATH, and run: make tofu", found)
	}
	return found
}

// First returns the engine that a user of this machine would get.
func First(t testing.TB) engine.Binary {
	t.Helper()
	b, err := engine.Find(t.Context(), engine.Search{Dir: root()})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Chosen is All with Full, else First alone.
func Chosen(t testing.TB) []engine.Binary {
	t.Helper()
	if Full() {
		return All(t)
	}
	return []engine.Binary{First(t)}
}

// root is the checkout, wherever the test runs.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}
