package policy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/policy/policytest"
)

var (
	choiceHeading = regexp.MustCompile(`(?m)^### ([a-z0-9-]+)$`)
	choiceInCode  = regexp.MustCompile(`[Cc]hoice\s+(?://\s+)?([a-z0-9-]+)[.)]`)
	choiceWhere   = regexp.MustCompile(`(?m)^- Where: ` + "`policy/([a-z_]+\\.go)`" + ` \(` + "`([A-Za-z]+)`" + `\)$`)
)

// choices are the sections of docs/policy-choices.md by id.
func choices(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../docs/policy-choices.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	at := choiceHeading.FindAllStringSubmatchIndex(string(text), -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		id := string(text[m[2]:m[3]])
		if _, twice := found[id]; twice {
			t.Errorf("choice %s is described twice", id)
		}
		found[id] = string(text[m[1]:end])
	}
	return found
}

// A choice that the code makes is described, and one that is described is made,
// where the description says.
func TestChoicesAreMadeWhereTheyAreDescribed(t *testing.T) {
	described := choices(t)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	made := map[string][]string{}
	text := map[string]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text[name] = string(src)
		for _, m := range choiceInCode.FindAllStringSubmatch(string(src), -1) {
			made[m[1]] = append(made[m[1]], name)
		}
	}
	if len(made) < 25 {
		t.Errorf("found %d choices in the code, want 25 or more", len(made))
	}
	for id, names := range made {
		if described[id] == "" {
			t.Errorf("%s names the choice %s, which docs/policy-choices.md does not describe", names[0], id)
		}
	}
	for id, section := range described {
		where := choiceWhere.FindStringSubmatch(section)
		switch {
		case where == nil:
			t.Errorf("choice %s does not say where it is made", id)
		case !slices.Contains(made[id], where[1]):
			t.Errorf("choice %s is said to be made in %s; the code names it in %v", id, where[1], made[id])
		case !regexp.MustCompile(`(?m)^(func (\([^)]*\) )?|var |\t)` + where[2] + `\b`).MatchString(text[where[1]]):
			t.Errorf("choice %s: %s declares no %s", id, where[1], where[2])
		}
		if !strings.Contains(section, "- Why: ") || !strings.Contains(section, "- The other reading: ") {
			t.Errorf("choice %s lacks its reason or the other reading", id)
		}
	}
}

// What other texts say of choices is about some that exist.
func TestChoicesThatAreReferredToExist(t *testing.T) {
	described := choices(t)
	cases, err := policytest.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	inTag := regexp.MustCompile(`docs/policy-choices\.md, ([a-z0-9-]+)`)
	referred := 0
	for _, c := range cases {
		for _, m := range inTag.FindAllStringSubmatch(strings.Join(c.Tags, " "), -1) {
			referred++
			if described[m[1]] == "" {
				t.Errorf("case %s is about the choice %s, which does not exist", c.ID, m[1])
			}
		}
	}
	readme, err := os.ReadFile("../tools/differential/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("Choice `([a-z0-9-]+)`").FindAllStringSubmatch(string(readme), -1) {
		referred++
		if described[m[1]] == "" {
			t.Errorf("tools/differential/README.md names the choice %s, which does not exist", m[1])
		}
	}
	if referred < 20 {
		t.Errorf("found %d references to choices, want 20 or more", referred)
	}
}
