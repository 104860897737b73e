package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

// outline writes a tree with its places, a line each.
func outline(b *strings.Builder, e *policy.Element, depth int) {
	fmt.Fprintf(b, "%s%d:%d %s %q\n", strings.Repeat(" ", depth), e.Line, e.Column, e.Kind, e.Text)
	for _, m := range e.Members {
		fmt.Fprintf(b, "%s%d:%d .%s\n", strings.Repeat(" ", depth+1), m.Line, m.Column, m.Name)
		outline(b, m.Value, depth+2)
	}
	for _, v := range e.Items {
		outline(b, v, depth+1)
	}
}

func TestReadDocumentKnowsPlaces(t *testing.T) {
	src := "{\"é\": [1, true,\n  null], \"b\":\n{\"\\u0063\": \"x\\ny\"}}"
	doc, err := policy.ReadDocument("p.json", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	outline(&b, doc, 0)
	want := `1:1 an object ""
 1:2 .é
  1:7 a list ""
   1:8 a number "1"
   1:11 a boolean "true"
   2:3 null ""
 2:10 .b
  3:1 an object ""
   3:2 .c
    3:12 a string "x\ny"
`
	if b.String() != want {
		t.Errorf("got:\n%swant:\n%s", b.String(), want)
	}
	if v := doc.Get("b").Get("c"); src[v.Start:v.End] != `"x\ny"` {
		t.Errorf("offsets of c give %q", src[v.Start:v.End])
	}
	if doc.Get("nothing") != nil {
		t.Error("Get finds a member that is not there")
	}
}

func TestReadDocumentRefuses(t *testing.T) {
	for src, want := range map[string]string{
		`{"a": 1, "a": 2}`:         `p.json:1:10: element "a" is given twice, first on line 1; keep one of them, and join their values in a list`,
		`{"a": `:                   `p.json:1:7: unexpected end of text, want a JSON value`,
		"{\"a\": \"\xff\"}":        `p.json:1:8: invalid UTF-8 in a string; save the document as UTF-8`,
		strings.Repeat("[", 1<<20): `p.json:1:18: nested more than 16 levels deep`,
		`{} {}`:                    `p.json:1:4: unexpected '{' after the end of the document; remove what follows the document`,
	} {
		_, err := policy.ReadDocument("p.json", []byte(src))
		var syntax *policy.SyntaxError
		if !errors.As(err, &syntax) || err.Error() != want {
			t.Errorf("%.20q: got %v, want %s", src, err, want)
		}
	}
}

func TestParseOperatorTakesApart(t *testing.T) {
	for name, want := range map[string]string{
		"StringEquals":                    "String missing=false",
		"StringNotLike":                   "String like negated missing=true",
		"ForAllValues:StringLikeIfExists": "String ForAllValues like ifexists missing=true",
		"ForAnyValue:StringNotEquals":     "String ForAnyValue negated missing=false",
		"ForAllValues:StringEquals":       "String ForAllValues missing=true",
		"StringEqualsIgnoreCase":          "String fold missing=false",
		"NumericLessThanEqualsIfExists":   "Numeric ordered ifexists missing=true",
		"NotIpAddress":                    "IPAddress negated missing=true",
		"ArnEquals":                       "ARN like missing=false",
		"Null":                            "Null missing=false",
		"Bool":                            "Bool missing=false",
	} {
		o, _, ok := policy.ParseOperator(name)
		if !ok {
			t.Errorf("%s is not known", name)
			continue
		}
		got := string(o.Family)
		for _, w := range []struct {
			on   bool
			word string
		}{{o.Set != "", o.Set}, {o.Like, "like"}, {o.Ordered, "ordered"}, {o.Fold, "fold"}, {o.Negated, "negated"}, {o.IfExists, "ifexists"}} {
			if w.on {
				got += " " + w.word
			}
		}
		if got += fmt.Sprintf(" missing=%t", o.Missing()); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if _, near, ok := policy.ParseOperator("StringEqual"); ok || near != "StringEquals" {
		t.Errorf("StringEqual: near %q, ok %t", near, ok)
	}
}

func TestOperatorHolds(t *testing.T) {
	for _, c := range []struct {
		op, value string
		wanted    []string
		want      bool
	}{
		{"StringEquals", "a", []string{"b", "a"}, true},
		{"StringNotEquals", "a", []string{"b", "a"}, false},
		{"StringLike", "main", []string{"m*"}, true},
		{"NumericLessThan", "4", []string{"5"}, true},
		{"NumericLessThan", "5", []string{"5"}, false},
		{"IpAddress", "10.1.2.3", []string{"10.0.0.0/8"}, true},
		{"DateGreaterThan", "2026-01-02T00:00:00Z", []string{"2026-01-01T00:00:00Z"}, true},
		{"ForAnyValue:StringEquals", "a", []string{"a"}, true},
		{"NumericEquals", "4", []string{"four"}, false},
	} {
		o, _, ok := policy.ParseOperator(c.op)
		if got := o.Holds(c.value, c.wanted); !ok || got != c.want {
			t.Errorf("%s %q of %q: got %t, want %t", c.op, c.value, c.wanted, got, c.want)
		}
	}
	o, _, _ := policy.ParseOperator("Bool")
	if problem, fix := o.CheckValue("yes", true); problem != "is not a boolean" || fix == "" {
		t.Errorf("CheckValue: %q, %q", problem, fix)
	}
	if problem, _ := o.CheckValue("TRUE", true); problem != "" {
		t.Errorf("CheckValue refuses TRUE: %q", problem)
	}
}

func TestPatternsCoverAndOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b             string
		fold             bool
		covers, overlaps bool
	}{
		{"s3:*", "s3:GetObject", true, true, true},
		{"S3:get*", "s3:GetObject", true, true, true},
		{"S3:get*", "s3:GetObject", false, false, false},
		{"a*c", "ab*", false, false, true},
		{"a*", "b*", false, false, false},
		{"?", "a", false, true, true},
		{"?", "*", false, false, true},
		{"", "", false, true, true},
	} {
		if got := policy.Covers(c.a, c.b, c.fold); got != c.covers {
			t.Errorf("Covers(%q, %q) = %t", c.a, c.b, got)
		}
		if got := policy.Overlaps(c.a, c.b, c.fold); got != c.overlaps {
			t.Errorf("Overlaps(%q, %q) = %t", c.a, c.b, got)
		}
	}
	long := strings.Repeat("a*", 1<<19)
	if policy.Covers(long, long, false) || !policy.Overlaps(long, "b", false) {
		t.Error("long texts are not left undecided")
	}
}

