// Package op is the contract between the dispatcher and the services: what an
// operation is, what it must be allowed before it runs, and what it is told
// about the caller.
//
// Start with Row. A service is a table of rows; the dispatcher alone verifies
// signatures, decodes, authorises, calls the handler, audits and encodes. A
// handler never authorises by hand: its row declares the Checks, or says in
// Public why there are none. An operation with neither does not start.
//
// It holds no state and does no I/O.
package op
