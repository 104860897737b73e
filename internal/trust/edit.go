package trust

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// edit looks for the nearest policy that admits the token and no more, and holds
// it against strangers before it says so.
func (e *explainer) edit() Edit {
	no := func(format string, args ...any) Edit {
		return Edit{Why: fmt.Sprintf(format, args...), Refused: []string{}}
	}
	if why := e.noEdit(); why != "" {
		return no("%s", why)
	}
	changed, why := e.change()
	if why != "" {
		return no("%s", why)
	}
	src := string(e.role.Policy.Source())
	if changed == src && len(e.answer.Dangers) > 0 {
		return no("no edit that is sure to be safe takes the danger away: see above for what to mend")
	}
	if changed == src {
		return no("none is needed: it admits this token, and no stranger was found whom it admits")
	}
	result, why := e.try(changed)
	// A statement of its own for this token leaves the others as they are.
	if own := e.insert(src); why != "" && !e.verdict.Admitted && own != changed {
		if second, again := e.try(own); again == "" {
			result, why = second, ""
		}
	}
	if why != "" {
		return no("%s", why)
	}
	if slices.ContainsFunc(e.answer.Never, func(f Finding) bool { return f.Rule == audienceNotAsked.id }) {
		result.Why += "; better than this edit is to let the job ask for the audience that the policy wants"
	}
	if e.role.Clients == nil {
		result.Why += fmt.Sprintf("; the client list of the identity provider, which is not known here, must have %s", show(e.token.audience()))
	}
	return result
}

// try holds a changed policy against the token and against strangers.
func (e *explainer) try(changed string) (result Edit, why string) {
	edited := *e.role
	var err error
	if edited.Policy, err = policy.Parse(e.role.Policy.Name(), []byte(changed), policy.Trust); err != nil {
		panic("trust: an edit that is no policy: " + err.Error())
	}
	if v := edited.Decide(e.token); !v.Admitted || len(v.Depends) > 0 {
		return result, "no single statement can be mended so that it admits this token: after the edit it would still be refused"
	}
	result = Edit{Document: changed, Refused: []string{}}
	before := 0
	for _, s := range strangers(e.token) {
		switch {
		case !edited.Decide(s.token).Admitted:
			result.Refused = append(result.Refused, s.who)
		case s.hostile || !e.role.Decide(s.token).Admitted:
			return result, fmt.Sprintf("no safe edit of one statement: %s would be admitted as well%s. Mend what is dangerous first", s.who, e.by(s.token))
		default:
			before++
		}
	}
	if v := e.awakened(&edited); v != "" {
		return result, fmt.Sprintf("no safe edit of one statement: subjects like %s, which nobody gets in with today, would be admitted as well", show(v))
	}
	if result.Inputs, why = e.inputs(changed); why != "" {
		return result, why
	}
	result.Diff = unified(e.role.Policy.Name(), string(e.role.Policy.Source()), changed)
	result.Why = "it admits this token"
	if e.verdict.Admitted {
		result.Why = "it still admits this token"
	}
	if before == 0 {
		result.Why += fmt.Sprintf(", and none of %d strangers like it", len(result.Refused))
	} else {
		result.Why += fmt.Sprintf("; of %d strangers like it %d stay out, and %d came in before by what the policy says on purpose", before+len(result.Refused), len(result.Refused), before)
	}
	return result, ""
}

// awakened is a subject that the policy wants in vain today, because of another
// condition, and that the edited one would let in besides this token's; empty:
// there is none.
func (e *explainer) awakened(edited *Role) string {
	for i := range e.held {
		for _, c := range e.held[i].conditions {
			if class, claim := classify(c.key, e.token.issuer()); class != ClassClaim || !strings.EqualFold(claim, "sub") {
				continue
			}
			for _, v := range c.values {
				claims := maps.Clone(e.token.Claims)
				claims["sub"] = strings.NewReplacer("*", "unreviewed", "?", "x").Replace(v)
				other := &Presented{Issuer: e.token.Issuer, Claims: claims, Session: e.token.Session}
				if claims["sub"] != e.token.subject() && edited.Decide(other).Admitted && !e.role.Decide(other).Admitted {
					return v
				}
			}
		}
	}
	return ""
}

