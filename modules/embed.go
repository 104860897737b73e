package modules

import "embed"

// FS holds the modules as they are vendored into a room: the configuration, the
// rules it reads, the README and, if a module has one, its provider lock file.
// Tests stay behind.
//
// Each kind of file is named: embedding the directory would drop lock files
// (they begin with a dot), and "all:" would sweep in a developer's .terraform.
//
//go:embed state-backend/*.tf state-backend/README.md
//go:embed state-key/*.tf state-key/README.md
//go:embed automation-iam/*.tf automation-iam/*.json automation-iam/README.md
//go:embed nuke-config/*.tf nuke-config/README.md
//go:embed alert-sink/*.tf alert-sink/README.md
//go:embed baseline/*.tf baseline/README.md
//go:embed baseline/*/*.tf baseline/*/*.json baseline/*/README.md
var FS embed.FS
