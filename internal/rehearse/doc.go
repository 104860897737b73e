// Package rehearse builds a room in the sandbox and attacks every lock.
//
// Run does it and returns a Report, which View prints as a table, and
// Report.JSON and Report.JUnit write for programs. The room is built from a
// copy of its files by the real engine with the real provider, unchanged, and
// the room on disk is never touched. The bootstrap stack is applied as a person
// does; the src stack of a room with a baseline as CI does, with the token of a
// pipeline and the apply role.
//
// It decides nothing: package lock says what is claimed and what counts as
// refused. It does not bootstrap either; the caller hands that in, because
// features do not import each other.
package rehearse
