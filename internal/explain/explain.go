package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// Options say how to answer.
type Options struct {
	// WhatIf says that the policies are to be tried on the request, not those that
	// were in force: what AWS answered counts for nothing.
	WhatIf bool
}

// Explain answers the question. p may be nil where the question holds AWS's own
// answer. The error is a diag.Diagnostic for a question that lacks what it takes
// to be decided.
func Explain(q *Question, p *Policies, opts Options) (*Answer, error) {
	q.finish()
	a := newAnswer(q)
	if opts.WhatIf {
		a.Outcome, a.OutcomeReason = nil, ""
	}
	if !p.Any() && a.Outcome == nil {
		return nil, &diag.Diagnostic{
			Rule: "explain-policies", Summary: "no policies are given",
			Why: "without them every answer would be no",
			Fix: "name files with --identity, --resource-policy and the like, read them with --from-account, or say --none identity",
		}
	}
	if !p.Any() {
		a.byRecord()
		a.hints(q)
		return a, nil
	}
	if err := q.decidable(); err != nil {
		return nil, err
	}
	t := &trial{q: q, p: p}
	f := t.decide()
	a.AtBest = &Extreme{f.best.Verdict, f.best.Reason}
	a.AtWorst = &Extreme{f.worst.Verdict, f.worst.Reason}
	a.Read = append(a.Read, p.Read...)
	a.Notes = append(a.Notes, p.Notes...)
	w := newPath(t, &f)
	a.Steps = w.steps()
	a.SameAccount = f.bestSet.Explain(f.bestRequest).SameAccount
	switch {
	case f.allowed:
		a.Decision, a.Verdict, a.Reason = Allowed, &f.worst.Verdict, &f.worst.Reason
	case f.denied:
		a.Decision, a.Verdict, a.Reason = Denied, &f.best.Verdict, &f.best.Reason
	default:
		a.Decision = CannotTell
	}
	a.decidedBy(w, &f)
	a.unknowns(t, p)
	a.settle(w, p)
	a.advise(w)
	a.hints(q)
	a.sentence(q)
	return a, nil
}

func newAnswer(q *Question) *Answer {
	a := &Answer{
		FormatVersion: 1, Basis: "policies", Action: q.Action, Resource: q.Resource, Outcome: q.Outcome,
		Steps: []Step{}, Deciding: []Statement{}, Nearest: []Statement{}, Unknown: []UnknownKey{}, Together: []string{}, Unread: []Unread{}, Read: []Source{},
		Fixes: []Fix{}, Hints: []string{}, Notes: append([]string{}, q.Notes...), Gaps: append([]Gap{}, q.Unknown...), Also: []Part{},
		Request: Request{From: q.From, Action: q.Action, Resource: q.Resource, ResourceAccount: q.ResourceAccount, Context: []Key{}, Complete: q.Complete},
	}
	if q.Outcome != nil && q.Outcome.Reason != policy.ReasonNone {
		a.OutcomeReason = q.Outcome.Reason.String()
	}
	if p := q.Principal; p != nil {
		a.Principal, a.Request.Principal, a.Request.PrincipalType = p.ARN, callerName(p), callerType(p.Type)
	}
	for _, name := range sortedFold(q.Context.Keys()) {
		values, _ := q.Context.Get(name)
		a.Request.Context = append(a.Request.Context, Key{name, append([]string{}, values...)})
	}
	return a
}

// decidable returns an error that names what the question lacks.
func (q *Question) decidable() error {
	lack := func(what, flag string) error {
		return &diag.Diagnostic{
			Rule: "explain-request", Summary: q.From + " does not tell " + what,
			Why: "policies cannot be held against a request that is not known", Fix: "add " + flag,
		}
	}
	switch {
	case q.Principal == nil:
		return lack("who asks", "--principal ARN")
	case q.Action == "":
		return lack("the action", "--action SERVICE:ACTION")
	case q.Resource == "":
		return lack("the resource", "--resource ARN")
	}
	return nil
}

