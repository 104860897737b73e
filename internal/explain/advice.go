package explain

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// advise names the smallest safe edits that would turn a denial, in the plain
// cases. It never suggests to loosen a condition or to take a Deny away: it says
// what a request must carry instead.
func (a *Answer) advise(w *path) {
	if a.Decision != Denied || a.Basis == "record" && len(a.Deciding) == 0 && !a.lacks {
		return
	}
	if a.Verdict != nil && *a.Verdict == policy.ExplicitDeny || a.Basis == "record" && !a.lacks {
		a.aroundDeny()
		return
	}
	if s, action := w.t.q.reference(); s != nil && action == nil {
		a.Fixes = append(a.Fixes, Fix{What: "ask for an action that exists"})
		return
	}
	reason := policy.ReasonNone
	for i := range a.Steps {
		if a.Steps[i].Decides {
			reason = a.Steps[i].Type
		}
	}
	for _, s := range a.Nearest {
		if f, ok := w.edit(s); ok {
			a.Fixes = append(a.Fixes, f)
		}
	}
	if len(a.Fixes) == 0 {
		if f, ok := w.add(reason); ok {
			a.Fixes = append(a.Fixes, f)
		}
	}
}

// aroundDeny says what a request would have to carry for a Deny not to apply.
func (a *Answer) aroundDeny() {
	for _, s := range a.Deciding {
		if s.Effect != policy.EffectDeny {
			continue
		}
		where := place(s)
		if len(s.Conditions) == 0 {
			a.Fixes = append(a.Fixes, Fix{Where: where, What: "this Deny has no condition: no Allow anywhere gets past it. Only a change of the statement itself does, by who owns that policy"})
			continue
		}
		f := Fix{Where: where, What: "no Allow gets past a Deny; this one leaves alone "}
		if aim := aimFor(s); aim != "" {
			f.What += "a request " + aim
		} else {
			var ways []string
			for _, c := range s.Conditions {
				ways = append(ways, c.Operator+" "+c.Key+" "+quoted(c.Wanted)+" does not hold")
			}
			f.What += "a request for which " + strings.Join(ways, ", or ")
		}
		a.Fixes = append(a.Fixes, f)
	}
}

// aimFor names the value to send, where a Deny is of the form "unless the key is V".
func aimFor(s Statement) string {
	for _, c := range s.Conditions {
		op := strings.ToLower(c.Operator)
		switch {
		case strings.Contains(op, "not") && family(op) != "null" && len(c.Wanted) > 0:
			return carry(c, true)
		case family(op) == "bool" && len(c.Wanted) == 1:
			other := map[string]string{"true": "false", "false": "true"}[strings.ToLower(c.Wanted[0])]
			return "with " + c.Key + " " + strconv.Quote(other) + howTo(c.Key)
		case family(op) == "null" && slices.Equal(c.Wanted, []string{"true"}):
			return "with " + c.Key
		}
	}
	return ""
}

// howTo says how a request comes to carry a key, where that is plain.
func howTo(key string) string {
	switch strings.ToLower(key) {
	case "aws:securetransport":
		return " (over https)"
	case "aws:multifactorauthpresent", "aws:multifactorauthage":
		return " (sign in with MFA: aws sts get-session-token --serial-number ... --token-code ...)"
	}
	return ""
}

func oneOf(values []string) string {
	if len(values) == 1 {
		return strconv.Quote(values[0])
	}
	return "one of " + quoted(values)
}

