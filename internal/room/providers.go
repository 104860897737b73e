package room

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// forbidden are the arguments that take the place of the pipeline's web identity.
var forbidden = []struct{ name, why, fix string }{
	{"profile", "the provider takes its credentials from the profile and never looks at the pipeline's web identity: CI finds none, or the wrong ones", "remove the line; on your own machine: export AWS_PROFILE=NAME"},
	{"access_key", "a key in a file is a long-lived credential that everyone with the repository has", "remove the line; on your own machine use AWS_PROFILE, in CI the web identity"},
	{"secret_key", "a key in a file is a long-lived credential that everyone with the repository has", "remove the line, and have the key withdrawn"},
	{"shared_credentials_files", "the file is on one machine only, and stands in the way of the pipeline's web identity", "remove the line; on your own machine: export AWS_SHARED_CREDENTIALS_FILE=FILE"},
}

// CheckProviders finds credentials in the aws provider blocks and S3 backends of a
// stack that CI will run. dir is the stack's directory. The list is in the order
// of file names and lines; empty means that none were found. A file that does
// not parse is a diagnostic in the list too, and a directory that cannot be read
// an error.
func CheckProviders(dir string) (diag.List, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	parser := hclparse.NewParser()
	var list diag.List
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		parse := parser.ParseHCLFile
		switch {
		case strings.HasSuffix(name, ".tf"), strings.HasSuffix(name, ".tofu"):
		case strings.HasSuffix(name, ".tf.json"), strings.HasSuffix(name, ".tofu.json"):
			parse = parser.ParseJSONFile
		default:
			continue
		}
		file, found := parse(name)
		if found.HasErrors() {
			for _, f := range found.Errs() {
				list = append(list, &diag.Diagnostic{Rule: "stack-syntax", Summary: f.Error(), Why: "what cannot be read cannot be checked", Fix: "mend the file", At: diag.Location{File: name}})
			}
			continue
		}
		list = append(list, providersIn(file)...)
	}
	return list, nil
}

func providersIn(file *hcl.File) diag.List {
	var list diag.List
	top, _, _ := file.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "provider", LabelNames: []string{"name"}}, {Type: "terraform"},
	}})
	for _, b := range top.Blocks {
		if b.Type == "provider" && b.Labels[0] == "aws" {
			list = append(list, credentialsIn(file, `provider "aws"`, b.Body)...)
			continue
		}
		if b.Type != "terraform" {
			continue
		}
		inner, _, _ := b.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "backend", LabelNames: []string{"kind"}}}})
		for _, backend := range inner.Blocks {
			if backend.Labels[0] == "s3" {
				list = append(list, credentialsIn(file, `backend "s3"`, backend.Body)...)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b *diag.Diagnostic) int { return a.At.Line - b.At.Line })
	return list
}

func credentialsIn(file *hcl.File, where string, body hcl.Body) diag.List {
	schema := &hcl.BodySchema{}
	for _, f := range forbidden {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: f.name})
	}
	content, _, _ := body.PartialContent(schema)
	var list diag.List
	for _, f := range forbidden {
		attr := content.Attributes[f.name]
		if attr == nil {
			continue
		}
		d := &diag.Diagnostic{
			Rule: "provider-credentials", Summary: fmt.Sprintf("%s sets %q in a stack that CI runs", where, f.name),
			At: location(attr.NameRange), Why: f.why, Fix: f.fix,
		}
		// The value of a profile is a name; that of a key is never shown.
		if f.name == "profile" {
			d.Found = string(attr.Range.SliceBytes(file.Bytes))
		}
		list = append(list, d)
	}
	return list
}
