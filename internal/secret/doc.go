// Package secret tells what looks like a secret: by well-known formats, by what a
// value is called, and by how random it looks.
//
// Start with Find for the formats in a text, Named for a value that has a name,
// and Random for a value that says nothing else about itself. Looks is all that
// can be said of a text alone; Mask is how a secret is shown.
//
// What it returns never holds more of a secret than its length and the first four
// characters of a prefix that is the same for all secrets of the kind. It knows
// nothing of states, and asks nobody whether a secret is valid.
//
// Source: the pages that formats.go names. A Pushover key and many others have no
// format: 30 letters and digits. They are found by name or by randomness.
package secret
