package bootstrap

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/diag"
)

// findBackend returns the backend block of a stack.
func findBackend(o *Options, dir string) (*backend.Found, error) {
	found, err := backend.Find(dir)
	if errors.Is(err, backend.ErrNoStack) {
		return nil, &diag.Diagnostic{
			Rule: "bootstrap-no-stack", Summary: "there is no stack in " + dir, Err: err,
			Why: "bootstrap applies the stack that init writes", Fix: "run: strongroom init " + o.Dir,
		}
	}
	return found, err
}

// backendType returns the type of the stack's backend: "local", "s3". Others
// are refused.
func backendType(o *Options) (string, error) {
	found, err := findBackend(o, o.Stack)
	if err != nil {
		return "", err
	}
	if found.Type == "local" || found.Type == "s3" {
		return found.Type, nil
	}
	return "", &diag.Diagnostic{
		Rule: "bootstrap-backend", Summary: fmt.Sprintf("the stack has a backend of another kind: %q", found.Type), At: diag.Location{File: found.Path},
		Why: "bootstrap takes a state from the local backend to s3, and knows no other way",
		Fix: "write backend \"local\" {}",
	}
}

// place is a stack whose backend is the bucket.
type place struct {
	// name is the stack's, "bootstrap"; dir where it lies; key its state's.
	name, dir, key string
}

// places are the bootstrap stack and those that come after it, as far as they
// are there.
func (o *Options) places() []place {
	all := []place{{filepath.Base(o.Stack), o.Stack, o.StateKey}}
	for _, p := range o.Others {
		if p := (place{p.Name, p.Dir, p.StateKey}); exists(p.dir) {
			all = append(all, p)
		}
	}
	return all
}

// toLocal makes the bootstrap stack's backend local.
func toLocal(o *Options) error {
	return setBackend(o, place{dir: o.Stack}, backend.Block{Local: &backend.Local{}}, nil)
}

// toS3 makes the bucket the stack's backend. It names the key by its ARN,
// because the bucket's policy compares ARNs, and locks with a lock file.
func toS3(o *Options, p place, keyARN string) error {
	var whole []byte
	if o.Backend != nil {
		var err error
		if whole, err = o.Backend(p.name, keyARN); err != nil {
			return fmt.Errorf("backend of %s: %w", p.dir, err)
		}
	}
	return setBackend(o, p, backend.Block{S3: &backend.S3{Bucket: o.Bucket, Key: p.key, Region: o.Region, KMSKeyARN: keyARN, LockFile: true}}, whole)
}

// settled reports whether a stack's backend is the bucket, with that key. So is
// one of another stack that its owner has pointed elsewhere: it is left alone.
func settled(o *Options, p place, keyARN string) (bool, error) {
	found, err := findBackend(o, p.dir)
	if err != nil {
		return false, err
	}
	here := found.Type == "s3" && found.Text("bucket") == o.Bucket
	if p.dir != o.Stack && !here {
		return true, nil
	}
	return here && found.Text("key") == p.key && found.Text("kms_key_id") == keyARN, nil
}

// setBackend writes a stack's backend block. A file that holds nothing else is
// replaced by whole, if that is not nil; in others only the block is changed.
func setBackend(o *Options, p place, b backend.Block, whole []byte) error {
	path, text, err := backend.Change(p.dir, b, whole)
	if err != nil {
		return err
	}
	have, err := os.ReadFile(path)
	if err == nil && string(have) == string(text) {
		return nil
	}
	fresh := errors.Is(err, os.ErrNotExist)
	if err := o.write(path, text); err != nil {
		return err
	}
	if fresh { // configuration is not secret
		return os.Chmod(path, 0o644)
	}
	return nil
}
