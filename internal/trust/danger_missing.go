package trust

import (
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// onToken reports whether a key is about the token, so that it tells who comes
// in.
func (g *guard) onToken(c *condition) (class Class, claim string, ok bool) {
	class, claim = classify(c.key, g.issuer)
	switch class {
	case ClassClaim, ClassHidden, ClassForeign, ClassMisspelt:
		return class, claim, true
	}
	return class, claim, false
}

// fate says what becomes of a condition that a missing key passes.
func (g *guard) fate(c *condition, class Class, claim string) string {
	switch {
	case class != ClassClaim:
		return fmt.Sprintf("no request has the key %s, so the condition is met by every token: it keeps nobody out", c.key)
	case claim == "sub" || claim == "aud":
		return "today every token has the claim; a slip in the key's name would go unnoticed and open the role"
	}
	return fmt.Sprintf("a token without the claim %s passes", claim)
}

// ifExistsOnToken: IfExists on a claim.
var ifExistsOnToken = &danger{id: "if-exists", each: func(g *guard, c *condition) (why, fix string) {
	if class, claim, ok := g.onToken(c); ok && c.operator.IfExists {
		return "IfExists is met when the key is missing: " + g.fate(c, class, claim), "take IfExists off the operator"
	}
	return "", ""
}}

// forAllOnToken: ForAllValues on a claim.
// Source: IAM User Guide, reference_policies_multi-value-conditions: true when
// the key is missing.
var forAllOnToken = &danger{id: "for-all-values", each: func(g *guard, c *condition) (why, fix string) {
	if class, claim, ok := g.onToken(c); ok && c.operator.Set == "ForAllValues" && !g.guarded(c) {
		return "ForAllValues is met when the key is missing: " + g.fate(c, class, claim), "take ForAllValues: off the operator; for a list of values, write ForAnyValue:"
	}
	return "", ""
}}

// guarded reports whether a Null condition asks for the key to be there.
func (g *guard) guarded(c *condition) bool {
	for i := range g.conditions {
		n := &g.conditions[i]
		if n.operator.Family == policy.FamilyNull && strings.EqualFold(n.key, c.key) && len(n.values) == 1 && n.values[0] == "false" {
			return true
		}
	}
	return false
}

// negatedOnMissing: a negated condition on a claim that no request has.
var negatedOnMissing = &danger{id: "negated-on-missing", each: func(g *guard, c *condition) (why, fix string) {
	class, claim, ok := g.onToken(c)
	if ok && class != ClassClaim && c.operator.Negated && !c.operator.IfExists {
		return "a negated condition is met when the key is missing: " + g.fate(c, class, claim), "say it by a claim that STS shows, such as sub"
	}
	return "", ""
}}
