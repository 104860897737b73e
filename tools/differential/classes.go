package main

import (
	"regexp"
	"strings"

	"github.com/strongroom-dev/strongroom/policy/policytest"
)

// class is a kind of disagreement that is understood. README.md has its reason
// and the AWS page that decides it, under the same id. holds judges the case cut
// down to what the disagreement takes, so that it cannot hide another one.
type class struct {
	id    string
	holds func(t tree, ours, theirs policytest.Answer) bool
}

// tree is a case as JSON.
type tree struct{ root map[string]any }

var classes = []class{
	{"version-2008", func(t tree, _, _ policytest.Answer) bool {
		return t.has(func(d map[string]any) bool {
			return d["Statement"] != nil && d["Version"] != "2012-10-17" && strings.Contains(string(encode(d)), "${")
		})
	}},
	{"role-without-trust-policy", func(t tree, ours, theirs policytest.Answer) bool {
		return t.action() == "sts:AssumeRole" && t.resource()["policy"] == nil && ours == policytest.ImplicitlyDenied && theirs == policytest.Allowed
	}},
	{"notprincipal", func(t tree, ours, _ policytest.Answer) bool {
		return ours == policytest.ExplicitlyDenied && t.has(func(s map[string]any) bool { return s["NotPrincipal"] != nil && s["Effect"] == "Deny" })
	}},
	{"foranyvalue-ifexists", func(t tree, _, _ policytest.Answer) bool {
		return t.operator(func(op string, keys map[string]any) bool {
			return strings.HasPrefix(op, "ForAnyValue:") && strings.HasSuffix(op, "IfExists") && !t.carries(keys)
		})
	}},
	{"rcp-service", func(t tree, _, theirs policytest.Answer) bool {
		service, _, _ := strings.Cut(t.action(), ":")
		return theirs == policytest.ExplicitlyDenied && strings.Contains(" iam ec2 lambda ", " "+service+" ") && t.root["rcps"] != nil
	}},
	{"public-bucket", func(t tree, ours, theirs policytest.Answer) bool {
		return ours == policytest.ExplicitlyDenied && theirs == policytest.ImplicitlyDenied && t.request()["s3BlockPublicAccess"] == true
	}},
	{"public-bucket-org-paths", func(t tree, ours, theirs policytest.Answer) bool {
		return ours != policytest.ExplicitlyDenied && theirs == policytest.ExplicitlyDenied && t.request()["s3BlockPublicAccess"] == true &&
			t.operator(func(op string, keys map[string]any) bool {
				return strings.HasPrefix(op, "ForAnyValue:") && strings.Contains(string(encode(keys)), "OrgPaths")
			})
	}},
	{"public-bucket-star-as-text", func(t tree, ours, _ policytest.Answer) bool {
		return ours == policytest.ExplicitlyDenied && t.request()["s3BlockPublicAccess"] == true &&
			t.operator(func(op string, keys map[string]any) bool {
				return strings.Contains(op, "Equals") && strings.Contains(string(encode(keys)), "*")
			})
	}},
	{"public-bucket-single-address", func(t tree, ours, theirs policytest.Answer) bool {
		return ours != policytest.ExplicitlyDenied && theirs == policytest.ExplicitlyDenied && t.request()["s3BlockPublicAccess"] == true &&
			t.operator(func(op string, keys map[string]any) bool {
				return op == "IpAddress" && strings.Contains(string(encode(keys)), `:db8::1"`)
			})
	}},
	{"session-named", func(t tree, ours, theirs policytest.Answer) bool {
		return ours == policytest.Allowed && theirs == policytest.ImplicitlyDenied && t.root["sessionPolicy"] != nil && t.resource()["policy"] != nil
	}},
	{"variable-without-value", func(t tree, ours, theirs policytest.Answer) bool {
		return t.operator(func(op string, keys map[string]any) bool {
			return strings.Contains(op, "Not") && strings.Contains(string(encode(keys)), "${")
		})
	}},
	{"variable-without-value-in-notresource", func(t tree, _, _ policytest.Answer) bool {
		return t.has(func(s map[string]any) bool {
			return s["NotResource"] != nil && strings.Contains(string(encode(s["NotResource"])), "${aws:")
		})
	}},
	{"notipaddress-other-family", func(t tree, _, _ policytest.Answer) bool {
		return t.operator(func(op string, _ map[string]any) bool { return strings.Contains(op, "NotIpAddress") })
	}},
	{"empty-set", func(t tree, _, _ policytest.Answer) bool {
		return t.operator(func(op string, keys map[string]any) bool { return !strings.HasPrefix(op, "For") && t.empty(keys) })
	}},
	{"every-address", func(t tree, _, _ policytest.Answer) bool {
		return t.operator(func(op string, keys map[string]any) bool {
			return strings.Contains(op, "IpAddress") && strings.Contains(string(encode(keys)), `"0.0.0.0/0"`)
		})
	}},
	{"variable-in-arn-segment", func(t tree, _, _ policytest.Answer) bool {
		return t.operator(func(op string, keys map[string]any) bool {
			return strings.HasPrefix(op[strings.Index(op, ":")+1:], "Arn") && strings.Contains(string(encode(keys)), "iam::${")
		})
	}},
	{"escape-without-wildcards", func(t tree, _, _ policytest.Answer) bool {
		return t.operator(func(op string, keys map[string]any) bool {
			return strings.Contains(op, "Equals") && strings.Contains(string(encode(keys)), "${*}")
		})
	}},
	{"empty-string", func(t tree, _, _ policytest.Answer) bool {
		return t.operator(func(op string, keys map[string]any) bool { return strings.HasPrefix(op, "For") && t.blank(keys) })
	}},
	{"value-of-another-type", func(t tree, _, _ policytest.Answer) bool {
		return t.operator(func(op string, keys map[string]any) bool {
			v, _ := t.value(keys)
			return strings.Contains(op, "Not") && (v == "few" || v == "sns.amazonaws.com")
		})
	}},
	{"root-user", func(t tree, ours, theirs policytest.Answer) bool {
		return strings.HasSuffix(t.caller(), ":root") && (ours == policytest.Allowed || ours == policytest.ImplicitlyDenied && t.action() == "sts:AssumeRole")
	}},
	{"service-linked-role", func(t tree, ours, theirs policytest.Answer) bool {
		return strings.Contains(t.caller(), ":role/aws-service-role/") && theirs != policytest.Allowed && (t.root["scps"] != nil || t.root["rcps"] != nil)
	}},
	{"wildcard-in-resource-type", func(t tree, _, _ policytest.Answer) bool {
		return typeWildcard.Match(encode(t.root))
	}},
}

