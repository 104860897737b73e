package scan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/secret"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Why something is a finding.
const (
	// BySchema: the provider calls the attribute sensitive.
	BySchema = "schema"
	// ByState: the state marks it, because a sensitive value went into it.
	ByState = "marked"
	// ByOutput: the output is declared sensitive.
	ByOutput = "output"
	// ByFormat: it has a well-known format; which one stands after a colon.
	ByFormat = "format"
	// ByName: its name says so.
	ByName = "name"
	// ByEntropy: it looks drawn by lot.
	ByEntropy = "entropy"
)

// Finding is a secret in clear text.
type Finding struct {
	// Address is the resource instance's, "output.NAME", or "check_results.ADDRESS".
	Address string `json:"address"`
	// Path is the attribute's; in JSON inside a text it goes on after " > ". "" is an
	// output's or a message's own value.
	Path string `json:"path"`
	// Rules are why, sorted: "schema", "marked", "output", "format:github-token",
	// "name", "entropy". Never empty.
	Rules []string `json:"rules"`
	// Why says it in words.
	Why string `json:"why"`
	// Value is the masked value.
	Value string `json:"value"`
}

// Found is what a state was looked through for.
type Found struct {
	// Findings are sorted by address and path; never nil.
	Findings []Finding `json:"findings"`
	// Values is how many scalars were looked at.
	Values int `json:"values"`
	// Schemas are where the schemas of the state's providers are from, sorted; never
	// nil.
	Schemas []SchemaSource `json:"schemas"`
}

// State looks for secrets. It may run at once for several states.
func State(c *tfstate.Contents, s *Schema) *Found {
	k := &looker{schema: s, found: map[place]*finding{}, seen: map[string]bool{}, answer: &Found{Findings: []Finding{}, Schemas: []SchemaSource{}}}
	c.Each(k.look)
	for _, i := range c.Instances { // what a provider keeps for itself
		if text := i.Private(); text != "" {
			k.address = i.Masked(secret.Looks)
			k.formats(nil, "(private)", text)
		}
	}
	for _, m := range c.Messages {
		k.address = "check_results." + m.Masked(secret.Looks)
		k.text(nil, "", "", m.Text)
	}
	k.close()
	return k.answer
}

type place struct{ address, path string }

type finding struct {
	rules, whys []string
	values      int
	length      int
	prefix      string
}

type looker struct {
	schema *Schema
	answer *Found
	found  map[place]*finding
	seen   map[string]bool // providers

	// What is looked at now.
	instance  *tfstate.Instance
	output    *tfstate.Output
	address   string
	sensitive tree
}

// enter prepares for a resource instance or an output.
func (k *looker) enter(v tfstate.Value) {
	if v.Instance != nil && v.Instance != k.instance {
		k.instance, k.output = v.Instance, nil
		k.address = v.Instance.Masked(secret.Looks)
		k.sensitive, _ = k.schema.of(v.Instance.Provider, v.Instance.Mode, v.Instance.Type)
		if p := v.Instance.Provider; !k.seen[p] {
			k.seen[p] = true
			source := k.schema.Source(p)
			if !slices.Contains(k.answer.Schemas, source) {
				k.answer.Schemas = append(k.answer.Schemas, source)
			}
		}
	}
	if v.Output != nil && v.Output != k.output {
		k.instance, k.output, k.sensitive = nil, v.Output, nil
		k.address = "output." + v.Output.Name
	}
}

