// Package room reads the spec of a room (strongroom.hcl) and keeps the two
// stacks that are rendered from it. Load reads and checks a spec; Init writes a
// spec where there is none, renders the stacks and vendors the modules beside
// them, one main.CONCERN.tf of the src stack for each concern of the baseline;
// CheckProviders finds credentials in provider blocks that CI will run.
//
// The spec holds plain values: no variables, no functions, no secrets. Init never
// overwrites what a person changed: .strongroom/manifest.json remembers what was
// written, and a rendered file that is neither new nor as it was written is left
// alone, with the new text put in .strongroom/new for comparison.
//
// It runs no engine and makes no AWS call: internal/bootstrap does.
package room
