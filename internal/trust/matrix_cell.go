package trust

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// open are claims that a shape does not settle: any token of the shape may have
// the value that a policy wants, if the right person runs the right job. A job
// may be in any reusable workflow that it can read, so its job_workflow_ref is
// one of them.
var open = []string{
	"user_id", "user_login", "user_email", "user_access_level", "runner_environment",
	"actor", "actor_id", "workflow", "job_workflow_ref",
}

// attempt is one token held against a role.
type attempt struct {
	verdict   Outcome
	obstacle  Obstacle
	decidedBy string
}

// cell decides every token that the shape may have. They have to agree for
// anything but "cannot tell".
func (r *Role) cell(row *Row, p *oidc.Project) Cell {
	c := Cell{Shape: row.ID, Role: r.Name}
	var each []string
	for i := range row.tokens {
		a := r.try(&row.tokens[i], p)
		each = append(each, fmt.Sprintf("as %s it is %s (%s)", row.Subjects[i], a.verdict, a.decidedBy))
		switch {
		case i == 0:
			c.Verdict, c.Obstacle, c.DecidedBy = a.verdict, a.obstacle, a.decidedBy
		case a.verdict != c.Verdict:
			c.Verdict, c.Obstacle = Undecided, Clear
		}
	}
	if len(each) > 1 && c.Verdict == Undecided {
		c.DecidedBy = "which subject it has is not documented: " + strings.Join(each, "; ")
	}
	return c
}

// try decides one token. Where the policy refuses it for nothing but claims that
// the shape leaves open, it cannot be told.
func (r *Role) try(t *Presented, p *oidc.Project) attempt {
	v := r.Decide(t)
	switch {
	case v.Admitted && len(v.Depends) > 0:
		return attempt{verdict: Undecided, decidedBy: "it hangs on " + strings.Join(v.Depends, " and ")}
	case v.Admitted && r.Clients == nil && audienceOf(t) != p.Audience:
		return attempt{verdict: Undecided, decidedBy: statementOf(v.Decision) + " asks for no audience; whether the account's identity provider does is not known"}
	case v.Admitted:
		return attempt{verdict: Admitted, decidedBy: statementOf(v.Decision)}
	case v.Obstacle != Clear:
		return attempt{verdict: Refused, obstacle: v.Obstacle, decidedBy: r.obstacleText(t, v.Obstacle)}
	case v.Decision.Verdict == policy.ExplicitDeny:
		return attempt{verdict: Refused, decidedBy: "denied by " + statementOf(v.Decision)}
	case v.Action != assumeAction:
		return attempt{verdict: Refused, decidedBy: "no statement allows " + v.Action}
	}
	set, req := r.Request(t)
	lacking := ""
	for _, step := range set.Explain(req).Steps {
		for _, s := range step.Nearest {
			if !s.Principal || !s.Action {
				continue
			}
			if a, ok := r.ifOpen(t, s); ok {
				return a
			}
			if lacking == "" {
				lacking = lacks(s)
			}
		}
	}
	if lacking == "" {
		lacking = "no statement is about this issuer's tokens"
	}
	return attempt{verdict: Refused, decidedBy: lacking}
}

// ifOpen tries again with what the statement wants of what the shape leaves open.
func (r *Role) ifOpen(t *Presented, s policy.StatementResult) (attempt, bool) {
	with := Presented{Issuer: t.Issuer, Claims: maps.Clone(t.Claims), Session: t.Session}
	var on []string
	for _, c := range s.Conditions {
		if c.Met || len(c.Wanted) == 0 {
			continue
		}
		want := instance(c.Wanted[0])
		if strings.EqualFold(c.Key, "sts:RoleSessionName") {
			with.Session = want // whoever has the token chooses it
			continue
		}
		_, claim, _ := claimKey(c.Key)
		if operator, _, ok := policy.ParseOperator(c.Operator); !slices.Contains(open, claim) || !ok || operator.Negated {
			return attempt{}, false
		}
		if _, has := t.Claims[claim]; !has {
			return attempt{}, false
		}
		with.Claims[claim] = want
		on = append(on, fmt.Sprintf("%s is %s", claim, strings.Join(c.Wanted, " or ")))
	}
	v := r.Decide(&with)
	switch {
	case !v.Admitted:
		return attempt{}, false
	case len(v.Depends) > 0:
		return attempt{verdict: Undecided, decidedBy: "it hangs on " + strings.Join(append(on, v.Depends...), " and ")}, true
	case len(on) == 0:
		return attempt{verdict: Admitted, decidedBy: statementOf(v.Decision) + ", if the job chooses the session name that it wants"}, true
	}
	return attempt{verdict: Undecided, decidedBy: statementOf(v.Decision) + " admits it only if " + strings.Join(on, " and ")}, true
}

// audienceOf is the client that the token is for; "" if it names none.
func audienceOf(t *Presented) string {
	a, err := oidc.Audience(t.Claims)
	if err != nil {
		return ""
	}
	return a
}

func (r *Role) obstacleText(t *Presented, o Obstacle) string {
	issuer := strings.TrimPrefix(t.Issuer, "https://")
	switch o {
	case NoProvider:
		return "the account has no identity provider for " + issuer
	case WrongAudience:
		return fmt.Sprintf("the identity provider of %s does not accept the audience %s", issuer, audienceOf(t))
	case NoSubject:
		return "the token has no sub"
	case NoAudience, ManyAudiences:
		return "the token names no single audience"
	}
	return "AWS does not take such a token (" + string(o) + ")"
}

// statementOf names the statement that decided, as its policy does.
func statementOf(d policy.Decision) string {
	p, i, ok := d.Statement()
	if !ok {
		return "no statement"
	}
	return nameStatement(p.Name(), i, p.Statement(i).Sid)
}

func nameStatement(policy string, index int, sid string) string {
	if sid != "" {
		return fmt.Sprintf("statement %s of %s", sid, policy)
	}
	return fmt.Sprintf("statement %d of %s", index+1, policy)
}

// lacks says what kept a statement from admitting the token.
func lacks(s policy.StatementResult) string {
	var unmet []string
	for _, c := range s.Conditions {
		if c.Met {
			continue
		}
		carried := "the token has none that AWS sees"
		if c.Carried != nil {
			carried = "the token has " + strings.Join(c.Carried, ", ")
		}
		unmet = append(unmet, fmt.Sprintf("wants %s %s %s, and %s", c.Key, c.Operator, strings.Join(c.Wanted, " or "), carried))
	}
	return nameStatement(s.Policy, s.Index, s.Sid) + " " + strings.Join(unmet, "; ")
}
