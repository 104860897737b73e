package room

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// expectBlock reads which tokens a role is expected to admit:
//
//	expect "apply" { admit = ["default-branch", "schedule"] }
func expectBlock(a *Automation) block {
	return block{name: "expect", label: `"plan" or "apply"`, many: true, example: `expect "apply" { admit = ["default-branch"] }`, read: func(d *decoder, label string, at hcl.Range) section {
		switch {
		case label != "plan" && label != "apply":
			d.report("expect-role", fmt.Sprintf("there is no role %q to expect anything of", label), at, "the room has the roles plan and apply", `write expect "plan" or expect "apply"`)
		case slices.ContainsFunc(a.Expectations, func(e *Expectation) bool { return e.Role == label }):
			d.report("spec-duplicate", fmt.Sprintf("expect %q is there twice", label), at, "only one of them could be meant", "merge the two blocks into one")
		}
		e := &Expectation{Role: label}
		a.Expectations = append(a.Expectations, e)
		return section{name: fmt.Sprintf("expect %q", label), keys: []key{
			{name: "admit", required: true, example: `["default-branch"]`, list: &e.Admit},
		}}
	}}
}

// expectations refuses shapes that the forge does not issue. Which forge it is
// may stand below the expectation, so that this waits until the spec is read.
func (d *decoder) expectations(r *Room) {
	known := oidc.ShapeIDs(r.Forge.Kind)
	for _, e := range r.Automation.Expectations {
		for _, id := range e.Admit {
			if slices.Contains(known, id) {
				continue
			}
			fix := "write one of: " + strings.Join(known, ", ")
			if near := nearest(id, known); near != "" {
				fix = fmt.Sprintf("did you mean %q?", near)
			}
			d.report("expect-shape", fmt.Sprintf("%s issues no token of the shape %q", r.Forge.Kind, id), d.elementAt(&e.Admit, id, d.at[&e.Admit]),
				"an expectation of a token that nobody gets would be met by nothing", fix)
		}
	}
}
