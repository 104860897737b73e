package scan_test

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	prng "math/rand/v2"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/strongroom-dev/strongroom/internal/state/scan"
)

// drawn makes up secrets; the seed is fixed, and nothing of the right shape stands in
// this repository.
type drawn struct{ *prng.Rand }

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

func (d drawn) of(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[d.IntN(len(alphabet))]
	}
	return string(b)
}

// kinds are secrets of well-known formats, by what has to be found.
func kinds(t testing.TB) map[string]string {
	t.Helper()
	d := drawn{prng.New(prng.NewPCG(7, 7))}
	base62 := lower + upper + digits
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	raw := base64.RawURLEncoding.EncodeToString
	return map[string]string{
		"aws-access-key-id": "AKIA" + d.of(upper+"234567", 16),
		"entropy":           d.of(base62+"/+", 40), // an AWS secret access key
		"gitlab-token":      "glptt-" + d.of("abcdef"+digits, 40),
		"github-token":      "ghp_" + d.of(base62, 36),
		"slack-token":       "xoxb-" + d.of(digits, 12) + "-" + d.of(digits, 12) + "-" + d.of(base62, 24),
		"stripe-key":        "sk_live_" + d.of(base62, 24),
		"private-key":       private,
		"jwt":               raw([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + raw([]byte(`{"sub":"made-up"}`)) + "." + d.of(base62, 86),
		"age-key":           "AGE-SECRET-KEY-1" + d.of(upper+digits, 58),
		"npm-token":         "npm_" + d.of(base62, 36),
		"pypi-token":        "pypi-AgEIcHlwaS5vcmc" + d.of(base62, 120),
		"url-password":      "postgresql://app:" + d.of(base62, 9) + "@db.internal:5432/app",
		"assignment":        "Server=db;User Id=app;Password=" + d.of(base62, 9) + ";Encrypt=true",
		"entra-secret":      d.of(base62, 3) + "8Q~" + d.of(base62, 34),
	}
}

func zipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func quote(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// one is a state with one instance, whose fields are those of the text.
func one(mode, typ, fields string) string {
	return `{"version":4,"serial":1,"lineage":"l","resources":[{"mode":"` + mode + `","type":"` + typ + `","name":"x","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{` + fields + `}]}]}`
}

// Every kind is found in every place that a state has for a text, whatever the place is
// called.
func TestEveryKindIsFoundInEveryPlace(t *testing.T) {
	schema := builtIn(t)
	attribute := func(text string) string { return one("managed", "aws_instance", `"attributes":`+text) }
	for kind, value := range kinds(t) {
		script := "#!/bin/sh\nset -e\nrun --with '" + value + "'\n"
		for place, state := range map[string]string{
			"an attribute":                 attribute(quote(t, map[string]any{"note": value})),
			"a list":                       attribute(quote(t, map[string]any{"notes": []any{"a", value}})),
			"a map":                        attribute(quote(t, map[string]any{"tags": map[string]any{"Note": value}})),
			"a block in a block":           attribute(quote(t, map[string]any{"a": []any{map[string]any{"b": []any{map[string]any{"note": value}}}}})),
			"a value of any type":          attribute(quote(t, map[string]any{"input": map[string]any{"value": map[string]any{"note": value}, "type": []any{"object", map[string]any{"note": "string"}}}})),
			"attributes of the old form":   one("managed", "aws_instance", `"attributes_flat":`+quote(t, map[string]any{"tags.Note": value})),
			"JSON":                         attribute(quote(t, map[string]any{"document": quote(t, map[string]any{"a": []any{map[string]any{"b": value}}})})),
			"JSON in JSON":                 attribute(quote(t, map[string]any{"document": quote(t, map[string]any{"a": quote(t, []any{value})})})),
			"a script":                     attribute(quote(t, map[string]any{"user_data": script})),
			"a data source":                one("data", "aws_instance", `"attributes":`+quote(t, map[string]any{"note": value})),
			"an instance that was deposed": one("managed", "aws_instance", `"deposed":"00000000","attributes":`+quote(t, map[string]any{"note": value})),
			"an output":                    `{"version":4,"lineage":"l","outputs":{"note":{"value":` + quote(t, value) + `,"type":"string"}}}`,
			"an output's list":             `{"version":4,"lineage":"l","outputs":{"note":{"value":[{"a":` + quote(t, value) + `}]}}}`,
			"a check's message":            `{"version":4,"lineage":"l","check_results":[{"objects":[{"object_addr":"aws_instance.x","failure_messages":[` + quote(t, "got "+value) + `]}]}]}`,
		} {
			if kind == "jwt" && strings.HasPrefix(place, "JSON") {
				continue // it is JSON's own punctuation that ends one
			}
			expect(t, schema, kind+" in "+place, state, kind)
		}
		if kind == "entropy" { // in what is encoded it could be anything
			continue
		}
		for place, state := range map[string]string{
			"base64":             attribute(quote(t, map[string]any{"user_data_base64": base64.StdEncoding.EncodeToString([]byte(script))})),
			"gzip in base64":     attribute(quote(t, map[string]any{"user_data_base64": zipped(t, script)})),
			"the provider's own": one("managed", "aws_instance", `"attributes":{},"private":`+quote(t, base64.StdEncoding.EncodeToString([]byte(script)))),
		} {
			expect(t, schema, kind+" in "+place, state, kind)
		}
	}
}

func expect(t *testing.T, schema *scan.Schema, what, state, kind string) {
	t.Helper()
	found := scan.State(open(t, []byte(state)), schema)
	for _, f := range found.Findings {
		for _, r := range f.Rules {
			if r == kind || r == "format:"+kind {
				return
			}
		}
	}
	t.Errorf("%s is not found: %v", what, found.Findings)
}

// What a state or the provider calls sensitive is a secret though it looks like nothing.
func TestWhatIsCalledSensitive(t *testing.T) {
	marks := func(path string) string { return `,"sensitive_attributes":[` + path + `]` }
	get := func(name string) string { return `{"type":"get_attr","value":"` + name + `"}` }
	index := func(typ, key string) string {
		return `{"type":"index","value":{"value":` + key + `,"type":"` + typ + `"}}`
	}
	for _, tt := range []struct{ name, state, path, rule string }{
		{"a map's element", one("managed", "aws_instance", `"attributes":{"tags":{"a b":"plain","c":"x"}}`+marks("["+get("tags")+","+index("string", `"a b"`)+"]")), `tags["a b"]`, "marked"},
		{"a list's element", one("managed", "aws_instance", `"attributes":{"l":["x","plain"]}`+marks("["+get("l")+","+index("number", "1")+"]")), "l[1]", "marked"},
		{"a number", one("managed", "aws_instance", `"attributes":{"pin":1234}`+marks("["+get("pin")+"]")), "pin", "marked"},
		{"a value of any type", one("managed", "terraform_data", `"attributes":{"input":{"value":{"user":"x","pass":"plain"},"type":["object",{"user":"string","pass":"string"}]}}`+marks("["+get("input")+","+get("pass")+"]")), "input.value.pass", "marked"},
		{"a list of any type", one("managed", "terraform_data", `"attributes":{"input":{"value":[{"k":"x"},{"k":"plain"}],"type":["tuple",[]]}}`+marks("["+get("input")+","+index("number", "1")+","+get("k")+"]")), "input.value[1].k", "marked"},
		{"an object that only looks like one", one("managed", "aws_instance", `"attributes":{"o":{"type":"x","value":"plain"}}`+marks("["+get("o")+","+get("value")+"]")), "o.value", "marked"},
		{"a nested block", one("managed", "aws_lb_listener", `"attributes":{"default_action":[{"authenticate_oidc":[{"client_id":"x","client_secret":"plain"}]}]}`), "default_action[0].authenticate_oidc[0].client_secret", "schema"},
		{"a set", one("managed", "aws_elasticache_user", `"attributes":{"passwords":["plain"]}`), "passwords", "schema"},
		{"a map", one("managed", "aws_glue_connection", `"attributes":{"connection_properties":{"JDBC":"plain"}}`), "connection_properties", "schema"},
		{"a data source", one("data", "aws_ssm_parameter", `"attributes":{"name":"/a","value":"plain"}`), "value", "schema"},
		{"random_password", strings.ReplaceAll(one("managed", "random_password", `"attributes":{"result":"plain","length":5}`), "hashicorp/aws", "hashicorp/random"), "result", "schema"},
		{"an output", `{"version":4,"lineage":"l","outputs":{"o":{"value":["plain"],"sensitive":true}}}`, "", "output"},
	} {
		found := scan.State(open(t, []byte(tt.state)), builtIn(t))
		if len(found.Findings) != 1 || found.Findings[0].Path != tt.path || fmt.Sprint(found.Findings[0].Rules) != "["+tt.rule+"]" {
			t.Errorf("%s: %+v", tt.name, found.Findings)
		}
	}
	// What no state holds, and what AWS publishes.
	for name, state := range map[string]string{
		"a write-only attribute": one("managed", "aws_db_instance", `"attributes":{"password":null,"password_wo":null,"password_wo_version":2}`),
		"a published parameter":  one("data", "aws_ssm_parameter", `"attributes":{"name":"/aws/service/ami-amazon-linux-latest/x","value":"ami-0a1b2c3d4e5f67890"},"sensitive_attributes":[[{"type":"get_attr","value":"value"}]]`),
	} {
		if found := scan.State(open(t, []byte(state)), builtIn(t)); len(found.Findings) > 0 {
			t.Errorf("%s: %+v", name, found.Findings)
		}
	}
}

// A schema says of each element of a map what it says of each of a list.
func TestSchemasOfMaps(t *testing.T) {
	leaf := map[string]*tfjson.SchemaAttribute{"key": {Sensitive: true}, "open": {}}
	told := &tfjson.ProviderSchemas{Schemas: map[string]*tfjson.ProviderSchema{"registry.terraform.io/acme/box": {ResourceSchemas: map[string]*tfjson.Schema{"box": {Block: &tfjson.SchemaBlock{
		Attributes: map[string]*tfjson.SchemaAttribute{
			"map":  {AttributeNestedType: &tfjson.SchemaNestedAttributeType{NestingMode: tfjson.SchemaNestingModeMap, Attributes: leaf}},
			"list": {AttributeNestedType: &tfjson.SchemaNestedAttributeType{NestingMode: tfjson.SchemaNestingModeList, Attributes: leaf}},
		},
		NestedBlocks: map[string]*tfjson.SchemaBlockType{"block": {NestingMode: tfjson.SchemaNestingModeMap, Block: &tfjson.SchemaBlock{Attributes: leaf}}},
	}}}}}}
	state := strings.ReplaceAll(one("managed", "box", `"attributes":{"map":{"a":{"key":"one","open":"x"},"b.c":{"key":"two"}},"list":[{"open":"x"},{"key":"three"}],"block":{"a":{"key":"four","open":"x"}}}`), "hashicorp/aws", "acme/box")
	got := lines(scan.State(open(t, []byte(state)), scan.FromEngine(told, nil)))
	want := "box.x  block.a.key  schema  (masked, 4 characters)\nbox.x  list[1].key  schema  (masked, 5 characters)\nbox.x  map.a.key  schema  (masked, 3 characters)\nbox.x  map[\"b.c\"].key  schema  (masked, 3 characters)\nschema acme/box: engine \n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
