package policy

// Hold holds the statement at index i against a request, element by element,
// whether or not it applies: Explain shows the statements that mattered, Hold
// any of them. bounded says that the caller has a permissions boundary, which
// NotPrincipal turns on. It panics if there is no such statement.
func (p *Policy) Hold(i int, r *Request, bounded bool) StatementResult {
	st := &p.stmts[i]
	e := explainer{request: r, bounded: bounded}
	var out StatementResult
	e.result(&out, miss{
		hit: hit{p, i}, action: st.matchesAction(r.Action), resource: st.matchesResource(r),
		reach: st.reach(r.Principal, bounded),
	}, false)
	return out
}

// Hinge is where a statement turns on keys that are not known.
type Hinge struct {
	// Resource are the keys that variables of its Resource element stand for; nil:
	// none.
	Resource []string
	// Conditions are, for each of its conditions in document order, the keys that
	// it turns on: its own, and those of variables in its values. Nil for a
	// condition that turns on known keys only.
	Conditions [][]string
}

// Any reports whether the statement turns on such a key at all.
func (h *Hinge) Any() bool {
	for _, keys := range h.Conditions {
		if keys != nil {
			return true
		}
	}
	return h.Resource != nil
}

// Hinges tells where the statement at index i turns on a key for which unknown
// answers true. It panics if there is no such statement.
func (p *Policy) Hinges(i int, unknown func(key string) bool) Hinge {
	st := &p.stmts[i]
	h := Hinge{Conditions: make([][]string, len(st.conditions))}
	for j := range st.resources {
		h.Resource = st.resources[j].unknowns(h.Resource, unknown)
	}
	for j := range st.conditions {
		h.Conditions[j] = st.conditions[j].unknowns(unknown)
	}
	return h
}

// unknowns lists the unknown keys that a condition turns on; nil: none.
func (c *condition) unknowns(unknown func(string) bool) (keys []string) {
	if unknown(c.key.name) {
		keys = append(keys, c.key.name)
	}
	for i := range c.patterns {
		keys = c.patterns[i].unknowns(keys, unknown)
	}
	return keys
}

// unknowns adds the unknown keys of a pattern's variables, each once.
func (p *pattern) unknowns(keys []string, unknown func(string) bool) []string {
next:
	for i := range p.toks {
		t := &p.toks[i]
		if t.kind != tokVariable || !unknown(t.key.name) {
			continue
		}
		for _, k := range keys {
			if equalFold(k, t.key.name) {
				continue next
			}
		}
		keys = append(keys, t.key.name)
	}
	return keys
}
