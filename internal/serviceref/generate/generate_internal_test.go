package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"maps"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

// small is a package with one service that has one of everything.
func small() pack {
	return pack{
		"LICENSE.txt":            []byte("MIT License\n\nCopyright (c) Somebody\n"),
		"data/services.json":     []byte(`["demo"]`),
		"data/serviceNames.json": []byte(`{"demo": "Demo Service"}`),
		"data/conditionKeys/demo.json": []byte(`{
			"demo:tag/<key>": {"key": "demo:Tag/<key>", "description": "", "type": "String"},
			"demo:tags": {"key": "demo:Tags", "description": "", "type": "ArrayOfString"},
			"aws:requesttag/${tagkey}": {"key": "aws:RequestTag/${TagKey}", "description": "", "type": "String"}}`),
		"data/resourceTypes/demo.json": []byte(`{
			"thing": {"key": "Thing", "arn": "arn:${Partition}:demo:${Region}:${Account}:thing/{ThingId}", "conditionKeys": ["demo:Tag/<key>"]}}`),
		"data/actions/demo.json": []byte(`{
			"tagthing": {"name": "TagThing", "description": "", "accessLevel": "Tagging, Write", "conditionKeys": ["demo:Tags"], "dependentActions": ["iam:PassRole"],
				"resourceTypes": [{"name": "thing", "required": true, "conditionKeys": ["aws:RequestTag/${TagKey}"], "dependentActions": []}]},
			"listthings": {"name": "ListThings", "description": "", "accessLevel": "List", "conditionKeys": [], "dependentActions": [], "resourceTypes": []}}`),
	}
}

