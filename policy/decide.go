package policy

import "strings"

// scan is what one list of policies says about a request.
type scan struct {
	deny  hit
	allow hit
	// reach is the farthest of the allows; allow is the statement that has it.
	reach reach
}

// read evaluates one policy into the scan. It does not stop at a Deny found
// before, but the first one stays.
func (s *scan) read(p *Policy, q *query) {
	if p.repeats {
		var m memo
		s.statements(p, q, &m)
		return
	}
	s.statements(p, q, nil)
}

func (s *scan) statements(p *Policy, q *query, m *memo) {
	for i := range p.stmts {
		st := &p.stmts[i]
		if st.effect == EffectAllow && s.reach == reachDirect || st.effect == EffectDeny && s.deny.policy != nil {
			continue
		}
		at := st.applies(q.request, q.bounded, m)
		if q.trace != nil {
			q.trace.add(hit{p, i}, at)
		}
		if at == reachNone {
			continue
		}
		if st.effect == EffectDeny {
			s.deny = hit{p, i}
		} else if at > s.reach {
			s.allow, s.reach = hit{p, i}, at
		}
	}
}

func (s *scan) readAll(list []*Policy, q *query) {
	for _, p := range list {
		if p != nil {
			s.read(p, q)
		}
	}
}

// Decide answers the request. It does not allocate.
//
// Every Deny of every policy type that applies to the caller wins over every
// Allow; then each type that limits must allow, and one of those that grant.
//
// Source: IAM User Guide, reference_policies_evaluation-logic and its
// sub-pages.
func (s *Set) Decide(r *Request) Decision {
	d, _ := s.decide(r, nil)
	return d
}

// terms are the facts about a request that the rules turn on.
type terms struct {
	caller PrincipalType
	// resource is the resource's policy, nil if it has no say.
	resource *Policy
	// sameAccount: the caller's account owns the resource.
	sameAccount bool
	// mustAllow: the resource's own policy must allow, as no identity policy
	// suffices: role trust policies and key policies.
	mustAllow bool
	// reason for what the resource's policy decides.
	reason Reason
	// scp, rcp: these bind the request.
	scp, rcp bool
	// identity: the caller has identity policies, boundary and session.
	identity bool
}

func (s *Set) terms(r *Request) terms {
	p := r.Principal
	t := terms{caller: p.Type, reason: ReasonResource}
	t.sameAccount = r.ResourceAccount == "" || r.ResourceAccount == p.Account
	t.resource = s.Resource
	kind := Resource
	if s.Resource != nil {
		kind = s.Resource.kind
	}
	if kind == Resource && (s.Resource == nil || serviceIs(r.Action, "kms")) {
		kind = ResourceKind(r.Resource)
	}
	switch kind {
	case Trust:
		// Taking on the role is the trust policy's affair, and nothing else is. A
		// role without one admits nobody. Choice role-without-trust-policy.
		// Source: IAM User Guide, id_roles_terms-and-concepts (trust policy).
		if takesRole(r.Action) {
			t.mustAllow, t.reason = true, ReasonTrust
		} else {
			t.resource = nil
		}
	case Key:
		// Source: KMS Developer Guide, key-policies.
		if s.Resource != nil || serviceIs(r.Action, "kms") {
			t.mustAllow, t.reason = true, ReasonKeyPolicy
		}
	}
	switch p.Type {
	case User, AssumedRole, FederatedUser:
		t.identity = true
		t.scp = true
	case Root:
		// It can be given none; those that a request brings all the same may
		// refuse, and a session policy limits. Choice policies-of-root.
		t.identity = len(s.Identity) > 0 || len(s.Session) > 0 || s.Boundary != nil
		t.scp = true
	}
	// Source: Organizations User Guide, orgs_manage_policies_scps and
	// orgs_manage_policies_rcps: service-linked roles are bound by neither, the
	// management account's principals not by SCPs.
	t.scp = t.scp && !p.ServiceLinked && !p.ManagementAccount
	t.rcp = len(s.RCPs) > 0 && !p.ServiceLinked && underRCP(r)
	return t
}

