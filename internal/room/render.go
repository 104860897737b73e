package room

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/strongroom-dev/strongroom/modules"
)

//go:embed stacks/*.tmpl stacks/bootstrap/*.tmpl stacks/src/*.tmpl
var stackFS embed.FS

// File is a file of a room.
type File struct {
	// Path is relative to the room, with slashes.
	Path    string
	Content []byte
	// Once is whether the file is written only where there is none: from then
	// on it belongs to the person, or to "strongroom bootstrap".
	Once bool
}

// Render returns the files of both stacks, the modules they use and .gitignore,
// sorted by path. The spec is not among them.
func Render(r *Room) ([]File, error) {
	files := []File{}
	for _, stack := range Stacks {
		names, err := fs.Glob(stackFS, "stacks/"+stack+"/*.tmpl")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if !r.rendered(name) {
				continue
			}
			src, err := stackFS.ReadFile(name)
			if err != nil {
				return nil, err
			}
			content, err := execute(name, src, r.values(stack))
			if err != nil {
				return nil, err
			}
			base := strings.TrimSuffix(path.Base(name), ".tmpl")
			files = append(files, File{Path: stack + "/" + base, Content: content, Once: base == "backend.tf"})
		}
	}
	ignore, err := stackFS.ReadFile("stacks/gitignore.tmpl")
	if err != nil {
		return nil, err
	}
	files = append(files, File{Path: ".gitignore", Content: ignore})
	err = fs.WalkDir(modules.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := modules.FS.ReadFile(name)
		files = append(files, File{Path: "modules/" + name, Content: content})
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// rendered tells whether a template's file is part of the room: one that is about
// a concern of the baseline only with that concern.
func (r *Room) rendered(name string) bool {
	c, _ := strings.CutPrefix(strings.TrimSuffix(path.Base(name), ".tf.tmpl"), "main.")
	if c == "alert-sink" {
		return r.Baseline.HasSink()
	}
	return !slices.Contains(Concerns, c) || r.Baseline.Has(c)
}

// BackendS3 returns backend.tf of a stack once its bucket and key exist. keyARN
// is the ARN of the key, never its alias.
func (r *Room) BackendS3(stack, keyARN string) ([]byte, error) {
	if !slices.Contains(Stacks, stack) {
		return nil, fmt.Errorf("there is no stack %q, only %q", stack, Stacks)
	}
	src, err := stackFS.ReadFile("stacks/backend.s3.tf.tmpl")
	if err != nil {
		return nil, err
	}
	values := r.values(stack)
	values["key_arn"] = cty.StringVal(keyARN)
	return execute("backend.s3.tf", src, values)
}

// BackendLocal returns backend.tf of the bootstrap stack as it starts.
func BackendLocal() ([]byte, error) {
	src, err := stackFS.ReadFile("stacks/bootstrap/backend.tf.tmpl")
	if err != nil {
		return nil, err
	}
	return execute("backend.tf", src, nil)
}
