package grants

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/policy"
)

// answer is what policies say of a request: certain either way, or not.
type answer struct {
	allowed, denied bool
	// decision is the one that refused, or would at worst.
	decision policy.Decision
	// set and request are what it was decided on; best is the set with what is not known
	// as it allows most.
	set, best *policy.Set
	request   *policy.Request
	// keys are those that it turns on, if it is not certain, and what else it turns on.
	keys []string
}

func (a *answer) word() string {
	switch {
	case a.allowed:
		return "yes"
	case a.denied:
		return "no"
	}
	return "unknown"
}

// decide holds a request against policies, with what is not known of it taken at its
// best and at its worst, and as every session that a role's policies make a difference
// for.
func (w *reading) decide(set *policy.Set, r *request, who *caller) answer {
	var sum answer
	for i, face := range w.faces(set, who) {
		a := w.decideAs(set, r, who, &face)
		switch {
		case i == 0:
			sum = a
		case a.allowed != sum.allowed || a.denied != sum.denied:
			sum.allowed, sum.denied = false, false
			sum.because("the name of the role's session")
			fallthrough
		default:
			for _, k := range a.keys {
				sum.because(k)
			}
		}
	}
	return sum
}

func (a *answer) because(of string) {
	if !slices.Contains(a.keys, of) {
		a.keys = append(a.keys, of)
	}
}

func (w *reading) decideAs(set *policy.Set, r *request, who *caller, face *policy.Principal) answer {
	ask := w.ask(r, who, face)
	granted, perhaps := w.granted(r, who, face)
	perhaps = perhaps && !r.free // what is not known to be granted is no right too many
	if ask.Granted = granted; r.key == "" && set.Resource != everyBucket {
		ask.RestrictPublic = w.restrict
	}
	unknown := w.unknown(who, ask, r.free)
	generous := set.Assume(unknown, true)
	worst := set.Assume(unknown, false).Decide(ask)
	kindly := *ask
	kindly.Granted = granted || perhaps
	if w.restrictUnknown && ask.RestrictPublic {
		kindly.RestrictPublic = false
	}
	best := generous.Decide(&kindly)
	a := answer{allowed: worst.Verdict == policy.Allow, denied: best.Verdict != policy.Allow, decision: worst, set: set, best: generous, request: ask}
	switch {
	case a.denied:
		a.decision = best
	case !a.allowed:
		for _, p := range all(set) {
			for i := range p.Len() {
				hinge := p.Hinges(i, unknown)
				if at := p.Hold(i, ask, set.Boundary != nil); !at.Principal || !at.Action || !at.Resource && hinge.Resource == nil {
					continue
				}
				for _, keys := range append(hinge.Conditions, hinge.Resource) {
					for _, k := range keys {
						a.because(k)
					}
				}
			}
		}
		if perhaps && !granted {
			a.because("KMS grants of the key")
		}
		if kindly.RestrictPublic != ask.RestrictPublic {
			a.because("the account's public access block")
		}
	}
	return a
}

// faces are the principals that a caller may be: itself, or of a role a session that
// nobody has named, and each that policies or grants name.
func (w *reading) faces(set *policy.Set, who *caller) []policy.Principal {
	if who.Type != policy.AssumedRole || who.RoleARN == "" || who.ARN != who.RoleARN {
		return []policy.Principal{who.Principal}
	}
	parts := strings.SplitN(who.RoleARN, ":", 6)
	prefix := "arn:" + parts[1] + ":sts::" + who.Account + ":assumed-role/" + lastPart(who.RoleARN) + "/"
	names := []string{prefix + "strongroom-made-up-session"}
	add := func(arn string) {
		if strings.HasPrefix(arn, prefix) && !slices.Contains(names, arn) {
			names = append(names, arn)
		}
	}
	for _, p := range all(set) {
		for _, arn := range p.AWSPrincipals() {
			add(arn)
		}
	}
	for _, k := range w.keys {
		for _, g := range k.grants {
			add(aws.ToString(g.GranteePrincipal))
		}
	}
	list := []policy.Principal{}
	for _, arn := range names {
		p := who.Principal
		p.ARN = arn
		list = append(list, p)
	}
	return list
}

func all(set *policy.Set) []*policy.Policy {
	list := slices.Clone(set.Identity)
	for _, p := range []*policy.Policy{set.Boundary, set.Resource} {
		if p != nil {
			list = append(list, p)
		}
	}
	return list
}

