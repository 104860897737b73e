package policy_test

import (
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// conditions follows the page on condition operators, and the one on set
// operators.
func (w *world) conditions(st map[string]any, modern bool) bool {
	block, _ := st["Condition"].(map[string]any)
	for op, keys := range block {
		for key, v := range keys.(map[string]any) {
			if !w.condition(op, key, texts(v), st["Effect"] == "Allow", modern) {
				return false
			}
		}
	}
	return true
}

func (w *world) condition(op, key string, wanted []string, allows, modern bool) bool {
	values, multi := w.key(key)
	if op == "Null" {
		return slices.Contains(wanted, map[bool]string{true: "true", false: "false"}[values == nil])
	}
	op, all := strings.CutPrefix(op, "ForAllValues:")
	op, anyOf := strings.CutPrefix(op, "ForAnyValue:")
	op, ifExists := strings.CutSuffix(op, "IfExists")
	negated := strings.Contains(op, "Not")
	one := func(v string) bool {
		met, comparable := w.equal(strings.Replace(op, "Not", "", 1), v, wanted, modern)
		switch {
		case !negated:
			return met
		case !comparable:
			return !allows
		}
		return !met
	}
	empty := len(values) == 1 && values[0] == ""
	switch {
	case values == nil && ifExists:
		return true
	case values == nil:
		return all || negated && !anyOf
	case all:
		return empty || !slices.ContainsFunc(values, func(v string) bool { return !one(v) })
	case anyOf:
		return !empty && slices.ContainsFunc(values, one)
	case multi:
		return false
	}
	return one(values[0])
}

// equal holds one value against the wanted ones; comparable is false for a value
// of another type.
func (w *world) equal(op, v string, wanted []string, modern bool) (met, comparable bool) {
	met = slices.ContainsFunc(wanted, func(want string) bool {
		ok := false
		switch {
		case op == "StringEquals", op == "StringEqualsIgnoreCase":
			re, has := w.expand(want, modern, `\*`, `\?`)
			if op == "StringEqualsIgnoreCase" {
				re = `(?i:` + re + `)`
			}
			ok = has && full(re, v)
		case op == "StringLike":
			re, has := w.expand(want, modern, ".*", ".")
			ok = has && full(re, v)
		case op == "ArnEquals" || op == "ArnLike":
			ok = w.arnEqual(want, v, modern)
		case op == "Bool":
			ok = strings.EqualFold(want, v)
		case op == "IpAddress":
			network, address, good := addresses(want, v)
			ok = good && network.Contains(address)
		case strings.HasPrefix(op, "Numeric"):
			a, b, good := numbers(v, want)
			ok = good && related(strings.TrimPrefix(op, "Numeric"), a.Cmp(b))
		case strings.HasPrefix(op, "Date"):
			a, b, good := moments(v, want)
			ok = good && related(strings.TrimPrefix(op, "Date"), a.Compare(b))
		default:
			panic("the reference does not know " + op)
		}
		return ok
	})
	comparable = true
	switch {
	case strings.HasPrefix(op, "Numeric"):
		_, comparable = number(v)
	case strings.HasPrefix(op, "Date"):
		_, comparable = moment(v)
	case op == "IpAddress":
		_, err := netip.ParseAddr(v)
		comparable = err == nil
	case strings.HasPrefix(op, "Arn"):
		comparable = strings.HasPrefix(v, "arn:") && strings.Count(v, ":") >= 5
	}
	return met, comparable
}

func related(name string, c int) bool {
	switch name {
	case "Equals":
		return c == 0
	case "LessThan":
		return c < 0
	case "LessThanEquals":
		return c <= 0
	case "GreaterThan":
		return c > 0
	case "GreaterThanEquals":
		return c >= 0
	}
	panic("the reference does not know the relation " + name)
}

// arnEqual compares the six parts one by one. A variable may stand in any.
func (w *world) arnEqual(want, v string, modern bool) bool {
	have, parts := strings.SplitN(v, ":", 6), strings.SplitN(want, ":", 6)
	if len(have) != 6 || len(parts) != 6 {
		return false
	}
	for i := range parts {
		re, ok := w.expand(parts[i], modern, ".*", ".")
		if !ok || !full(re, have[i]) {
			return false
		}
	}
	return true
}

var plainNumber = regexp.MustCompile(`\A[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)\z`)

func number(s string) (*big.Rat, bool) {
	if !plainNumber.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func numbers(a, b string) (x, y *big.Rat, ok bool) {
	x, ok = number(a)
	if !ok {
		return nil, nil, false
	}
	y, ok = number(b)
	return x, y, ok
}

func moment(s string) (time.Time, bool) {
	if n, ok := number(s); ok && n.IsInt() && len(s) != 4 {
		return time.Unix(n.Num().Int64(), 0), true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", time.DateOnly, "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func moments(a, b string) (x, y time.Time, ok bool) {
	x, ok = moment(a)
	if !ok {
		return x, y, false
	}
	y, ok = moment(b)
	return x, y, ok
}

func addresses(network, address string) (netip.Prefix, netip.Addr, bool) {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}, a, false
	}
	if !strings.Contains(network, "/") {
		network += map[bool]string{true: "/128", false: "/32"}[strings.Contains(network, ":")]
	}
	n, err := netip.ParsePrefix(network)
	return n.Masked(), a, err == nil
}
