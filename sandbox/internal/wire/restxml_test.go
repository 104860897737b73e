package wire_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

type restEmbedded struct {
	Size *int64 `rest:"header:X-Amz-Size"`
}

type restInput struct {
	Bucket string            `rest:"label:bucket"`
	ACL    string            `rest:"header:x-amz-acl"`
	Attrs  string            `rest:"list:x-amz-attrs"`
	Prefix *string           `rest:"query:prefix"`
	Since  *time.Time        `rest:"header:If-Modified-Since"`
	Meta   map[string]string `rest:"prefix:x-amz-meta-"`
	restEmbedded
	Doc *restDoc `rest:"xml:Doc"`
}

type restDoc struct {
	Name string   `xml:"Name"`
	Flag *bool    `xml:"Flag"`
	Tags []string `xml:"Set>Tag"`
}

func ignoreNothing(string, string) bool { return false }

func TestDecodeREST(t *testing.T) {
	var in restInput
	err := wire.DecodeREST(wire.RESTRequest{
		Labels: map[string]string{"bucket": "b"}, Query: url.Values{"prefix": {""}},
		Header: http.Header{"X-Amz-Acl": {"private"}, "X-Amz-Meta-A": {"1"}, "X-Amz-Size": {"7"}, "X-Amz-Attrs": {"x", "y"},
			"If-Modified-Since": {"Sat, 29 Oct 1994 19:43:31 GMT"}, "User-Agent": {"any"}},
		Body: []byte(`<Doc xmlns="urn:x"><Name> n </Name><Flag>true</Flag><Set><Tag>a</Tag><Tag>b</Tag></Set></Doc>`),
	}, &in, ignoreNothing)
	if err != nil {
		t.Fatal(err)
	}
	if in.Bucket != "b" || in.ACL != "private" || in.Meta["a"] != "1" || *in.Size != 7 || in.Attrs != "x,y" ||
		in.Prefix == nil || *in.Prefix != "" || in.Since.Year() != 1994 {
		t.Errorf("got %+v", in)
	}
	if in.Doc.Name != " n " || !*in.Doc.Flag || strings.Join(in.Doc.Tags, "") != "ab" {
		t.Errorf("got %+v", in.Doc)
	}
}

func TestDecodeRESTRefuses(t *testing.T) {
	for _, tc := range []struct {
		name    string
		r       wire.RESTRequest
		unknown bool
		reason  string
	}{
		{"unknown header", wire.RESTRequest{Header: http.Header{"X-Amz-New": {"1"}}}, true, `"x-amz-new"`},
		{"unknown parameter", wire.RESTRequest{Query: url.Values{"new": {"1"}}}, true, `"new"`},
		{"header twice", wire.RESTRequest{Header: http.Header{"X-Amz-Acl": {"a", "b"}}}, false, "2 times"},
		{"parameter twice", wire.RESTRequest{Query: url.Values{"prefix": {"a", "b"}}}, false, "2 times"},
		{"not a number", wire.RESTRequest{Header: http.Header{"X-Amz-Size": {"x"}}}, false, `"x" is not an integer`},
		{"not a date", wire.RESTRequest{Header: http.Header{"If-Modified-Since": {"x"}}}, false, "not an HTTP date"},
		{"unknown element", wire.RESTRequest{Body: []byte(`<Doc><New/></Doc>`)}, false, "Doc/New"},
		{"element twice", wire.RESTRequest{Body: []byte(`<Doc><Name>a</Name><Name>b</Name></Doc>`)}, false, "appears twice"},
		{"wrapper twice", wire.RESTRequest{Body: []byte(`<Doc><Set/><Set/></Doc>`)}, false, "appears twice"},
		{"unknown in a wrapper", wire.RESTRequest{Body: []byte(`<Doc><Set><New/></Set></Doc>`)}, false, "Doc/Set/New"},
		{"unknown attribute", wire.RESTRequest{Body: []byte(`<Doc new="1"/>`)}, false, `"new"`},
		{"text between", wire.RESTRequest{Body: []byte(`<Doc>text</Doc>`)}, false, "text"},
		{"bad Boolean", wire.RESTRequest{Body: []byte(`<Doc><Flag>maybe</Flag></Doc>`)}, false, `"maybe"`},
		{"another root", wire.RESTRequest{Body: []byte(`<Other/>`)}, false, `want "Doc"`},
		{"a directive", wire.RESTRequest{Body: []byte(`<!DOCTYPE x><Doc/>`)}, false, "directive"},
		{"two roots", wire.RESTRequest{Body: []byte(`<Doc/><Doc/>`)}, false, "second root"},
		{"cut short", wire.RESTRequest{Body: []byte(`<Doc>`)}, false, "well-formed"},
		{"too deep", wire.RESTRequest{Body: []byte(strings.Repeat("<a>", 40))}, false, "deeper"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := wire.DecodeREST(tc.r, new(restInput), ignoreNothing)
			var re *wire.RESTError
			if !errors.As(err, &re) || re.Unknown != tc.unknown || !strings.Contains(re.Reason, tc.reason) {
				t.Errorf("got %v, want a refusal with %q", err, tc.reason)
			}
		})
	}
}

func TestEncodeREST(t *testing.T) {
	size := int64(0)
	out := struct {
		Status int               `rest:"status"`
		ETag   string            `rest:"header:ETag"`
		None   string            `rest:"header:X-None"`
		Length *int64            `rest:"header:Content-Length"`
		At     time.Time         `rest:"header:Last-Modified"`
		Meta   map[string]string `rest:"prefix:x-amz-meta-"`
		Body   []byte            `rest:"payload"`
	}{206, `"e"`, "", &size, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), map[string]string{"k": "v"}, nil}
	w := httptest.NewRecorder()
	if err := wire.EncodeREST(w, &out, "", false); err != nil {
		t.Fatal(err)
	}
	h := w.Header()
	if _, sent := h["X-None"]; sent || w.Code != 206 || h.Get("Etag") != `"e"` || h.Get("Content-Length") != "0" ||
		h.Get("Last-Modified") != "Fri, 02 Jan 2026 03:04:05 GMT" || h[strings.ToLower("X-Amz-Meta-K")][0] != "v" {
		t.Errorf("got %d %v", w.Code, h)
	}
	doc := struct {
		Body restDoc `rest:"xml:Doc"`
	}{restDoc{Name: "<&>", Tags: []string{"a"}}}
	w = httptest.NewRecorder()
	if err := wire.EncodeREST(w, &doc, "urn:x", false); err != nil {
		t.Fatal(err)
	}
	if got, want := w.Body.String(), `<Doc xmlns="urn:x"><Name>&lt;&amp;&gt;</Name><Set><Tag>a</Tag></Set></Doc>`; !strings.HasSuffix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	w = httptest.NewRecorder()
	if err := wire.EncodeREST(w, &doc, "urn:x", true); err != nil || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("a response to HEAD: got %d bytes, %v", w.Body.Len(), err)
	}
}
