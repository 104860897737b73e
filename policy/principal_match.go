package policy

import "strings"

type principalKind uint8

const (
	prinNever     principalKind = iota // cannot match what Principal expresses
	prinAny                            // *
	prinAccount                        // 111122223333, arn:aws:iam::111122223333:root
	prinUser                           // arn:aws:iam::A:user/...
	prinRole                           // arn:aws:iam::A:role/...
	prinSession                        // arn:aws:sts::A:assumed-role/R/S
	prinFederated                      // arn:aws:sts::A:federated-user/N
	prinID                             // AIDA..., AROA...
	prinService                        // {"Service": ...}
	prinProvider                       // {"Federated": ...}
)

// principalRef is one value of a Principal element.
type principalRef struct {
	kind    principalKind
	typ     string // AWS, Service, Federated, CanonicalUser
	text    string // as written
	account string
	name    string // last segment of a role
	id      string // unique ID it was bound to on save; empty: not bound
}

// reach says how a Principal element covers the caller. It matters in the
// account that owns the resource, where a grant to the caller itself passes
// limits that a grant to its account does not.
//
// Source: IAM User Guide, reference_policies_evaluation-logic and
// access_policies_boundaries.
type reach uint8

const (
	// reachNone: not covered.
	reachNone reach = iota
	// reachAccount: the caller's account is named, which delegates the decision
	// to the account's own policies.
	reachAccount
	// reachLimited: the role is named and the caller is its session, or the
	// user is named and the caller federated from it: no identity policy is
	// needed, but boundary and session policies limit.
	reachLimited
	// reachDirect: the caller itself is named, or everyone.
	reachDirect
)

// newPrincipalRef compiles one value of type typ. ok is false for text that is
// no principal at all.
//
// A wildcard in a part of the value is accepted and matches nothing: only a
// whole "*" is a wildcard.
// Source: IAM User Guide, reference_policies_elements_principal.
func newPrincipalRef(typ, text string) (r principalRef, ok bool) {
	r = principalRef{typ: typ, text: text}
	switch typ {
	case "Service":
		r.kind = prinService
		return r, text != "" && !strings.HasPrefix(text, "arn:")
	case "Federated":
		r.kind = prinProvider
		return r, text != ""
	case "CanonicalUser":
		return r, text != ""
	}
	switch {
	case text == "*":
		r.kind = prinAny
		return r, true
	case isAccountID(text):
		r.kind, r.account = prinAccount, text
		return r, true
	case isUniqueID(text):
		r.kind, r.id = prinID, text
		return r, true
	}
	a, ok := splitARN(text)
	if !ok {
		return r, strings.HasPrefix(text, "arn:") && strings.ContainsAny(text, "*?")
	}
	if strings.ContainsAny(text, "*?") {
		return r, true
	}
	r.account = a.account
	switch kind, rest, _ := strings.Cut(a.resource, "/"); {
	case !isAccountID(a.account):
		// CloudFront's and ELB's accounts ("arn:aws:iam::cloudfront:user/...").
		return r, a.service == "iam" && rest != ""
	case a.service == "iam" && a.resource == "root":
		r.kind = prinAccount
	case a.service == "iam" && kind == "user" && rest != "":
		r.kind = prinUser
	case a.service == "iam" && kind == "role" && rest != "":
		r.kind, r.name = prinRole, lastSegment(rest)
	case a.service == "sts" && kind == "assumed-role" && strings.Count(rest, "/") == 1:
		r.kind = prinSession
	case a.service == "sts" && kind == "federated-user" && rest != "":
		r.kind = prinFederated
	default:
		return r, false
	}
	return r, true
}

// isUniqueID reports an ID such as AIDACKCEVSQ6C2EXAMPLE, which is what a saved
// policy shows once its user or role is deleted.
//
// Source: IAM User Guide, reference_identifiers (unique ID prefixes).
func isUniqueID(s string) bool {
	if len(s) < 16 || !strings.HasPrefix(s, "AIDA") && !strings.HasPrefix(s, "AROA") {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// covers reports how r covers the caller.
func (r *principalRef) covers(p *Principal) reach {
	switch r.kind {
	case prinAny:
		// Services and web identities, too. Choice everyone.
		return reachDirect
	case prinService:
		// "*" is a wildcard for AWS principals only. Choice federated-star.
		if p.Type == Service && p.ARN == r.text {
			return reachDirect
		}
		return reachNone
	case prinProvider:
		// cognito-identity.amazonaws.com is a provider by its service name.
		if (p.Type == WebIdentity || p.Type == Service) && p.ARN == r.text {
			return reachDirect
		}
		return reachNone
	}
	switch p.Type {
	case Root, User, AssumedRole, FederatedUser:
	default:
		return reachNone
	}
	switch r.kind {
	case prinAccount:
		switch {
		case p.Account != r.account:
			return reachNone
		case p.Type == Root:
			return reachDirect
		}
		return reachAccount
	case prinUser:
		switch {
		case r.id != "" && p.ID != "" && r.id != p.ID:
			return reachNone
		case p.Type == User && p.ARN == r.text:
			return reachDirect
		case p.Type == FederatedUser && p.UserARN == r.text:
			return reachLimited
		}
	case prinRole:
		if p.Type == AssumedRole && (r.id == "" || p.ID == "" || r.id == p.ID) && r.isRoleOf(p) {
			return reachLimited
		}
	case prinSession:
		if p.Type == AssumedRole && p.ARN == r.text {
			return reachDirect
		}
	case prinFederated:
		if p.Type == FederatedUser && p.ARN == r.text {
			return reachDirect
		}
	case prinID:
		switch {
		case p.ID != r.id:
			return reachNone
		case p.Type == User:
			return reachDirect
		}
		return reachLimited
	}
	return reachNone
}

// isRoleOf compares the role's ARN. A session ARN carries no path, so without
// the role's own ARN the account and the name decide (choice role-of-a-session):
// two paths cannot hold
// the same role name, nor two names that differ in case only.
//
// Source: IAM User Guide, reference_iam-quotas (names are unique without case).
func (r *principalRef) isRoleOf(p *Principal) bool {
	role := p.RoleARN
	if role == "" {
		role = p.ARN
	}
	if role == r.text {
		return true
	}
	a, ok := splitARN(role)
	if !ok || a.account != r.account || a.service != "sts" {
		return false
	}
	_, rest, _ := strings.Cut(a.resource, "/")
	name, _, _ := strings.Cut(rest, "/")
	return equalFold(name, r.name)
}

// exempt reports that a NotPrincipal list leaves the caller out. Every name of
// the caller must be listed: for a session that of the role, too. An entry for
// the account alone exempts the root user only: the page lists a user with the
// account and says that all others are denied, those of the account too. That
// some services want the account listed besides, which the page does not name,
// is not copied. Choice notprincipal-account.
//
// Source: IAM User Guide, reference_policies_elements_notprincipal (example of
// the user Bob); AWS Security Blog "How to Restrict Amazon S3 Bucket Access to a
// Specific IAM Role".
func exempt(list []principalRef, p *Principal) bool {
	// A role that stands for any of its sessions has no session to list.
	self, role := p.Type == AssumedRole && p.ARN == p.RoleARN, p.Type != AssumedRole
	for i := range list {
		r := &list[i]
		switch at := r.covers(p); {
		case r.kind == prinAny:
			return true
		case at == reachDirect:
			self = true
		case at == reachLimited:
			role = true
		}
	}
	return self && role
}
