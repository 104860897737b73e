package eventpattern_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/eventpattern"
)

// lines reads a file of JSON lines.
func lines[T any](t testing.TB, name string) (list []T) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		var v T
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			t.Fatalf("%s:%d: %v", name, n, err)
		}
		list = append(list, v)
	}
	if len(list) < 20 {
		t.Fatalf("%s has %d cases", name, len(list))
	}
	return list
}

type matchCase struct {
	Source         string
	Pattern, Event json.RawMessage
	Match          *bool
}

type invalidCase struct {
	Pattern, Reason string
	Line, Column    int
}

func compile(t testing.TB, text string) *eventpattern.Pattern {
	t.Helper()
	p, err := eventpattern.Compile(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

func event(t testing.TB, text string) eventpattern.Event {
	t.Helper()
	e, err := eventpattern.NewEvent(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}

func TestPatternsSelectWhatIsDocumented(t *testing.T) {
	for _, c := range lines[matchCase](t, "testdata/match.jsonl") {
		if c.Source == "" || c.Match == nil {
			t.Fatalf("a case without source or verdict: %s", c.Pattern)
		}
		p, e := compile(t, string(c.Pattern)), event(t, string(c.Event))
		if got := p.Match(e); got != *c.Match {
			t.Errorf("%s\n%s on %s: %v", c.Source, c.Pattern, c.Event, got)
		}
		x := p.Explain(e)
		if x.Matched != *c.Match || len(x.Branches) == 0 {
			t.Errorf("%s\n%s on %s is explained as %+v", c.Source, c.Pattern, c.Event, x)
		}
		for _, b := range x.Branches {
			if b.Matched == (len(b.Why()) > 0) {
				t.Errorf("%s: %s on %s: matched %v, because %q", c.Source, c.Pattern, c.Event, b.Matched, b.Why())
			}
		}
	}
}

func TestPatternsAreRefusedInEventBridgesWords(t *testing.T) {
	for _, c := range lines[invalidCase](t, "testdata/invalid.jsonl") {
		_, err := eventpattern.Compile(c.Pattern)
		var e *eventpattern.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", c.Pattern, err)
			continue
		}
		if e.Reason != c.Reason || c.Line != 0 && (e.Line != c.Line || e.Column != c.Column) {
			t.Errorf("%s: %q at %d:%d, want %q at %d:%d", c.Pattern, e.Reason, e.Line, e.Column, c.Reason, c.Line, c.Column)
		}
		if !strings.HasPrefix(e.Error(), "Event pattern is not valid. Reason: "+c.Reason+"\n at [Source: (String)\"") {
			t.Errorf("message %q", e.Error())
		}
	}
}

func TestBranchesAreBounded(t *testing.T) {
	one := `{"$or":[{"a":[1]},{"b":[1]}]}`
	nested := func(n int) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = `"f` + string(rune('a'+i)) + `":` + one
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	compile(t, nested(9)) // 512 combinations
	if _, err := eventpattern.Compile(nested(10)); err == nil || !strings.Contains(err.Error(), "exceed 1000") {
		t.Errorf("1024 combinations: %v", err)
	}
}

func TestEventsMustBeObjects(t *testing.T) {
	for _, text := range []string{"", "[]", "1", `{"a":}`, "{\"a\":\"\xff\"}", `{} {}`} {
		if _, err := eventpattern.NewEvent(text); err == nil {
			t.Errorf("%q is taken as an event", text)
		}
	}
}

func TestExplanationNamesWantedAndCarried(t *testing.T) {
	p := compile(t, `{"source":["aws.guardduty"],"detail":{"severity":[{"numeric":[">=",7]},"high"],"gone":[{"exists":false}]}}`)
	x := p.Explain(event(t, `{"source":"aws.guardduty","detail":{"severity":6.9}}`))
	if x.Matched || len(x.Branches) != 1 || len(x.Branches[0].Fields) != 3 {
		t.Fatalf("%+v", x)
	}
	if f := x.Branches[0].Fields[1]; f.Path != "detail.severity" || f.Matched || len(f.Wanted) != 2 || f.Wanted[0] != `{"numeric":[">=",7]}` || f.Wanted[1] != `"high"` || len(f.Carried) != 1 || f.Carried[0] != "6.9" {
		t.Errorf("%+v", f)
	}
	why := x.Branches[0].Why()
	if len(why) != 1 || why[0] != `detail.severity is 6.9; wanted {"numeric":[">=",7]} or "high"` {
		t.Errorf("%q", why)
	}
	p = compile(t, `{"a":{"x":[1],"y":[2]}}`)
	x = p.Explain(event(t, `{"a":[{"x":1,"y":1},{"x":2,"y":2}]}`))
	if x.Matched || !x.Branches[0].Scattered {
		t.Errorf("%+v", x)
	}
}

// FuzzMatch: no text makes it panic, and match and explanation agree.
func FuzzMatch(f *testing.F) {
	for _, c := range lines[matchCase](f, "testdata/match.jsonl") {
		f.Add(string(c.Pattern), string(c.Event))
	}
	for _, c := range lines[invalidCase](f, "testdata/invalid.jsonl") {
		f.Add(c.Pattern, `{"a":[1,{"b":"\\"}]}`)
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > eventpattern.MaxLength {
			return
		}
		p, err := eventpattern.Compile(pattern)
		if err != nil {
			return
		}
		e, err := eventpattern.NewEvent(text)
		if err != nil {
			return
		}
		if p.Match(e) != p.Explain(e).Matched {
			t.Errorf("%s on %s: match and explanation differ", pattern, text)
		}
	})
}

const sample = `{"version":"0","id":"6a7e8feb","detail-type":"GuardDuty Finding","source":"aws.guardduty","account":"111122223333","time":"2026-01-02T03:04:05Z",
"region":"eu-west-2","resources":[],"detail":{"schemaVersion":"2.0","accountId":"111122223333","region":"eu-west-2","id":"abc","type":"Recon:EC2/Portscan",
"resource":{"resourceType":"Instance","instanceDetails":{"instanceId":"i-1","networkInterfaces":[{"privateIpAddress":"10.0.0.1"}]}},"severity":7.5,"title":"a port scan"}}`

// Events through rules: each event is read once and held against ten patterns.
func BenchmarkTenRules(b *testing.B) {
	var rules []*eventpattern.Pattern
	for _, text := range []string{
		`{"source":["aws.guardduty"],"detail-type":["GuardDuty Finding"],"detail":{"severity":[{"numeric":[">=",7]}]}}`,
		`{"source":["aws.securityhub"],"detail":{"findings":{"Severity":{"Label":["HIGH","CRITICAL"]},"ProductName":[{"anything-but":"GuardDuty"}]}}}`,
		`{"source":["aws.ec2"]}`, `{"source":[{"prefix":"aws."}],"detail":{"eventName":["StopLogging"]}}`, `{"region":[{"anything-but":"eu-west-2"}]}`,
		`{"detail":{"resource":{"instanceDetails":{"networkInterfaces":{"privateIpAddress":[{"cidr":"10.0.0.0/8"}]}}}}}`,
		`{"detail":{"title":[{"wildcard":"*port*"}]}}`, `{"detail":{"type":[{"suffix":"scan"}]}}`, `{"detail":{"missing":[{"exists":false}]}}`,
		`{"$or":[{"account":["1"]},{"detail":{"id":["abc"]}}]}`,
	} {
		rules = append(rules, compile(b, text))
	}
	b.ReportAllocs()
	for b.Loop() {
		e, err := eventpattern.NewEvent(sample)
		if err != nil {
			b.Fatal(err)
		}
		matched := 0
		for _, p := range rules {
			if p.Match(e) {
				matched++
			}
		}
		if matched != 6 {
			b.Fatalf("%d of 10 rules match, want 6", matched)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func TestStringsAreTheExactOnes(t *testing.T) {
	p := compile(t, `{"$or":[{"source":["a","b"]},{"source":["b",{"prefix":"c"},1]}],"detail-type":[{"anything-but":"x"}],"detail":{"service":["S"]}}`)
	for path, want := range map[string]string{"source": "a b", "detail-type": "", "detail.service": "S", "none": ""} {
		if got := strings.Join(p.Strings(path), " "); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
