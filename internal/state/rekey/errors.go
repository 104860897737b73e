package rekey

import (
	"errors"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/policyread"
)

// asDiagnostic reports whether an error is one that names its reason and its fix.
func asDiagnostic(err error, to **diag.Diagnostic) bool {
	var d *diag.Diagnostic
	if err == nil || !errors.As(err, &d) {
		return false
	}
	*to = d
	return true
}

// joined is several errors as one; the first alone stays what it is.
func joined(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// cause is an error in few words.
func cause(err error) string { return policyread.Cause(err) }
