// Package dispatch takes every AWS request the one way: which service, who
// signed, which operation, may they, do it, record it, answer.
//
// New checks the services' tables and returns an http.Handler. The order is
// signature, caller, operation, input, Row.Prepare, the state's lock, Row.Checks,
// policy, Row.Handle, encoding to a buffer, unlock, audit event, answer. It
// fails closed: whatever it does not understand, and whatever fails, is refused.
//
// It does not terminate TLS and does not proxy: package sandbox does.
package dispatch
