package policycheck

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

var neverTrue = &Rule{
	ID: "never-true", Severity: Error,
	Summary: "conditions that no request can meet together",
	Why:     "all conditions of a statement have to be met at once, so the statement never applies",
	Fix:     "put alternatives in the list of one key, or in statements of their own",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "a"}, "StringLike": {"aws:PrincipalTag/team": "b*"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*", "Condition": {"StringLike": {"aws:PrincipalTag/team": ["a", "b*"]}}}]}`,
	check: func(p *pass) {
		for _, s := range p.stmts {
			for i, c := range s.conditions {
				if why := hopeless(c); why != "" {
					p.report(c.operator, "%s on %s %s", c.op.Name, shown(c.key.text), why)
					continue
				}
				for _, o := range s.conditions[:i] {
					if s.open {
						break // not all of the conditions need be there in the end
					}
					if strings.EqualFold(o.key.text, c.key.text) && exclude(o, c) {
						p.report(c.operator, "%s and %s on %s cannot both be met", o.op.Name, c.op.Name, shown(c.key.text))
						break
					}
				}
			}
		}
	},
}

// hopeless says why no request meets the condition alone.
func hopeless(c *condition) string {
	texts, ok := c.texts()
	if !ok || c.op.Missing() {
		return ""
	}
	if len(texts) == 0 && !c.op.Negated {
		return "has no value to compare with"
	}
	if c.op.Negated && slices.Contains(texts, "*") && c.op.Like {
		return "refuses every value"
	}
	return ""
}

// mostPairs bounds the comparison of two lists of values.
const mostPairs = 10_000

// exclude reports for sure only that no value, nor its absence, meets both.
func exclude(a, b *condition) bool {
	if a.lacks() && b.requires() || b.lacks() && a.requires() {
		return true
	}
	// A key with several values may meet the one with this and the other with that.
	if a.op.Set != "" || b.op.Set != "" || a.op.Missing() && b.op.Missing() {
		return false
	}
	if a.op.Family == policy.FamilyNull || b.op.Family == policy.FamilyNull {
		return false
	}
	x, known := a.texts()
	y, too := b.texts()
	if len(x)*len(y) > mostPairs {
		return false
	}
	if !known || !too || len(x) == 0 || len(y) == 0 || slices.ContainsFunc(append(slices.Clone(x), y...), func(v string) bool { return strings.Contains(v, "${") }) {
		return false
	}
	switch {
	case a.op.Family == policy.FamilyBool && b.op.Family == policy.FamilyBool:
		return !slices.ContainsFunc([]string{"true", "false"}, func(v string) bool { return a.op.Holds(v, x) && b.op.Holds(v, y) })
	case a.op.Family == policy.FamilyNumeric && b.op.Family == policy.FamilyNumeric:
		return excludeNumbers(a, b, x, y)
	case a.op.Family != b.op.Family || a.op.Family != policy.FamilyString && a.op.Family != policy.FamilyARN:
		return false
	case !a.op.Negated && !b.op.Negated:
		return !slices.ContainsFunc(x, func(v string) bool {
			return slices.ContainsFunc(y, func(w string) bool { return meet(a.op, v, b.op, w) })
		})
	case a.op.Negated && b.op.Negated:
		return false
	case a.op.Negated:
		a, b, x, y = b, a, y, x
	}
	// A positive list of exact values, each refused by the negated condition.
	return !slices.ContainsFunc(x, func(v string) bool {
		return a.op.Like && strings.ContainsAny(v, "*?") || b.op.Holds(v, y)
	})
}

// meet reports whether some value fits both entries.
func meet(a policy.Operator, v string, b policy.Operator, w string) bool {
	fold := a.Fold || b.Fold
	if !a.Like {
		v = escape(v)
	}
	if !b.Like {
		w = escape(w)
	}
	return policy.Overlaps(v, w, fold)
}

// escape writes plain text as a pattern. The wildcards become characters that
// stand in no value; the rule wildcard-in-equals has told of them.
func escape(v string) string { return strings.NewReplacer("*", "\x01", "?", "\x02").Replace(v) }

// excludeNumbers tries the bounds of both conditions and the numbers between.
func excludeNumbers(a, b *condition, x, y []string) bool {
	var bounds []float64
	for _, v := range append(slices.Clone(x), y...) {
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || math.Abs(f) > 1e12 {
			return false
		}
		bounds = append(bounds, f)
	}
	slices.Sort(bounds)
	tries := []float64{bounds[0] - 1, bounds[len(bounds)-1] + 1}
	for i, f := range bounds {
		tries = append(tries, f)
		if i > 0 {
			tries = append(tries, (bounds[i-1]+f)/2)
		}
	}
	return !slices.ContainsFunc(tries, func(f float64) bool {
		v := strconv.FormatFloat(f, 'f', -1, 64)
		return a.op.Holds(v, x) && b.op.Holds(v, y)
	})
}

func quote(text string) string { return fmt.Sprintf("%q", shown(text)) }
