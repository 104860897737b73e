package policycheck

import (
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// The kinds that examples of rules have; the zero value is an identity policy.
const (
	kindResource = policy.Resource
	kindTrust    = policy.Trust
)

// Kinds are the names that a kind of policy may be given by.
var Kinds = []string{"identity", "resource", "trust", "key", "boundary", "session", "scp", "rcp", "endpoint"}

// ParseKind reads one of Kinds.
func ParseKind(name string) (policy.Kind, bool) {
	for i, k := range []policy.Kind{
		policy.Identity, policy.Resource, policy.Trust, policy.Key, policy.Boundary, policy.Session, policy.SCP, policy.RCP, policy.Endpoint,
	} {
		if Kinds[i] == name {
			return k, true
		}
	}
	return policy.Identity, false
}

// guessKind tells what a document is for by what it says. A policy without
// principals is taken for one of an identity, whose grammar boundaries, session
// policies and service control policies share.
func guessKind(d *document) policy.Kind {
	principal, trust, key := false, len(d.stmts) > 0, len(d.stmts) > 0
	for _, s := range d.stmts {
		principal = principal || s.principal != nil || s.notPrincipal != nil
		trust = trust && s.resource == nil && s.notResource == nil && allBegin(s.action, "sts:")
		key = key && s.resource != nil && allBegin(s.action, "kms:") && s.resource.has("*")
	}
	switch {
	case trust && principal:
		return policy.Trust
	case key && principal:
		return policy.Key
	case principal:
		return policy.Resource
	}
	return policy.Identity
}

// ofRepository reports the policy of an image repository, whose statements name
// no resource. Source: Amazon ECR User Guide, repository-policy-examples.
func (d *document) ofRepository() bool {
	switch d.resource {
	case "aws_ecr_repository_policy", "aws_ecrpublic_repository_policy":
		return true
	case "":
	default:
		return false
	}
	if d.kind != policy.Resource || len(d.stmts) == 0 {
		return false
	}
	for _, s := range d.stmts {
		if !allBegin(s.action, "ecr:") && !allBegin(s.action, "ecr-public:") {
			return false
		}
	}
	return true
}

func allBegin(l *list, prefix string) bool {
	if l == nil || len(l.items) == 0 {
		return false
	}
	for _, n := range l.items {
		if !strings.HasPrefix(strings.ToLower(n.text), prefix) {
			return false
		}
	}
	return true
}
