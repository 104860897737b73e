package scan_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/strongroom-dev/strongroom/internal/state/scan"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

var update = flag.Bool("update", false, "rewrite the expected findings")

func open(t testing.TB, raw []byte) *tfstate.Contents {
	t.Helper()
	c, err := tfstate.Open(raw)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func builtIn(t testing.TB) *scan.Schema {
	t.Helper()
	s, err := scan.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func lines(f *scan.Found) string {
	var b strings.Builder
	for _, x := range f.Findings {
		fmt.Fprintf(&b, "%s  %s  %s  %s\n", x.Address, x.Path, strings.Join(x.Rules, ","), x.Value)
	}
	for _, s := range f.Schemas {
		fmt.Fprintf(&b, "schema %s: %s %s\n", s.Provider, s.From, s.Version)
	}
	return b.String()
}

// The corpus: made-up states, and beside each what has to be found in it. In
// "ordinary" that is nothing.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/*.tfstate")
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no states")
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := scan.State(open(t, raw), builtIn(t))
		got, golden := lines(found), strings.TrimSuffix(file, ".tfstate")+".txt"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s: -want +got:\n%s", file, d)
		}
		if strings.Contains(file, "ordinary") && len(found.Findings) > 0 {
			t.Errorf("%s: what is ordinary was taken for secret", file)
		}
	}
}

