// Package examples carries the example rooms: FS is what "strongroom rehearse"
// builds when it is given no room. An example holds a spec and nothing else, as
// the stacks and modules are rendered from it.
package examples