func (k *looker) look(v tfstate.Value) {
	k.enter(v)
	if v.Key {
		// Under a mark the name is hidden with what it names.
		if name := v.Scalar.(string); !v.Sensitive && len(name) >= 16 && secret.Looks(name) {
			k.text(v.Path, " (its name)", "", name)
		}
		return
	}
	k.answer.Values++
	text, isText := v.Scalar.(string)
	number, isNumber := v.Scalar.(json.Number)
	if isNumber {
		text = number.String()
	}
	if text == "" {
		return
	}
	end := k.sensitive.steps(v.Path)
	if end > 0 && published(v.Instance) {
		return
	}
	if v.Sensitive {
		rule, why := ByState, "the state marks it as sensitive"
		if k.output != nil {
			rule, why = ByOutput, "the output is declared sensitive"
		}
		k.marked(v.Path[:v.Mark], rule, why, text)
	}
	if end > 0 {
		if v.Sensitive && v.Mark < end { // one finding, at what is marked as a whole
			end = v.Mark
		}
		k.marked(v.Path[:end], BySchema, "the provider calls it sensitive", text)
		return
	}
	if v.Sensitive || !isText {
		return
	}
	if k.instance != nil && k.instance.Type == "aws_iam_access_key" && len(v.Path) == 1 && v.Path[0].Name == "id" {
		return // the key's ID; its secret is another attribute
	}
	k.text(v.Path, "", name(v, k.output), text)
}

// name is what a value is called: the attribute's name, the key of a map, or the
// "name" that stands beside a "value".
func name(v tfstate.Value, o *tfstate.Output) string {
	for i := len(v.Path) - 1; i >= 0; i-- {
		if !v.Path[i].List {
			for _, above := range v.Path[:i] {
				if !above.List && secret.Speaks(above.Name) {
					return ""
				}
			}
			return nameIn(v.Path[i].Name, v.Within)
		}
	}
	if o != nil {
		return o.Name
	}
	return ""
}

func nameIn(own string, within map[string]any) string {
	// Beside such a word stands where a secret is kept.
	// Source: CodeBuild API EnvironmentVariable and RegistryCredential.
	for _, beside := range []string{"type", "credential_provider"} {
		if kept, _ := within[beside].(string); kept == "SECRETS_MANAGER" || kept == "PARAMETER_STORE" {
			return ""
		}
	}
	if strings.EqualFold(own, "value") {
		for _, beside := range []string{"name", "Name", "key", "Key"} {
			if text, ok := within[beside].(string); ok {
				return text
			}
		}
	}
	return own
}

// marked adds what is secret whatever it looks like.
func (k *looker) marked(path tfstate.Path, rule, why, text string) {
	prefix := ""
	if found := secret.Find(text); len(found) == 1 && found[0].Length == len(text) {
		prefix = found[0].Prefix
	}
	k.add(path, "", rule, why, len(text), prefix)
}

// text looks at a text that nobody marks. inner is the way on from path, in JSON.
func (k *looker) text(path tfstate.Path, inner, name, text string) {
	if len(text) < 6 {
		return
	}
	if t := strings.TrimSpace(text); len(t) > 1 && (t[0] == '{' || t[0] == '[') {
		var v any
		if json.Unmarshal([]byte(t), &v) == nil {
			k.inside(path, inner, name, " > ", v, nil, 0)
			return
		}
	}
	k.plain(path, inner, name, text)
}

// published reports whether a parameter is one that AWS publishes, such as the ID of an
// image: the provider calls every parameter's value sensitive.
// Source: Systems Manager "Discovering public parameters".
func published(i *tfstate.Instance) bool {
	if i == nil || i.Mode != "data" || i.Type != "aws_ssm_parameter" && i.Type != "aws_ssm_parameters_by_path" {
		return false
	}
	for _, attribute := range []string{"name", "path"} {
		if name, _ := i.Attributes[attribute].(string); strings.HasPrefix(name, "/aws/service/") {
			return true
		}
	}
	return false
}

// formats adds what has a well-known format, and returns how many there are.
func (k *looker) formats(path tfstate.Path, inner, text string) int {
	found := secret.Find(text)
	for _, m := range found {
		k.add(path, inner, ByFormat+":"+m.Format, m.What, m.Length, m.Prefix)
	}
	return len(found)
}

