package backend

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// others refuses backend and cloud blocks in files that Find does not read: JSON, and
// those of OpenTofu alone. Who overlooked one would take the state for a local one.
// Source: "JSON Configuration Syntax"; OpenTofu "Files and Directories", .tofu files.
func others(dir string) error {
	for _, ending := range []string{"*.tf.json", "*.tofu", "*.tofu.json"} {
		paths, err := filepath.Glob(filepath.Join(escape(dir), ending))
		if err != nil {
			return err
		}
		for _, p := range paths {
			if strings.HasPrefix(filepath.Base(p), "strongroom_") { // a move's own, which it removes
				continue
			}
			src, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			switch {
			case strings.HasSuffix(p, ".json") && hasJSON(src):
				return elsewhere(p, "the stack's backend block is written as JSON")
			case !strings.HasSuffix(p, ".json") && has(src, p):
				return elsewhere(p, "the stack's backend block is in a file that only OpenTofu reads")
			}
		}
	}
	return nil
}

func elsewhere(path, what string) error {
	return &diag.Diagnostic{
		Rule: "backend-elsewhere", Summary: what, At: diag.Location{File: path},
		Why: "it decides where the state is, and only a backend block of the stack's own .tf files is read and changed here", Fix: "move the block into " + FileName,
	}
}

// override reports whether engines merge a file over the others.
// Source: "Override Files".
func override(path string) bool {
	name := strings.TrimSuffix(filepath.Base(path), ".tf")
	return name == "override" || strings.HasSuffix(name, "_override")
}

// has reports whether HCL has a backend or a cloud block; what does not parse has none.
func has(src []byte, path string) bool {
	f, problems := hclwrite.ParseConfig(src, path, hcl.InitialPos)
	if problems.HasErrors() {
		return false
	}
	for _, outer := range f.Body().Blocks() {
		if outer.Type() != "terraform" {
			continue
		}
		for _, inner := range outer.Body().Blocks() {
			if inner.Type() == "backend" || inner.Type() == "cloud" {
				return true
			}
		}
	}
	return false
}

// hasJSON is has, of JSON: a block may be an object, or a list of them.
func hasJSON(src []byte) bool {
	var file struct {
		Terraform json.RawMessage `json:"terraform"`
	}
	if json.Unmarshal(src, &file) != nil {
		return false
	}
	var list []map[string]json.RawMessage
	if json.Unmarshal(file.Terraform, &list) != nil {
		var one map[string]json.RawMessage
		if json.Unmarshal(file.Terraform, &one) != nil {
			return false
		}
		list = append(list[:0], one)
	}
	for _, block := range list {
		if block["backend"] != nil || block["cloud"] != nil {
			return true
		}
	}
	return false
}