// noEdit says why no change of the policy would do; empty: one may.
func (e *explainer) noEdit() string {
	t, r := e.token, e.role
	switch e.verdict.Obstacle {
	case Clear:
	case ManyAudiences:
		return "no edit of the policy decides this: let the job ask for one audience"
	case NoProvider:
		return fmt.Sprintf("no edit of the policy helps: the account has to know the issuer first: aws iam create-open-id-connect-provider --url %s --client-id-list AUDIENCE", t.Issuer)
	case WrongAudience:
		return fmt.Sprintf("no edit of the policy helps: let the job ask for an audience of the client list, %s", quoted(r.Clients[t.issuer()]))
	default:
		return "no edit of the policy helps: the token itself is not one that STS takes"
	}
	if strings.ContainsFunc(t.Issuer, func(c rune) bool { return c == ' ' || c == '"' || !strconv.IsPrint(c) }) {
		return "no edit of the policy helps: the token's issuer is no URL"
	}
	if len(e.verdict.Depends) > 0 {
		return "none: the policy admits this token under conditions that are not the token's"
	}
	for i := range e.held {
		if h := &e.held[i]; h.effect == policy.EffectDeny && h.applies() {
			return fmt.Sprintf("no safe edit: %s denies this token on purpose, and whoever wrote it should say whether that still holds", h.name())
		}
	}
	if what := t.unreviewed(); what != "" && r.Writes {
		return fmt.Sprintf("no safe edit: %s would get a role that writes. Give it a role that only reads", what)
	}
	if protected, ok := t.Claims["ref_protected"].(string); ok && protected != "true" && r.Writes && t.Claims["environment"] == nil && !e.verdict.Admitted {
		return "no safe edit: the ref is not protected, so that everyone who can push to the project would get a role that writes. Protect the branch or tag, or give the job a protected environment"
	}
	if job, _ := t.Claims["job_project_path"].(string); job != "" && t.Claims["project_path"] != nil && job != t.Claims["project_path"] {
		return fmt.Sprintf("no safe edit: the token is of the fork %s, whose owner decides what it runs", show(t.project()))
	}
	if e.otherIDs() {
		return "no safe edit: the policy names the repository by its IDs, and this token does not have them: it is of another repository that has the name now, or the edit would trust whoever has the name"
	}
	if strings.ContainsAny(t.subject(), "*?$") {
		return "no safe edit: the subject has characters that a policy takes for wildcards or variables"
	}
	return ""
}

// otherIDs reports whether the policy trusts the repository of that name by other
// IDs than the token's.
func (e *explainer) otherIDs() bool {
	owner, name, ids := e.token.repository()
	for i := range e.held {
		for _, c := range e.held[i].conditions {
			for _, v := range c.values {
				if m := withIDs.FindStringSubmatch(v); m != nil && strings.EqualFold(m[1], owner) && strings.EqualFold(m[2], name) && m[0] != ids {
					return true
				}
			}
		}
	}
	return false
}

// repository is the owner and the name of GitHub's repository in the subject, and
// the part of it that has the IDs; empty: it has none.
func (t *Presented) repository() (owner, name, ids string) {
	if m := withIDs.FindStringSubmatch(t.subject()); m != nil {
		return m[1], m[2], m[0]
	}
	if m := plainRepo.FindStringSubmatch(t.subject()); m != nil {
		return m[1], m[2], ""
	}
	return "", "", ""
}

// by names the statement that admits a token.
func (e *explainer) by(t *Presented) string {
	all, version := statements(e.role.Policy)
	for i := range all {
		h := e.role.hold(&all[i], version, t)
		if h.effect == policy.EffectAllow && h.applies() {
			return " by " + h.name()
		}
	}
	return ""
}

// change is the policy's text after the edit. The source itself: none is needed.
func (e *explainer) change() (text, why string) {
	src := string(e.role.Policy.Source())
	h := e.nearest()
	if e.verdict.Admitted {
		h = nil
		for i := range e.held {
			if s := &e.held[i]; s.effect == policy.EffectAllow && s.applies() {
				h = s
				break
			}
		}
		if h != nil && !e.endangered(h) {
			return src, ""
		}
	}
	if e.role.account() == placeholder && (h == nil || h.anyone()) {
		return "", "none yet: the account of the role is not known, and the edit names the provider in it (give --account)"
	}
	if h == nil {
		return e.insert(src), ""
	}
	conditions, why := e.narrow(h)
	if why != "" {
		return "", why
	}
	var edits []replacement
	if h.anyone() {
		p := h.at.Get("Principal")
		edits = append(edits, replacement{p.Start, p.End, `{"Federated": ` + quote(e.role.providerARN(e.token)) + `}`})
	}
	if len(h.lacks) > 0 {
		if h.notAction {
			return "", "no safe edit: the statement allows by NotAction"
		}
		a := h.at.Get("Action")
		edits = append(edits, replacement{a.Start, a.End, spaced(append(slices.Clone(h.actions), h.lacks...))})
	}
	edits = append(edits, e.conditionEdit(src, h, conditions))
	return apply(src, edits), ""
}

// endangered reports whether the statement has a danger, or lets a hostile
// stranger in.
func (e *explainer) endangered(h *held) bool {
	if slices.ContainsFunc(e.answer.Dangers, func(f Finding) bool { return f.Statement == h.index }) {
		return true
	}
	return slices.ContainsFunc(strangers(e.token), func(s stranger) bool { return s.hostile && e.role.Decide(s.token).Admitted })
}

// unified is a unified diff without the line that names the command.
func unified(name, before, after string) string {
	end := func(s string) string {
		if strings.HasSuffix(s, "\n") {
			return s
		}
		return s + "\n"
	}
	text := string(diff.Diff(name, []byte(end(before)), name, []byte(end(after))))
	if strings.HasPrefix(text, "diff ") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

// audience is what the token is for.
func (t *Presented) audience() string {
	aud, _ := oidc.Audience(t.Claims)
	return aud
}
