package history_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/history"
	"github.com/strongroom-dev/strongroom/internal/state/scan"
	"github.com/strongroom-dev/strongroom/internal/state/statetest"
)

// longestShown is how much of a secret may be shown: what all of its kind begin with.
const longestShown = 4

// planted are secrets, and where they stand: marked or not, by schema or not, in one
// version or in both.
type planted struct {
	*rand.Rand
	secrets []string
}

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// draw makes a secret of 8 to 60 letters and digits.
func (p *planted) draw() string {
	b := make([]byte, 8+p.IntN(53))
	for i := range b {
		b[i] = alphabet[p.IntN(len(alphabet))]
	}
	p.secrets = append(p.secrets, string(b))
	return string(b)
}

// state is a version: what changes from one to the next, and what is marked, is drawn.
func (p *planted) state(serial int, fixed []string) []byte {
	// Without a mark of its own, what is sensitive elsewhere; with one, anything.
	pick := func(sensitive bool) string {
		if sensitive && p.IntN(3) == 0 {
			return p.draw()
		}
		return fixed[p.IntN(len(fixed))]
	}
	mark := func(path ...any) string {
		steps := []any{}
		for _, s := range path {
			if n, ok := s.(int); ok {
				steps = append(steps, map[string]any{"type": "index", "value": map[string]any{"type": "number", "value": n}})
				continue
			}
			steps = append(steps, map[string]any{"type": "get_attr", "value": s})
		}
		raw, _ := json.Marshal(steps) // what can be marshalled
		return string(raw)
	}
	always := [][]any{{"note"}, {"list"}, {"dynamic", "in"}, {"tags"}, {"blocks", 0, "b"}, {"blocks", 1, "b"}}
	marks, marked := []string{}, map[any]bool{}
	for _, path := range always {
		if p.IntN(2) == 0 {
			marks, marked[path[0]] = append(marks, mark(path...)), true
		}
	}
	output := p.IntN(2) == 0
	// Each of these is marked somewhere in each version, wherever else it stands.
	anchors := map[string]any{}
	for i, s := range fixed {
		anchors[fmt.Sprint("a", i)] = s
		marks = append(marks, mark(fmt.Sprint("a", i)))
	}
	attributes := map[string]any{
		"id": "x", "arn": fmt.Sprint("arn:aws:sns:::", serial), "note": pick(marked["note"]), "list": []any{"plain", pick(marked["list"])},
		"dynamic": map[string]any{"value": map[string]any{"in": pick(marked["dynamic"]), "out": serial}, "type": []any{"object", map[string]any{}}},
		"tags":    map[string]any{"Name": "n" + fmt.Sprint(serial), "Seed": fixed[0]},
		"blocks":  []any{map[string]any{"b": fixed[1]}, map[string]any{"b": fixed[2]}},
		"copy":    "is " + fixed[p.IntN(len(fixed))] + ".",
	}
	p.Shuffle(2, func(i, j int) {
		blocks := attributes["blocks"].([]any)
		blocks[i], blocks[j] = blocks[j], blocks[i]
	})
	for name, value := range anchors {
		attributes[name] = value
	}
	whole, err := json.Marshal(map[string]any{
		"version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": statetest.Lineage,
		"resources": []any{
			instance("aws_sns_topic", attributes, marks),
			instance("aws_db_instance", map[string]any{"id": "db", "password": pick(true), "port": 5432 + serial, "description": fixed[1]}, nil),
			instance("aws_ssm_parameter", map[string]any{"id": "/p", "value": `{"user":"app","pass":"` + fixed[2] + `"}`, "tier": fixed[2]}, nil),
		},
		"outputs":       map[string]any{"url": map[string]any{"value": "postgres://u:" + pick(true) + "@h/d", "type": "string", "sensitive": output}, "plain": map[string]any{"value": fixed[0], "type": "string"}},
		"check_results": []any{map[string]any{"object_kind": "check", "objects": []any{map[string]any{"object_addr": "check.c", "failure_messages": []any{"token=" + pick(true)}}}}},
	})
	if err != nil {
		panic(err) // maps and texts
	}
	return whole
}

func instance(typ string, attributes map[string]any, marks []string) map[string]any {
	return map[string]any{"mode": "managed", "type": typ, "name": "x", "provider": `provider["registry.terraform.io/hashicorp/aws"]`,
		"instances": []any{map[string]any{"attributes": attributes, "sensitive_attributes": json.RawMessage("[" + strings.Join(marks, ",") + "]"), "private": "eyJzY2hlbWFfdmVyc2lvbiI6IjEifQ=="}}}
}

// Of what is sensitive in either version, nothing longer than a kind's common beginning
// is in any answer of scan, history and diff, as text or JSON, or in any of their errors.
func TestNothingOfASecretIsShown(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "  backend = \"local\"\n")
	dir := filepath.Join(w.Dir, "stacks", "development")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	schema, err := scan.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	target, environment := w.Target("development"), w.Environment("development")
	places := &state.Places{Room: w.Room}
	reader, checker := &history.Reader{Places: places}, &scan.Checker{Places: places, Placeholders: false}
	var out bytes.Buffer
	tell := func(v any) {
		t.Helper()
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	p := &planted{Rand: rand.New(rand.NewPCG(5, 11))}
	shown := 0
	for round := range 60 {
		out.Reset()
		p.secrets = nil
		fixed := []string{p.draw(), p.draw(), p.draw()}
		older, newer := p.state(1, fixed), p.state(2, fixed)
		if round%4 == 3 { // broken off somewhere
			newer = newer[:p.IntN(len(newer))]
		}
		for name, text := range map[string][]byte{"terraform.tfstate": newer, "terraform.tfstate.backup": older} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		failed := func(err error) {
			if err != nil {
				fmt.Fprintln(&out, err)
				_ = diag.Human(&out, err, diag.Style{}) // writes to memory
				for ; err != nil; err = errors.Unwrap(err) {
					fmt.Fprintf(&out, "%+v\n", err)
				}
			}
		}
		h, err := reader.States(t.Context(), target)
		failed(err)
		if err == nil {
			tell(h)
			if err := history.Table(&out, []*history.History{h}); err != nil {
				t.Fatal(err)
			}
		}
		for _, values := range []bool{false, true} {
			for _, versions := range [][2]string{{"backup", ""}, {"", "backup"}} {
				d, err := reader.Diff(t.Context(), target, versions[0], versions[1], schema.Show(values))
				failed(err)
				if err == nil {
					tell(d)
					history.Text(&out, []*history.Difference{d}, values)
					for _, c := range d.Resources {
						for _, a := range c.Attributes {
							if a.Shown {
								shown++
							}
						}
					}
				}
			}
		}
		r, err := checker.Check(t.Context(), environment, target)
		failed(err)
		if err == nil {
			tell(r)
			if err := scan.Human(&out, []*scan.Report{r}); err != nil {
				t.Fatal(err)
			}
		}
		text := out.String()
		for _, s := range p.secrets {
			for i := 0; i+longestShown < len(s); i++ {
				if strings.Contains(text, s[i:i+longestShown+1]) {
					t.Fatalf("round %d: %q of a secret is shown:\n%s", round, s[i:i+longestShown+1], text)
				}
			}
		}
	}
	if shown < 50 {
		t.Errorf("%d values were shown: there has to be something to hide among", shown)
	}
}
