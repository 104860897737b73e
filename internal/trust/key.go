package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// Class is what kind of condition key a trust policy asks for, seen from a
// token.
type Class string

const (
	// ClassClaim is a claim of the token's issuer that STS shows.
	ClassClaim Class = "claim"
	// ClassHidden is a claim that STS does not show for the token's issuer.
	ClassHidden Class = "hidden-claim"
	// ClassForeign is a claim of another issuer.
	ClassForeign Class = "other-issuer"
	// ClassMisspelt is a claim of no issuer: the name is not written as STS does.
	ClassMisspelt Class = "misspelt-issuer"
	// ClassRequest is a key of the request for a session.
	ClassRequest Class = "request"
	// ClassCircumstance is a key that neither token nor role tells.
	ClassCircumstance Class = "circumstance"
	// ClassAbsent is a key that a request for a session never has.
	ClassAbsent Class = "absent"
)

// requestKeys are those that Role.context sets; a name that ends in / is that of
// a family.
var requestKeys = []string{
	"sts:RoleSessionName", "aws:FederatedProvider", "aws:ResourceAccount", "aws:SecureTransport", "aws:ViaAWSService",
	"aws:RequestTag/", "aws:TagKeys", "sts:TransitiveTagKeys", "sts:SourceIdentity",
}

// claimKey splits ISSUER:CLAIM. A key of AWS's own (aws:, sts:) is none.
func claimKey(key string) (issuer, claim string, ok bool) {
	i := strings.LastIndexByte(key, ':')
	if i < 0 {
		return "", "", false
	}
	issuer, claim = key[:i], key[i+1:]
	return issuer, claim, strings.Contains(issuer, ".") && !strings.HasPrefix(strings.ToLower(issuer), "aws:")
}

// classify says what a key is to a token of the issuer.
func classify(key, issuer string) (class Class, claim string) {
	of, claim, ok := claimKey(key)
	// A claim's own name may have a colon or a slash.
	if strings.HasPrefix(strings.ToLower(key), strings.ToLower(issuer)+":") {
		of, claim, ok = key[:len(issuer)], key[len(issuer)+1:], true
	}
	switch {
	case ok && strings.EqualFold(of, issuer):
		if slices.ContainsFunc(oidc.ClaimKeys(issuer), func(c string) bool { return strings.EqualFold(c, claim) }) {
			return ClassClaim, claim
		}
		return ClassHidden, claim
	case ok && plainIssuer(of) != of:
		return ClassMisspelt, claim
	case ok:
		return ClassForeign, claim
	case isCircumstance(key):
		return ClassCircumstance, ""
	case slices.ContainsFunc(requestKeys, func(k string) bool {
		return strings.EqualFold(k, key) || strings.HasSuffix(k, "/") && strings.HasPrefix(strings.ToLower(key), strings.ToLower(k))
	}):
		return ClassRequest, ""
	}
	return ClassAbsent, ""
}

// plainIssuer is an issuer as STS has it in condition keys: no scheme, no slash
// at the end, and not the provider's ARN.
func plainIssuer(s string) string {
	if _, rest, ok := strings.Cut(s, ":oidc-provider/"); ok {
		s = rest
	}
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	return strings.TrimRight(s, "/")
}

// note says what is behind a key that the token does not make plain.
func (c *condition) note(class Class, claim string, t *Presented, carried []string) string {
	issuer := t.issuer()
	switch class {
	case ClassCircumstance:
		return "neither the token nor the role tells this key: it depends on where and when the call is made"
	case ClassAbsent:
		return fmt.Sprintf("a request with a web identity never has the key %s; %s", c.key, c.onMissing())
	case ClassForeign:
		of, _, _ := claimKey(c.key)
		return fmt.Sprintf("this is a claim of %s, and the token is from %s, so the key is missing; %s", of, issuer, c.onMissing())
	case ClassMisspelt:
		of, _, _ := claimKey(c.key)
		return fmt.Sprintf("STS names the key %s:%s, without scheme and without a slash at the end, so this one is missing; %s", plainIssuer(of), claim, c.onMissing())
	case ClassHidden:
		values, _ := oidc.ClaimValues(t.Claims[claim])
		has := "the token has no such claim, and STS would not show it to a policy if it had"
		if len(values) > 0 {
			has = fmt.Sprintf("the token has %s = %s, but STS does not show that claim of %s to a policy", claim, quoted(values), issuer)
		}
		return fmt.Sprintf("%s, so the key is missing; %s", has, c.onMissing())
	case ClassClaim:
		return c.claimNote(claim, t, carried)
	}
	switch {
	case carried == nil:
		return "the request does not have this key; " + c.onMissing()
	case strings.EqualFold(c.key, "sts:RoleSessionName") && t.Session == "":
		return "the pipeline chooses this name when it asks for the session; here it is taken to be \"session\" (--session-name gives another)"
	}
	return ""
}

func (c *condition) claimNote(claim string, t *Presented, carried []string) string {
	switch {
	case carried == nil && claim == "aud":
		return "the token does not name one audience; " + c.onMissing()
	case carried == nil:
		return fmt.Sprintf("STS would show %s, but this token has no such claim; %s", claim, c.onMissing())
	case strings.EqualFold(claim, "amr") && c.operator.Set == "" && c.operator.Family != policy.FamilyNull:
		return "amr has several values; without ForAnyValue: or ForAllValues: before the operator it is not met"
	case !strings.HasPrefix(c.key, t.issuer()+":") || !slices.Contains(oidc.ClaimKeys(t.issuer()), claim):
		return "names of keys are compared without case, so this is still " + t.issuer() + ":" + strings.ToLower(claim)
	case claim == "aud" && t.Claims["azp"] != nil && t.Claims["azp"] != "":
		return "the token has an azp, and STS takes that for its audience"
	}
	return ""
}

// onMissing says what the operator makes of a missing key.
// Source: IAM User Guide, reference_policies_elements_condition_operators and
// reference_policies_multi-value-conditions.
func (c *condition) onMissing() string {
	o := c.operator
	name := strings.TrimPrefix(o.Name, o.Set+":")
	switch {
	case o.Family == policy.FamilyNull:
		return "Null asks just that: \"true\" is met by a missing key, \"false\" is not"
	case o.IfExists:
		return "IfExists is met when the key is missing"
	case o.Set == "ForAllValues":
		return "ForAllValues is met when the key is missing"
	case o.Set == "ForAnyValue":
		return "ForAnyValue is not met when the key is missing"
	case o.Negated:
		return name + " is met when the key is missing: a missing value differs from every value"
	}
	return name + " is not met when the key is missing"
}

// quoted shows values in a sentence.
func quoted(values []string) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = show(v)
	}
	return strings.Join(list, ", ")
}
