package grants

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// ruleContext is the one whose fix is made of all that it is about.
const ruleContext = "grants-context"

// judge holds what an engine asks for against what is granted to one principal.
type judge struct {
	*reading
	who      *caller
	findings []Finding
}

func (j *judge) near() bool { return j.who.Account == j.account }

// judge judges every request of an engine's.
func (j *judge) judge() Principal {
	out := Principal{ARN: j.who.ARN, SameAccount: j.near(), Read: j.who.read, Unread: j.who.unread, Policy: []Statement{}, Checks: []Check{}}
	narrowState, narrowOwn := j.narrowed(j.stateHalf), j.narrowed(j.ownHalf)
	for _, r := range j.asks() {
		c := Check{For: r.why, Action: r.action, Resource: r.resource, Context: r.object}
		switch {
		case j.near():
			c.State, c.Principal = j.nearby(&r, r.optional && narrowState)
		default:
			c.State, c.Principal = j.across(&r, r.optional && narrowState, r.optional && narrowOwn)
		}
		out.Checks = append(out.Checks, c)
	}
	for i := range j.findings {
		f := &j.findings[i]
		f.Summary += " " + listed(f.Actions)
		if f.Rule == ruleContext {
			f.Fix = "add " + strings.Join(f.objects, ", ") + " " + f.Fix
		}
	}
	return out
}

// across judges a request of a principal of another account: both sides must allow.
func (j *judge) across(r *request, spareState, spareOwn bool) (state, own string) {
	state, own = "unknown", "unknown"
	whole, known := j.both(r, j.who)
	if j.listed(r, &whole); known && whole.allowed {
		return "yes", "yes"
	}
	half := func(side Side, ask func(*request, *caller) (answer, bool), spare bool) string {
		a, known := ask(r, j.who)
		if side == StateSide {
			j.listed(r, &a)
		}
		switch {
		case !known:
			return "unknown"
		case spare && !a.allowed:
			return "not needed"
		}
		j.report(side, r, &a)
		return a.word()
	}
	return half(StateSide, j.stateHalf, spareState), half(PrincipalSide, j.ownHalf, spareOwn)
}

// nearby judges a request of a principal of the state account: either side is enough,
// unless one denies.
func (j *judge) nearby(r *request, spare bool) (state, own string) {
	alone, known := j.stateHalf(r, j.who)
	if !known {
		return "unknown", "unknown"
	}
	j.listed(r, &alone)
	state, own = alone.word(), "not needed"
	if whole, known := j.both(r, j.who); known {
		j.listed(r, &whole)
		switch {
		case whole.allowed && !alone.allowed:
			return "not needed", "yes"
		case whole.allowed:
			return "yes", "not needed"
		case spare:
			return "not needed", "not needed"
		}
		switch whole.decision.Reason {
		case policy.ReasonIdentity, policy.ReasonBoundary:
			if _, _, ok := whole.decision.Statement(); ok || whole.decision.Reason == policy.ReasonBoundary {
				j.report(PrincipalSide, r, &whole)
				return state, whole.word()
			}
		}
		j.report(StateSide, r, &whole)
		return whole.word(), "not needed"
	}
	// Its own policies were not read: they can make up for what is missing here.
	if !alone.allowed && alone.decision.Verdict != policy.ExplicitDeny {
		return "unknown", "unknown"
	}
	j.report(StateSide, r, &alone)
	return state, "unknown"
}

// listed takes back what is certain of a request where access control lists count: they
// may allow what policies do not; and reading an object that another account owns is not
// the bucket policy's to allow. What is denied stays denied.
func (j *judge) listed(r *request, a *answer) {
	if j.lists == "" || r.key != "" || a.set == nil || a.denied && a.decision.Verdict == policy.ExplicitDeny || a.allowed && r.action != "s3:GetObject" {
		return
	}
	a.allowed, a.denied = false, false
	a.because("access control lists")
}

// narrowed tells whether a side lets the principal use the key through S3 alone.
// Then Encrypt, which S3 never asks for, would be of no use.
func (j *judge) narrowed(half func(*request, *caller) (answer, bool)) bool {
	if len(j.states) == 0 {
		return false
	}
	direct, who := j.direct("", "kms:GenerateDataKey", false), j.ungranted()
	if a, known := half(&direct, who); !known || !a.denied {
		return false
	}
	// Even if it is for an encryption context that this bucket does not use.
	state := j.bucketARN() + "/" + j.states[0]
	for _, on := range []bool{false, true} {
		through := j.throughS3("", "kms:GenerateDataKey", j.key, state, on)
		if a, known := half(&through, who); known && a.allowed {
			return true
		}
	}
	return false
}

// ungranted is the principal without what KMS grants allow it.
func (j *judge) ungranted() *caller {
	who := *j.who
	who.ungranted = true
	return &who
}