func quoted(values []string) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = strconv.Quote(v)
	}
	if len(list) == 1 {
		return list[0]
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// place is where a statement stands.
func place(s Statement) string { return s.Policy + ":" + strconv.Itoa(s.Line) }

// called is how a person calls a statement.
func called(s Statement) string {
	if s.Sid != "" {
		return strconv.Quote(s.Sid)
	}
	return "number " + strconv.Itoa(s.Index+1)
}

// edit is the change of one nearest statement, if it is a plain one.
func (w *path) edit(s Statement) (Fix, bool) {
	var unmet []Condition
	for _, c := range s.Conditions {
		if !c.Met {
			unmet = append(unmet, c)
		}
	}
	switch {
	case len(s.Lacks) == 1 && len(unmet) == 0 && s.Lacks[0] == "action" && strings.Contains(s.Text, `"Action"`):
		return Fix{Where: place(s), What: "add the action to statement " + called(s), Text: `"Action": [..., ` + strconv.Quote(w.t.q.Action) + `]`}, true
	case len(s.Lacks) == 1 && len(unmet) == 0 && s.Lacks[0] == "resource" && strings.Contains(s.Text, `"Resource"`):
		return Fix{Where: place(s), What: "add the resource to statement " + called(s), Text: `"Resource": [..., ` + strconv.Quote(w.t.q.Resource) + `]`}, true
	case len(s.Lacks) == 1 && len(unmet) == 0 && s.Lacks[0] == "principal" && strings.Contains(s.Text, `"Principal"`):
		if typ, name, ok := w.principal(); ok {
			return Fix{Where: place(s), What: "add the caller to statement " + called(s), Text: `"Principal": {"` + typ + `": [..., ` + strconv.Quote(name) + `]}`}, true
		}
	case len(s.Lacks) == 0 && len(unmet) > 0:
		var parts []string
		for _, c := range unmet {
			if way := carry(c, false); way != "" {
				parts = append(parts, way)
			}
		}
		if len(parts) == len(unmet) {
			return Fix{Where: place(s), What: "send the request so that statement " + called(s) + " holds: " + strings.Join(parts, "; ")}, true
		}
	}
	return Fix{}, false
}

// carry says what a request must carry to meet a condition, or for a negated
// operator with equal set, what it must carry for the values to be equal. Empty:
// there is nothing plain to say.
func carry(c Condition, equal bool) string {
	op := strings.ToLower(c.Operator)
	prefix, _, _ := strings.Cut(c.Key, ":")
	switch {
	case strings.ContainsAny(prefix, "./"):
		return "" // a claim of a token, which the caller does not choose
	case strings.Contains(op, "not") && family(op) != "null" && !equal:
		return "with " + c.Key + " other than " + quoted(c.Wanted)
	case family(op) == "null" && slices.Equal(c.Wanted, []string{"false"}):
		return "with " + c.Key
	case family(op) == "null":
		return "without " + c.Key
	case family(op) == "ip":
		return "from an address (" + c.Key + ") in " + oneOf(c.Wanted)
	case family(op) == "like" || family(op) == "arn":
		return "with " + c.Key + " like " + oneOf(c.Wanted)
	case family(op) == "numeric" || family(op) == "date":
		return "with " + c.Key + " for which " + c.Operator + " " + quoted(c.Wanted) + " is so" + howTo(c.Key)
	}
	return "with " + c.Key + " " + oneOf(c.Wanted) + howTo(c.Key)
}

// principal is the caller as a Principal element names it.
func (w *path) principal() (typ, name string, ok bool) {
	p := w.t.q.Principal
	switch p.Type {
	case policy.User, policy.Root:
		return "AWS", p.ARN, true
	case policy.AssumedRole:
		if p.RoleARN != "" {
			return "AWS", p.RoleARN, true
		}
	case policy.WebIdentity:
		return "Federated", p.ARN, true
	case policy.Service:
		return "Service", p.ARN, true
	}
	return "", "", false
}

// add is a statement to add where nothing is near.
func (w *path) add(reason policy.Reason) (Fix, bool) {
	type statement struct {
		Effect    string
		Principal json.RawMessage `json:",omitempty"`
		Action    string
		Resource  string          `json:",omitempty"`
		Condition json.RawMessage `json:",omitempty"`
	}
	st := statement{Effect: "Allow", Action: w.t.q.Action, Resource: w.t.q.Resource}
	if w.t.q.WildcardOnly {
		st.Resource = "*"
	}
	what := ""
	switch reason {
	case policy.ReasonIdentity:
		what = "add a statement to a policy of the caller"
	case policy.ReasonBoundary:
		what = "the permissions boundary must allow it too: add a statement there"
	case policy.ReasonSession:
		what = "a session policy must allow it too: add a statement to the policy that is passed when the session is made"
	case policy.ReasonSCP, policy.ReasonRCP, policy.ReasonEndpoint:
		what = "the " + reason.String() + " must allow it too: add a statement there"
		if reason != policy.ReasonSCP {
			st.Principal = json.RawMessage(`"*"`)
		}
	case policy.ReasonResource, policy.ReasonKeyPolicy, policy.ReasonTrust:
		typ, name, ok := w.principal()
		if !ok || w.t.q.Principal.Type == policy.WebIdentity {
			// A trust policy for tokens needs conditions that are not ours to guess.
			return Fix{}, false
		}
		what = "add a statement to the " + reason.String()
		st.Principal = json.RawMessage(`{"` + typ + `": ` + strconv.Quote(name) + `}`)
		if reason == policy.ReasonTrust {
			st.Resource = ""
		}
		if reason == policy.ReasonKeyPolicy {
			st.Resource = "*"
		}
	default:
		return Fix{}, false
	}
	text, err := json.Marshal(st)
	if err != nil {
		panic(fmt.Sprintf("explain: a statement of strings: %v", err))
	}
	where := ""
	for _, l := range w.t.p.layers() {
		if sameLayer(l.typ, reason) && len(l.policies) > 0 && where == "" {
			where = l.policies[len(l.policies)-1].Name()
		}
	}
	return Fix{What: what, Where: where, Text: string(text)}, true
}
