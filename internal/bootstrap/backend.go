package bootstrap

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// backendFile is where the backend block belongs when the stack has none.
const backendFile = "backend.tf"

// findBackend returns the stack's file with the backend block, parsed, and the
// block. Both are nil when the stack has none, which engines take for "local".
func findBackend(o *Options, dir string) (path string, file *hclwrite.File, block *hclwrite.Block, err error) {
	paths, err := globIn(dir, "*.tf")
	if errors.Is(err, os.ErrNotExist) || err == nil && len(paths) == 0 {
		return "", nil, nil, &diag.Diagnostic{
			Rule: "bootstrap-no-stack", Summary: "there is no stack in " + dir,
			Why: "bootstrap applies the stack that init writes", Fix: "run: strongroom init " + o.Dir,
		}
	}
	if err != nil {
		return "", nil, nil, fmt.Errorf("read the stack: %w", err)
	}
	for _, p := range paths {
		src, err := os.ReadFile(p)
		if err != nil {
			return "", nil, nil, fmt.Errorf("read the stack: %w", err)
		}
		f, diags := hclwrite.ParseConfig(src, p, hcl.InitialPos)
		if diags.HasErrors() {
			d := diags[0]
			at := diag.Location{File: p}
			if d.Subject != nil {
				at.Line, at.Column = d.Subject.Start.Line, d.Subject.Start.Column
			}
			return "", nil, nil, &diag.Diagnostic{Rule: "bootstrap-syntax", Summary: d.Summary, At: at, Why: d.Detail, Err: errors.New(diags.Error())}
		}
		for _, b := range f.Body().Blocks() {
			if b.Type() != "terraform" {
				continue
			}
			for _, inner := range b.Body().Blocks() {
				switch {
				case inner.Type() == "cloud":
					return "", nil, nil, &diag.Diagnostic{
						Rule: "bootstrap-backend", Summary: "the stack has a cloud block", At: diag.Location{File: p},
						Why: "its state belongs in the bucket it makes", Fix: "remove the cloud block",
					}
				case inner.Type() == "backend" && block != nil:
					return "", nil, nil, &diag.Diagnostic{
						Rule: "bootstrap-backend", Summary: "the stack has two backend blocks", At: diag.Location{File: p},
						Why: "an engine accepts one", Fix: "remove one of them; the other is in " + path,
					}
				case inner.Type() == "backend":
					path, file, block = p, f, inner
				}
			}
		}
	}
	return path, file, block, nil
}

// backendType returns the type of the stack's backend: "local", "s3". Others
// are refused.
func backendType(o *Options) (string, error) {
	path, _, block, err := findBackend(o, o.Stack)
	if err != nil {
		return "", err
	}
	if block == nil {
		return "local", nil
	}
	if labels := block.Labels(); len(labels) == 1 && (labels[0] == "local" || labels[0] == "s3") {
		return labels[0], nil
	}
	return "", &diag.Diagnostic{
		Rule: "bootstrap-backend", Summary: fmt.Sprintf("the stack has a backend of another kind: %q", block.Labels()), At: diag.Location{File: path},
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
func toLocal(o *Options) error { return setBackend(o, place{dir: o.Stack}, "local", nil, nil) }

// toS3 makes the bucket the stack's backend. It names the key by its ARN,
// because the bucket's policy compares ARNs, and locks with a lock file.
// Source: "Backend Type: s3" of both engines.
func toS3(o *Options, p place, keyARN string) error {
	var whole []byte
	if o.Backend != nil {
		var err error
		if whole, err = o.Backend(p.name, keyARN); err != nil {
			return fmt.Errorf("backend of %s: %w", p.dir, err)
		}
	}
	return setBackend(o, p, "s3", whole, []attribute{
		{"bucket", cty.StringVal(o.Bucket)},
		{"key", cty.StringVal(p.key)},
		{"region", cty.StringVal(o.Region)},
		{"encrypt", cty.True},
		{"kms_key_id", cty.StringVal(keyARN)},
		{"use_lockfile", cty.True},
	})
}

type attribute struct {
	name  string
	value cty.Value
}

// settled reports whether a stack's backend is the bucket, with that key. So is
// one of another stack that its owner has pointed elsewhere: it is left alone.
func settled(o *Options, p place, keyARN string) (bool, error) {
	_, _, block, err := findBackend(o, p.dir)
	if err != nil {
		return false, err
	}
	s3 := block != nil && strings.Join(block.Labels(), " ") == "s3"
	if p.dir != o.Stack && (!s3 || literal(block, "bucket") != o.Bucket) {
		return true, nil
	}
	return s3 && literal(block, "bucket") == o.Bucket && literal(block, "key") == p.key && literal(block, "kms_key_id") == keyARN, nil
}

// literal returns the value of an attribute that is a plain string, else "".
func literal(block *hclwrite.Block, name string) string {
	a := block.Body().GetAttribute(name)
	if a == nil {
		return ""
	}
	text, err := strconv.Unquote(strings.TrimSpace(string(a.Expr().BuildTokens(nil).Bytes())))
	if err != nil {
		return ""
	}
	return text
}

// setBackend writes a stack's backend block. A file that holds nothing else is
// replaced by whole, if that is not nil; in others only the block is changed.
func setBackend(o *Options, p place, kind string, whole []byte, attributes []attribute) error {
	path, file, block, err := findBackend(o, p.dir)
	if err != nil {
		return err
	}
	var text []byte
	added := block == nil
	switch {
	case block == nil && whole != nil && !exists(filepath.Join(p.dir, backendFile)):
		path, text = filepath.Join(p.dir, backendFile), whole
	case block == nil:
		path, file = filepath.Join(p.dir, backendFile), hclwrite.NewEmptyFile()
		if src, err := os.ReadFile(path); err == nil { // findBackend has parsed it
			file, _ = hclwrite.ParseConfig(src, path, hcl.InitialPos)
		}
		block = file.Body().AppendNewBlock("terraform", nil).Body().AppendNewBlock("backend", []string{kind})
	case whole != nil && alone(file):
		text = whole
	}
	if text == nil {
		block.Body().Clear()
		if len(attributes) > 0 && !added {
			block.Body().AppendNewline() // "{}" may have been on one line
		}
		block.SetLabels([]string{kind})
		for _, a := range attributes {
			block.Body().SetAttributeValue(a.name, a.value)
		}
		text = hclwrite.Format(file.Bytes())
	}
	fresh := !exists(path)
	if have, err := os.ReadFile(path); err == nil && string(have) == string(text) {
		return nil
	}
	if err := o.write(path, text); err != nil {
		return err
	}
	if fresh { // configuration is not secret
		return os.Chmod(path, 0o644)
	}
	return nil
}

// alone reports whether a file holds a terraform block with a backend block in
// it, and nothing else but comments.
func alone(file *hclwrite.File) bool {
	top := file.Body()
	if len(top.Attributes()) > 0 || len(top.Blocks()) != 1 {
		return false
	}
	inner := top.Blocks()[0].Body()
	return len(inner.Attributes()) == 0 && len(inner.Blocks()) == 1
}

// cachedBackend is where an engine remembers the backend it was initialised
// for.
const cachedBackend = ".terraform/" + localFile
