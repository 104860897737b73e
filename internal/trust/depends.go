package trust

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// circumstances are the keys that a request for a session carries and that
// neither token nor role tells: where and when it is made, and what the role is
// tagged with. A name that ends in / is that of a family.
// Source: IAM User Guide, reference_policies_condition-keys; Service
// Authorization Reference, AWS STS, AssumeRoleWithWebIdentity.
var circumstances = []string{
	"aws:CurrentTime", "aws:EpochTime", "aws:Referer", "aws:RequestedRegion", "aws:ResourceOrgID", "aws:ResourceOrgPaths",
	"aws:SourceIp", "aws:SourceVpc", "aws:SourceVpcArn", "aws:SourceVpce", "aws:UserAgent", "aws:VpcSourceIp",
	"aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths", "sts:DurationSeconds", "sts:RoleAuthorizedByIdp",
	"aws:ResourceTag/", "iam:ResourceTag/",
}

// isCircumstance reports whether the key's value is for nobody here to know.
func isCircumstance(key string) bool {
	key = strings.ToLower(key)
	return slices.ContainsFunc(circumstances, func(c string) bool {
		c = strings.ToLower(c)
		return key == c || strings.HasSuffix(c, "/") && strings.HasPrefix(key, c)
	})
}

// unknownKeys are the circumstances that a policy asks for.
func unknownKeys(p *policy.Policy) (keys []string) {
	for _, k := range p.Keys() {
		if isCircumstance(k) {
			keys = append(keys, k)
		}
	}
	return keys
}

// hangs reports whether the condition is on a circumstance, by its key or by a
// policy variable.
func (c *condition) hangs() bool {
	if isCircumstance(c.key) {
		return true
	}
	for _, v := range c.values {
		variables, _ := policy.Variables(v)
		if slices.ContainsFunc(variables, func(v policy.Variable) bool { return isCircumstance(v.Key) }) {
			return true
		}
	}
	return false
}

// bounds are the policy as it is when all circumstances favour the bearer, and
// when none does.
func bounds(p *policy.Policy) (best, worst *policy.Policy) {
	all, version := statements(p)
	var favour, against []string
	for i := range all {
		s := &all[i]
		hung := slices.ContainsFunc(s.conditions, func(c condition) bool { return c.hangs() })
		rest := slices.DeleteFunc(slices.Clone(s.conditions), func(c condition) bool { return c.hangs() })
		if s.effect == policy.EffectAllow || !hung {
			favour = append(favour, s.with(rest))
		}
		if s.effect == policy.EffectDeny || !hung {
			against = append(against, s.with(rest))
		}
	}
	return compile(version, favour...), compile(version, against...)
}

// with is the statement with other conditions.
func (s *statement) with(conditions []condition) string {
	element := "Action"
	if s.notAction {
		element = "NotAction"
	}
	return text(s.effect.String(), s.principalRaw, element, s.actionRaw, conditions)
}