// decidedBy finds the statements behind the decision.
func (a *Answer) decidedBy(w *path, f *finding) {
	d, want := f.best, policy.EffectDeny
	if f.allowed {
		d, want = f.worst, policy.EffectAllow
	}
	if a.Decision == CannotTell {
		for i := range a.Steps {
			for _, s := range a.Steps[i].Statements {
				if s.Applies == "unknown" {
					a.Deciding = append(a.Deciding, s)
				}
			}
		}
		return
	}
	p, index, ok := d.Statement()
	for i := range a.Steps {
		step := &a.Steps[i]
		if !sameLayer(step.Type, d.Reason) {
			continue
		}
		wanted := map[policy.Verdict]State{policy.Allow: StateAllows, policy.ExplicitDeny: StateDenies}[d.Verdict]
		if d.Verdict == policy.ImplicitDeny {
			step.Decides = step.State == StateSilent || step.State == StateNone
		} else {
			step.Decides = step.State == wanted || d.Verdict == policy.Allow && step.State == StateMayDeny
		}
		for _, s := range step.Statements {
			if ok && p != nil && s.Policy == p.Name() && s.Index == index && s.Effect == want {
				a.Deciding = append(a.Deciding, s)
				step.Decides = true
			}
		}
		if step.Decides {
			break
		}
	}
	if a.Decision == Denied && d.Verdict == policy.ImplicitDeny {
		for i := range a.Steps {
			if a.Steps[i].Decides {
				a.Nearest = append(a.Nearest, a.Steps[i].Nearest...)
			}
		}
	}
}

// unknowns lists the keys and the types of policy that an open decision turns on.
func (a *Answer) unknowns(t *trial, p *Policies) {
	if a.Decision != CannotTell {
		return
	}
	names := map[string]string{} // lower-case to as written
	for _, s := range a.Deciding {
		for _, key := range s.turnOn {
			if low := strings.ToLower(key); names[low] == "" {
				names[low] = key
			}
		}
	}
	for _, low := range slices.Sorted(maps.Keys(names)) {
		a.Unknown = append(a.Unknown, t.weigh(names[low]))
	}
	if len(a.Unknown) > 1 {
		a.Together = append(a.Together, t.together(a.Unknown)...)
	}
	if t.q.AnyOwner {
		a.Gaps = append(a.Gaps, Gap{"(owner of the resource)", "in the caller's own account one allow is enough, in another account both sides must allow; --resource-account ID settles it"})
	}
	if t.q.doubtful {
		a.Gaps = append(a.Gaps, Gap{"(resource)", `AWS's reference has no resource types for the action: then only "Resource": "*" matches it; ask with --resource "*" for that`})
	}
	// A type of policy matters if knowing that there is none would change the
	// answer, or knowing it would after all keys are known.
	for _, u := range p.Unread {
		if u.Type == policy.ReasonGrant || u.Type == policy.ReasonPublicAccess {
			a.Unread = append(a.Unread, u) // these have no step of their own
		}
		for i := range a.Steps {
			if s := &a.Steps[i]; sameLayer(s.Type, u.Type) && s.State != StateNoSay {
				a.Unread = append(a.Unread, u)
				break
			}
		}
	}
}

// settle lets AWS's own answer decide what the policies leave open, and refuses
// to answer where the two cannot both be right.
func (a *Answer) settle(w *path, p *Policies) {
	o := a.Outcome
	if o == nil {
		return
	}
	given := o.Reason == policy.ReasonNone || p.has(o.Reason)
	switch {
	case a.Decision == CannotTell:
		a.Basis, a.Decision = "record", Denied
		if o.Allowed {
			a.Decision = Allowed
		}
		a.narrow(o)
		a.lacked(o)
	case o.Allowed == (a.Decision == Allowed):
		if !o.Allowed && a.Reason != nil && o.Reason != policy.ReasonNone && !sameLayer(o.Reason, *a.Reason) {
			a.Notes = append(a.Notes, fmt.Sprintf("AWS names %s as what refused it; of the policies given, %s does so by itself (AWS names one type only)", article(o.Reason), article(*a.Reason)))
		}
	case !o.Allowed && !given:
		a.Basis, a.Decision, a.Verdict, a.Reason = "record", Denied, nil, nil
		a.Deciding, a.Nearest = []Statement{}, []Statement{}
		for i := range a.Steps {
			a.Steps[i].Decides = sameLayer(a.Steps[i].Type, o.Reason)
		}
		a.Notes = append(a.Notes, fmt.Sprintf("the policies given allow the request; AWS says that %s refused it, and none of that type was given", article(o.Reason)))
	default:
		said := "refused"
		if o.Allowed {
			said = "allowed"
		}
		if !o.Allowed && (a.Action == "s3:GetObject" || a.Action == "s3:GetObjectVersion") {
			// Source: S3 API_GetObject, "Permissions".
			a.hint("S3 answers Access Denied for an object that does not exist, unless the caller may s3:ListBucket: check that the key is there")
		}
		a.Notes = append(a.Notes, fmt.Sprintf("AWS %s the request, and the policies given do the opposite whatever is not known: they are not the ones that were in force, or not all of them. To try these policies on the same request, add --what-if", said))
		a.Basis, a.Decision, a.Verdict, a.Reason = "record", CannotTell, nil, nil
		a.Deciding = []Statement{}
	}
}

