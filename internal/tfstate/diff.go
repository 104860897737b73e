package tfstate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Difference is what one state has and another has not.
type Difference struct {
	// Resources are sorted by address, Outputs by name; never nil.
	Resources []Change `json:"resources"`
	Outputs   []Change `json:"outputs"`
}

// What a Change is.
const (
	Added   = "added"
	Changed = "changed"
	Removed = "removed"
)

// Change is one resource instance, or one output, that differs.
type Change struct {
	// Address is the instance's, or the output's name.
	Address string `json:"address"`
	// Action is Added, Changed or Removed.
	Action string `json:"action"`
	// Attributes are those that changed, sorted by path; never nil, and empty unless
	// the action is Changed.
	Attributes []AttributeChange `json:"attributes"`
	// Other names what else changed of it in the state: "status" (tainted),
	// "dependencies", "private", "schema_version", "sensitive_attributes". Never nil.
	Other []string `json:"other"`
}

// AttributeChange is one attribute that differs.
type AttributeChange struct {
	// Path is the attribute's, as deep as it may be shown. An output's own value has
	// none.
	Path string `json:"path"`
	// Sensitive is what one of the states says, of it or of what it stands in.
	Sensitive bool `json:"sensitive"`
	// From and To are scalars as JSON; nil where there was none, or where it is not
	// shown.
	From *string `json:"from"`
	To   *string `json:"to"`
	// Shown tells whether values are shown. A list or a map is not.
	Shown bool `json:"shown"`
}

// Show says what of a state's contents may leave it. The zero Show is safe:
// attributes are named by their first name only, because deeper ones may be keys
// of maps, and no values are shown.
type Show struct {
	// Secret reports whether a name, such as a map's key, is one that must not be
	// shown. Nil: see above.
	Secret func(name string) bool
	// Value reports whether a scalar may be shown. It is never asked of what a state
	// marks as sensitive, nor of what holds a text that is sensitive elsewhere in the two
	// states. Nil: none may. Ignored without Secret.
	Value func(Value) bool
	// Sensitive reports whether a scalar that no state marks is secret by what it is:
	// the provider's schema says so. Nil: none is.
	Sensitive func(Value) bool
}

// Count returns how many resource instances were added, changed and removed.
func (d *Difference) Count() (added, changed, removed int) {
	for _, c := range d.Resources {
		switch c.Action {
		case Added:
			added++
		case Changed:
			changed++
		case Removed:
			removed++
		}
	}
	return added, changed, removed
}

// Empty reports whether the two hold the same.
func (d *Difference) Empty() bool { return len(d.Resources)+len(d.Outputs) == 0 }

// Diff tells what changed from one state to another: by address, so that a resource
// that was renamed is removed and added. Nil is a state that is not there. The
// error is about a state that names one address twice.
func Diff(from, to *Contents, show Show) (*Difference, error) {
	if show.Secret == nil {
		show.Value = nil
	}
	d := &differ{show: show, out: Difference{Resources: []Change{}, Outputs: []Change{}}}
	a, err := from.byAddress()
	if err != nil {
		return nil, err
	}
	b, err := to.byAddress()
	if err != nil {
		return nil, err
	}
	if show.Value != nil {
		d.known = texts{}
		for _, c := range []*Contents{from, to} {
			d.known.learn(c, show.Sensitive)
		}
	}
	for _, address := range union(a, b) {
		d.resource(a[address], b[address])
	}
	outputs := func(c *Contents) map[string]*Output {
		m := map[string]*Output{}
		if c != nil {
			for _, o := range c.Outputs {
				m[o.Name] = o
			}
		}
		return m
	}
	x, y := outputs(from), outputs(to)
	for _, name := range union(x, y) {
		d.output(x[name], y[name])
	}
	return &d.out, nil
}

func (c *Contents) byAddress() (map[string]*Instance, error) {
	m := map[string]*Instance{}
	if c == nil {
		return m, nil
	}
	for _, i := range c.Instances {
		address := i.Address()
		if m[address] != nil {
			return nil, fmt.Errorf("not a state that is understood: it has two instances at one address of type %s", i.Type)
		}
		m[address] = i
	}
	return m, nil
}

