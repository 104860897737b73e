package explain

import (
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// sentence writes the answer in plain words.
func (a *Answer) sentence(q *Question) {
	text := sentenceOf(a.Decision, a)
	switch {
	case a.Decision == CannotTell && a.Outcome != nil && a.Basis == "record":
		text = "Cannot tell why: AWS's answer and these policies contradict each other"
	case a.Decision == CannotTell:
		text += ": " + a.open()
	case a.Basis == "record" && a.Decision == Allowed:
		text += ": AWS allowed it, which settles what the policies leave open"
	case a.Basis == "record" && len(a.Deciding) == 1:
		text += ": AWS refused it, and of the policies given only " + the(a.Deciding[0]) + " can be why"
	case a.Basis == "record" && len(a.Deciding) > 1:
		text += ": AWS refused it, and of the policies given only the statements below can be why"
	case a.Basis == "record" && a.lacks:
		text += ": AWS refused it" + because(a.Outcome) + ", and those given do not"
	case a.Basis == "record":
		text += ": AWS refused it" + because(a.Outcome) + "; that policy is not among those given"
	case a.Decision == Allowed:
		text += allowedBy(a)
	default:
		text += deniedBy(a)
	}
	a.Sentence = text
	if strings.EqualFold(q.Action, "sts:AssumeRoleWithWebIdentity") {
		a.hint("whether a token could ever satisfy this trust policy: strongroom token explain --trust-policy FILE")
	}
}

// sentenceOf is who may, or may not, do what.
func sentenceOf(d Decision, a *Answer) string {
	who := a.Request.Principal
	if who == "" {
		who = "the caller"
	}
	if a.Request.PrincipalType == "anonymous" {
		who = "an anonymous caller"
	}
	what := a.Action
	if a.Resource != "" && a.Resource != "*" {
		what += " on " + a.Resource
	}
	switch d {
	case Allowed:
		return "Allowed: " + who + " may do " + what
	case Denied:
		return "Denied: " + who + " may not do " + what
	}
	return "Cannot tell whether " + who + " may do " + what
}

// the names a statement.
func the(s Statement) string {
	verb := "allow"
	if s.Effect == policy.EffectDeny {
		verb = "deny"
	}
	return "the " + verb + " statement " + called(s) + " (" + place(s) + ")"
}

func allowedBy(a *Answer) string {
	if len(a.Deciding) > 0 {
		return ", by " + the(a.Deciding[0]) + " of the " + a.Reason.String()
	}
	if a.Reason == nil {
		return ""
	}
	switch *a.Reason {
	case policy.ReasonRoot:
		return ": the caller is the root user of the account"
	case policy.ReasonNotNeeded:
		return ": the action needs no permission"
	case policy.ReasonGrant:
		return ": a grant of the key allows it"
	}
	return ", by the " + a.Reason.String()
}

func deniedBy(a *Answer) string {
	if a.Verdict == nil || a.Reason == nil {
		return ""
	}
	switch {
	case *a.Reason == policy.ReasonPublicAccess:
		return ", because the bucket's policy is public and RestrictPublicBuckets is on"
	case *a.Reason == policy.ReasonAnonymous:
		return ", because the action needs a signed request"
	case *a.Reason == policy.ReasonReserved:
		return ", because the resource is AWS's own"
	case *a.Verdict == policy.ExplicitDeny && len(a.Deciding) > 0:
		return ", because of " + the(a.Deciding[0]) + " in the " + a.Reason.String()
	case *a.Verdict == policy.ExplicitDeny:
		return ", by an explicit Deny in the " + a.Reason.String()
	}
	level := ""
	for _, s := range a.Steps {
		if s.Decides && s.Level > 0 {
			level = " at level " + strconv.Itoa(s.Level)
		}
	}
	return ", because no " + a.Reason.String() + level + " allows it"
}

// open says what a decision turns on.
func (a *Answer) open() string {
	var parts []string
	if len(a.Unknown) > 0 {
		var keys []string
		for _, u := range a.Unknown {
			keys = append(keys, u.Key)
		}
		parts = append(parts, "it turns on "+join(keys, "and")+", which "+a.Request.From+plural(strings.HasPrefix(a.Request.From, "the flags"), " do", " does")+" not tell")
	}
	var types []string
	for _, u := range a.Unread {
		types = append(types, plainType(u.Type))
	}
	if len(types) > 0 {
		parts = append(parts, "it may turn on the "+join(types, "and")+", which "+plural(len(types) > 1, "were", "was")+" not read")
	}
	for _, g := range a.Gaps {
		if strings.HasPrefix(g.Key, "(owner") {
			parts = append(parts, "it turns on which account owns the resource")
		} else if g.Key == "(resource)" {
			parts = append(parts, "it turns on whether the action has resource-level permissions")
		}
	}
	if len(parts) == 0 {
		return "it turns on what is not known"
	}
	return strings.Join(parts, "; ")
}

// plainType is the plural of a type of policy.
func plainType(t policy.Reason) string {
	switch t {
	case policy.ReasonSCP:
		return "service control policies"
	case policy.ReasonRCP:
		return "resource control policies"
	case policy.ReasonIdentity:
		return "identity-based policies"
	case policy.ReasonBoundary:
		return "permissions boundary"
	case policy.ReasonSession:
		return "session policy"
	case policy.ReasonEndpoint:
		return "policy of a VPC endpoint"
	case policy.ReasonGrant:
		return "grants of the key"
	case policy.ReasonPublicAccess:
		return "Block Public Access settings"
	}
	return t.String()
}

func plural(many bool, yes, no string) string {
	if many {
		return yes
	}
	return no
}

func join(list []string, word string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " " + word + " " + list[len(list)-1]
}
