package policy

// Effect is what a statement does when it applies.
type Effect uint8

const (
	// EffectDeny forbids. The zero value, so that a forgotten effect is closed.
	EffectDeny Effect = iota
	// EffectAllow allows.
	EffectAllow
)

func (e Effect) String() string {
	if e == EffectAllow {
		return "Allow"
	}
	return "Deny"
}

// MarshalText gives the word that policies use.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// statement is one compiled statement. Conditions are kept in document order.
type statement struct {
	sid      string
	effect   Effect
	pos, end int
	line     int

	principals   []principalRef // nil: the kind has no Principal
	notPrincipal bool
	actions      []pattern
	notAction    bool
	resources    []pattern // nil: a trust policy
	notResource  bool
	conditions   []condition

	actionText, resourceText []string // as written
}

// reach says how the statement's Principal covers the caller; direct when the
// kind has none.
func (s *statement) reach(p *Principal, bounded bool) reach {
	if s.principals == nil {
		return reachDirect
	}
	if s.notPrincipal && s.effect == EffectAllow {
		// What a document that AWS stored before it refused this element still
		// means: all but those listed, the anonymous among them. An account on
		// the list leaves out all of its principals.
		// Source: IAM User Guide, reference_policies_elements_notprincipal
		// (2017 text, "NotPrincipal with Allow").
		for i := range s.principals {
			if s.principals[i].covers(p) != reachNone {
				return reachNone
			}
		}
		return reachDirect
	}
	if s.notPrincipal {
		// A Deny with NotPrincipal always denies a caller that has a
		// permissions boundary, whatever it lists.
		// Source: IAM User Guide, access_policies_boundaries.
		if bounded {
			return reachDirect
		}
		if exempt(s.principals, p) {
			return reachNone
		}
		return reachDirect
	}
	best := reachNone
	for i := range s.principals {
		best = max(best, s.principals[i].covers(p))
		if best == reachDirect {
			break
		}
	}
	return best
}

// matchesAction compares without case.
//
// Source: IAM User Guide, reference_policies_elements_action.
func (s *statement) matchesAction(action string) bool {
	for i := range s.actions {
		if s.actions[i].match(action, nil) {
			return !s.notAction
		}
	}
	return s.notAction
}

// matchesResource takes the request's own wildcard rule: an action without
// resource types is matched by a literal "*" only. An entry whose variable has
// no value matches no resource, in NotResource too.
// Choice variable-without-value-in-notresource.
//
// Source: Service Authorization Reference, reference_policies_actions-resources-contextkeys.
func (s *statement) matchesResource(r *Request) bool {
	if s.resources == nil {
		return true
	}
	if r.Pattern {
		return s.coversPattern(r)
	}
	for i := range s.resources {
		if p := &s.resources[i]; p.form == formAny || !r.WildcardOnly && p.match(r.Resource, r.Context) {
			return !s.notResource
		}
	}
	return s.notResource
}

// met looks the keys up in the memo, if there is one.
func (s *statement) met(ctx *Context, m *memo) bool {
	if m == nil {
		for i := range s.conditions {
			if !s.conditions[i].met(ctx) {
				return false
			}
		}
		return true
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		if !c.metBy(m.find(c, ctx), ctx) {
			return false
		}
	}
	return true
}

// applies reports how the statement covers the request; reachNone: not at all.
// The cheapest tests come first.
func (s *statement) applies(r *Request, bounded bool, m *memo) reach {
	if !s.matchesAction(r.Action) || !s.matchesResource(r) {
		return reachNone
	}
	at := s.reach(r.Principal, bounded)
	if at == reachNone || !s.met(r.Context, m) {
		return reachNone
	}
	return at
}
