package serviceref_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

// The committed file is whole: every service decodes, in order, and what one
// list names another defines.
func TestCommittedData(t *testing.T) {
	var actions, resources, keys, wildcardOnly, templates, multi int
	prefixes := serviceref.Prefixes()
	if !slices.IsSorted(prefixes) || len(slices.Compact(slices.Clone(prefixes))) != len(prefixes) {
		t.Error("the prefixes are not in order, or one is there twice")
	}
	for _, p := range prefixes {
		s := service(t, p)
		if s.Prefix != p || s.Name == "" {
			t.Errorf("%s: got prefix %q and name %q", p, s.Prefix, s.Name)
		}
		defined := func(what string, list []string) {
			for _, k := range list {
				if found, ok := s.Key(k); !ok || found.Name != k {
					t.Errorf("%s has condition key %q, which the service does not define", what, k)
				}
			}
		}
		for _, a := range s.Actions() {
			actions++
			what := p + ":" + a.Name
			if found, ok := s.Action(strings.ToUpper(a.Name)); !ok || found != a {
				t.Errorf("%s is not found in upper case", what)
			}
			if !slices.Contains(serviceref.Accesses, a.Access) || a.Name == "" {
				t.Errorf("%s: got access %q", what, a.Access)
			}
			defined(what, a.Keys)
			for _, r := range a.Resources {
				if def, ok := s.Resource(r.Type); !ok || def.Type != r.Type {
					t.Errorf("%s has resource type %q, which the service does not define", what, r.Type)
				}
				defined(what, r.Keys)
			}
			if a.WildcardOnly() {
				wildcardOnly++
			}
		}
		for _, r := range s.Resources() {
			resources++
			if len(r.ARNs) == 0 {
				t.Errorf("%s %s has no ARN", p, r.Type)
			}
			for _, arn := range r.ARNs {
				if parts := strings.SplitN(arn, ":", 6); len(parts) < 6 || parts[0] != "arn" || parts[1] != "${Partition}" || strings.Count(arn, "${") != strings.Count(arn, "}") {
					t.Errorf("%s %s: %q is no form of an ARN", p, r.Type, arn)
				}
				example := strings.NewReplacer("${Partition}", "aws", "${Region}", "eu-west-2", "${Account}", "111122223333").Replace(arn)
				if !slices.Contains(s.ResourceTypes(example), r) && !slices.ContainsFunc(s.ResourceTypes(example), func(o *serviceref.Resource) bool { return slices.Equal(o.ARNs, r.ARNs) }) {
					t.Errorf("%s: %s is not found as the form of %s", p, example, r.Type)
				}
			}
			defined(p+" "+r.Type, r.Keys)
		}
		for _, k := range s.Keys() {
			keys++
			if !slices.Contains(serviceref.Types, k.Type) || !strings.Contains(k.Name, ":") {
				t.Errorf("%s: got key %q of type %q", p, k.Name, k.Type)
			}
			if k.Template() {
				templates++
			}
			if k.Multi {
				multi++
			}
			if strings.ContainsAny(k.Name, "<> *") || strings.HasSuffix(k.Name, "/tag-key") {
				t.Errorf("%s: the placeholder of %q is not written as ${...}", p, k.Name)
			}
			found, ok := serviceref.FindKey(k.Name)
			if !ok || !strings.EqualFold(found.Name, k.Name) {
				t.Errorf("%s lists %q, which FindKey does not find", p, k.Name)
				continue
			}
			if k.Global != found.Global || !k.Global && !slices.Contains(found.Services, p) {
				t.Errorf("%s lists %q, and FindKey got %+v", p, k.Name, *found)
			}
			if strings.HasPrefix(k.Name, "aws:") && (found.Type != k.Type || found.Multi != k.Multi) {
				t.Errorf("%s lists %q as %s (multi %t), global.go as %s (multi %t)", p, k.Name, k.Type, k.Multi, found.Type, found.Multi)
			}
		}
	}
	for _, c := range []struct {
		what       string
		got, floor int
	}{
		{"services", len(prefixes), 450},
		{"actions", actions, 22000},
		{"resource types", resources, 2300},
		{"condition keys", keys, 2570},
		{"actions without resource types", wildcardOnly, 4000},
		{"key templates", templates, 1000 / 2},
		{"multivalued keys", multi, 530},
	} {
		if c.got < c.floor {
			t.Errorf("%d %s, want %d or more", c.got, c.what, c.floor)
		}
	}
}

// The notice is of the same version as the data, with the licence.
func TestNotice(t *testing.T) {
	notice, err := os.ReadFile("data/NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(strings.ReplaceAll(serviceref.Source(), ",", ""))
	if len(fields) != 3 {
		t.Fatalf("got source %q, want a package, a version and a date", serviceref.Source())
	}
	generator, err := os.ReadFile("generate/source.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		if !strings.Contains(string(notice), f) {
			t.Errorf("data/NOTICE does not name %s; run: make service-data", f)
		}
		if !strings.Contains(string(generator), `"`+f+`"`) {
			t.Errorf("the data is of %s, and the generator is pinned to another; run: make service-data", f)
		}
	}
	for _, want := range []string{"MIT License", "Copyright (c)", "The above copyright notice and this permission notice"} {
		if !strings.Contains(string(notice), want) {
			t.Errorf("data/NOTICE lacks %q, which the licence asks for", want)
		}
	}
}

func TestGlobalKeysAreInOrder(t *testing.T) {
	keys := serviceref.GlobalKeys()
	if len(keys) < 59 {
		t.Errorf("got %d global keys", len(keys))
	}
	for i, k := range keys {
		if i > 0 && strings.ToLower(keys[i-1].Name) >= strings.ToLower(k.Name) {
			t.Errorf("%s comes after %s", k.Name, keys[i-1].Name)
		}
		if found, ok := serviceref.GlobalKey(strings.ToUpper(k.Name)); !ok || found != k {
			t.Errorf("%s is not found in upper case", k.Name)
		}
	}
}

func TestMatch(t *testing.T) {
	s3 := service(t, "S3")
	for pattern, want := range map[string][]string{
		"GetObject":         {"GetObject"},
		"getobject":         {"GetObject"},
		"GetObjectTagg?ng":  {"GetObjectTagging"},
		"*BucketPolicy":     {"DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy"},
		"G*ObjectLegalH*d":  {"GetObjectLegalHold"},
		"Nothing*":          nil,
		"":                  nil,
		"GetObject?":        nil,
		"s3:GetObject":      nil,
		"GetBucketPolicy*s": {"GetBucketPolicyStatus"},
	} {
		var got []string
		for _, a := range s3.Match(pattern) {
			got = append(got, a.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", pattern, got, want)
		}
	}
	if got := len(s3.Match("*")); got != len(s3.Actions()) {
		t.Errorf("*: got %d actions, want all %d", got, len(s3.Actions()))
	}
	for _, p := range []string{"", "s4", "s3:", "*"} {
		if _, ok := serviceref.Lookup(p); ok {
			t.Errorf("Lookup(%q) finds a service", p)
		}
	}
}