// takesRole reports the actions that a trust policy allows.
func takesRole(action string) bool {
	_, name, _ := strings.Cut(action, ":")
	if !serviceIs(action, "sts") {
		return false
	}
	for _, a := range [...]string{"AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "TagSession", "SetSourceIdentity", "SetContext"} {
		if equalFold(name, a) {
			return true
		}
	}
	return false
}

func serviceIs(action, service string) bool {
	return len(action) > len(service) && action[len(service)] == ':' && equalFold(action[:len(service)], service)
}

// needsNothing: any caller may ask who it is, even under an explicit deny.
//
// Source: STS API_GetCallerIdentity.
func needsNothing(action string) bool { return equalFold(action, "sts:GetCallerIdentity") }

// needsNoAllow: a user may always ask for session credentials. The page also
// says that policies do not control the operation; AWS's own example of a Deny
// without MFA leaves it out all the same, so that a Deny counts here.
// Choice getsessiontoken-deny.
//
// Source: IAM User Guide, id_credentials_temp_control-access_getsessiontoken and
// reference_policies_examples_aws_my-sec-creds-self-manage.
func needsNoAllow(action string) bool { return equalFold(action, "sts:GetSessionToken") }

// needsCaller reports services that turn unsigned requests away whatever a
// policy says. STS takes them for web identities, which are callers here.
//
// Source: KMS, IAM and STS API references, common errors
// (MissingAuthenticationToken).
func needsCaller(action string) bool {
	return serviceIs(action, "kms") || serviceIs(action, "iam") || serviceIs(action, "sts")
}

// query is a request on its way through the policies of a set.
type query struct {
	request *Request
	// bounded: the caller has a permissions boundary.
	bounded bool
	// trace notes what the statements answer; nil: nobody asks for it.
	trace *trace
}

// decide also returns the facts, for explanations.
func (s *Set) decide(r *Request, tr *trace) (Decision, terms) {
	t := s.terms(r)
	unsigned := t.caller == Anonymous && needsCaller(r.Action)
	if needsNothing(r.Action) && !unsigned {
		return Decision{Verdict: Allow, Reason: ReasonNotNeeded}, t
	}
	denied := func(why Reason, at hit) Decision { return Decision{Verdict: ExplicitDeny, Reason: why, hit: at} }
	// missing is the first type in order that had to allow and did not.
	missing := ReasonNone
	lacks := func(why Reason) {
		if missing == ReasonNone {
			missing = why
		}
	}
	q := &query{request: r, bounded: s.Boundary != nil && t.identity, trace: tr}
	switch {
	case unsigned:
		lacks(ReasonAnonymous)
	case reserved(r):
		lacks(ReasonReserved)
	}

	if t.scp {
		if deny, ok := levels(s.SCPs, q); deny.policy != nil {
			return denied(ReasonSCP, deny), t
		} else if !ok {
			lacks(ReasonSCP)
		}
	}
	if t.rcp {
		if deny, ok := levels(s.RCPs, q); deny.policy != nil {
			return denied(ReasonRCP, deny), t
		} else if !ok {
			lacks(ReasonRCP)
		}
	}
	if len(s.Endpoint) > 0 {
		var e scan
		e.readAll(s.Endpoint, q)
		if e.deny.policy != nil {
			return denied(ReasonEndpoint, e.deny), t
		}
		if e.reach == reachNone {
			lacks(ReasonEndpoint)
		}
	}
	var res, id, bound, sess scan
	if t.resource != nil {
		res.read(t.resource, q)
		if res.deny.policy != nil {
			return denied(t.reason, res.deny), t
		}
	}
	if t.restricted(r) {
		return denied(ReasonPublicAccess, hit{}), t
	}
	if t.identity {
		id.readAll(s.Identity, q)
		if id.deny.policy != nil {
			return denied(ReasonIdentity, id.deny), t
		}
		if s.Boundary != nil {
			bound.read(s.Boundary, q)
			if bound.deny.policy != nil {
				return denied(ReasonBoundary, bound.deny), t
			}
		} else {
			bound.reach = reachDirect
		}
		sess.readAll(s.Session, q)
		if sess.deny.policy != nil {
			return denied(ReasonSession, sess.deny), t
		}
		if len(s.Session) == 0 {
			sess.reach = reachDirect
		}
	}
	reason, by := t.allow(r, &res, &id, &bound, &sess, lacks)
	if missing != ReasonNone && t.caller == User && needsNoAllow(r.Action) {
		return Decision{Verdict: Allow, Reason: ReasonNotNeeded}, t
	}
	if missing != ReasonNone {
		return Decision{Verdict: ImplicitDeny, Reason: missing}, t
	}
	if r.Pattern && by.policy != nil {
		granting := s.Identity
		if reason != ReasonIdentity {
			granting = []*Policy{t.resource}
		}
		if why, deny, void := s.voided(&t, q, granting); void {
			return denied(why, deny), t
		}
	}
	return Decision{Verdict: Allow, Reason: reason, hit: by}, t
}