func (k *looker) plain(path tfstate.Path, inner, name, text string) {
	switch {
	case k.formats(path, inner, text) > 0:
	case secret.Named(name, text):
		k.add(path, inner, ByName, "its name says so", len(text), "")
	case !public(name) && !slices.ContainsFunc(path, func(s tfstate.Step) bool { return !s.List && open[s.Name] }):
		if n := secret.Random(text); n > 0 {
			k.add(path, inner, ByEntropy, "it looks drawn by lot", n, "")
		}
	}
}

// maxInside is how deep JSON inside of JSON is followed.
const maxInside = 64

// inside looks into JSON that stands in a text.
func (k *looker) inside(path tfstate.Path, inner, own, separator string, v any, within map[string]any, level int) {
	switch v := v.(type) {
	case map[string]any:
		names := make([]string, 0, len(v))
		for n := range v {
			names = append(names, n)
		}
		slices.Sort(names)
		for _, n := range names {
			at := tfstate.Path{{Name: n}}.Masked(secret.Looks)
			if len(n) >= 16 && secret.Looks(n) {
				k.plain(path, inner+separator+at+" (its name)", "", n)
			}
			k.inside(path, inner+separator+at, n, ".", v[n], v, level)
		}
	case []any:
		for i, e := range v {
			k.inside(path, fmt.Sprintf("%s%s[%d]", inner, strings.TrimSuffix(separator, "."), i), own, ".", e, nil, level)
		}
	case string:
		own = nameIn(own, within)
		if t := strings.TrimSpace(v); level < maxInside && len(t) > 1 && (t[0] == '{' || t[0] == '[') {
			var deeper any
			if json.Unmarshal([]byte(t), &deeper) == nil {
				k.inside(path, inner, own, " > ", deeper, nil, level+1)
				return
			}
		}
		if len(v) >= 6 {
			k.plain(path, inner, own, v)
		}
	}
}

// publicNames are words of names whose values look drawn by lot and are public.
var publicNames = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`id ids arn arns etag hash sha sha1 sha256 sha512 md5 digest fingerprint fingerprints checksum thumbprint thumbprints
		version certificate certificates cert chain ciphertext nonce zone record records domain endpoint reference dkim verification public name names
		uuid encrypted serial principal principals identifier identifiers modulus ca`) {
		m[w] = true
	}
	return m
}()

// open are names of attributes that hold digests and what is published in DNS, under
// whatever name.
// Source: "terraform_data Resource", triggers_replace; null_resource and the random
// provider, triggers and keepers; the AWS provider's aws_sesv2_email_identity.
var open = map[string]bool{"triggers": true, "triggers_replace": true, "keepers": true, "dkim_signing_attributes": true}

func public(name string) bool {
	for _, w := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		if publicNames[w] || strings.HasSuffix(w, "sha256") || strings.HasSuffix(w, "sha512") {
			return true
		}
	}
	return false
}

func (k *looker) add(path tfstate.Path, inner, rule, why string, length int, prefix string) {
	at := place{k.address, path.Masked(secret.Looks) + inner}
	f := k.found[at]
	if f == nil {
		f = &finding{}
		k.found[at] = f
	}
	f.values++
	f.length, f.prefix = length, prefix
	if !slices.Contains(f.rules, rule) {
		f.rules = append(f.rules, rule)
		f.whys = append(f.whys, why)
	}
}

func (k *looker) close() {
	for at, f := range k.found {
		why := strings.Join(f.whys, "; ")
		slices.Sort(f.rules)
		value := secret.Mask(secret.Match{Prefix: f.prefix, Length: f.length})
		if f.values > 1 && f.values > len(f.rules) {
			value = "(masked, several values)"
		}
		k.answer.Findings = append(k.answer.Findings, Finding{at.address, at.path, f.rules, why, value})
	}
	slices.SortFunc(k.answer.Findings, func(a, b Finding) int {
		if c := strings.Compare(a.Address, b.Address); c != 0 {
			return c
		}
		return strings.Compare(a.Path, b.Path)
	})
	slices.SortFunc(k.answer.Schemas, func(a, b SchemaSource) int { return strings.Compare(a.Provider, b.Provider) })
}
