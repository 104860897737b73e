// Package cli is the command line: one file for each command, which reads its
// flags, calls a feature and prints the answer. It holds no logic of its own.
//
// Run is the whole program; cmd/strongroom only calls it. A command is a
// constructor newX(env *Env) *cobra.Command and one line in root.go.
//
// What every command keeps to: the answer is on stdout and all else on stderr;
// --format json wherever there is an answer, with format_version first, fields
// only ever added, and lists never null; exit 0 for yes, 1 for could not decide
// (usage and I/O errors too), 2 for decided no; meaning is never only in colour.
package cli
