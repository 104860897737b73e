package policycheck

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

var keyNotCarried = &Rule{
	ID: "key-not-carried", Severity: Warning,
	Summary: "a condition key that none of the statement's actions carries",
	Why:     "the key is missing from every request that the statement is about: a positive condition is never met, a negated one always is",
	Fix:     "put the condition with the actions that carry the key",
	Page:    "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*", "Condition": {"StringLike": {"s3:prefix": "home/*"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket", "Condition": {"StringLike": {"s3:prefix": "home/*"}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			actions, all := actionsOf(s.action)
			if !all || len(actions) == 0 || !slices.ContainsFunc(actions, func(a *action) bool { return slices.Contains(complete, a.service.Prefix) }) {
				continue
			}
			for _, c := range s.conditions {
				k, ok := serviceref.FindKey(c.key.text)
				if !ok || k.Global || isIssuerKey(c.key.text) || carries(actions, c.key.text) || orphan(k, c.key.text) {
					continue
				}
				prefix, _, _ := strings.Cut(c.key.text, ":")
				about := actions[0].prefix + ":" + actions[0].name
				if len(actions) > 1 {
					about = "the statement's actions"
				}
				f := p.report(c.key, "no request for %s carries %s", shown(about), shown(c.key.text))
				if !strings.EqualFold(prefix, actions[0].prefix) && len(actions) == 1 {
					f.fix("use a key of %s, or a global one", actions[0].service.Name)
				}
			}
		}
	},
}

// complete are the services of which the reference lists every key with the
// actions that carry it. It leaves some out for others (aws-marketplace, states).
var complete = []string{"s3", "kms", "iam", "sts", "ec2", "secretsmanager", "dynamodb"}

// orphan reports a key that the reference lists for a service, and for none of
// its actions: which ones carry it is not known.
func orphan(k *serviceref.Key, name string) bool {
	for _, prefix := range k.Services {
		s, ok := serviceref.Lookup(prefix)
		if !ok {
			continue
		}
		for _, a := range s.Actions() {
			if _, ok := s.ActionKey(a, name); ok {
				return false
			}
		}
	}
	return true
}

// carries reports whether a request for one of the actions may carry the key. An
// action that the reference does not know may.
func carries(actions []*action, key string) bool {
	for _, a := range actions {
		if len(a.actions) == 0 {
			return true
		}
		for _, one := range a.actions {
			if _, ok := a.service.ActionKey(one, key); ok {
				return true
			}
		}
	}
	return false
}
