package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/diag"
)

// understood are the attributes of backend blocks that a move understands. Whatever
// else stands there changes where the state is, or who may read it, or how it is
// locked, so that the checks would be made at the wrong place.
var understood = map[string][]string{
	"s3":    {"bucket", "key", "region", "encrypt", "kms_key_id", "use_lockfile"},
	"http":  {"address", "lock_address", "lock_method", "unlock_address", "unlock_method", "update_method", "retry_max", "retry_wait_min", "retry_wait_max"},
	"local": {"path"},
}

// needed are those that have to be plain strings in the block.
var needed = map[string][]string{"s3": {"bucket", "key", "region"}, "http": {"address"}}

// current is the backend block that the stack has.
func (o *Options) current() (backend.Block, error) {
	found, err := backend.Find(o.Dir)
	if errors.Is(err, backend.ErrNoStack) {
		return backend.Block{}, &diag.Diagnostic{
			Rule: "state-migrate-no-stack", Summary: "there is no stack in " + o.Dir, Err: err,
			Why: "the engine moves a state in the directory of its root module", Fix: "write dir into the spec's stack block",
		}
	}
	if err != nil {
		return backend.Block{}, err
	}
	names, ok := understood[found.Type]
	if !ok {
		return backend.Block{}, &diag.Diagnostic{
			Rule: "state-migrate-backend", Summary: fmt.Sprintf("the stack has a backend of another kind: %q", found.Type), At: diag.Location{File: found.Path},
			Why: "states are moved between s3, http and local, because at others nothing could be checked", Fix: "move it to one of them by hand first: " + o.engineName() + " init -migrate-state",
		}
	}
	for _, a := range found.Attributes() {
		if !slices.Contains(names, a) {
			return backend.Block{}, &diag.Diagnostic{
				Rule: "state-migrate-backend", Summary: fmt.Sprintf("the %s backend block has %s, which a move does not know", found.Type, a), At: diag.Location{File: found.Path},
				Why: "the state would be looked for, read or locked otherwise than the engine does",
				Fix: "leave only these in the block: " + strings.Join(names, ", ") + "; credentials belong in the environment",
			}
		}
	}
	for _, a := range needed[found.Type] {
		if found.Text(a) == "" {
			return backend.Block{}, &diag.Diagnostic{
				Rule: "state-migrate-backend", Summary: fmt.Sprintf("the %s backend block has no plain text for %s", found.Type, a), At: diag.Location{File: found.Path},
				Why: "what -backend-config or a variable adds is not known here", Fix: fmt.Sprintf("write %s = \"...\" into the block", a),
			}
		}
	}
	switch found.Type {
	case "s3":
		return backend.Block{S3: &backend.S3{Bucket: found.Text("bucket"), Key: found.Text("key"), Region: found.Text("region"), KMSKeyARN: found.Text("kms_key_id")}}, nil
	case "http":
		return o.gitlab(found)
	}
	if found.Has("path") && found.Text("path") == "" {
		return backend.Block{}, &diag.Diagnostic{Rule: "state-migrate-backend", Summary: "the path of the local backend is not a plain text", At: diag.Location{File: found.Path}, Why: "the file is not known here", Fix: `write path = "..."`}
	}
	return backend.Block{Local: &backend.Local{Path: found.Text("path")}}, nil
}

// gitlab reads an http block, which has to be as GitLab wants it.
func (o *Options) gitlab(found *backend.Found) (backend.Block, error) {
	address := strings.TrimSuffix(found.Text("address"), "/")
	for name, want := range map[string]string{"lock_address": address + "/lock", "unlock_address": address + "/lock", "lock_method": "POST", "unlock_method": "DELETE", "update_method": "POST"} {
		if found.Has(name) && found.Text(name) != want {
			return backend.Block{}, &diag.Diagnostic{
				Rule: "state-migrate-backend", Summary: fmt.Sprintf("the http backend block has a %s that is not GitLab's", name), At: diag.Location{File: found.Path},
				Why: "GitLab's state API is the one that is known here, with its locks", Fix: fmt.Sprintf("write %s = %q", name, want),
			}
		}
	}
	return backend.Block{HTTP: &backend.HTTP{Address: address}}, nil
}

func (o *Options) engineName() string {
	if o.Engine == nil {
		return "terraform"
	}
	return strings.ToLower(o.Engine.Name)
}