func TestVariablesOfAText(t *testing.T) {
	list, problem := policy.Variables("${aws:username}/*/${aws:PrincipalTag/team, 'none'}/${*}")
	if problem != "" || len(list) != 2 || list[0].Key != "aws:username" || list[0].Default || list[1].Key != "aws:PrincipalTag/team" || !list[1].Default {
		t.Errorf("got %+v, %q", list, problem)
	}
	if _, problem := policy.Variables("${aws:username"); problem == "" {
		t.Error("an open variable is not told")
	}
}

// A document that Parse takes is a document that ReadDocument reads, with every
// place inside the text and in order.
func FuzzReadDocument(f *testing.F) {
	f.Add([]byte(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`))
	f.Add([]byte("{\"\\u00e9\": [1,\n-0.5e3, null, true]}"))
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, err := policy.ReadDocument("f", src)
		if _, perr := policy.Parse("f", src, policy.Identity); err != nil {
			var syntax *policy.SyntaxError
			if !errors.As(err, &syntax) || perr == nil {
				t.Fatalf("ReadDocument: %v, Parse: %v", err, perr)
			}
			return
		}
		lines := strings.Split(string(src), "\n")
		last := 0
		var walk func(e *policy.Element)
		walk = func(e *policy.Element) {
			if e.Start < last || e.End < e.Start || e.End > len(src) {
				t.Fatalf("element from %d to %d after %d", e.Start, e.End, last)
			}
			last = e.Start
			before := []rune(lines[e.Line-1])
			if e.Column < 1 || e.Column > len(before) || string(before[e.Column-1]) != string([]rune(string(src[e.Start:]))[0]) {
				t.Fatalf("%d:%d is not where offset %d is", e.Line, e.Column, e.Start)
			}
			for _, m := range e.Members {
				walk(m.Value)
			}
			for _, v := range e.Items {
				walk(v)
			}
		}
		walk(doc)
	})
}
