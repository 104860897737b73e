package authz

import (
	"cmp"
	"sync"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

// Authorizer answers checks. It is safe for concurrent use, under the state's
// lock.
type Authorizer struct {
	dir   op.Directory
	org   op.Organization // nil: no account has resource control policies
	known *knownKeys
	pool  sync.Pool
}

// Lister is implemented by services that list the condition keys they put into
// requests; "prefix:name/*" stands for a family such as s3:ExistingObjectTag/*.
// A condition on another key of that service's prefix makes an Allow unsafe.
type Lister interface{ Keys() []string }

// New returns an Authorizer for these services. dir is the source of
// identities.
func New(dir op.Directory, services []op.Service) *Authorizer {
	a := &Authorizer{dir: dir, known: newKnownKeys(services)}
	a.org, _ = dir.(op.Organization)
	a.pool.New = func() any { return &question{ctx: &policy.Context{}} }
	return a
}

// question is what one check needs; it is reused.
type question struct {
	set policy.Set
	req policy.Request
	ctx *policy.Context
}

// Verdict is the answer to one check.
type Verdict struct {
	Check   op.Check
	Allowed bool
	// Decision is the policy engine's answer.
	Decision policy.Decision
	// Explanation is the policy engine's account of a refusal; nil when allowed.
	Explanation *policy.Explanation
	// Context is all condition keys of a refused request; nil when allowed.
	Context []op.Key
	// Err is what the caller is told; nil when allowed.
	Err error
}

// Decide answers one check of the call. d selects the wording's error code.
func (a *Authorizer) Decide(c *op.Call, check op.Check, d sigv4.Dialect) Verdict {
	q := a.pool.Get().(*question)
	defer a.release(q)
	a.ask(q, c, &check)
	v := Verdict{Check: check}
	decision := q.set.Decide(&q.req)
	v.Decision = decision
	if decision.Verdict == policy.Allow {
		unknown := a.known.unknown(&q.set, check.Action)
		if unknown == nil {
			v.Allowed = true
			if check.Default && decision.Reason == policy.ReasonGrant {
				v.Decision.Reason = policy.ReasonNotNeeded
			}
			return v
		}
		v.Explanation, v.Context = q.set.Explain(&q.req), q.keys()
		v.Err = unknown.refuse(check.Action, d)
		return v
	}
	v.Explanation, v.Context = q.set.Explain(&q.req), q.keys()
	if v.Err = check.OnDeny; v.Err == nil {
		v.Err = refusal(&check, &q.req, decision, d)
	}
	return v
}

// keys copies the request's condition keys.
func (q *question) keys() []op.Key {
	names := q.ctx.Keys()
	keys := make([]op.Key, len(names))
	for i, name := range names {
		values, multi := q.ctx.Get(name)
		keys[i] = op.Key{Name: name, Values: values, Multi: multi}
	}
	return keys
}

func (a *Authorizer) release(q *question) {
	q.ctx.Reset()
	q.set, q.req = policy.Set{}, policy.Request{}
	a.pool.Put(q)
}

// ask gathers the policies and the request. A principal that the operation
// itself established (a web identity) has no identity policies: the resource's
// policy alone speaks for it.
func (a *Authorizer) ask(q *question, c *op.Call, check *op.Check) {
	var tags map[string]string
	caller := cmp.Or(check.Caller, c.Caller)
	q.req = policy.Request{
		Principal: &caller.Principal, Action: check.Action,
		Resource: check.Resource.ARN, ResourceAccount: check.Resource.Account,
		Context: q.ctx, WildcardOnly: check.Resource.ARN == "*",
		RestrictPublic: check.Resource.RestrictPublic, Granted: check.Grant != "" || check.Default,
	}
	q.set.Resource = check.Resource.Policy
	if owner := cmp.Or(check.Resource.Account, caller.Account); a.org != nil && owner != "" {
		q.set.RCPs = a.org.RCPs(owner)
	}
	switch {
	case check.Principal != nil:
		q.req.Principal = check.Principal
	case caller.Principal.Type != policy.Anonymous && caller.Principal.Type != policy.Service:
		p := a.dir.Policies(caller)
		q.set.Identity, q.set.Boundary, q.set.SCPs = p.Identity, p.Boundary, p.SCPs
		tags = p.Tags
		if s := caller.Session; s != nil {
			q.set.Session = s.Policies
		}
	}
	fill(q.ctx, c, check, caller, tags)
}
