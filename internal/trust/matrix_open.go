package trust

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// open are claims that a shape does not settle: a token of the shape may have
// any value there, if the right person runs the right job. A job may be in any
// reusable workflow that it can read, so its job_workflow_ref is one of them; and
// any repository may belong to an enterprise.
var open = []string{
	"user_id", "user_login", "user_email", "user_access_level", "runner_environment",
	"actor", "actor_id", "workflow", "job_workflow_ref", "enterprise_id",
}

// choice is a key that a policy asks for and that a shape leaves open.
type choice struct {
	// claim is empty for the session's name, which the bearer chooses.
	claim  string
	wanted []string
	// values are worth trying: those that are wanted, and one that is not. An empty
	// one stands for the token's own.
	values []string
}

// maxTries bounds how many combinations of open claims are tried.
const maxTries = 512

const someoneElse = "someone-else"

// choices are the open keys of a policy.
func (r *Role) choices(t *Presented) (list []choice) {
	add := func(claim string, values []string) {
		i := slices.IndexFunc(list, func(c choice) bool { return c.claim == claim })
		if i < 0 {
			list = append(list, choice{claim: claim, values: []string{""}})
			i = len(list) - 1
		}
		for _, v := range values {
			if !slices.Contains(list[i].wanted, v) {
				list[i].wanted = append(list[i].wanted, v)
				list[i].values = append(list[i].values, instance(v))
			}
		}
	}
	all, _ := statements(r.Policy)
	for _, s := range all {
		for _, c := range s.conditions {
			if c.operator.Family == policy.FamilyNull {
				continue
			}
			if strings.EqualFold(c.key, "sts:RoleSessionName") {
				add("", c.values)
				continue
			}
			issuer, claim, ok := claimKey(c.key)
			claim = strings.ToLower(claim)
			_, has := t.Claims[claim]
			if ok && strings.EqualFold(issuer, t.issuer()) && slices.Contains(open, claim) && (has || claim == "enterprise_id") {
				add(claim, c.values)
			}
		}
	}
	for i := range list {
		list[i].values = append(list[i].values, someoneElse)
	}
	return list
}

// ifOpen tells whether some value of what the shape leaves open admits the token:
// the fewest changes that do. The session's name alone does not make it doubtful,
// for whoever has the token chooses it.
func (r *Role) ifOpen(t *Presented) (attempt, bool) {
	list := r.choices(t)
	if len(list) == 0 {
		return attempt{}, false
	}
	tries := [][]int{make([]int, len(list))}
	for i := range list {
		for _, before := range slices.Clone(tries) {
			for v := 1; v < len(list[i].values); v++ {
				if len(tries) > maxTries {
					return attempt{verdict: Undecided, decidedBy: "too many conditions on who runs the job to try them all"}, true
				}
				next := slices.Clone(before)
				next[i] = v
				tries = append(tries, next)
			}
		}
	}
	changes := func(try []int) (n int) {
		for i, v := range try {
			if v > 0 && list[i].claim != "" {
				n += 2
			} else if v > 0 {
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(tries, func(a, b []int) int { return changes(a) - changes(b) })
	for _, try := range tries[1:] {
		if v := r.Decide(with(t, list, try)); v.Admitted {
			return opened(v, list, try), true
		}
	}
	return attempt{}, false
}

// with is the token with a choice made of each open key.
func with(t *Presented, list []choice, try []int) *Presented {
	out := &Presented{Issuer: t.Issuer, Claims: maps.Clone(t.Claims), Session: t.Session}
	for i, c := range list {
		switch value := c.values[try[i]]; {
		case value == "":
		case c.claim == "":
			out.Session = value
		default:
			out.Claims[c.claim] = value
		}
	}
	return out
}

func opened(v Verdict, list []choice, try []int) attempt {
	on := slices.Clone(v.Depends)
	for i, c := range list {
		switch {
		case try[i] == 0 || c.claim == "":
		case c.values[try[i]] == someoneElse:
			on = append(on, fmt.Sprintf("%s is not %s", c.claim, strings.Join(c.wanted, " or ")))
		default:
			on = append(on, fmt.Sprintf("%s is %s", c.claim, c.wanted[try[i]-1]))
		}
	}
	switch {
	case len(on) == 0:
		return attempt{verdict: Admitted, decidedBy: statementOf(v.Decision) + ", for a session name that it wants"}
	case len(v.Depends) > 0:
		return attempt{verdict: Undecided, decidedBy: "it hangs on " + strings.Join(on, " and ")}
	}
	return attempt{verdict: Undecided, decidedBy: statementOf(v.Decision) + " admits it only if " + strings.Join(on, " and ")}
}