// allow applies the rules on who may grant and who limits. It returns what
// granted, or tells lacks what did not.
func (t *terms) allow(r *Request, res, id, bound, sess *scan, lacks func(Reason)) (Reason, hit) {
	if r.Granted {
		// Source: KMS Developer Guide, grants.
		return ReasonGrant, hit{}
	}
	switch t.caller {
	case Anonymous, Service, WebIdentity:
		// Only the resource's policy can allow those without an identity in
		// some account.
		if res.reach == reachNone {
			lacks(t.reason)
		}
		return t.reason, res.allow
	case Root:
		// Source: STS API_AssumeRole: not with root user credentials.
		if equalFold(r.Action, "sts:AssumeRole") {
			lacks(t.reason)
		}
		if t.identity && sess.reach == reachNone {
			lacks(ReasonSession)
		}
		// The root user may do everything in its account, except what a key or
		// trust policy does not let it, and nothing elsewhere by itself.
		if res.reach != reachNone {
			return t.reason, res.allow
		}
		if t.mustAllow || !t.sameAccount {
			lacks(t.reason)
		}
		return ReasonRoot, hit{}
	}
	if t.sameAccount {
		// Source: IAM User Guide, reference_policies_evaluation-logic (table of
		// principals and implicit denies).
		switch res.reach {
		case reachDirect:
			return t.reason, res.allow
		case reachLimited:
			t.limits(bound, sess, lacks)
			return t.reason, res.allow
		case reachNone:
			if t.mustAllow {
				lacks(t.reason)
			}
		}
	}
	if id.reach == reachNone {
		lacks(ReasonIdentity)
	}
	t.limits(bound, sess, lacks)
	// Source: IAM User Guide, reference_policies_evaluation-logic-cross-account.
	if !t.sameAccount && res.reach == reachNone {
		lacks(t.reason)
	}
	return ReasonIdentity, id.allow
}

func (t *terms) limits(bound, sess *scan, lacks func(Reason)) {
	if bound.reach == reachNone {
		lacks(ReasonBoundary)
	}
	if sess.reach == reachNone {
		lacks(ReasonSession)
	}
}

// levels reads a hierarchy, root first. ok is true if every level allows: AWS
// attaches RCPFullAWSAccess by itself, a caller of this package lists it.
// Choice rcp-level-without-allow.
//
// Source: Organizations User Guide, orgs_manage_policies_scps_evaluation.
func levels(list [][]*Policy, q *query) (deny hit, ok bool) {
	ok = true
	for _, level := range list {
		var s scan
		s.readAll(level, q)
		if s.deny.policy != nil {
			return s.deny, false
		}
		ok = ok && s.reach != reachNone
	}
	return hit{}, ok
}

// restricted is S3's RestrictPublicBuckets: under a public policy only AWS
// services and the bucket owner's own account pass. It is an explicit deny, also
// of what nothing allows. Choice public-bucket-is-explicit.
//
// Source: S3 API_PublicAccessBlockConfiguration.
func (t *terms) restricted(r *Request) bool {
	if !r.RestrictPublic || t.resource == nil || t.caller == Service {
		return false
	}
	if t.caller != Anonymous && t.sameAccount {
		return false
	}
	public, _, _ := t.resource.Public()
	return public
}
