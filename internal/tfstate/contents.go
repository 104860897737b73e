package tfstate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Contents is what a state holds, values included: it is secret, and neither it
// nor anything taken from it may be shown without Masked paths and a reason. It
// is not changed once read.
type Contents struct {
	Serial  uint64
	Lineage string
	// Instances are in the order of the file.
	Instances []*Instance
	// Outputs are sorted by name.
	Outputs []*Output
	// Messages are those of failed checks, which may repeat values.
	Messages []Message
}

// Instance is one instance of a resource or of a data source.
type Instance struct {
	// Module is the path of the module it is in, "module.a[0].module.b"; "" is the
	// root.
	Module string
	// Mode is "managed" or "data".
	Mode, Type, Name string
	// Provider is the provider's address, "registry.opentofu.org/hashicorp/aws", or
	// what the state has instead.
	Provider string
	// Key is the index as an address has it: "", "[0]", `["name"]`.
	Key string
	// KeyName is the key of for_each; "" for count and for none.
	KeyName string
	// Deposed is the key of an instance that was replaced and is yet to be destroyed.
	Deposed string
	// Attributes hold values as encoding/json decodes them, numbers as json.Number.
	Attributes map[string]any

	marks *marks
	rest  map[string]json.RawMessage
}

// Private is what the provider keeps for itself: base64 of its own, which no plan shows;
// "" if there is none.
func (i *Instance) Private() string {
	var text string
	if json.Unmarshal(i.rest["private"], &text) != nil {
		return ""
	}
	return text
}

// Address is the instance's address, with "(deposed KEY)" after it if it is.
func (i *Instance) Address() string { return i.Masked(nil) }

// Masked is Address with a key of for_each that is secret replaced by what stands
// for it. A nil secret replaces none.
func (i *Instance) Masked(secret func(string) bool) string {
	var b strings.Builder
	if i.Module != "" {
		b.WriteString(maskKeys(i.Module, secret) + ".")
	}
	if i.Mode == "data" {
		b.WriteString("data.")
	}
	b.WriteString(i.Type + "." + i.Name)
	if secret != nil && i.KeyName != "" && secret(i.KeyName) {
		b.WriteString("[" + hidden(i.KeyName) + "]")
	} else {
		b.WriteString(i.Key)
	}
	if i.Deposed != "" {
		b.WriteString(" (deposed " + i.Deposed + ")")
	}
	return b.String()
}

// maskKeys masks the quoted keys of a module's path.
func maskKeys(path string, secret func(string) bool) string {
	if secret == nil || !strings.Contains(path, `["`) {
		return path
	}
	var b strings.Builder
	for {
		at := strings.Index(path, `["`)
		if at < 0 {
			return b.String() + path
		}
		b.WriteString(path[:at+1])
		path = path[at+1:]
		quoted, err := strconv.QuotedPrefix(path)
		if err != nil { // an escape that only HCL has: nothing tells where the key ends
			return b.String() + hidden(path) + "]"
		}
		key, err := strconv.Unquote(quoted)
		if err != nil || secret(key) {
			b.WriteString(hidden(quoted))
		} else {
			b.WriteString(quoted)
		}
		path = path[len(quoted):]
	}
}

// Output is a root output.
type Output struct {
	Name string
	// Sensitive is how the configuration marks it.
	Sensitive bool
	Value     any

	rest map[string]json.RawMessage
}

// Message is one of a failed check.
type Message struct {
	// Address is what was checked.
	Address string
	Text    string
}

// Masked is Address with keys of for_each that are secret replaced by what stands
// for them. A nil secret replaces none.
func (m Message) Masked(secret func(string) bool) string { return maskKeys(m.Address, secret) }

// ErrEncrypted is a state that OpenTofu encrypted before it sent it: nothing is
// known of its contents.
var ErrEncrypted = errors.New("the state is encrypted by OpenTofu; only serial and lineage can be read")

// Value is one scalar in a state.
type Value struct {
	// Instance is nil for an output's value and for a message.
	Instance *Instance
	// Output is nil for a resource's value and for a message.
	Output *Output
	// Path is valid until the next value.
	Path Path
	// Scalar is a string, json.Number, bool or nil.
	Scalar any
	// Sensitive is what the state says, of this value or of what it stands in.
	Sensitive bool
	// Mark is how many steps of Path lead to what is marked; only when Sensitive.
	Mark int
	// Within is the object or map that a scalar stands in; nil in a list.
	Within map[string]any
	// Key is true for a map's key or an attribute's name: Scalar is the name, and
	// Path leads to what it names.
	Key bool
}

