package policycheck

import (
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

var unknownAction = &Rule{
	ID: "unknown-action", Severity: Error,
	Summary: "an action, or a service, that AWS does not have",
	Why:     "it is stored without complaint and matches nothing: the right is not granted, or the denial denies nobody",
	Fix:     "look the action up in the Service Authorization Reference; strongroom's copy may be older than the action",
	Page:    "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:DeleteBuckets", "Resource": "*"}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			for _, l := range []*list{s.action, s.notAction} {
				if l == nil {
					continue
				}
				for _, n := range l.items {
					p.action(n)
				}
			}
		}
	},
}

func (p *pass) action(n *node) {
	prefix, name, ok := strings.Cut(n.text, ":")
	if !ok || strings.ContainsAny(prefix, "*?"+hole) {
		return // "*", or the rule syntax tells
	}
	service, ok := serviceref.Lookup(strings.ToLower(prefix))
	if !ok {
		f := p.report(n, "AWS has no service %q", shown(prefix))
		if near := policy.Nearest(prefix, serviceref.Prefixes()); near != "" && len(prefix) > 2 {
			f.fix("did you mean %q?", near+":"+shown(name))
		}
		return
	}
	if n.partial || len(service.Match(name)) > 0 {
		return
	}
	if strings.ContainsAny(name, "*?") {
		p.report(n, "no action of %s matches %q", service.Name, shown(n.text))
		return
	}
	f := p.report(n, "%s has no action %q", service.Name, shown(n.text))
	var names []string
	for _, a := range service.Actions() {
		names = append(names, a.Name)
	}
	if near := policy.Nearest(name, names); near != "" {
		f.fix("did you mean %q?", prefix+":"+near)
	}
}
