package policy_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// What follows is a second evaluator: simple, slow, and written from AWS's text
// alone, to be held against Decide. It reads documents that AWS would store.

// world is a request with the policies that apply to it, as JSON values.
type world struct {
	caller, kind, account string // kind: user, session, root, service, anonymous, web
	role                  string // ARN of a session's role
	action, resource      string
	owner                 string
	context               map[string][]string
	multi                 map[string]bool
	identity, scps, rcps  []string
	endpoint              []string
	boundary, session     string // empty: none
	policy                string // of the resource; empty: none
}

type referenceDocument struct {
	Version   string
	Statement []map[string]any
}

// said is what the statements of some documents say about the request.
type said struct{ deny, allow, direct, limited bool }

func (w *world) read(docs ...string) (s said) {
	for _, text := range docs {
		var d referenceDocument
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			panic(err) // the test writes its own documents
		}
		for _, st := range d.Statement {
			covered := w.principal(st)
			if covered == "" || !w.actionOf(st) || !w.resourceOf(st, d.Version == "2012-10-17") || !w.conditions(st, d.Version == "2012-10-17") {
				continue
			}
			if st["Effect"] == "Deny" {
				s.deny = true
				continue
			}
			s.allow = true
			s.direct = s.direct || covered == "direct"
			s.limited = s.limited || covered == "limited"
		}
	}
	return s
}

// answer follows "Policy evaluation logic" of the IAM User Guide.
func (w *world) answer() string {
	strictKind := strings.Contains(w.resource, ":role/") || strings.Contains(w.resource, ":key/")
	same := w.owner == w.account
	var id, bound, sess, res, end said
	inAccount := w.kind == "user" || w.kind == "session"
	denied, short := false, false
	if inAccount || w.kind == "root" {
		for _, level := range w.scps {
			s := w.read(level)
			denied, short = denied || s.deny, short || !s.allow
		}
	}
	for _, level := range w.rcps {
		s := w.read(level)
		denied, short = denied || s.deny, short || !s.allow
	}
	if len(w.endpoint) > 0 {
		end = w.read(w.endpoint...)
		denied, short = denied || end.deny, short || !end.allow
	}
	if w.policy != "" {
		res = w.read(w.policy)
		denied = denied || res.deny
	}
	if inAccount {
		id = w.read(w.identity...)
		denied = denied || id.deny
	}
	bound.allow, sess.allow = true, true
	if w.boundary != "" && inAccount {
		bound = w.read(w.boundary)
		denied = denied || bound.deny
	}
	if w.session != "" && inAccount {
		sess = w.read(w.session)
		denied = denied || sess.deny
	}
	if denied {
		return "ExplicitDeny"
	}
	limits := bound.allow && sess.allow
	allowed := false
	switch {
	case w.kind == "anonymous" && (strings.HasPrefix(w.action, "kms:") || strings.HasPrefix(w.action, "sts:")):
	case !inAccount && w.kind != "root":
		allowed = res.allow
	case w.kind == "root":
		allowed = w.action != "sts:AssumeRole" && (res.allow || same && !strictKind)
	case !same:
		allowed = id.allow && limits && res.allow
	case res.direct:
		allowed = true
	case res.limited:
		allowed = limits
	case strictKind:
		allowed = res.allow && id.allow && limits
	default:
		allowed = id.allow && limits
	}
	if allowed && !short {
		return "Allow"
	}
	return "ImplicitDeny"
}

// texts is a string or a list of strings.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, x := range v {
			list = append(list, x.(string))
		}
		return list
	}
	return nil
}

// principal says how the statement covers the caller: "", "account", "limited"
// or "direct".
func (w *world) principal(st map[string]any) string {
	p, there := st["Principal"]
	if !there {
		return "direct"
	}
	if p == "*" {
		return "direct"
	}
	best := ""
	for typ, v := range p.(map[string]any) {
		for _, value := range texts(v) {
			switch {
			case typ == "AWS" && value == "*":
				return "direct"
			case typ == "Service" && w.kind == "service" && value == w.caller, typ == "Federated" && w.kind == "web" && value == w.caller:
				return "direct"
			case typ != "AWS" || w.kind == "service" || w.kind == "web" || w.kind == "anonymous":
			case value == w.caller:
				return "direct"
			case w.kind == "session" && value == w.role:
				best = "limited"
			case (value == w.account || value == "arn:aws:iam::"+w.account+":root") && best == "":
				best = "account"
			}
		}
	}
	return best
}

// wild is a pattern with * and ? as a regular expression.
func wild(pattern, star, one string) string {
	var b strings.Builder
	for _, r := range pattern {
		switch r {
		case '*':
			b.WriteString(star)
		case '?':
			b.WriteString(one)
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return b.String()
}

func full(re, s string) bool { return regexp.MustCompile(`(?s)\A(?:` + re + `)\z`).MatchString(s) }

func (w *world) actionOf(st map[string]any) bool {
	match := func(list []string) bool {
		return slices.ContainsFunc(list, func(p string) bool {
			return full(wild(strings.ToLower(p), ".*", "."), strings.ToLower(w.action))
		})
	}
	if not, ok := st["NotAction"]; ok {
		return !match(texts(not))
	}
	return match(texts(st["Action"]))
}

func (w *world) resourceOf(st map[string]any, modern bool) bool {
	match := func(list []string) bool {
		return slices.ContainsFunc(list, func(p string) bool { return p == "*" || w.arnCovers(p, modern) })
	}
	switch {
	case st["NotResource"] != nil:
		return !match(texts(st["NotResource"]))
	case st["Resource"] != nil:
		return match(texts(st["Resource"]))
	}
	return true
}

// arnCovers: a wildcard stays in its segment, but a star that ends one may run on.
func (w *world) arnCovers(pattern string, modern bool) bool {
	parts := strings.SplitN(pattern, ":", 6)
	for i, part := range parts {
		if i == 5 {
			re, ok := w.expand(part, modern, ".*", ".")
			if !ok {
				return false
			}
			parts[i] = re
			continue
		}
		if rest, ends := strings.CutSuffix(part, "*"); ends {
			parts[i] = wild(strings.TrimRight(rest, "*"), "[^:]*", "[^:]") + ".*"
		} else {
			parts[i] = wild(part, "[^:]*", "[^:]")
		}
	}
	return full(strings.Join(parts, ":"), w.resource)
}

var variable = regexp.MustCompile(`\$\{([^},]*)(?:, *'([^']*)')?\}`)

// expand makes a regular expression of a pattern with variables; ok is false if
// one has no value.
func (w *world) expand(text string, modern bool, star, one string) (re string, ok bool) {
	ok = true
	if !modern {
		return wild(text, star, one), true
	}
	at := 0
	for _, m := range variable.FindAllStringSubmatchIndex(text, -1) {
		re += wild(text[at:m[0]], star, one)
		at = m[1]
		name := text[m[2]:m[3]]
		values, multi := w.key(name)
		switch {
		case name == "*" || name == "?" || name == "$":
			re += regexp.QuoteMeta(name)
		case len(values) == 1 && !multi && values[0] != "":
			re += regexp.QuoteMeta(values[0])
		case m[4] >= 0:
			re += regexp.QuoteMeta(text[m[4]:m[5]])
		default:
			ok = false
		}
	}
	return re + wild(text[at:], star, one), ok
}

// key is what the request carries; nil: nothing, or a list without values.
func (w *world) key(name string) (values []string, multi bool) {
	for k, v := range w.context {
		if strings.EqualFold(k, name) && len(v) > 0 {
			return v, w.multi[k]
		}
	}
	return nil, false
}