func TestEncodeWhatServicerefDecodes(t *testing.T) {
	services, err := small().services()
	if err != nil {
		t.Fatal(err)
	}
	data, err := encode("demo 1", services)
	if err != nil {
		t.Fatal(err)
	}
	again, err := encode("demo 1", services)
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("encoding twice gives different bytes (error %v)", err)
	}
	r, err := serviceref.Open(string(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := same(r, services); err != nil {
		t.Error(err)
	}
	s, _, err := r.Service("demo")
	if err != nil {
		t.Fatal(err)
	}
	a, ok := s.Action("tagthing")
	if !ok || a.Access != "Tagging" || len(a.Dependent) != 1 || len(a.Resources) != 1 || !a.Resources[0].Required || a.Resources[0].Type != "Thing" {
		t.Errorf("got %+v", a)
	}
	if k, ok := s.Key("demo:tag/x"); !ok || k.Name != "demo:Tag/${key}" || k.Multi {
		t.Errorf("demo:tag/x: got %+v", k)
	}
	if k, ok := s.Key("DEMO:TAGS"); !ok || !k.Multi || k.Type != "String" {
		t.Errorf("DEMO:TAGS: got %+v", k)
	}
	if list := s.ResourceTypes("arn:aws:demo:eu-west-2:111122223333:thing/1"); len(list) != 1 {
		t.Errorf("got %d resource types, want 1", len(list))
	}
	var out strings.Builder
	if err := summary(&out, r); err != nil || out.String() != "demo 1: 1 services, 2 actions, 1 resource types, 3 condition keys\n" {
		t.Errorf("got summary %q, error %v", out.String(), err)
	}
}

func TestChangesAreNamed(t *testing.T) {
	open := func(p pack) *serviceref.Reference {
		services, err := p.services()
		if err != nil {
			t.Fatal(err)
		}
		data, err := encode("demo", services)
		if err != nil {
			t.Fatal(err)
		}
		r, err := serviceref.Open(string(data))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	newer := small()
	for _, change := range [][3]string{
		{"data/actions/demo.json", `"ListThings"`, `"ListAll"`},
		{"data/conditionKeys/demo.json", "ArrayOfString", "String"},
	} {
		newer[change[0]] = bytes.ReplaceAll(newer[change[0]], []byte(change[1]), []byte(change[2]))
	}
	var out strings.Builder
	if err := changes(&out, open(small()), open(newer)); err != nil {
		t.Fatal(err)
	}
	want := "against demo:\n" +
		"  action demo:ListAll: added\n" +
		"  action demo:ListThings: gone\n" +
		"  key demo demo:Tags: was String multi=true, is String multi=false\n" +
		"3 changes\n"
	if out.String() != want {
		t.Errorf("got:\n%swant:\n%s", out.String(), want)
	}
}

// Whatever the generator does not understand stops it, with its name.
func TestRefusals(t *testing.T) {
	for _, c := range []struct{ file, old, changed, want string }{
		{"data/conditionKeys/demo.json", "ArrayOfString", "ArrayOfColour", `condition key "demo:Tags" has type "ArrayOfColour"`},
		{"data/conditionKeys/demo.json", `{"key": "demo:Tags"`, `{"key": "aws:Nonsense", "type": "String"}, "": {"key": "demo:Tags"`, `"aws:Nonsense": add it to global.go`},
		{"data/actions/demo.json", `"List"`, `"Look"`, `access level "Look"`},
		{"data/actions/demo.json", `["demo:Tags"]`, `["demo:Colour"]`, `action TagThing has condition key "demo:Colour"`},
		{"data/actions/demo.json", `"name": "thing"`, `"name": "thin"`, `resource type "thin"`},
		{"data/actions/demo.json", `"required"`, `"mandatory"`, `unknown field "mandatory"`},
		{"data/resourceTypes/demo.json", "arn:${Partition}", "urn", `has the ARN "urn`},
		{"data/resourceTypes/demo.json", "demo:Tag/<key>", "demo:Other", `resource type Thing has condition key "demo:Other"`},
		{"data/serviceNames.json", "Demo Service", "", "demo: it has no name"},
		{"data/services.json", "demo", "other", `no file "data/conditionKeys/other.json"`},
	} {
		p := small()
		changed := bytes.ReplaceAll(p[c.file], []byte(c.old), []byte(c.changed))
		if bytes.Equal(changed, p[c.file]) {
			t.Fatalf("%s does not have %q", c.file, c.old)
		}
		p[c.file] = changed
		services, err := p.services()
		if err == nil {
			_, err = encode("demo", services)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q for %q: got error %v, want %s", c.changed, c.old, err, c.want)
		}
	}
}

func TestGlobalKeysAreChecked(t *testing.T) {
	list := func(extra string) pack {
		var b strings.Builder
		for _, k := range serviceref.GlobalKeys() {
			typ := k.Type
			if k.Multi {
				typ = "ArrayOf" + typ
			}
			b.WriteString("{\n key: '" + k.Name + "',\n category: 'x',\n type: '" + typ + "',\n},\n")
		}
		return pack{"dist/esm/globalConditionKeys.js": []byte(b.String() + extra)}
	}
	if err := list("").checkGlobalKeys(); err != nil {
		t.Error(err)
	}
	for extra, want := range map[string]string{
		"{ key: 'aws:NewKey', category: 'x', type: 'String' }":   "aws:NewKey (String): add it to global.go",
		"{ key: 'aws:SourceIp', category: 'x', type: 'String' }": "aws:SourceIp is String, global.go IPAddress",
	} {
		if err := list(extra).checkGlobalKeys(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
	if err := (pack{}).checkGlobalKeys(); err == nil {
		t.Error("a package without the list passes")
	}
}

func TestUnpackAndNotice(t *testing.T) {
	var archive bytes.Buffer
	z := gzip.NewWriter(&archive)
	w := tar.NewWriter(z)
	for name, data := range small() {
		if err := w.WriteHeader(&tar.Header{Name: "package/" + name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := unpack(archive.Bytes())
	if err != nil || !maps.EqualFunc(p, small(), bytes.Equal) {
		t.Errorf("got %d files and error %v, want all of %d", len(p), err, len(small()))
	}
	if _, err := unpack(archive.Bytes()[:archive.Len()/2]); err == nil {
		t.Error("half an archive unpacks")
	}
	notice, err := p.notice()
	if err != nil || !bytes.Contains(notice, []byte(packageVersion)) || !bytes.Contains(notice, []byte("Copyright (c) Somebody")) {
		t.Errorf("got notice %q and error %v", notice, err)
	}
	p["LICENSE.txt"] = []byte("All rights reserved")
	if _, err := p.notice(); err == nil {
		t.Error("another licence passes")
	}
}
