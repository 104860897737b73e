package diag

import (
	"context"
	"errors"
	"strconv"
)

// The exit statuses of every command. A gate must not confuse a crash with a
// verdict, so "no" and "could not tell" differ.
const (
	// Yes: done, or decided yes.
	Yes = 0
	// Undecided: the answer is not known. Usage and I/O errors end here too.
	Undecided = 1
	// No: decided no.
	No = 2
)

// ExitError carries the exit status to the end of the command. Other errors
// end with Undecided.
type ExitError struct {
	// Code is the exit status.
	Code int
	// Err is printed first. Nil: nothing is printed, the answer on stdout said
	// it all.
	Err error
}

// Refuse returns err as a decided "no". A nil err prints nothing.
func Refuse(err error) error { return &ExitError{Code: No, Err: err} }

func (e *ExitError) Error() string {
	if e.Err == nil {
		return "exit status " + strconv.Itoa(e.Code)
	}
	return e.Err.Error()
}

func (e *ExitError) Unwrap() error { return e.Err }

// Outcome splits a command's error into the exit status and what is to be
// printed; the latter may be nil. Outcome(nil) is Yes.
func Outcome(err error) (code int, print error) {
	if err == nil {
		return Yes, nil
	}
	var exit *ExitError
	if errors.As(err, &exit) {
		return exit.Code, exit.Err
	}
	var d *Diagnostic
	if errors.Is(err, context.Canceled) && !errors.As(err, &d) {
		return Undecided, &Diagnostic{Summary: "interrupted", Err: err}
	}
	return Undecided, err
}
