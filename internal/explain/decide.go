package explain

import (
	"maps"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// maxWorlds bounds the combinations of keys of which only the possible values
// are known. Beyond it such keys count as unknown.
const maxWorlds = 64

// world is one way the request may have been.
type world struct {
	ctx   *policy.Context
	owner string
	// wildcard: statements match by "*" only.
	wildcard bool
}

// trial is a question held against policies, with what is unknown taken both
// ways.
type trial struct {
	q *Question
	p *Policies
	// fixed are keys, in lower case, that are known in this trial only; a nil value
	// is a key that the request does not carry.
	fixed map[string]*choice
}

// choice is a value that a key is tried with.
type choice struct {
	values []string
	multi  bool
}

// finding is what a trial found.
type finding struct {
	// allowed, denied: it is certain. Neither: it turns on what is unknown.
	allowed, denied bool
	// best and worst are the decisions for what is unknown at its best and worst,
	// the first that settle the matter.
	best, worst               policy.Decision
	bestSet, worstSet         *policy.Set
	bestRequest, worstRequest *policy.Request
}

// otherAccount stands for an owner that is not the caller's account.
const otherAccount = "000000000000"

func (t *trial) unknown(key string) bool {
	low := strings.ToLower(key)
	if _, ok := t.fixed[low]; ok {
		return false
	}
	return !t.q.known(key)
}

// worlds lists the ways the request may have been, as far as they can be listed,
// and the keys that are settled by that.
func (t *trial) worlds() (list []world, listed map[string]bool) {
	base := copyContext(&t.q.Context)
	for key, c := range t.fixed {
		setChoice(base, key, c)
	}
	list, listed = []world{{base, t.q.ResourceAccount, t.q.WildcardOnly}}, map[string]bool{}
	if t.q.AnyOwner {
		list = []world{{base, t.q.Principal.Account, t.q.WildcardOnly}, {base, otherAccount, t.q.WildcardOnly}}
	}
	if t.q.doubtful {
		for _, w := range list {
			w.wildcard = true
			list = append(list, w)
		}
	}
	used := t.p.keys()
	for _, key := range slices.Sorted(maps.Keys(t.q.Choices)) {
		values := t.q.Choices[key]
		if _, fixed := t.fixed[key]; fixed || !used[key] || t.q.known(key) || len(list)*len(values) > maxWorlds {
			continue
		}
		listed[key] = true
		var next []world
		for _, w := range list {
			for _, v := range values {
				ctx := w.ctx
				if v != AbsentChoice {
					ctx = copyContext(w.ctx)
					ctx.Set(key, v)
				}
				next = append(next, world{ctx, w.owner, w.wildcard})
			}
		}
		list = next
	}
	return list, listed
}

func setChoice(ctx *policy.Context, key string, c *choice) {
	switch {
	case c == nil:
	case c.multi:
		ctx.SetMulti(key, c.values...)
	case len(c.values) == 1:
		ctx.Set(key, c.values[0])
	}
}

// decide holds the question against the policies.
func (t *trial) decide() finding {
	list, listed := t.worlds()
	unknown := func(key string) bool { return !listed[strings.ToLower(key)] && t.unknown(key) }
	best, worst := t.p.bound(unknown, true, t.q.Resource), t.p.bound(unknown, false, t.q.Resource)
	public := false
	if t.q.RestrictPublic && t.p.Set.Resource != nil {
		public, _, _ = t.p.Set.Resource.Public()
	}
	f := finding{allowed: true, denied: true, bestSet: best, worstSet: worst}
	for i, w := range list {
		r := t.q.request(w)
		r.RestrictPublic = r.RestrictPublic && public
		b, s := best.Decide(r), worst.Decide(r)
		if _, grant := t.p.unread(policy.ReasonGrant); grant && b.Verdict == policy.ImplicitDeny {
			granted := *r
			granted.Granted = true
			b = best.Decide(&granted)
		}
		// Of several worlds the one that differs is the one to tell about.
		if i == 0 || b.Verdict == policy.Allow && f.best.Verdict != policy.Allow {
			f.best, f.bestRequest = b, r
		}
		if i == 0 || s.Verdict != policy.Allow && f.worst.Verdict == policy.Allow {
			f.worst, f.worstRequest = s, r
		}
		f.denied = f.denied && b.Verdict != policy.Allow
		f.allowed = f.allowed && s.Verdict == policy.Allow
	}
	// Under a public policy the generous set is public still, but the other one
	// need not be: what the first denies is denied.
	f.allowed = f.allowed && !f.denied
	return f
}

// keys are the condition keys and variables of all policies, in lower case.
func (p *Policies) keys() map[string]bool {
	used := map[string]bool{}
	for _, l := range p.layers() {
		for _, one := range l.policies {
			for _, k := range one.Keys() {
				used[strings.ToLower(k)] = true
			}
		}
	}
	return used
}

// stratum is the policies of one type, or one level of it.
type stratum struct {
	typ      policy.Reason
	level    int
	policies []*policy.Policy
}

// layers lists the policies in the order of the evaluation.
func (p *Policies) layers() (list []stratum) {
	s := &p.Set
	for i, l := range s.SCPs {
		list = append(list, stratum{policy.ReasonSCP, i + 1, l})
	}
	for i, l := range s.RCPs {
		list = append(list, stratum{policy.ReasonRCP, i + 1, l})
	}
	if len(s.Endpoint) > 0 {
		list = append(list, stratum{policy.ReasonEndpoint, 0, s.Endpoint})
	}
	if s.Resource != nil {
		list = append(list, stratum{policy.ReasonResource, 0, []*policy.Policy{s.Resource}})
	}
	if len(s.Identity) > 0 {
		list = append(list, stratum{policy.ReasonIdentity, 0, s.Identity})
	}
	if s.Boundary != nil {
		list = append(list, stratum{policy.ReasonBoundary, 0, []*policy.Policy{s.Boundary}})
	}
	if len(s.Session) > 0 {
		list = append(list, stratum{policy.ReasonSession, 0, s.Session})
	}
	return list
}
