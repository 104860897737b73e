package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

// hints adds what AWS's Service Authorization Reference says about the request.
func (a *Answer) hints(q *Question) {
	if q.Resource != "*" && strings.ContainsAny(q.Resource, "*?") {
		a.hint("a request names one resource: the wildcard of %s is taken for a plain character, and the answer is not that for all it would match", q.Resource)
	}
	prefix, name, ok := strings.Cut(q.Action, ":")
	if !ok {
		return
	}
	s, action := q.reference()
	switch {
	case s == nil:
		a.hint("AWS's reference has no service %q: actions begin with the service's prefix, such as s3: or kms:", prefix)
		return
	case action == nil:
		text := fmt.Sprintf("AWS's reference has no action %s", q.Action)
		if near := nearestAction(s, name); near != "" {
			text += fmt.Sprintf("; the nearest is %s:%s", s.Prefix, near)
		}
		a.hint("%s. A statement that names an action that does not exist allows nothing", text)
		return
	}
	a.resourceHints(q, s, action)
	a.keyHints(q, s, action)
}

func (a *Answer) hint(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(a.Hints, text) {
		a.Hints = append(a.Hints, text)
	}
}

// resourceHints tells of a resource that the action does not take.
func (a *Answer) resourceHints(q *Question, s *serviceref.Service, action *serviceref.Action) {
	full := s.Prefix + ":" + action.Name
	if action.WildcardOnly() {
		for _, st := range a.Nearest {
			if slices.Contains(st.Lacks, "resource") {
				a.hint(`%s has no resource-level permissions: only "Resource": "*" allows it`, full)
			}
		}
		if q.Resource != "*" && q.Resource != "" {
			a.hint(`%s has no resource-level permissions: it is asked for "*", not for %s`, full, q.Resource)
		}
		return
	}
	if q.Resource == "" || q.Resource == "*" {
		return
	}
	var forms []string
	for _, r := range action.Resources {
		typ, ok := s.Resource(r.Type)
		if !ok {
			return
		}
		for _, form := range typ.ARNs {
			if fitsARN(form, q.Resource) {
				return
			}
			forms = append(forms, form)
		}
	}
	if len(forms) > 0 {
		a.hint("%s is not about %s: it takes a resource such as %s", full, q.Resource, forms[0])
	}
}

// fitsARN reports whether an ARN has the form of a resource type: the parts
// between placeholders stand in it, in order.
func fitsARN(form, arn string) bool {
	want, got := strings.SplitN(form, ":", 6), strings.SplitN(arn, ":", 6)
	if len(want) != 6 || len(got) != 6 {
		return false
	}
	for i := range want {
		if !fitsPart(want[i], got[i]) {
			return false
		}
	}
	return true
}

// fitsPart matches the text between placeholders in order, each as early as it
// can be: linear, whatever the text.
func fitsPart(form, text string) bool {
	head, rest, variable := strings.Cut(form, "${")
	if !strings.HasPrefix(text, head) {
		return false
	}
	text = text[len(head):]
	for variable {
		_, rest, _ = strings.Cut(rest, "}")
		var piece string
		piece, rest, variable = strings.Cut(rest, "${")
		if !variable {
			return strings.HasSuffix(text, piece)
		}
		i := strings.Index(text, piece)
		if i < 0 {
			return false
		}
		text = text[i+len(piece):]
	}
	return text == ""
}

// travelling are keys of one service that requests to others carry too: they tell
// where the caller's credentials came from. Source: Lambda Developer Guide,
// "Using source function ARN to control function access behavior"; EC2 User Guide,
// "Identity and access management for EC2" (ec2:SourceInstanceARN,
// ec2:RoleDelivery); Systems Manager, ssm:SourceInstanceARN. There may be more, so
// that no verdict rests on this list.
var travelling = []string{"lambda:sourcefunctionarn", "ec2:sourceinstancearn", "ec2:roledelivery", "ssm:sourceinstancearn", "identitystore:userid"}

// keyHints tells of condition keys that requests for the action do not carry.
func (a *Answer) keyHints(q *Question, s *serviceref.Service, action *serviceref.Action) {
	full := s.Prefix + ":" + action.Name
	never := func(key string) bool {
		prefix, _, ok := strings.Cut(strings.ToLower(key), ":")
		if !ok || prefix == "aws" || prefix == "saml" || strings.ContainsAny(prefix, "./") || q.Context.Has(key) || slices.Contains(travelling, strings.ToLower(key)) {
			return false
		}
		_, can := s.ActionKey(action, key)
		return !can
	}
	tell := func(list []Statement) {
		for _, st := range list {
			for _, c := range st.Conditions {
				if never(c.Key) {
					a.hint("AWS's reference does not list %s for %s: such a request does not carry it, and %s is %s then", c.Key, full, c.Operator, outcomeWhenAbsent(c.Operator, c.Wanted))
				}
			}
		}
	}
	tell(a.Deciding)
	tell(a.Nearest)
	for i := range a.Unknown {
		if u := &a.Unknown[i]; never(u.Key) {
			u.Hint = fmt.Sprintf("AWS's reference does not list it for %s: such a request does not carry it (--absent %s says so)", full, u.Key)
		}
	}
}

// outcomeWhenAbsent is what an operator makes of a missing key.
func outcomeWhenAbsent(op string, wanted []string) string {
	p, err := policy.Parse("", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"`+op+`":{"x":["`+strings.Join(sampleOf(op, wanted), `","`)+`"]}}}}`), policy.Identity)
	if err != nil {
		return "a missing key"
	}
	r := &policy.Request{Principal: &policy.Principal{Type: policy.User, Account: otherAccount}, Action: "x:X", Resource: "*"}
	if (&policy.Set{Identity: []*policy.Policy{p}}).Decide(r).Verdict == policy.Allow {
		return "met"
	}
	return "not met"
}

// sampleOf is a value that the operator takes; what it says does not matter for
// a missing key, but for Null.
func sampleOf(op string, wanted []string) []string {
	if family(strings.ToLower(op)) == "null" {
		return wanted
	}
	return []string{map[string]string{"bool": "true", "ip": "192.0.2.1", "numeric": "1", "date": "0", "binary": "eA==", "arn": "arn:aws:x:::x"}[family(strings.ToLower(op))] + ""}
}

func nearestAction(s *serviceref.Service, name string) string {
	best, limit := "", 3
	for _, a := range s.Actions() {
		if n := levenshtein.Distance(strings.ToLower(a.Name), strings.ToLower(name), nil); n <= limit {
			best, limit = a.Name, n-1
		}
	}
	return best
}
