package sandbox

import (
	"fmt"
	"slices"

	"github.com/strongroom-dev/strongroom/policy"
)

// Decided says in one line what decided the request with this ID: the
// statement, or that none allowed it. "" when no such request is kept, or when
// it was refused before any policy was asked; its error message tells then.
func (s *Sandbox) Decided(requestID string) string {
	events := s.Events()
	for _, e := range slices.Backward(events) {
		if e.RequestID != requestID {
			continue
		}
		if len(e.Decisions) == 0 {
			return e.ErrorMessage
		}
		return decidedBy(&e.Decisions[len(e.Decisions)-1])
	}
	return ""
}

func decidedBy(d *Decision) string {
	if d.Explanation == nil {
		if d.Policy == "" {
			return d.Action + ": allowed, " + d.Reason.String()
		}
		return fmt.Sprintf("%s: allowed by statement %d of %s", d.Action, d.Statement+1, d.Policy)
	}
	x := d.Explanation
	for _, step := range x.Steps {
		for _, st := range step.Statements {
			if x.Verdict == policy.ExplicitDeny && st.Effect == policy.EffectDeny {
				return fmt.Sprintf("%s: explicit deny by %s of the %s (%s)", d.Action, statement(st), step.Type, st.Policy)
			}
		}
	}
	if x.Verdict == policy.Allow {
		return d.Action + ": refused, because the allow rests on a condition key that the sandbox does not know"
	}
	if d.Reason == policy.ReasonReserved {
		return d.Action + ": the resource is AWS's own and cannot be changed"
	}
	text := fmt.Sprintf("%s: no %s allows it", d.Action, d.Reason)
	for _, step := range x.Steps {
		if step.Type != d.Reason || len(step.Nearest) == 0 {
			continue
		}
		for _, c := range step.Nearest[0].Conditions {
			if !c.Met {
				return fmt.Sprintf("%s; %s of %s wants another %s", text, statement(step.Nearest[0]), step.Nearest[0].Policy, c.Key)
			}
		}
	}
	return text
}

func statement(s policy.StatementResult) string {
	if s.Sid != "" {
		return s.Sid
	}
	return fmt.Sprintf("statement %d", s.Index+1)
}
