package main

import (
	"maps"
	"slices"
	"strings"
)

// keys are condition keys that every request may carry, by type, with values a
// request has; the first is an array where the key is multivalued.
type key struct {
	name   string
	family string
	multi  bool
	values []string
	// wanted are more values that policies have.
	wanted []string
}

var keys = []key{
	{"aws:PrincipalTag/team", "String", false, []string{"core", "Core", "web", "", "a*b"}, []string{"c*", "cor?", "*", "CORE", "${aws:username}", "${aws:PrincipalTag/other, 'core'}", "${aws:PrincipalTag/none}", "a${*}b", "we", "a?b"}},
	{"aws:PrincipalTag/other", "String", false, []string{"core", "1", "01", "1.0"}, []string{"core", "1", "1.0"}},
	{"aws:username", "String", false, []string{"ann", "Ann"}, []string{"a*", "ANN", "${aws:PrincipalTag/team}"}},
	{"aws:RequestedRegion", "String", false, []string{"eu-west-2", "us-east-1"}, []string{"eu-*", "eu-west-?", "EU-WEST-2"}},
	{"aws:PrincipalOrgID", "String", false, []string{"o-aaaa", "o-bbbb"}, []string{"o-*"}},
	{"aws:TagKeys", "String", true, []string{"team", "cost", "Team", ""}, []string{"t*", "TEAM", "*", "none"}},
	{"aws:CalledVia", "String", true, []string{"athena.amazonaws.com", "cloudformation.amazonaws.com"}, []string{"*.amazonaws.com", "athena*"}},
	{"aws:PrincipalOrgPaths", "String", true, []string{"o-aaaa/r-1/ou-1/", "o-aaaa/r-1/ou-2/"}, []string{"o-aaaa/*", "o-aaaa/r-1/ou-?/", "o-b/*"}},
	{"aws:MultiFactorAuthAge", "Numeric", false, []string{"10", "300", "3600", "-1", "10.5", "0", "few"}, []string{"10.0", "300", "3600", "301"}},
	{"aws:CurrentTime", "Date", false, []string{"2026-01-02T03:04:05Z", "2026-06-01T00:00:00Z"}, []string{"2026-01-02T03:04:05Z", "2026-01-02T05:04:05+02:00", "2026-03-01T00:00:00Z", "2026-01-02"}},
	{"aws:TokenIssueTime", "Date", false, []string{"2026-01-02T03:04:05Z"}, []string{"2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"}},
	{"aws:SecureTransport", "Bool", false, []string{"true", "false"}, []string{"true", "false"}},
	{"aws:MultiFactorAuthPresent", "Bool", false, []string{"true", "false"}, []string{"true", "false"}},
	{"aws:ViaAWSService", "Bool", false, []string{"true", "false"}, []string{"true", "false"}},
	{"aws:SourceIp", "IP", false, []string{"10.1.2.3", "203.0.113.7", "2001:db8::1", "sns.amazonaws.com"}, []string{"10.0.0.0/8", "203.0.113.0/24", "10.1.2.3", "2001:db8::/32", "2001:DB8:0:0::1/128", "0.0.0.0/0"}},
	{"aws:SourceArn", "Arn", false, []string{"arn:aws:sns:eu-west-2:111122223333:topic", "arn:aws:s3:::bucket"}, []string{"arn:aws:sns:*:111122223333:*", "arn:aws:sns:eu-west-2:111122223333:to?ic", "arn:aws:s3:::*", "arn:*:sns:eu-west-2:*:topic", "arn:aws:s*:eu-west-2:111122223333:topic", "arn:aws:sns:eu-west-2:111122223333:Topic"}},
	{"aws:PrincipalArn", "Arn", false, []string{"arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:role/build"}, []string{"arn:aws:iam::111122223333:*", "arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:user/a??", "arn:aws:iam::${aws:PrincipalAccount}:user/ann"}},
	{"aws:PrincipalAccount", "String", false, []string{"111122223333", "444455556666"}, []string{"1*", "111122223333"}},
}

var bases = map[string][]string{
	"String":  {"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"},
	"Numeric": {"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"},
	"Date":    {"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"},
	"Bool":    {"Bool"},
	"IP":      {"IpAddress", "NotIpAddress"},
	"Arn":     {"ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"},
}

// fill gives the request some keys.
func (g *generator) fill() {
	for _, k := range keys {
		if g.one(2) {
			continue
		}
		if !k.multi {
			g.context[k.name] = g.pick(k.values)
			continue
		}
		list := []string{}
		for range g.IntN(4) {
			if v := g.pick(k.values); !slices.Contains(list, v) {
				list = append(list, v)
			}
		}
		g.context[k.name] = list
	}
}

func (g *generator) conditions(n int) map[string]any {
	all := map[string]any{}
	for range n {
		k := keys[g.IntN(len(keys))]
		op, value := g.condition(k)
		name := k.name
		if g.one(8) {
			name = strings.ToUpper(name[:5]) + name[5:]
		}
		block, ok := all[op].(map[string]any)
		if !ok {
			block = map[string]any{}
			all[op] = block
		}
		known := slices.Collect(maps.Keys(block))
		if !slices.ContainsFunc(known, func(s string) bool { return strings.EqualFold(s, name) }) {
			block[name] = value
		}
	}
	return all
}

func (g *generator) condition(k key) (op string, value any) {
	if g.one(8) {
		return "Null", g.pick([]string{"true", "false"})
	}
	op = g.pick(bases[k.family])
	switch {
	case k.multi && !g.one(8), !k.multi && g.one(20):
		op = g.pick([]string{"ForAllValues:", "ForAnyValue:"}) + op
	}
	if g.one(6) {
		op += "IfExists"
	}
	value = g.several(func() string {
		if g.one(2) {
			if v := g.pick(k.values); v != "few" && v != "sns.amazonaws.com" {
				return v
			}
		}
		return g.pick(k.wanted)
	})
	return op, value
}
