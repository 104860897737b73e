package bootstrap

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// backendFile is where the backend block belongs when the stack has none.
const backendFile = "backend.tf"

// findBackend returns the stack's file with the backend block, parsed, and the
// block. Both are nil when the stack has none, which engines take for "local".
func findBackend(o *Options) (path string, file *hclwrite.File, block *hclwrite.Block, err error) {
	paths, err := filepath.Glob(filepath.Join(o.Stack, "*.tf"))
	if err != nil {
		return "", nil, nil, err
	}
	if len(paths) == 0 {
		return "", nil, nil, &diag.Diagnostic{
			Rule: "bootstrap-no-stack", Summary: "there is no stack to apply", Found: o.Stack,
			Why: "bootstrap applies the stack that init writes", Fix: "run: strongroom init " + o.Dir,
		}
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
	path, _, block, err := findBackend(o)
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

// setBackend writes the backend block, keeping everything else in its file.
// Nil attributes make it local.
func setBackend(o *Options, attributes []attribute) error {
	path, file, block, err := findBackend(o)
	if err != nil {
		return err
	}
	if block == nil {
		path, file = o.stack(backendFile), hclwrite.NewEmptyFile()
		if src, err := os.ReadFile(path); err == nil {
			var diags hcl.Diagnostics
			if file, diags = hclwrite.ParseConfig(src, path, hcl.InitialPos); diags.HasErrors() {
				return diags
			}
		}
		block = file.Body().AppendNewBlock("terraform", nil).Body().AppendNewBlock("backend", []string{"local"})
	}
	block.Body().Clear()
	kind := "local"
	if len(attributes) > 0 {
		kind = "s3"
		block.Body().AppendNewline()
	}
	block.SetLabels([]string{kind})
	for _, a := range attributes {
		block.Body().SetAttributeValue(a.name, a.value)
	}
	text := hclwrite.Format(file.Bytes())
	if have, err := os.ReadFile(path); err == nil && string(have) == string(text) {
		return nil
	}
	if err := o.write(path, text); err != nil {
		return err
	}
	// Configuration is not secret, and others read it: not the 0600 of a new file.
	return os.Chmod(path, 0o644)
}

type attribute struct {
	name  string
	value cty.Value
}

// s3Backend is the block that the state moves to. It names the key by its ARN,
// because the bucket's policy compares ARNs, and locks with a lock file.
// Source: "Backend Type: s3" of both engines.
func s3Backend(o *Options, keyARN string) []attribute {
	return []attribute{
		{"bucket", cty.StringVal(o.Bucket)},
		{"key", cty.StringVal(o.StateKey)},
		{"region", cty.StringVal(o.Region)},
		{"encrypt", cty.True},
		{"kms_key_id", cty.StringVal(keyARN)},
		{"use_lockfile", cty.True},
	}
}

// cachedBackend is where an engine remembers the backend it was initialised
// for. Without it, an engine takes a local state for the one to migrate.
const cachedBackend = ".terraform/" + localFile
