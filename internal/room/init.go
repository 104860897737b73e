package room

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// Options is what a new spec says. Where there is a spec already, an option
// that is set must agree with it.
type Options struct {
	Name, Account, Region string
	// Forge is "gitlab" or "github"; empty: gitlab.
	Forge string
	// Project is GROUP/PROJECT, or OWNER/REPOSITORY.
	Project string
	// Issuer is for a forge of your own; empty: the forge's public one.
	Issuer string
	// Engine is "tofu" or "terraform"; empty: not said.
	Engine string
	// Without holds the concerns that the baseline leaves out. A new spec without
	// any has the whole baseline; nil: not said.
	Without []string
}

// What happened to a file.
const (
	Created   = "created"
	Updated   = "updated"
	Unchanged = "unchanged"
	// Kept means that a person changed the file, so it was left alone.
	Kept = "kept"
	// Removed means that the spec no longer asks for the file, and nobody had
	// changed it.
	Removed = "removed"
)

// Outcome says what Init did with a file.
type Outcome struct {
	// Path is relative to the room, with slashes.
	Path string `json:"path"`
	// Action is one of the words above.
	Action string `json:"action"`
	// New is where the text is that a kept file was not replaced with. Empty for
	// other files, and for a kept one that is only ever written once.
	New string `json:"new,omitempty"`
	// Dropped marks a kept file that the spec no longer asks for: the engine reads
	// it all the same.
	Dropped bool `json:"dropped,omitempty"`
}