// plant puts a secret into a state in every place that holds values, and masked into
// those that hold names.
func plant(t testing.TB, value, key string) []byte {
	t.Helper()
	object := map[string]any{"plain": value, "password": value, "list": []any{value, map[string]any{"value": value, "name": "API_TOKEN"}}, key: "on", "text": "x=" + value + "\n"}
	inner, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	instance := func(extra string) map[string]any {
		m := map[string]any{"index_key": key, "attributes": map[string]any{"value": value, "policy": string(inner), "nested": []any{object}, "tags": map[string]any{key: value}, "user_data": base64.StdEncoding.EncodeToString([]byte("T=" + value))}}
		if extra != "" {
			m["sensitive_attributes"] = json.RawMessage(extra)
		}
		return m
	}
	address, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	resource := func(typ, name string, instances ...map[string]any) map[string]any {
		return map[string]any{"mode": "managed", "type": typ, "name": name, "module": "module.m[" + string(address) + "]", "provider": `provider["registry.terraform.io/hashicorp/aws"]`, "instances": instances}
	}
	raw, err := json.Marshal(map[string]any{
		"version": 4, "serial": 1, "lineage": "l",
		"resources": []any{
			resource("aws_ssm_parameter", "a", instance("")), resource("aws_instance", "b", instance("")),
			resource("aws_instance", "c", instance(`[[{"type":"get_attr","value":"nested"}],[{"type":"get_attr","value":"tags"}]]`)),
			resource("aws_instance", "d", instance(`"new"`)),
		},
		"outputs":       map[string]any{"a": map[string]any{"value": object}, "b": map[string]any{"value": value, "sensitive": true}, "c": map[string]any{"value": value}},
		"check_results": []any{map[string]any{"objects": []any{map[string]any{"object_addr": "aws_instance.b[" + string(address) + "]", "failure_messages": []any{"got " + value}}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// shown is everything that leaves this package of a state.
func shown(t testing.TB, raw []byte) string {
	t.Helper()
	r, err := (&scan.Checker{Placeholders: true}).Reader(t.Context(), "state", raw)
	if err != nil {
		return err.Error()
	}
	var b bytes.Buffer
	if err := scan.Human(&b, []*scan.Report{r}); err != nil {
		t.Fatal(err)
	}
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func FuzzNothingPlantedIsShown(f *testing.F) {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	for _, value := range []string{"correct horse battery staple", "hunter2!", "arn:aws:iam::111122223333:role/secret", "placeholder-of-mine", `{"password":"hunter22"}`, "a\nb\x00c\"d e", "https://u:made-up@host/", "\u2028\u202e hidden", "-----BEGIN PRIVATE KEY-----\nabcdefghijklmnop"} {
		f.Add(value, uint64(1))
	}
	f.Fuzz(func(t *testing.T, value string, seed uint64) {
		if len(value) < 6 || !utf8.ValidString(value) {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		key := []byte("glpat-")
		for range 20 {
			key = append(key, letters[r.IntN(len(letters))])
		}
		text := shown(t, plant(t, value, string(key)))
		if strings.Contains(text, string(key[6:])) {
			t.Errorf("a key is shown:\n%s", text)
		}
		// What stands there anyway is no leak.
		if strings.Contains(shown(t, plant(t, "ok", "ok")), value) || strings.Contains(shown(t, plant(t, "1dS9fkWq02LmZxP7bVnT", "glpat-aB3dE6gH9jK2mN5pQ8sT")), value) {
			return
		}
		quoted, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{value, string(quoted[1 : len(quoted)-1]), base64.StdEncoding.EncodeToString([]byte("T=" + value))} {
			if strings.Contains(text, form) {
				t.Errorf("%q is shown:\n%s", form, text)
			}
		}
	})
}

// That the plants are there to be found, and what is said of them.
func TestPlantsAreFound(t *testing.T) {
	found := scan.State(open(t, plant(t, "ghp_1dS9fkWq02LmZxP7bVnT1dS9fkWq02LmZxP7", "glpat-aB3dE6gH9jK2mN5pQ8sT")), builtIn(t))
	text := lines(found)
	for _, want := range []string{
		"[(masked: 28 characters)].aws_ssm_parameter.a[(masked: 26 characters)]  value  schema  ghp_... (masked, 40 characters)", "aws_instance.b[(masked: 26 characters)]  nested[0].list[1].value  format:github-token",
		"policy > list[0]  format:github-token", "user_data  format:", "aws_instance.c[(masked: 26 characters)]  nested  marked", "aws_instance.c[(masked: 26 characters)]  tags  marked",
		"aws_instance.d[(masked: 26 characters)]    marked", "output.b    output", "output.a  password  format:github-token", "check_results.aws_instance.b[(masked: 28 characters)]    format:github-token",
		"nested[0][(masked: 26 characters)] (its name)  format:gitlab-token",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not found: %s", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestSchemas(t *testing.T) {
	told := &tfjson.ProviderSchemas{Schemas: map[string]*tfjson.ProviderSchema{"registry.opentofu.org/acme/box": {
		ResourceSchemas: map[string]*tfjson.Schema{"box_it": {Block: &tfjson.SchemaBlock{
			Attributes:   map[string]*tfjson.SchemaAttribute{"key": {Sensitive: true}, "open": {}, "wo": {Sensitive: true, WriteOnly: true}, "set": {AttributeNestedType: &tfjson.SchemaNestedAttributeType{Attributes: map[string]*tfjson.SchemaAttribute{"in": {Sensitive: true}}}}},
			NestedBlocks: map[string]*tfjson.SchemaBlockType{"b": {Block: &tfjson.SchemaBlock{Attributes: map[string]*tfjson.SchemaAttribute{"deep": {Sensitive: true}}}}},
		}}},
		DataSourceSchemas: map[string]*tfjson.Schema{"box_it": {Block: &tfjson.SchemaBlock{Attributes: map[string]*tfjson.SchemaAttribute{"open": {Sensitive: true}}}}},
	}}}
	s := scan.FromEngine(told, map[string]string{"registry.opentofu.org/acme/box": "1.2.3"}).Over(builtIn(t))
	instance := `{"attributes":{"key":"one","open":"two","set":{"in":"three"},"b":[{"deep":"four"}]}}`
	c := open(t, []byte(`{"version":4,"lineage":"l","resources":[
		{"mode":"managed","type":"box_it","name":"m","provider":"provider[\"registry.terraform.io/acme/box\"]","instances":[`+instance+`]},
		{"mode":"data","type":"box_it","name":"d","provider":"provider[\"registry.terraform.io/acme/box\"]","instances":[`+instance+`]},
		{"mode":"managed","type":"aws_db_instance","name":"d","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"attributes":{"password":"p"}}]}]}`))
	want := `aws_db_instance.d  password  schema  (masked, 1 characters)
box_it.m  b[0].deep  schema  (masked, 4 characters)
box_it.m  key  schema  (masked, 3 characters)
box_it.m  set.in  schema  (masked, 5 characters)
data.box_it.d  open  schema  (masked, 3 characters)
schema acme/box: engine 1.2.3
schema hashicorp/aws: built in 5.100.0
`
	if d := cmp.Diff(want, lines(scan.State(c, s))); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func BenchmarkState(b *testing.B) {
	ordinary, err := os.ReadFile("testdata/ordinary.tfstate")
	if err != nil {
		b.Fatal(err)
	}
	var one struct{ Resources []json.RawMessage }
	if err := json.Unmarshal(ordinary, &one); err != nil {
		b.Fatal(err)
	}
	var text bytes.Buffer
	text.WriteString(`{"version":4,"lineage":"l","resources":[`)
	for n := range 200 {
		for i, r := range one.Resources {
			if n+i > 0 {
				text.WriteByte(',')
			}
			text.Write(r)
		}
	}
	text.WriteString("]}")
	s := builtIn(b)
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if found := scan.State(open(b, text.Bytes()), s); len(found.Findings) > 0 {
			b.Fatal(found.Findings)
		}
	}
}