func union[V any](a, b map[string]V) []string {
	keys := make([]string, 0, len(a))
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if _, both := a[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

type differ struct {
	show  Show
	known texts
	out   Difference

	// What is compared now.
	change *Change
	a, b   Value
}

func (d *differ) resource(a, b *Instance) {
	switch {
	case a == nil:
		d.out.Resources = append(d.out.Resources, onlyOne(b.Masked(d.show.Secret), Added))
		return
	case b == nil:
		d.out.Resources = append(d.out.Resources, onlyOne(a.Masked(d.show.Secret), Removed))
		return
	}
	d.change = &Change{Address: b.Masked(d.show.Secret), Action: Changed, Attributes: []AttributeChange{}, Other: others(a.rest, b.rest)}
	d.a, d.b = Value{Instance: a}, Value{Instance: b}
	d.compare(nil, wholeOf(a.Attributes), wholeOf(b.Attributes), a.marks, b.marks)
	if len(d.change.Attributes)+len(d.change.Other) > 0 {
		d.out.Resources = append(d.out.Resources, *d.change)
	}
}

// wholeOf keeps a nil map from being an any that is not nil.
func wholeOf(m map[string]any) any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func (d *differ) output(a, b *Output) {
	switch {
	case a == nil:
		d.out.Outputs = append(d.out.Outputs, onlyOne(b.Name, Added))
		return
	case b == nil:
		d.out.Outputs = append(d.out.Outputs, onlyOne(a.Name, Removed))
		return
	}
	d.change = &Change{Address: b.Name, Action: Changed, Attributes: []AttributeChange{}, Other: others(a.rest, b.rest)}
	d.a, d.b = Value{Output: a}, Value{Output: b}
	d.compare(nil, a.Value, b.Value, a.marks(), b.marks())
	if len(d.change.Attributes)+len(d.change.Other) > 0 {
		d.out.Outputs = append(d.out.Outputs, *d.change)
	}
}

func (o *Output) marks() *marks {
	if o.Sensitive {
		return &marks{whole: true}
	}
	return nil
}

func onlyOne(address, action string) Change {
	return Change{Address: address, Action: action, Attributes: []AttributeChange{}, Other: []string{}}
}

// others names the fields beside the attributes that differ.
func others(a, b map[string]json.RawMessage) []string {
	names := []string{}
	for _, name := range union(a, b) {
		if !sameJSON(a[name], b[name]) {
			names = append(names, name)
		}
	}
	return names
}

// sameJSON takes a field that is not there for one that is empty: engines leave
// out what is, and not all of them the same.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	if decode(a, &x) != nil || decode(b, &y) != nil {
		return false
	}
	return void(x) && void(y) || reflect.DeepEqual(x, y)
}

func void(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// absent is the value of a name that a map does not have.
type absent struct{}

func (d *differ) compare(path Path, a, b any, ma, mb *marks) {
	if reflect.DeepEqual(a, b) {
		return
	}
	if ma.all() || mb.all() {
		d.record(path, true, a, b)
		return
	}
	if d.show.Secret == nil && (len(path) == 1 || d.a.Output != nil) {
		d.record(path, ma.has() || mb.has(), a, b)
		return
	}
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			break
		}
		for _, name := range union(x, y) {
			s := Step{Name: name}
			d.compare(append(path, s), valueOf(x, name), valueOf(y, name), ma.into(x, name), mb.into(y, name))
		}
		return
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) { // what was inserted, and where, is not to be told from an index
			break
		}
		for n := range x {
			s := Step{Index: n, List: true}
			d.compare(append(path, s), x[n], y[n], ma.step(s), mb.step(s))
		}
		return
	}
	d.record(path, ma.has() || mb.has(), a, b)
}

func valueOf(m map[string]any, name string) any {
	if v, ok := m[name]; ok {
		return v
	}
	return absent{}
}

func (d *differ) record(path Path, sensitive bool, a, b any) {
	c := AttributeChange{Path: path.Masked(d.show.Secret), Sensitive: sensitive}
	if !sensitive && d.mayShow(d.a, path, a) && d.mayShow(d.b, path, b) {
		c.Shown, c.From, c.To = true, text(a), text(b)
	}
	d.change.Attributes = append(d.change.Attributes, c)
}

func (d *differ) mayShow(v Value, path Path, scalar any) bool {
	if d.show.Value == nil {
		return false
	}
	switch scalar.(type) {
	case absent:
		return true
	case map[string]any, []any:
		return false
	}
	for _, s := range path {
		if !s.List && d.show.Secret(s.Name) {
			return false
		}
	}
	v.Path, v.Scalar = path, scalar
	return !d.known.in(scalar) && d.show.Value(v)
}

func text(v any) *string {
	if _, none := v.(absent); none {
		return nil
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return nil
	}
	s := strings.TrimSuffix(b.String(), "\n")
	return &s
}