// everything allows whatever is asked: it stands for the half that is not in
// question.
func everything(kind policy.Kind) *policy.Policy {
	principal := `"Principal":"*",`
	if kind == policy.Identity {
		principal = ""
	}
	p, err := policy.ParseLoose("the other side", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+principal+`"Action":"*","Resource":"*"}]}`), kind)
	if err != nil {
		panic("grants: the stand-in for " + kind.String() + ": " + err.Error()) // its text is ours
	}
	return p
}

var (
	everyIdentity = everything(policy.Identity)
	everyBucket   = everything(policy.Resource)
	everyKey      = everything(policy.Key)
)

// resourcePolicy is the policy of what the request is about; known is false if it was
// not read.
func (w *reading) resourcePolicy(r *request) (doc *policy.Policy, known bool) {
	if r.key == "" {
		return w.policy, w.policyRead
	}
	if k := w.keys[r.key]; k != nil {
		return k.policy, k.known
	}
	return nil, false
}

// stateHalf asks whether the state account allows it, whatever the principal's own
// policies say. Of a principal of the state account it is those that say nothing.
func (w *reading) stateHalf(r *request, who *caller) (a answer, known bool) {
	doc, known := w.resourcePolicy(r)
	if !known {
		return answer{}, false
	}
	set := &policy.Set{Resource: doc}
	if who.Account != w.account {
		set.Identity = []*policy.Policy{everyIdentity}
	}
	return w.decide(set, r, who), true
}

// ownHalf asks whether the principal's own policies and its boundary allow it,
// whatever the state account says.
func (w *reading) ownHalf(r *request, who *caller) (a answer, known bool) {
	if !who.read {
		return answer{}, false
	}
	set := &policy.Set{Identity: who.identity, Boundary: who.boundary, Resource: everyBucket}
	if r.key != "" {
		set.Resource = everyKey
	}
	return w.decide(set, r, who), true
}

// both asks all that was read.
func (w *reading) both(r *request, who *caller) (a answer, known bool) {
	doc, known := w.resourcePolicy(r)
	if !known || !who.read {
		return answer{}, false
	}
	return w.decide(&policy.Set{Identity: who.identity, Boundary: who.boundary, Resource: doc}, r, who), true
}

// near says what the statement lacks that is nearest to allowing it; empty: none
// comes near.
func (a *answer) near() string {
	for _, step := range a.set.Explain(a.request).Steps {
		for _, s := range step.Nearest {
			if !s.Principal || !s.Action || !s.Resource {
				continue
			}
			for _, c := range s.Conditions {
				if !c.Met {
					return fmt.Sprintf("%s wants %s %s to be %s, and the request carries %s", statement(s.Policy, s.Sid, s.Index), c.Operator, c.Key, strings.Join(c.Wanted, " or "), carried(c.Carried))
				}
			}
		}
	}
	return ""
}

func carried(values []string) string {
	if values == nil {
		return "none"
	}
	return strings.Join(values, ", ")
}

// statement names a statement of a policy.
func statement(doc, sid string, index int) string {
	if strings.HasPrefix(doc, "policy of ") {
		doc = "the " + doc
	}
	if sid != "" {
		return fmt.Sprintf("statement %q of %s", sid, doc)
	}
	return fmt.Sprintf("statement %d of %s", index+1, doc)
}

// decided names the statement that decided; empty: none did.
func (a *answer) decided() string {
	p, i, ok := a.decision.Statement()
	if !ok {
		return ""
	}
	return statement(p.Name(), p.Statement(i).Sid, i)
}

// grantedBy names the statements of some types of policy that allow, or may. One that
// names the caller's account, and so leaves it to the caller's own policies, is among
// them only if it is alone.
func (a *answer) grantedBy(kinds ...policy.Reason) []string {
	var list, delegating []string
	for _, step := range a.best.Explain(a.request).Steps {
		if !slices.Contains(kinds, step.Type) {
			continue
		}
		for _, s := range step.Statements {
			switch {
			case s.Effect != policy.EffectAllow:
			case s.Delegates:
				delegating = append(delegating, statement(s.Policy, s.Sid, s.Index))
			default:
				list = append(list, statement(s.Policy, s.Sid, s.Index))
			}
		}
	}
	if list == nil {
		return delegating
	}
	return list
}
