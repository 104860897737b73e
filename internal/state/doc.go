// Package state says which states a room has: whose they are, where they are
// kept, and under which key they have to be encrypted there.
//
// Start with Select, which returns the environments that a command is about, in
// the spec's order, each with its states. Workspaces finds those that are not in
// the spec. The folders below do something to them, one each: status, grants,
// rekey, migrate, history, scan. They share this package and nothing else.
//
// It knows nothing of what a state holds (package tfstate), and speaks to no
// place by itself except to find workspaces and keys.
package state
