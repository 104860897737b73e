package state

import (
	"fmt"
	"path/filepath"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// KeyVariable is the environment variable that turns encryption under the
// environment's own key on: it holds the key's ARN. Unset, or empty: off.
const KeyVariable = "STATE_KMS_KEY_ID"

// Block is the backend block of a stack. keyARN is the value of KeyVariable: with it
// states are encrypted under that key, without it the block is the one from before.
// fallback is for OpenTofu's own encryption: whether states that are not encrypted
// yet can be read. The error is a *diag.Diagnostic that says why a key is refused.
func Block(r *room.Room, e Environment, s Stack, keyARN string, fallback bool) (backend.Block, error) {
	if keyARN != "" {
		if err := keyOf(r, e, keyARN); err != nil {
			return backend.Block{}, err
		}
	}
	var b backend.Block
	switch r.State.Backend {
	case "http":
		b.HTTP = &backend.HTTP{Address: r.State.HTTPAddress + "/" + s.HTTPName()}
	case "local":
		b.Local = &backend.Local{}
	default:
		b.S3 = &backend.S3{Bucket: r.State.Bucket, Key: s.Key, Region: r.State.Region, KMSKeyARN: keyARN, LockFile: r.State.Locking}
	}
	switch {
	case keyARN != "" && r.State.ClientEncryption:
		b.Encryption = &backend.Encryption{KMSKeyARN: keyARN, Region: r.State.Region, Fallback: fallback}
	case keyARN != "" && b.S3 == nil:
		return backend.Block{}, &diag.Diagnostic{
			Rule: "state-key-backend", Summary: fmt.Sprintf("%s is set, and the backend is %s", KeyVariable, b.Type()), At: spec(r),
			Why: "only S3 encrypts under a key of yours; elsewhere the variable would silently change nothing",
			Fix: "unset " + KeyVariable + `; or write client_encryption = true and engine = "tofu" into the spec, which encrypts before the state leaves the machine`,
		}
	}
	return b, nil
}

// keyOf refuses a key that is not the environment's.
func keyOf(r *room.Room, e Environment, arn string) error {
	refuse := func(rule, why, fix string) error {
		return &diag.Diagnostic{Rule: rule, Summary: fmt.Sprintf("%s cannot encrypt the states of %s", KeyVariable, e.Name), At: spec(r), Found: arn, Why: why, Fix: fix}
	}
	if rule, why, fix := r.KeyARNFault(arn); why != "" {
		return refuse(rule, why, fix)
	}
	if e.KeyARN != "" && e.KeyARN != arn {
		return refuse("state-key-other", "the spec says that its key is "+e.KeyARN, "set "+KeyVariable+"="+e.KeyARN+", or change kms_key_arn in the spec if the environment has a new key")
	}
	for _, other := range r.State.Environments {
		if other.Name != e.Name && other.KeyARN == arn {
			return refuse("state-key-other", "it is the key of environment "+other.Name+", whose principal could then read these states", "set the variable to the key of "+e.Name)
		}
	}
	return nil
}

func spec(r *room.Room) diag.Location {
	return diag.Location{File: filepath.Join(r.Dir, room.SpecFile)}
}
