package policycheck

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

var resourceNeverMatches = &Rule{
	ID: "resource-never-matches", Severity: Warning,
	Summary: "an action and resources that never come together",
	Why:     "the action acts on another type of resource, so that it is neither allowed nor denied here",
	Fix:     "name a resource of the type that the action acts on",
	Page:    "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}]}`,
	check: func(p *pass) {
		if p.kind == policy.Key || p.kind == policy.Trust {
			return
		}
		for _, s := range p.stmts {
			if specific(s.resource) {
				p.meet(s)
			}
		}
	},
}

func (p *pass) meet(s *statement) {
	if len(s.resource.items) > mostEntries || s.action == nil || len(s.action.items) > mostEntries {
		return
	}
	for _, n := range s.resource.items {
		if _, strange := strangeARN(s, n); strange {
			return // unknown-resource-type tells
		}
	}
	actions, all := actionsOf(s.action)
	used := make([]bool, len(s.resource.items))
	met := false
	acts := fitting{}
	for _, a := range actions {
		if len(a.actions) == 0 {
			all = false
			continue
		}
		if noneHasResources(a) {
			continue // wildcard-only-action tells
		}
		some := false
		for i, n := range s.resource.items {
			if slices.ContainsFunc(a.actions, func(one *serviceref.Action) bool { return acts.on(n, a.service, one) }) {
				used[i], some = true, true
			}
		}
		met = met || some
		if !some {
			p.report(a.node, "%s acts on %s, and no resource here is one", shown(a.text), types(a)).fix("%s", forms(a))
		}
	}
	for i, n := range s.resource.items {
		if all && met && !used[i] {
			p.report(n, "no action of the statement acts on a resource like %q", shown(n.text)).fix("add an action that does, or remove the resource")
		}
	}
}

// fitting remembers which entries fit which types: actions share them.
type fitting map[fit]bool

type fit struct {
	entry   *node
	service *serviceref.Service
	typ     string
}

// on reports whether the entry may name a resource that the action acts on.
func (f fitting) on(n *node, service *serviceref.Service, a *serviceref.Action) bool {
	return slices.ContainsFunc(a.Resources, func(r serviceref.ActionResource) bool {
		key := fit{n, service, r.Type}
		yes, ok := f[key]
		if !ok {
			yes = fits(n, service, r.Type)
			f[key] = yes
		}
		return yes
	})
}

// types names the resource types of an action.
func types(a *action) string {
	var names []string
	for _, r := range a.actions[0].Resources {
		names = append(names, r.Type)
	}
	const most = 3
	if len(a.actions) > 1 || len(names) > most {
		return "other types"
	}
	return strings.Join(names, " or ")
}

// forms shows the ARN that the action wants, the shortest of them: others are
// mostly of access points and their like.
func forms(a *action) string {
	best := ""
	for _, r := range a.actions[0].Resources {
		typ, ok := a.service.Resource(r.Type)
		if !ok || len(a.actions) > 1 {
			continue
		}
		for _, form := range typ.ARNs {
			if best == "" || len(form) < len(best) {
				best = form
			}
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("name resources like %q", readable(best))
}

// readable writes the form of an ARN as people write examples: the placeholders
// in capitals.
func readable(form string) string {
	form = strings.ReplaceAll(form, "${Partition}", "aws")
	return placeholder.ReplaceAllStringFunc(form, func(p string) string { return strings.ToUpper(p[2 : len(p)-1]) })
}
