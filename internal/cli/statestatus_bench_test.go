package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/cli"
	"github.com/strongroom-dev/strongroom/internal/state/statetest"
)

// BenchmarkState1000 asks about 1,000 states in a sandbox of the same process: with
// what is worked out from policies, and with reading tried as the principal.
func BenchmarkState1000(b *testing.B) {
	w := newStateWorld(b)
	for i := range 999 {
		w.Put(fmt.Sprintf("env:/w%03d/development", i), statetest.State(1, 20), w.Keys["development"])
	}
	w.Put("development", statetest.State(1, 20), w.Keys["development"])
	for _, args := range [][]string{
		{"status"}, {"verify", "--principal-profile", "development=dev", "--reader-profile", "reader"},
	} {
		b.Run(strings.ReplaceAll(strings.Join(args, " "), " --", ", "), func(b *testing.B) {
			for b.Loop() {
				var stdout, stderr bytes.Buffer
				if code := cli.Run(b.Context(), append(append([]string{"state"}, args...), "--env", "development", "--dir", w.Dir), strings.NewReader(""), &stdout, &stderr, os.Environ()); code != 0 {
					b.Fatalf("exit status %d: %s", code, &stderr)
				}
			}
		})
	}
}
