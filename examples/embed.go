package examples

import "embed"

// FS holds one directory for each example room, with its spec.
//
//go:embed foundations/strongroom.hcl state-keys/strongroom.hcl portability/strongroom.hcl
var FS embed.FS
