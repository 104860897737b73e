package policycheck

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

var unknownResourceType = &Rule{
	ID: "unknown-resource-type", Severity: Warning,
	Summary: "an ARN of a form that the service does not have",
	Why:     "no resource has such an ARN, so the entry matches nothing",
	Fix:     "write the ARN as the Service Authorization Reference has it",
	Page:    "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": ["arn:aws:iam::111122223333:roles/admin", "arn:aws:iam::111122223333:user/admin"]}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": ["arn:aws:iam::111122223333:role/admin", "arn:aws:iam::111122223333:user/admin"]}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			for _, l := range []*list{s.resource, s.notResource} {
				if l == nil || len(l.items) > mostEntries {
					continue
				}
				for _, n := range l.items {
					if service, ok := strangeARN(s, n); ok {
						f := p.report(n, "%s has no resource with an ARN like %q", service.Name, shown(n.text))
						if near := nearestForm(service, n.text); near != "" {
							f.fix("did you mean %q?", readable(near))
						}
					}
				}
			}
		}
	},
}

// strangeARN reports an entry that names a resource of no type of the service in
// its ARN, nor of the services of the statement's actions.
func strangeARN(s *statement, n *node) (*serviceref.Service, bool) {
	parts := strings.SplitN(n.text, ":", 6)
	if n.unknown || len(parts) < 6 || parts[0] != "arn" || strings.ContainsAny(parts[2], "*?$"+hole) {
		return nil, false
	}
	service, ok := serviceref.Lookup(parts[2])
	if !ok || len(service.Resources()) == 0 {
		return nil, false
	}
	if typeOf(n, []*serviceref.Service{service}) {
		return service, false
	}
	var others []*serviceref.Service
	for _, l := range []*list{s.action, s.notAction} {
		actions, _ := actionsOf(l)
		for _, a := range actions {
			if a.service != service && !slices.Contains(others, a.service) {
				others = append(others, a.service)
			}
		}
	}
	return service, !typeOf(n, others)
}

// nearestForm is the form of ARN whose type is written most like that of text.
func nearestForm(service *serviceref.Service, text string) string {
	kind := func(arn string) string {
		rest := strings.SplitN(placeholder.ReplaceAllString(arn, "*"), ":", 6)
		if len(rest) < 6 {
			return ""
		}
		return rest[5][:len(rest[5])-len(strings.TrimLeft(rest[5], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"))]
	}
	forms := map[string]string{}
	var names []string
	for _, r := range service.Resources() {
		for _, form := range r.ARNs {
			if k := kind(form); k != "" {
				forms[k] = form
				names = append(names, k)
			}
		}
	}
	near := policy.Nearest(kind(text), names)
	if near == kind(text) {
		return ""
	}
	return forms[near]
}