// typeWildcard finds a wildcard or variable in the first part of the resource.
var typeWildcard = regexp.MustCompile(`"arn:[^":]*:[^":]*:[^":]*:[^":]*:[^"/:]*([*?]|\$\{)[^"]*"`)

func classify(t any, ours, theirs policytest.Answer) string {
	root, ok := t.(map[string]any)
	if !ok {
		return ""
	}
	for _, c := range classes {
		if c.holds(tree{root}, ours, theirs) {
			return c.id
		}
	}
	return ""
}

func (t tree) request() map[string]any {
	r, _ := t.root["request"].(map[string]any)
	return r
}

func (t tree) action() string {
	a, _ := t.request()["action"].(string)
	return a
}

func (t tree) caller() string {
	p, _ := t.request()["principal"].(string)
	return p
}

func (t tree) resource() map[string]any {
	r, _ := t.request()["resource"].(map[string]any)
	return r
}

// has reports that some object of the case answers.
func (t tree) has(answers func(map[string]any) bool) bool { return has(t.root, answers) }

func has(v any, answers func(map[string]any) bool) bool {
	switch v := v.(type) {
	case map[string]any:
		if answers(v) {
			return true
		}
		for _, m := range v {
			if has(m, answers) {
				return true
			}
		}
	case []any:
		for _, m := range v {
			if has(m, answers) {
				return true
			}
		}
	}
	return false
}

// operator reports that some condition block answers: an operator and its keys.
func (t tree) operator(answers func(op string, keys map[string]any) bool) bool {
	return t.has(func(s map[string]any) bool {
		block, _ := s["Condition"].(map[string]any)
		for op, keys := range block {
			if keys, ok := keys.(map[string]any); ok && answers(op, keys) {
				return true
			}
		}
		return false
	})
}

// value is what the request carries for one of the keys.
func (t tree) value(keys map[string]any) (v any, ok bool) {
	context, _ := t.request()["context"].(map[string]any)
	for name := range keys {
		for have, v := range context {
			if strings.EqualFold(have, name) {
				return v, true
			}
		}
	}
	return nil, false
}

func (t tree) carries(keys map[string]any) bool {
	_, ok := t.value(keys)
	return ok && !t.empty(keys)
}

func (t tree) empty(keys map[string]any) bool {
	v, _ := t.value(keys)
	list, ok := v.([]any)
	return ok && len(list) == 0
}

// blank: the value is an empty string, alone.
func (t tree) blank(keys map[string]any) bool {
	v, _ := t.value(keys)
	list, ok := v.([]any)
	return v == "" || ok && len(list) == 1 && list[0] == ""
}
