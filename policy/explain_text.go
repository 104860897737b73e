package policy

import (
	"fmt"
	"strings"
)

// String renders the explanation in two or three lines for a person: the answer
// and the policy type behind it, the statement that decided, or the nearest one
// and what it lacked.
func (x *Explanation) String() string {
	var b strings.Builder
	who := x.Principal
	if who == "" {
		who = "an anonymous caller"
	}
	fmt.Fprintf(&b, "%s: %s, %s on %s: ", x.Verdict, who, x.Action, x.Resource)
	step := x.deciding()
	switch {
	case x.Verdict == ExplicitDeny:
		fmt.Fprintf(&b, "explicit deny in %s", article(x.Reason))
	case x.Verdict == Allow && (x.Reason == ReasonRoot || x.Reason == ReasonGrant || x.Reason == ReasonNotNeeded):
		b.WriteString(x.Reason.String())
	case x.Verdict == Allow:
		fmt.Fprintf(&b, "allowed by %s", article(x.Reason))
	case x.Reason == ReasonAnonymous:
		b.WriteString("the action needs a caller")
	case x.Reason == ReasonReserved:
		b.WriteString("the resource is AWS's own and cannot be changed by customers")
	default:
		fmt.Fprintf(&b, "no %s allows it", x.Reason)
		if step != nil && step.Level > 0 {
			fmt.Fprintf(&b, " at level %d", step.Level)
		}
	}
	if step == nil {
		return b.String()
	}
	want := EffectAllow
	if x.Verdict == ExplicitDeny {
		want = EffectDeny
	}
	for i := range step.Statements {
		if s := &step.Statements[i]; x.Verdict != ImplicitDeny && s.Effect == want {
			fmt.Fprintf(&b, "\n  %s", s.where())
			s.conditions(&b, true)
			break
		}
	}
	if x.Verdict == ImplicitDeny && len(step.Nearest) > 0 {
		s := &step.Nearest[0]
		fmt.Fprintf(&b, "\n  nearest: %s lacks:", s.where())
		if !s.Action {
			b.WriteString(" the action")
		}
		if !s.Principal {
			b.WriteString(" the principal")
		}
		if !s.Resource {
			b.WriteString(" the resource")
		}
		s.conditions(&b, false)
	}
	if step.Note != "" {
		fmt.Fprintf(&b, "\n  %s", step.Note)
	}
	return b.String()
}

// deciding is the first step whose type and outcome are the explanation's.
func (x *Explanation) deciding() *Step {
	want := [...]Outcome{ImplicitDeny: Silent, Allow: Allows, ExplicitDeny: Denies}[x.Verdict]
	for i := range x.Steps {
		if s := &x.Steps[i]; s.Type == x.Reason && s.Outcome == want {
			return s
		}
	}
	return nil
}

func article(r Reason) string {
	if strings.IndexByte("aeiou", r.String()[0]) >= 0 {
		return "an " + r.String()
	}
	return "a " + r.String()
}

func (s *StatementResult) where() string {
	if s.Sid != "" {
		return fmt.Sprintf("%s:%d: statement %q", s.Policy, s.Line, s.Sid)
	}
	return fmt.Sprintf("%s:%d: statement %d", s.Policy, s.Line, s.Index)
}

// conditions lists those that are met, or those that are not.
func (s *StatementResult) conditions(b *strings.Builder, met bool) {
	for _, c := range s.Conditions {
		if c.Met != met {
			continue
		}
		carried := "the request does not carry it"
		if c.Carried != nil {
			carried = "the request carries " + values(c.Carried)
		}
		fmt.Fprintf(b, "\n    %s %s wants %s, %s", c.Operator, c.Key, values(c.Wanted), carried)
	}
}

func values(list []string) string {
	quoted := make([]string, len(list))
	for i, v := range list {
		quoted[i] = fmt.Sprintf("%q", v)
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
