package alerts

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// shipped are the rules of the baseline, as the example room's src stack is planned. A
// test holds them against the modules.
//
//go:embed shipped.json
var shipped []byte

// Shipped returns the baseline's rules in the example room.
func Shipped() (*Rules, error) {
	r := &Rules{From: "the baseline that ships with Strongroom, in the example room"}
	if err := r.readPrinted(shipped); err != nil {
		return nil, fmt.Errorf("the shipped rules: %w", err)
	}
	r.Region = r.Alarms[0].Region
	r.order()
	return r, nil
}

// Read reads rules: the directory of a room (its src stack) or of a stack, which is
// planned, the JSON of a plan or a state, or a file or a directory of what the AWS CLI
// prints. An empty name is the room in the current directory, or else Shipped. The
// errors are diagnostics.
func Read(ctx context.Context, name string, p Planner) (*Rules, error) {
	if name == "" {
		if _, err := os.Stat(room.SpecFile); errors.Is(err, fs.ErrNotExist) {
			return Shipped()
		}
		name = "."
	}
	r := &Rules{From: name}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, unusable(name, err)
	case info.IsDir():
		err = r.readDir(ctx, name, p)
	default:
		err = r.readFile(name)
	}
	if err != nil {
		return nil, unusable(name, err)
	}
	if len(r.Rules)+len(r.Alarms) == 0 {
		return nil, &diag.Diagnostic{Rule: "alerts-rules", Summary: "there is no rule and no alarm in it", At: diag.Location{File: name},
			Why: "everything would be silent, and a gate must not take that for a yes", Fix: "give the stack that makes the rules: strongroom alerts replay --rules src samples"}
	}
	if err := r.check(); err != nil {
		return nil, unusable(name, err)
	}
	for _, a := range r.Alarms {
		if r.Region == "" {
			r.Region = a.Region
		}
	}
	for _, x := range r.Rules {
		if r.Region == "" {
			r.Region = x.Region
		}
	}
	r.order()
	return r, nil
}

// readDir reads a room, a stack, or what the AWS CLI prints.
func (r *Rules) readDir(ctx context.Context, dir string, p Planner) error {
	stack := dir
	for _, at := range []string{dir, filepath.Join(dir, "..")} {
		if _, err := os.Stat(filepath.Join(at, room.SpecFile)); err != nil {
			continue
		}
		own, err := room.Load(at)
		if err != nil {
			return err
		}
		p.Account, p.Region, p.Engine = own.Account, own.Region, own.Engine
		if at == dir {
			stack = own.StackDir(room.StackSrc)
		}
		break
	}
	if files, err := filepath.Glob(filepath.Join(globSafe(stack), "*.tf")); err != nil || len(files) == 0 {
		return r.readPrintedDir(dir)
	}
	plan, err := p.plan(ctx, stack)
	if err != nil {
		return err
	}
	r.From = stack
	return r.addPlan(plan)
}

// globSafe keeps a directory's name from being a pattern.
func globSafe(dir string) string {
	var b bytes.Buffer
	for _, c := range []byte(dir) {
		if bytes.IndexByte([]byte(`*?[\`), c) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}

// readFile reads the JSON of a plan or a state, or of what the AWS CLI prints.
func (r *Rules) readFile(name string) error {
	data, err := readFile(name)
	if err != nil {
		return err
	}
	if len(data) > largest {
		return fmt.Errorf("it has more than %d MiB", largest>>20)
	}
	var is struct {
		Format  json.RawMessage `json:"format_version"`
		Planned json.RawMessage `json:"planned_values"`
		Values  json.RawMessage `json:"values"`
		Lineage json.RawMessage `json:"lineage"`
	}
	if json.Unmarshal(data, &is) == nil {
		switch {
		case is.Lineage != nil:
			return errors.New("it is a state as it is stored; give it as JSON: tofu show -json > state.json")
		case is.Planned != nil || is.Values != nil && is.Format != nil:
			return r.readPlan(data)
		}
	}
	return r.readPrinted(data)
}

// Print writes the rules as JSON that Read takes.
func (r *Rules) Print(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r.printed)
}
