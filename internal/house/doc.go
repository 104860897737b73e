// Package house holds the rules of the repository as tests: which package may
// import which, that every package says what it is, and that files made by a
// tool are up to date. It has no code besides its tests.
//
// The rules come from docs/architecture.md; a change that does not fit changes
// that page and the table in graph_test.go first, in a commit of its own.
package house
