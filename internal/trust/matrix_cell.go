package trust

import (
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

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
		is := "it is " + string(a.verdict)
		if a.verdict == Undecided {
			is = "it cannot be told"
		}
		each = append(each, fmt.Sprintf("as %s %s (%s)", row.Subjects[i], is, a.decidedBy))
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

// try decides one token. One that is refused is tried again with what the shape
// leaves open.
func (r *Role) try(t *Presented, p *oidc.Project) attempt {
	v := r.Decide(t)
	if !v.Admitted && v.Obstacle == Clear {
		if a, ok := r.ifOpen(t); ok {
			return a
		}
	}
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
	for _, step := range set.Explain(req).Steps {
		for _, s := range step.Nearest {
			if s.Principal && s.Action {
				return attempt{verdict: Refused, decidedBy: lacks(s)}
			}
		}
	}
	return attempt{verdict: Refused, decidedBy: "no statement is about this issuer's tokens"}
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