// report adds what a refusal, or a doubt, means to the findings: those of one kind
// are one finding.
func (j *judge) report(side Side, r *request, a *answer) {
	if a.allowed {
		return
	}
	f := Finding{Level: Missing, Side: side, Where: j.where(side, r), Principal: j.who.ARN, Actions: []string{}, Resources: []string{}}
	verb, denies, to := "does not allow", "denies", f.Where
	if side == PrincipalSide {
		verb, denies, to = "do not allow", "deny", "policies of "+j.who.ARN
	}
	switch by := a.decided(); {
	case !a.denied:
		f.Rule, f.Level, verb = "grants-unknown", Unknown, "may or may not allow"
		f.Why = "it turns on what policies alone do not tell: " + strings.Join(a.keys, ", ")
		f.Fix = "try it: strongroom state verify"
	case a.decision.Reason == policy.ReasonPublicAccess:
		f.Rule, verb = "grants-public", "is public, and therefore does not allow"
		f.Why, f.Fix = "RestrictPublicBuckets is on: such a policy does not count for other accounts", "name the principals in the statement that names everyone"
	case a.decision.Verdict == policy.ExplicitDeny:
		f.Rule, verb = "grants-denied", denies
		f.Why, f.Fix = "a Deny wins over every Allow: "+by, "take the principal or the resource out of "+by
	case a.decision.Reason == policy.ReasonBoundary:
		f.Rule, verb = "grants-boundary", "are kept by the permissions boundary from allowing"
		f.Why, f.Fix = "what a boundary does not allow its policies cannot grant", ""
		j.add(&f, PrincipalSide, r, "boundary")
	case r.key != "" && r.key != j.key:
		f.Rule = "grants-former-key"
		f.Why, f.Fix = "the state is still under this key, and not under the environment's", "strongroom state rekey --env "+j.environment+"; or "
		j.add(&f, side, r, to)
	default:
		f.Rule = "grants-missing"
		f.Why = "an engine asks for it to " + r.why
		j.add(&f, side, r, to)
		if side == PrincipalSide {
			f.Why += "; across accounts both sides must allow"
		}
		if r.runbook {
			f.Why = "it is one of the four actions that a principal has on its key"
		}
		if near := a.near(); near != "" {
			f.Why = near
		}
		j.context(&f, side, r)
	}
	f.Summary = fmt.Sprintf("the %s %s", f.Where, verb)
	j.merge(f, r)
}

// context recognises a grant for the other encryption context.
func (j *judge) context(f *Finding, side Side, r *request) {
	if r.object == "" {
		return
	}
	half, who := j.stateHalf, j.ungranted()
	if side == PrincipalSide {
		half = j.ownHalf
	}
	to, have, want := j.bucketARN(), "the object's ARN", "on"
	if r.object == to {
		have, want = "the bucket's ARN", "off"
		to = ""
		for _, key := range j.states {
			for _, object := range []string{j.bucketARN() + "/" + key, j.bucketARN() + "/" + key + ".tflock"} {
				other := r.about(object)
				if a, known := half(&other, who); known && a.allowed {
					to = object
				}
			}
		}
	}
	other := r.about(to)
	if a, known := half(&other, who); to == "" || !known || !a.allowed {
		return
	}
	f.Rule = ruleContext
	f.Why = fmt.Sprintf("S3 names %s in the encryption context, and the condition lets in %s: it was written for an S3 Bucket Key that is %s", have, to, want)
	f.Statement = nil
	f.Fix = fmt.Sprintf("to the values of kms:EncryptionContext:aws:s3:arn in the %s; or turn the bucket's S3 Bucket Key %s and rewrite the states (strongroom state rekey --env %s)", f.Where, want, j.environment)
}

// merge makes one finding of those that differ in actions and resources alone.
func (j *judge) merge(f Finding, r *request) {
	add := func(f *Finding) {
		if !slices.Contains(f.Actions, r.action) {
			f.Actions = append(f.Actions, r.action)
		}
		at := r.resource
		if r.object != "" {
			at += " for " + r.object
		}
		if r.object != "" && !slices.Contains(f.objects, r.object) {
			f.objects = append(f.objects, r.object)
		}
		if !slices.Contains(f.Resources, at) {
			f.Resources = append(f.Resources, at)
		}
	}
	for i := range j.findings {
		if g := &j.findings[i]; g.Rule == f.Rule && g.Where == f.Where && g.Fix == f.Fix {
			add(g)
			return
		}
	}
	add(&f)
	j.findings = append(j.findings, f)
}

// where names the policy of a side that a request is about.
func (j *judge) where(side Side, r *request) string {
	switch {
	case side == PrincipalSide:
		return "policies of " + j.who.ARN
	case r.key != "":
		return "key policy of " + r.key
	}
	return "bucket policy of " + j.bucket
}

// add makes a finding say which statement to add.
func (j *judge) add(f *Finding, side Side, r *request, to string) {
	list := j.ownPolicy()
	switch {
	case side == StateSide && r.key != "":
		list = j.keyPolicy()
	case side == StateSide:
		list = j.bucketPolicy()
	}
	for _, s := range list {
		if !slices.Contains(s.Action, r.action) || r.key == "" && !slices.Contains(s.Resource, r.resource) {
			continue
		}
		if r.key != "" && side == PrincipalSide {
			s.Resource = []string{r.key}
		}
		f.Statement = &s
		f.Fix += fmt.Sprintf("add statement %q to the %s", s.Sid, to)
		return
	}
}
