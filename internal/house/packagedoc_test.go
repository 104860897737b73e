package house_test

import (
	"strings"
	"testing"
)

func TestEveryPackageHasOneComment(t *testing.T) {
	for _, p := range packages(t) {
		var with []string
		for name, f := range p.files {
			if f.Doc != nil && !strings.HasPrefix(f.Doc.Text(), "Code generated") {
				with = append(with, name)
			}
		}
		switch {
		case len(with) == 0:
			t.Errorf("%s has no package comment; add doc.go that says its job, the first call to make and what it does not do", p.dir)
		case len(with) > 1:
			t.Errorf("%s has %d package comments, in %s; keep one", p.dir, len(with), strings.Join(with, " and "))
		default:
			doc := p.files[with[0]].Doc.Text()
			name := p.files[with[0]].Name.Name
			if name != "main" && !strings.HasPrefix(doc, "Package "+name+" ") {
				t.Errorf("%s/%s: the package comment begins %q, want \"Package %s ...\"", p.dir, with[0], strings.SplitN(doc, "\n", 2)[0], name)
			}
			if len(strings.Fields(doc)) < 12 && name != "main" {
				t.Errorf("%s/%s: the package comment has %d words; say the job, the first call and the limits", p.dir, with[0], len(strings.Fields(doc)))
			}
		}
	}
}
