package bootstrap

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/strongroom-dev/strongroom/internal/atomicfile"
	"github.com/strongroom-dev/strongroom/internal/diag"
)

// takeTurn makes sure that one bootstrap runs in a room's directory at a time.
// The lock ends with the process, however that ends; the engine it started
// ends with it too.
func takeTurn(o *Options) (release func(), err error) {
	if err := os.MkdirAll(o.house(), 0o755); err != nil {
		return nil, fmt.Errorf("bootstrap: %w", err)
	}
	path := filepath.Join(o.house(), "bootstrap.lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("bootstrap: %w", err)
	}
	if err := atomicfile.TryLock(f); err != nil {
		f.Close()
		return nil, &diag.Diagnostic{
			Rule: "bootstrap-busy", Summary: "another bootstrap of this room is running on this machine", Found: path, Err: err,
			Why: "two of them would apply the same plan twice",
			Fix: "wait for it to end, or interrupt it with Ctrl-C",
		}
	}
	return func() { f.Close() }, nil
}
