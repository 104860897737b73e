package room

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"github.com/strongroom-dev/strongroom/modules"
)

// subjectRule is a rule of modules/automation-iam/subjects.json. The module
// enforces the same file at plan time; here it is enforced before any plan, with
// the place in the spec.
type subjectRule struct {
	ID    string         `json:"id"`
	Roles []string       `json:"roles"`
	When  *regexp.Regexp `json:"when"`
	Must  *regexp.Regexp `json:"must"`
	Never *regexp.Regexp `json:"never"`
	Why   string         `json:"why"`
	Fix   string         `json:"fix"`
}

// subjectRules returns the rules by forge. The file is part of the program, so a
// fault in it is a fault of the program.
var subjectRules = sync.OnceValue(func() map[string][]subjectRule {
	data, err := modules.FS.ReadFile("automation-iam/subjects.json")
	if err != nil {
		panic(err)
	}
	var rules map[string][]subjectRule
	if err := json.Unmarshal(data, &rules); err != nil {
		panic(err)
	}
	return rules
})

// CheckSubject says what is wrong with a sub pattern for a role, "plan" or
// "apply", of a forge, "gitlab" or "github": the first rule it breaks, why that
// is a rule, and the repair. An empty why means that nothing is wrong.
func CheckSubject(forge, role, subject string) (rule, why, fix string) {
	for _, r := range subjectRules()[forge] {
		switch {
		case r.Roles != nil && !slices.Contains(r.Roles, role):
		case r.When != nil && !r.When.MatchString(subject):
		case r.Never != nil && r.Never.MatchString(subject), r.Must != nil && !r.Must.MatchString(subject):
			return r.ID, r.Why, r.Fix
		}
	}
	return "", "", ""
}

func (d *decoder) subjects(r *Room) {
	for _, s := range []struct {
		role string
		list *[]string
	}{
		{"plan", &r.Automation.PlanSubjects},
		{"apply", &r.Automation.ApplySubjects},
	} {
		at := d.at[s.list]
		if len(*s.list) == 0 {
			d.report("subject-none", fmt.Sprintf("%q is empty", s.role+"_subjects"), at, "a role that no subject may assume is of no use", "name a subject, or remove the line to get the default")
		}
		for _, subject := range *s.list {
			if rule, why, fix := CheckSubject(r.Forge.Kind, s.role, subject); why != "" {
				d.report(rule, fmt.Sprintf("the %s role cannot trust %q", s.role, subject), d.elementAt(s.list, subject, at), why, fix)
			}
		}
	}
}

// elementAt is where an element of a list is written; otherwise where the list is.
func (d *decoder) elementAt(list *[]string, text string, otherwise hcl.Range) hcl.Range {
	if at, ok := d.at[element{list, text}]; ok {
		return at
	}
	return otherwise
}

// element is the key of an element's place.
type element struct {
	list *[]string
	text string
}
