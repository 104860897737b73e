package tfstate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

func open(t testing.TB, resources, outputs string) *tfstate.Contents {
	t.Helper()
	c, err := tfstate.Open([]byte(`{"version":4,"serial":1,"lineage":"l","resources":[` + resources + `],"outputs":{` + outputs + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// instances is a resource in a state.
func instances(module, address string, list ...string) string {
	typ, name, _ := strings.Cut(address, ".")
	return fmt.Sprintf(`{"module":%q,"mode":"managed","type":%q,"name":%q,"provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[%s]}`,
		module, typ, name, strings.Join(list, ","))
}

var everything = tfstate.Show{
	Secret: func(name string) bool { return strings.HasPrefix(name, "hush") },
	Value:  func(v tfstate.Value) bool { s, _ := v.Scalar.(string); return !strings.HasPrefix(s, "hush") },
}

// lines is a difference as text.
func lines(d *tfstate.Difference) string {
	var b strings.Builder
	for _, list := range [][]tfstate.Change{d.Resources, d.Outputs} {
		for _, c := range list {
			fmt.Fprintln(&b, c.Action, c.Address, strings.Join(c.Other, ","))
			for _, a := range c.Attributes {
				from, to := "-", "-"
				if a.From != nil {
					from = *a.From
				}
				if a.To != nil {
					to = *a.To
				}
				fmt.Fprintln(&b, " ", a.Path, a.Sensitive, a.Shown, from, to)
			}
		}
	}
	return b.String()
}

func TestDiff(t *testing.T) {
	for _, tt := range []struct {
		name     string
		from, to [2]string // resources, outputs
		show     tfstate.Show
		want     string
	}{
		{name: "nothing"},
		{
			"addresses: modules, indexes, data sources, deposed instances",
			[2]string{instances("", "a.x", `{"index_key":0}`, `{"index_key":1}`) + "," + instances("module.m[\"k\"]", "a.y", `{}`), ""},
			[2]string{instances("", "a.x", `{"index_key":0}`, `{"index_key":"1"}`, `{"index_key":0,"deposed":"00aa"}`) + "," + strings.Replace(instances("", "b.z", `{}`), "managed", "data", 1), `"o":{"value":1}`},
			everything,
			"added a.x[\"1\"] \nadded a.x[0] (deposed 00aa) \nremoved a.x[1] \nadded data.b.z \nremoved module.m[\"k\"].a.y \nadded o \n",
		},
		{
			"attributes, with values",
			[2]string{instances("", "a.x", `{"attributes":{"n":12345678901234567890,"m":{"a b":"1","c":true},"l":[1,2],"s":[1],"same":"x"}}`), ""},
			[2]string{instances("", "a.x", `{"attributes":{"n":12345678901234567891,"m":{"a b":"2","d":null},"l":[1,3],"s":[1,2],"same":"x"}}`), ""},
			everything,
			`changed a.x 
  l[1] false true 2 3
  m["a b"] false true "1" "2"
  m.c false true true -
  m.d false true - null
  n false true 12345678901234567890 12345678901234567891
  s false false - -
`,
		},
		{
			"the zero Show names attributes of the first level, and no values",
			[2]string{instances("", "a.x", `{"attributes":{"n":1,"m":{"a":"1"}}}`), `"o":{"value":{"k":1}}`},
			[2]string{instances("", "a.x", `{"attributes":{"n":2,"m":{"b":"1"}}}`), `"o":{"value":{"k":2}}`},
			tfstate.Show{Value: func(tfstate.Value) bool { return true }},
			"changed a.x \n  m false false - -\n  n false false - -\nchanged o \n   false false - -\n",
		},
		{
			"what either state marks as sensitive, or what stands in it, is not shown and not asked about",
			[2]string{instances("", "a.x", `{"attributes":{"p":"1","m":{"q":{"r":1},"o":1},"l":[{"k":"1"}],"u":1},"sensitive_attributes":[[{"type":"get_attr","value":"p"}],[{"type":"get_attr","value":"m"},{"type":"index","value":{"value":"q","type":"string"}}],[{"type":"get_attr","value":"l"},{"type":"index","value":{"value":0,"type":"number"}},{"type":"get_attr","value":"k"}]]}`), `"o":{"value":"1","sensitive":true},"p":{"value":"1"}`},
			[2]string{instances("", "a.x", `{"attributes":{"p":"2","m":{"q":{"r":2},"o":2},"l":[{"k":"2"}],"u":2},"sensitive_attributes":[[{"type":"get_attr","value":"u"}]]}`), `"o":{"value":"2"},"p":{"value":"2","sensitive":true}`},
			everything,
			`changed a.x sensitive_attributes
  l[0].k true false - -
  m.o false true 1 2
  m.q true false - -
  p true false - -
  u true false - -
changed o sensitive
   true false - -
changed p sensitive
   true false - -
`,
		},
		{
			"marks go through what a state wraps values of any type in",
			[2]string{instances("", "a.x", `{"attributes":{"i":{"value":{"p":"1","o":"1"},"type":["object",{}]},"j":{"value":[{"k":"1"}],"type":"dynamic"}},"sensitive_attributes":[[{"type":"get_attr","value":"i"},{"type":"get_attr","value":"p"}],[{"type":"get_attr","value":"j"},{"type":"index","value":{"value":0,"type":"number"}},{"type":"get_attr","value":"k"}]]}`), ""},
			[2]string{instances("", "a.x", `{"attributes":{"i":{"value":{"p":"2","o":"2"},"type":["object",{}]},"j":{"value":[{"k":"2"}],"type":"dynamic"}}}`), ""},
			everything,
			"changed a.x sensitive_attributes\n  i.value.o false true \"1\" \"2\"\n  i.value.p true false - -\n  j.value[0].k true false - -\n",
		},
		{
			"what is sensitive in one place is not shown in another",
			[2]string{instances("", "a.x", `{"attributes":{"p":"quiet","l":[{"k":"quiet"},{"k":"x"}],"n":1234,"j":"{\"a\":\"inner\"}","t":"a","u":"b","v":1,"w":"c","y":"d"},"sensitive_attributes":[[{"type":"get_attr","value":"p"}],[{"type":"get_attr","value":"n"}],[{"type":"get_attr","value":"j"}]]}`), ""},
			[2]string{instances("", "a.x", `{"attributes":{"p":"quiet","l":[{"k":"x"},{"k":"quiet"}],"n":1234,"j":"{\"a\":\"inner\"}","t":"so quiet here","u":"e","v":1234,"w":"inner","y":"qui"}}`), ""},
			everything,
			`changed a.x sensitive_attributes
  l[0].k false false - -
  l[1].k false false - -
  t false false - -
  u false true "b" "e"
  v false false - -
  w false false - -
  y false true "d" "qui"
`,
		},
		{
			"a mark that is not understood hides all that it may be about",
			[2]string{instances("", "a.x", `{"attributes":{"p":{"q":1}}}`) + "," + instances("", "a.y", `{"attributes":{"p":1}}`), ""},
			[2]string{instances("", "a.x", `{"attributes":{"p":{"q":2}},"sensitive_attributes":[[{"type":"get_attr","value":"p"},{"type":"new","value":3}]]}`) + "," + instances("", "a.y", `{"attributes":{"p":2},"sensitive_attributes":{"new":1}}`), ""},
			everything,
			"changed a.x sensitive_attributes\n  p true false - -\nchanged a.y sensitive_attributes\n   true false - -\n",
		},
		{
			"secret names and values",
			[2]string{instances("", "a.x", `{"index_key":"hush1","attributes":{"m":{"hushed":"1","k":"hush"},"l":"x"}}`), ""},
			[2]string{instances("", "a.x", `{"index_key":"hush1","attributes":{"m":{"hushed":"2","k":"x"},"l":"hush"}}`) + "," + instances(`module.m["hush2"].module.n["a"]`, "a.x", `{}`), ""},
			everything,
			`changed a.x[(masked: 5 characters)] 
  l false false - -
  m[(masked: 6 characters)] false false - -
  m.k false false - -
added module.m[(masked: 7 characters)].module.n["a"].a.x 
`,
		},
		{
			"what changed beside the attributes; a field that is empty is none",
			[2]string{instances("", "a.x", `{"dependencies":[],"schema_version":0,"private":"YQ=="}`), ""},
			[2]string{instances("", "a.x", `{"status":"tainted","schema_version":0,"private":"Yg=="}`), ""},
			everything,
			"changed a.x private,status\n",
		},
		{
			"attributes of the old form",
			[2]string{instances("", "a.x", `{"attributes_flat":{"tags.%":"1"}}`), ""},
			[2]string{instances("", "a.x", `{"attributes_flat":{"tags.%":"2"}}`), ""},
			everything,
			"changed a.x \n  [\"tags.%\"] false true \"1\" \"2\"\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := tfstate.Diff(open(t, tt.from[0], tt.from[1]), open(t, tt.to[0], tt.to[1]), tt.show)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, lines(d)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if d.Empty() != (tt.want == "") {
				t.Errorf("Empty = %t", d.Empty())
			}
			raw, err := json.Marshal(d)
			if err != nil || strings.Contains(string(raw), "null,\"other") || strings.Contains(string(raw), "hush") {
				t.Errorf("%v %s", err, raw)
			}
		})
	}
}

func TestDiffOfStatesThatAreNotThere(t *testing.T) {
	c := open(t, instances("", "a.x", `{}`), `"o":{"value":1}`)
	for _, tt := range []struct {
		from, to *tfstate.Contents
		want     string
	}{
		{nil, nil, ""}, {nil, c, "added a.x \nadded o \n"}, {c, nil, "removed a.x \nremoved o \n"},
	} {
		d, err := tfstate.Diff(tt.from, tt.to, tfstate.Show{})
		if err != nil || lines(d) != tt.want {
			t.Errorf("%v %s", err, lines(d))
		}
	}
	if _, err := tfstate.Diff(open(t, instances("", "a.x", `{}`, `{}`), ""), c, tfstate.Show{}); err == nil {
		t.Error("two instances at one address, and the second was lost")
	}
}

func TestOpenRefusesWhatReadRefuses(t *testing.T) {
	for n := range len(wholeState) {
		_, err := tfstate.Open([]byte(wholeState[:n]))
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
	}
	for _, text := range []string{wholeState + "{", `{"version":3,"lineage":"a"}`, `{"version":4}`, `[1]`, `{"version":4,"lineage":"l","resources":[{"mode":"new","type":"a","name":"b","instances":[{}]}]}`} {
		if _, err := tfstate.Open([]byte(text)); err == nil {
			t.Errorf("%s counts as a state", text)
		}
	}
	if _, err := tfstate.Open([]byte(`{"serial":1,"lineage":"l","encrypted_data":"eA==","encryption_version":"v0","meta":{}}`)); !errors.Is(err, tfstate.ErrEncrypted) {
		t.Errorf("a state that OpenTofu encrypted: %v", err)
	}
}

func TestEach(t *testing.T) {
	c := open(t, instances("", "a.x", `{"attributes":{"b":{"c":[1,"s"]},"p":{"q":null}},"sensitive_attributes":[[{"type":"get_attr","value":"p"}]]}`), `"o":{"value":{"k":true},"sensitive":true}`)
	var b strings.Builder
	c.Each(func(v tfstate.Value) {
		fmt.Fprintln(&b, v.Instance != nil, v.Path, v.Scalar, v.Sensitive, v.Key)
	})
	want := `true b b false true
true b.c c false true
true b.c[0] 1 false false
true b.c[1] s false false
true p p false true
true p.q q true true
true p.q <nil> true false
false k k true true
false k true true false
`
	if b.String() != want {
		t.Errorf("got:\n%s", b.String())
	}
}

func FuzzDiff(f *testing.F) {
	f.Add([]byte(wholeState), []byte(sameState))
	f.Add([]byte(`{"version":4,"lineage":"l","resources":[`+instances(`module.m["a\\u0001"]`, "a.x", `{"index_key":"k","deposed":"d","attributes":{"p":{"q":[1,{"r":"s"}]}},"sensitive_attributes":[[{"type":"get_attr","value":"p"},{"type":"index","value":{"type":"number","value":1e3}}]]}`)+`]}`), []byte(`{"version":4,"lineage":"l"}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		x, err := tfstate.Open(a)
		_, errRead := tfstate.Read(a)
		if err == nil && errRead != nil || err != nil && x != nil {
			t.Fatalf("Open: %v, Read: %v", err, errRead)
		}
		if err != nil {
			return
		}
		x.Each(func(v tfstate.Value) {
			if v.Sensitive && v.Mark > len(v.Path) {
				t.Errorf("a mark of %d steps on a path of %d", v.Mark, len(v.Path))
			}
		})
		same, err := tfstate.Open(a)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := tfstate.Diff(x, same, everything); err == nil && !d.Empty() {
			t.Errorf("a state differs from itself:\n%s", lines(d))
		}
		y, err := tfstate.Open(b)
		if err != nil {
			return
		}
		there, err1 := tfstate.Diff(x, y, everything)
		back, err2 := tfstate.Diff(y, x, everything)
		if err1 != nil || err2 != nil {
			return
		}
		added, changed, removed := there.Count()
		if a2, c2, r2 := back.Count(); added != r2 || changed != c2 || removed != a2 || len(there.Outputs) != len(back.Outputs) {
			t.Errorf("there:\n%sback:\n%s", lines(there), lines(back))
		}
	})
}
