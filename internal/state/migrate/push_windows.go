package migrate

import (
	"errors"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// feed is refused: Windows has no pipes with a path in a directory.
func feed(string, []byte) (func() error, error) {
	return nil, &diag.Diagnostic{
		Rule: "state-migrate-windows", Summary: "the engine gave the copy a new lineage, and on Windows that cannot be mended", Err: errors.ErrUnsupported,
		Why: "the state would have to be written to the disk in the clear", Fix: "run it again on Linux or macOS, or in WSL: it goes on from here",
	}
}
