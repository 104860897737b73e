package wire_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// The service's package may stand before its name, and a member may have a name of its
// own.
func TestNames(t *testing.T) {
	type shape struct {
		List []string `wire:"theList"`
		Name *string
	}
	p := wire.NewJSON("CloudTrail_20131101", "1.1")
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	c := &op.Call{HTTP: r, Body: []byte(`{"theList":["a"],"Name":"b"}`)}
	for target, want := range map[string]string{
		"CloudTrail_20131101.DescribeTrails":                                         "DescribeTrails",
		"com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.DescribeTrails":      "DescribeTrails",
		"com.example.CloudTrail_20131101.DescribeTrails":                             "",
		"com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101Other.DescribeTrails": "",
		"CloudTrail_20131101": "",
	} {
		r.Header.Set("X-Amz-Target", target)
		if got, err := p.Operation(c); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", target, got, err)
		}
	}
	var in shape
	if err := p.Decode(c, "x", &in); err != nil || len(in.List) != 1 || *in.Name != "b" {
		t.Fatalf("decoded %+v, %v", in, err)
	}
	w := httptest.NewRecorder()
	if err := p.Encode(w, c, "x", &in); err != nil || w.Body.String() != string(c.Body) {
		t.Errorf("encoded %s, %v", w.Body, err)
	}
	c.Body = []byte(`{"List":["a"]}`)
	if err := p.Decode(c, "x", &in); err == nil {
		t.Error("the field's own name is taken")
	}
}

// A service may have every member begin with a small letter, a word of capitals as one.
func TestLowerNames(t *testing.T) {
	type inner struct{ LogGroupName, ARNs *string }
	type shape struct{ LogGroups []inner }
	p := wire.NewLowerJSON("Logs_20140328", "1.1")
	c := &op.Call{HTTP: httptest.NewRequest(http.MethodPost, "/", nil), Body: []byte(`{"logGroups":[{"logGroupName":"a"}]}`)}
	var in shape
	if err := p.Decode(c, "x", &in); err != nil || len(in.LogGroups) != 1 || *in.LogGroups[0].LogGroupName != "a" {
		t.Fatalf("decoded %+v, %v", in, err)
	}
	w := httptest.NewRecorder()
	if err := p.Encode(w, c, "x", &in); err != nil || w.Body.String() != string(c.Body) {
		t.Errorf("encoded %s, %v", w.Body, err)
	}
	c.Body = []byte(`{"LogGroups":[]}`)
	if err := p.Decode(c, "x", &in); err == nil {
		t.Error("the field's own name is taken")
	}
}