// Init makes dir a room: it writes a spec from opt if there is none, and brings
// the rendered files up to date. It can be killed at any point and run again,
// and a second run without a change writes nothing. Two runs at once on one
// directory are not supported. The errors are diagnostics.
func Init(dir string, opt Options) (*Room, []Outcome, error) {
	out := []Outcome{}
	r, err := Load(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r, err = opt.room()
		if err != nil {
			return nil, nil, err
		}
		r.Dir = dir
	case err != nil:
		return nil, nil, err
	default:
		if err := opt.agree(r); err != nil {
			return nil, nil, err
		}
	}
	if err := r.apart(); err != nil {
		return nil, nil, err
	}
	if r.State.Region != r.Region {
		return nil, nil, &diag.Diagnostic{
			Rule: "spec-state-region", Summary: fmt.Sprintf("the spec's states are in %s, and the room in %s", r.State.Region, r.Region), At: diag.Location{File: filepath.Join(dir, SpecFile)},
			Why: "the bootstrap stack makes the state bucket where the room is; a bucket elsewhere is one that exists already, and a spec for it needs no stacks",
			Fix: `remove region from the block "state", or use the state commands alone, which need no init`,
		}
	}
	files, err := Render(r)
	if err != nil {
		return nil, nil, fmt.Errorf("render the room: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, ioError(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, ioError(err)
	}
	defer root.Close()
	if _, err := root.Lstat(SpecFile); errors.Is(err, fs.ErrNotExist) {
		spec, err := opt.spec()
		if err != nil {
			return nil, nil, err
		}
		if err := replace(root, SpecFile, spec); err != nil {
			return nil, nil, ioError(err)
		}
		out = append(out, Outcome{Path: SpecFile, Action: Created})
	} else {
		out = append(out, Outcome{Path: SpecFile, Action: Unchanged})
	}
	rendered, err := write(root, files, replace)
	if err != nil {
		return nil, nil, ioError(err)
	}
	return r, append(out, rendered...), nil
}

// write brings files up to date and the manifest with them. Every change to a
// file goes through put, in one step each, so that a test can stop in between.
func write(root *os.Root, files []File, put func(root *os.Root, name string, content []byte) error) ([]Outcome, error) {
	m, err := readManifest(root)
	if err != nil {
		return nil, err
	}
	out := make([]Outcome, len(files))
	after := &manifest{FormatVersion: 1, Files: map[string][]string{}}
	dropped, err := drop(root, m, files)
	if err != nil {
		return nil, err
	}
	for _, o := range dropped {
		if o.Action == Kept {
			after.Files[o.Path] = m.Files[o.Path]
		}
	}
	for i, f := range files {
		action, err := decide(root, m, f)
		if err != nil {
			return nil, err
		}
		out[i] = Outcome{Path: f.Path, Action: action}
		switch {
		case f.Once:
		case action == Kept:
			after.Files[f.Path] = m.Files[f.Path]
			out[i].New = newDir + "/" + f.Path
		default:
			after.Files[f.Path] = []string{digest(f.Content)}
		}
	}
	// First say what is going to be ours, so that a run that is killed half-way
	// does not take its own files for a person's.
	during := &manifest{FormatVersion: 1, Files: map[string][]string{}}
	pending := false
	for _, o := range dropped {
		during.Files[o.Path] = m.Files[o.Path]
	}
	for i, f := range files {
		during.Files[f.Path] = after.Files[f.Path]
		if out[i].Action == Created || out[i].Action == Updated {
			pending = true
			both := slices.Concat(m.Files[f.Path], after.Files[f.Path])
			slices.Sort(both)
			during.Files[f.Path] = slices.Compact(both)
		}
		if len(during.Files[f.Path]) == 0 {
			delete(during.Files, f.Path)
		}
	}
	if pending {
		if err := during.put(root, put); err != nil {
			return nil, err
		}
	}
	for i, f := range files {
		side := newDir + "/" + f.Path
		switch {
		case out[i].Action == Created, out[i].Action == Updated:
			err = put(root, f.Path, f.Content)
		case out[i].New != "":
			err = put(root, side, f.Content)
		}
		if err == nil && out[i].New == "" {
			err = root.Remove(side)
			if errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
		}
		if err != nil {
			return nil, err
		}
	}
	for _, o := range dropped {
		if err := unwrite(root, o); err != nil {
			return nil, err
		}
	}
	for path, sums := range after.Files {
		if len(sums) == 0 {
			delete(after.Files, path)
		}
	}
	if err := after.put(root, put); err != nil {
		return nil, err
	}
	return append(out, dropped...), root.RemoveAll(tmpDir)
}

// decide says what is to be done with a file.
func decide(root *os.Root, m *manifest, f File) (string, error) {
	on, err := root.ReadFile(f.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Created, nil
	case err != nil:
		return "", err
	case f.Once || digest(on) == digest(f.Content):
		return Unchanged, nil
	case m.ours(f.Path, digest(on)):
		return Updated, nil
	}
	return Kept, nil
}

func ioError(err error) error {
	return &diag.Diagnostic{
		Rule: "room-io", Summary: "the room cannot be written: " + err.Error(), Err: err,
		Why: "nothing is half-written: each file is the old one or the new one",
		Fix: "clear the cause and run the same command again",
	}
}

// spec returns the text of a new spec.
func (o Options) spec() ([]byte, error) {
	src, err := stackFS.ReadFile("stacks/strongroom.hcl.tmpl")
	if err != nil {
		return nil, err
	}
	forge := Forge{Kind: o.forge(), Project: o.Project, Issuer: o.Issuer}
	return execute(SpecFile, src, map[string]cty.Value{
		"name": cty.StringVal(o.name()), "account": cty.StringVal(o.Account), "region": cty.StringVal(o.Region), "engine": cty.StringVal(o.Engine),
		"forge": forge.value(), "default_bucket": cty.StringVal(o.name() + "-state-" + o.Account), "without": texts(o.Without),
	})
}

func (o Options) name() string {
	if o.Name == "" {
		return "foundations"
	}
	return o.Name
}

func (o Options) forge() string {
	if o.Forge == "" {
		return "gitlab"
	}
	return o.Forge
}

// room checks the options by reading the spec they make.
func (o Options) room() (*Room, error) {
	missing := diag.List{}
	for _, need := range []struct{ flag, value, example string }{
		{"account", o.Account, "111122223333"},
		{"region", o.Region, "eu-west-2"},
		{"project", o.Project, "GROUP/PROJECT"},
	} {
		if need.value == "" {
			missing = append(missing, &diag.Diagnostic{
				Rule: "init-missing", Summary: "a new room needs its " + need.flag,
				Why: "there is no " + SpecFile + " yet that says it", Fix: "add --" + need.flag + " " + need.example,
			})
		}
	}
	if len(missing) > 0 {
		return nil, missing
	}
	src, err := o.spec()
	if err != nil {
		return nil, err
	}
	r, err := Parse(SpecFile, src)
	var faults diag.List
	if errors.As(err, &faults) {
		// There is no such file yet: the fault is in an option.
		for _, d := range faults {
			d.At, d.Found = diag.Location{}, ""
		}
	}
	return r, err
}

// agree refuses options that say something else than the spec does.
func (o Options) agree(r *Room) error {
	var list diag.List
	for _, c := range []struct{ flag, option, spec string }{
		{"name", o.Name, r.Name},
		{"account", o.Account, r.Account},
		{"region", o.Region, r.Region},
		{"forge", o.Forge, r.Forge.Kind},
		{"project", o.Project, r.Forge.Project},
		{"issuer", o.Issuer, r.Forge.Issuer},
		{"engine", o.Engine, r.Engine},
	} {
		if c.option != "" && c.option != c.spec {
			list = append(list, &diag.Diagnostic{
				Rule: "init-conflict", Summary: fmt.Sprintf("--%s %s, and the spec says %q", c.flag, c.option, c.spec),
				At:  diag.Location{File: filepath.Join(r.Dir, SpecFile)},
				Why: "init never changes a spec that is there", Fix: "edit the spec, or leave out --" + c.flag,
			})
		}
	}
	if o.Without != nil {
		list = append(list, o.agreeWithout(r)...)
	}
	return list.Err()
}

// agreeWithout refuses --without where the spec leaves out something else.
func (o Options) agreeWithout(r *Room) diag.List {
	says := "has no baseline"
	if r.Baseline != nil {
		if sameConcerns(o.Without, r.Baseline.Without) {
			return nil
		}
		says = "leaves out nothing"
		if len(r.Baseline.Without) > 0 {
			says = "leaves out " + strings.Join(r.Baseline.Without, ", ")
		}
	}
	return diag.List{&diag.Diagnostic{
		Rule: "init-conflict", Summary: fmt.Sprintf("--without %s, and the spec %s", strings.Join(o.Without, ","), says),
		At:  diag.Location{File: filepath.Join(r.Dir, SpecFile)},
		Why: "init never changes a spec that is there", Fix: "edit without in the spec's baseline block, or leave out --without",
	}}
}

func sameConcerns(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}