// narrow keeps, of the statements that may have decided, those that fit AWS's
// answer.
func (a *Answer) narrow(o *Outcome) {
	effect, known := policy.EffectDeny, o.Explicit && o.Reason != policy.ReasonSCP
	if o.Allowed {
		effect, known = policy.EffectAllow, true
	}
	var keep []Statement
	for _, s := range a.Deciding {
		if o.Reason != policy.ReasonNone && !sameLayer(s.layer, o.Reason) || known && s.Effect != effect {
			continue
		}
		if !o.Allowed && !o.Explicit && o.Reason != policy.ReasonNone && o.Reason != policy.ReasonSCP && s.Effect == policy.EffectDeny {
			continue // AWS says that an allow was missing
		}
		keep = append(keep, s)
	}
	if keep != nil {
		a.Deciding = keep
	}
	for i := range a.Steps {
		step := &a.Steps[i]
		step.Decides = o.Reason != policy.ReasonNone && sameLayer(step.Type, o.Reason) ||
			len(a.Deciding) == 1 && sameLayer(step.Type, a.Deciding[0].layer) && step.Level == a.Deciding[0].at
	}
}

// lacked finds what AWS's answer says was missing, an allow of one type, among
// the policies given: they have none, so nothing else is to blame.
func (a *Answer) lacked(o *Outcome) {
	if o.Allowed || o.Explicit || o.Reason == policy.ReasonNone || o.Reason == policy.ReasonSCP {
		return
	}
	for i := range a.Steps {
		step := &a.Steps[i]
		if sameLayer(step.Type, o.Reason) && step.State == StateSilent {
			a.Deciding, a.Nearest, a.lacks = []Statement{}, step.Nearest, true
			return
		}
	}
}

// byRecord answers from AWS's own answer alone.
func (a *Answer) byRecord() {
	o := a.Outcome
	a.Basis, a.Decision = "record", Denied
	if o.Allowed {
		a.Decision = Allowed
	}
	a.Sentence = "AWS " + map[bool]string{true: "allowed", false: "refused"}[o.Allowed] + " it"
	if a.Action != "" {
		a.Sentence = sentenceOf(a.Decision, a) + ": AWS's own answer"
	}
	if !o.Allowed {
		a.Sentence += because(o)
		a.Fixes = append(a.Fixes, Fix{What: "give the policies, and the statement behind it can be named: --from-account, or files with --identity, --resource-policy, --scp and the like"})
	}
}

func because(o *Outcome) string {
	kind := article(o.Reason)
	switch {
	case o.Reason == policy.ReasonNone && o.Explicit:
		return ", by an explicit Deny"
	case o.Reason == policy.ReasonNone:
		return ", and does not say why"
	case o.Reason == policy.ReasonPublicAccess:
		return ", because S3's Block Public Access is on"
	case o.Explicit && o.Reason == policy.ReasonSCP:
		return ", because of a service control policy: it has a Deny, or no Allow (AWS says the same of both)"
	case o.Explicit && o.Policy != "":
		return ", by a Deny in " + kind + ", " + o.Policy
	case o.Explicit:
		return ", by a Deny in " + kind
	}
	return ", because no " + o.Reason.String() + " allows it"
}

func article(r policy.Reason) string {
	text := r.String()
	if text != "" && strings.ContainsRune("aeiou", rune(text[0])) {
		return "an " + text
	}
	return "a " + text
}
