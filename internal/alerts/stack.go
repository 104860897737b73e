package alerts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// Planner plans stacks, as they are, in a sandbox of its own and from an empty state.
type Planner struct {
	// Environ is the environment that the engine is found in and its own is made from.
	// Nil: the process's own.
	Environ []string
	// Engine is what a room's spec names; empty: whichever is found.
	Engine string
	// Account and Region are the sandbox's; empty: the sandbox's defaults.
	Account, Region string
	// Progress is told what is done. Nil: nobody is.
	Progress func(step string)
}

// override makes a copied stack keep its state in its own directory, whatever its
// backend is.
// Source: "Override Files" of both engines: a backend block in one takes the other's place.
const override = "terraform {\n  backend \"local\" {}\n}\n"

// plan copies the stack in dir with the modules that it uses, and plans the copy.
func (p *Planner) plan(ctx context.Context, dir string) (*tfjson.Plan, error) {
	if p.Environ == nil {
		p.Environ = os.Environ()
	}
	if p.Progress == nil {
		p.Progress = func(string) {}
	}
	work, err := os.MkdirTemp("", "strongroom-alerts-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	stack, err := copyStack(dir, work)
	if err != nil {
		return nil, unusable(dir, err)
	}
	if err := os.WriteFile(filepath.Join(stack, "strongroom_alerts_override.tf"), []byte(override), 0o600); err != nil {
		return nil, err
	}
	binary, err := engine.Find(ctx, engine.Search{Spec: p.Engine, Environ: p.Environ})
	if err != nil {
		return nil, err
	}
	plugins, err := engine.Equip(ctx, binary, engine.Outfit{Environ: p.Environ, PreferLocal: true})
	if err != nil {
		return nil, err
	}
	box, err := sandbox.Start(ctx, sandbox.Options{Account: p.Account, Region: p.Region})
	if err != nil {
		return nil, err
	}
	defer box.Close()
	e, err := engine.New(binary, stack, engine.Options{
		Environ: engine.Environ(p.Environ, slices.Concat(plugins.Set, box.Env()), slices.Concat(box.EnvUnset(), plugins.Unset)),
	})
	if err != nil {
		return nil, err
	}
	p.Progress("init")
	if err := e.Init(ctx); err != nil {
		return nil, unplanned(dir, err)
	}
	p.Progress("plan")
	file := filepath.Join(work, "alerts.tfplan")
	if _, _, err := e.Plan(ctx, file); err != nil {
		return nil, unplanned(dir, err)
	}
	return e.PlannedChanges(ctx, file)
}

// unplanned says that the engine did not plan the stack.
func unplanned(dir string, err error) error {
	text := err.Error()
	if failed := (*engine.Error)(nil); errors.As(err, &failed) {
		text = failed.Reason()
	}
	return &diag.Diagnostic{Rule: "alerts-rules", Summary: "the stack cannot be planned in the sandbox: " + text, At: diag.Location{File: dir}, Err: err,
		Why: "its rules are read from its plan",
		Fix: "plan it where it can be, and give the plan's JSON: tofu plan -out PLAN && tofu show -json PLAN > plan.json"}
}

// copyStack copies a stack and the modules that it takes from other directories below
// work, so that they lie to each other as they did. It returns the copy of the stack.
func copyStack(dir, work string) (string, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	dirs := []string{root}
	for i := 0; i < len(dirs); i++ {
		sources, err := localModules(dirs[i])
		if err != nil {
			return "", err
		}
		for _, s := range sources {
			if to := filepath.Join(dirs[i], filepath.FromSlash(s)); !slices.Contains(dirs, to) {
				dirs = append(dirs, to)
			}
		}
	}
	top := dirs[0]
	for _, d := range dirs {
		for top != d && !strings.HasPrefix(d, strings.TrimSuffix(top, string(filepath.Separator))+string(filepath.Separator)) {
			top = filepath.Dir(top)
		}
	}
	for _, d := range dirs {
		rel, err := filepath.Rel(top, d)
		if err != nil {
			return "", err
		}
		if err := copyDir(d, filepath.Join(work, "copy", rel)); err != nil {
			return "", err
		}
	}
	rel, err := filepath.Rel(top, root)
	return filepath.Join(work, "copy", rel), err
}

// localModules are the sources of a directory's modules that are paths, in its own
// files.
func localModules(dir string) (list []string, err error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".tf") || !f.Type().IsRegular() {
			continue
		}
		data, err := readFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		parsed, diags := hclsyntax.ParseConfig(data, filepath.Join(dir, f.Name()), hcl.InitialPos)
		if diags.HasErrors() {
			return nil, diags
		}
		body, ok := parsed.Body.(*hclsyntax.Body)
		if !ok {
			return nil, fmt.Errorf("%s is not in HCL's own syntax", f.Name())
		}
		for _, b := range body.Blocks {
			a := b.Body.Attributes["source"]
			if b.Type != "module" || a == nil {
				continue
			}
			// Source: "Module Sources" of both engines: a path begins with ./ or ../.
			v, diags := a.Expr.Value(nil)
			if diags.HasErrors() || v.Type().FriendlyName() != "string" {
				continue // the engine says what is wrong with it
			}
			if s := v.AsString(); strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") {
				list = append(list, s)
			}
		}
	}
	return list, nil
}

// copyDir copies the files of a directory and below, without what engines leave there:
// working directories, plans and, above all, states.
func copyDir(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		base, target := d.Name(), filepath.Join(to, rel)
		switch {
		case d.IsDir() && rel != "." && (base == ".terraform" || base == ".git"):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(target, 0o700)
		case !d.Type().IsRegular() || strings.Contains(base, ".tfstate") || strings.HasSuffix(base, ".tfplan"):
			return nil
		}
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		return errors.Join(err, out.Close())
	})
}