// Open reads a state whose contents are to be looked at. The errors are those of
// Read; ErrEncrypted for a state that OpenTofu encrypted.
func Open(raw []byte) (*Contents, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, ErrEmpty
	}
	var file struct {
		Version   int    `json:"version"`
		Serial    uint64 `json:"serial"`
		Lineage   string `json:"lineage"`
		Outputs   map[string]map[string]json.RawMessage
		Resources []resource
		Checks    []struct {
			Address string `json:"config_addr"`
			Objects []struct {
				Address  string   `json:"object_addr"`
				Messages []string `json:"failure_messages"`
			}
		} `json:"check_results"`
		Ciphertext string `json:"encrypted_data"`
		Encryption string `json:"encryption_version"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, broken(raw, err)
	}
	if file.Encryption != "" && file.Ciphertext != "" && file.Lineage != "" {
		return nil, ErrEncrypted
	}
	if file.Version != 4 || file.Lineage == "" {
		return nil, fmt.Errorf("not a state: format version %d (want 4), lineage %t", file.Version, file.Lineage != "")
	}
	c := &Contents{Serial: file.Serial, Lineage: file.Lineage}
	for _, r := range file.Resources {
		for _, i := range r.Instances {
			instance, err := r.instance(i)
			if err != nil {
				return nil, err
			}
			c.Instances = append(c.Instances, instance)
		}
	}
	for name, o := range file.Outputs {
		out := &Output{Name: name, rest: o}
		if text := string(o["sensitive"]); text != "" && text != "false" && text != "null" {
			out.Sensitive = true
		}
		if err := decode(o["value"], &out.Value); err != nil {
			return nil, err
		}
		delete(o, "value")
		c.Outputs = append(c.Outputs, out)
	}
	slices.SortFunc(c.Outputs, func(a, b *Output) int { return strings.Compare(a.Name, b.Name) })
	for _, check := range file.Checks {
		for _, o := range check.Objects {
			for _, m := range o.Messages {
				c.Messages = append(c.Messages, Message{o.Address, m})
			}
		}
	}
	return c, nil
}

type resource struct {
	Module, Mode, Type, Name string
	Provider                 string
	Instances                []map[string]json.RawMessage
}

func (r *resource) instance(fields map[string]json.RawMessage) (*Instance, error) {
	i := &Instance{Module: r.Module, Mode: r.Mode, Type: r.Type, Name: r.Name, Provider: providerAddress(r.Provider), rest: fields}
	if r.Mode != "managed" && r.Mode != "data" {
		return nil, fmt.Errorf("not a state that is understood: a resource's mode is neither managed nor data")
	}
	if own := fields["provider"]; own != nil { // OpenTofu's for_each of providers
		var text string
		if json.Unmarshal(own, &text) == nil && text != "" {
			i.Provider = providerAddress(text)
		}
	} else if r.Provider != "" {
		fields["provider"], _ = json.Marshal(r.Provider)
	}
	if key := fields["index_key"]; len(key) > 0 && string(key) != "null" {
		if err := decode(key, new(any)); err != nil {
			return nil, err
		}
		i.Key = "[" + string(key) + "]"
		if json.Unmarshal(key, &i.KeyName) == nil {
			i.Key = "[" + strconv.Quote(i.KeyName) + "]"
		}
	}
	if raw := fields["deposed"]; raw != nil {
		if err := json.Unmarshal(raw, &i.Deposed); err != nil {
			return nil, damaged(err, len(raw))
		}
	}
	raw := fields["attributes"]
	if len(raw) == 0 || string(raw) == "null" {
		raw = fields["attributes_flat"] // what providers of old left: one level, all text
	}
	if len(raw) > 0 && string(raw) != "null" {
		if err := decode(raw, &i.Attributes); err != nil {
			return nil, err
		}
	}
	i.marks = readMarks(fields["sensitive_attributes"])
	for _, name := range []string{"attributes", "attributes_flat", "index_key", "deposed"} {
		delete(fields, name)
	}
	return i, nil
}

// providerAddress is what stands in provider["..."]; another text is itself.
func providerAddress(text string) string {
	if _, after, ok := strings.Cut(text, `provider["`); ok {
		if address, _, ok := strings.Cut(after, `"]`); ok {
			return address
		}
	}
	return text
}

func decode(raw json.RawMessage, into any) error {
	if len(raw) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return damaged(err, len(raw))
	}
	return nil
}

// Each calls f with every scalar and every name of a map or object: of resources
// in the order of the file, then of outputs, each in the order of its names. What
// f keeps of a Path it has to copy.
func (c *Contents) Each(f func(Value)) {
	w := walker{f: f}
	for _, i := range c.Instances {
		w.value = Value{Instance: i}
		w.walk(nil, i.Attributes, i.marks, nil)
	}
	for _, o := range c.Outputs {
		w.value = Value{Output: o}
		w.walk(nil, o.Value, o.marks(), nil)
	}
}

type walker struct {
	f     func(Value)
	value Value
}

func (w *walker) tell(path Path, scalar any, m *marks, within map[string]any, key bool) {
	v := w.value
	v.Path, v.Scalar, v.Sensitive, v.Within, v.Key = path, scalar, m.all(), within, key
	if !v.Sensitive {
		v.Mark = 0
	}
	w.f(v)
}

func (w *walker) walk(path Path, v any, m *marks, within map[string]any) {
	if m.all() && !w.value.Sensitive { // here the mark begins
		w.value.Sensitive, w.value.Mark = true, len(path)
		defer func() { w.value.Sensitive = false }()
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range sortedKeys(v) {
			s := Step{Name: name}
			at := append(path, s)
			w.tell(at, name, m, v, true)
			w.walk(at, v[name], m.into(v, name), v)
		}
	case []any:
		for n, e := range v {
			s := Step{Index: n, List: true}
			w.walk(append(path, s), e, m.step(s), nil)
		}
	default:
		w.tell(path, v, m, within, false)
	}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
