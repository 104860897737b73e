package alerts

import (
	"errors"
	"io/fs"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// unusable says that rules cannot be read from a file or directory.
func unusable(name string, err error) error {
	var d *diag.Diagnostic
	if errors.As(err, &d) {
		return err
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return &diag.Diagnostic{Rule: "alerts-rules", Summary: err.Error(), At: diag.Location{File: name}, Err: err,
		Why: "a rule that is not read, or is read wrong, gives a wrong verdict",
		Fix: "give a stack's directory, the JSON of a plan or a state (tofu show -json), or a file or directory of what the AWS CLI prints"}
}
