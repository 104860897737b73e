package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// reality is what is found, now, in the stack's directory and in the account.
type reality struct {
	// backend is the type the stack's backend block names: "local", "s3".
	backend string
	bucket  bucketState
	// local and remote are the states; nil where there is none.
	local, remote *tfstate.Snapshot
}

// remoteHome reports whether the state lives in the bucket. If not, it lives
// in the stack's directory, or nowhere yet.
func (r *reality) remoteHome() bool {
	if r.remote == nil {
		return false
	}
	return r.local.Void() || r.remote.Lineage == r.local.Lineage && r.remote.Serial > r.local.Serial || r.remote.Same(r.local)
}

// localFile is where the local backend keeps its state.
// Source: "Backend Type: local", default of path.
const localFile = "terraform.tfstate"

// look finds out what is there. It changes nothing.
func look(ctx context.Context, o *Options, c *cloud) (*reality, error) {
	r := &reality{}
	var err error
	if r.backend, err = backendType(o); err != nil {
		return nil, err
	}
	if r.local, err = readLocal(o.stack(localFile)); err != nil && !errors.Is(err, errDamaged) {
		return nil, err
	}
	if r.bucket, err = c.headBucket(ctx); err != nil {
		return nil, err
	}
	if r.bucket != bucketOurs {
		return r, nil
	}
	raw, err := c.get(ctx, o.StateKey)
	if err != nil {
		return nil, err
	}
	if raw != nil {
		if r.remote, err = tfstate.Read(raw); err != nil {
			return nil, damagedRemote(o, err)
		}
	}
	return r, r.agree(o)
}

// errDamaged marks a local state file that cannot be read.
var errDamaged = errors.New("damaged")

// readLocal returns nil for a file that is missing or empty.
func readLocal(path string) (*tfstate.Snapshot, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the local state: %w", err)
	}
	s, err := tfstate.Read(raw)
	if errors.Is(err, tfstate.ErrEmpty) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, errDamaged, err)
	}
	return s, nil
}

// renumbered reports whether the state in the bucket is the local one, but
// under a lineage and a serial of its own: the engines give a state new ones
// when they migrate it into an empty place.
// Observed: Terraform 1.11.4 and OpenTofu 1.12.6, init -migrate-state from
// local to s3; the migrated state has serial 1 and a new lineage.
func (r *reality) renumbered() bool {
	return r.remote != nil && !r.local.Void() && r.remote.Lineage != r.local.Lineage && r.remote.Digest == r.local.Digest
}

// agree refuses two states of which neither is the other's ancestor.
func (r *reality) agree(o *Options) error {
	if r.remote == nil || r.local.Void() {
		return nil
	}
	there := fmt.Sprintf("s3://%s/%s", o.Bucket, o.StateKey)
	found := fmt.Sprintf("%s: serial %d, lineage %s\n%s: serial %d, lineage %s", o.stack(localFile), r.local.Serial, r.local.Lineage, there, r.remote.Serial, r.remote.Lineage)
	switch {
	case r.local.Lineage != r.remote.Lineage && !r.renumbered():
		return diag.Refuse(&diag.Diagnostic{
			Rule: "bootstrap-two-states", Summary: "there are two states of different origin, here and in the bucket", Found: found,
			Why: "copying one over the other would lose what only the other one knows",
			Fix: "find out which one describes the room. If it is the one in the bucket, move the local one away:\n  mv " + o.stack(localFile) + " /somewhere/safe",
		})
	case r.local.Lineage == r.remote.Lineage && r.local.Serial == r.remote.Serial && r.local.Digest != r.remote.Digest:
		return diag.Refuse(&diag.Diagnostic{
			Rule: "bootstrap-two-states", Summary: "the states here and in the bucket differ although they have the same serial", Found: found,
			Why: "both were written after they parted, so neither holds everything",
			Fix: "compare them (\"state list\" with each), and move the wrong one away",
		})
	}
	return nil
}

func damagedRemote(o *Options, err error) error {
	there := fmt.Sprintf("s3://%s/%s", o.Bucket, o.StateKey)
	return &diag.Diagnostic{
		Rule: "bootstrap-remote-damaged", Summary: "the state in the bucket cannot be read: " + err.Error(), Found: there, Err: err,
		Why: "engines and S3 write it whole or not at all, so something else wrote it; going on would build on nothing",
		Fix: "the bucket keeps old versions; look for the newest whole one and copy it back:\n" +
			"  aws s3api list-object-versions --bucket " + o.Bucket + " --prefix " + o.StateKey + "\n" +
			"  aws s3api get-object --bucket " + o.Bucket + " --key " + o.StateKey + " --version-id VERSION state.json\n" +
			"then, with a backend block that names this bucket, run \"state push state.json\"",
	}
}
