package explain

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
)

// maxTried bounds the values that a key is tried with.
const maxTried = 12

// tried is a value to try a key with, and how to call it.
type tried struct {
	label string
	value *choice // nil: the request does not carry the key
}

// weigh tells what values of an unknown key would mean.
func (t *trial) weigh(key string) UnknownKey {
	low := strings.ToLower(key)
	u := UnknownKey{Key: key, Means: []Meaning{}}
	for _, g := range t.q.Unknown {
		if strings.EqualFold(g.Key, key) {
			u.Why = g.Why
		}
	}
	for _, c := range t.options(key) {
		f := (&trial{q: t.q, p: t.p, fixed: map[string]*choice{low: c.value}}).decide()
		d := CannotTell
		if f.allowed {
			d = Allowed
		} else if f.denied {
			d = Denied
		}
		i := slices.IndexFunc(u.Means, func(m Meaning) bool { return m.Decision == d })
		if i < 0 {
			i = len(u.Means)
			u.Means = append(u.Means, Meaning{Decision: d})
		}
		if !slices.Contains(u.Means[i].Values, c.label) {
			u.Means[i].Values = append(u.Means[i].Values, c.label)
		}
	}
	return u
}

// options are the values that a key may have, or those worth trying.
func (t *trial) options(key string) (list []tried) {
	given := t.q.Choices[strings.ToLower(key)]
	if given == nil {
		return t.candidates(key)
	}
	for _, v := range given {
		if v == AbsentChoice {
			list = append(list, tried{"not in the request", nil})
		} else {
			list = append(list, tried{strconv.Quote(v), &choice{values: []string{v}}})
		}
	}
	return list
}

// together finds values for all unknown keys with which the request is allowed.
// It tries so many combinations only.
func (t *trial) together(keys []UnknownKey) []string {
	const most = 256
	options := make([][]tried, len(keys))
	for i, k := range keys {
		options[i] = t.options(k.Key)
	}
	at := make([]int, len(keys))
	for range most {
		fixed := map[string]*choice{}
		for i, k := range keys {
			fixed[strings.ToLower(k.Key)] = options[i][at[i]].value
		}
		if f := (&trial{q: t.q, p: t.p, fixed: fixed}).decide(); f.allowed {
			var list []string
			for i, k := range keys {
				list = append(list, k.Key+" is "+options[i][at[i]].label)
			}
			return list
		}
		i := 0
		for ; i < len(at); i++ {
			if at[i]++; at[i] < len(options[i]) {
				break
			}
			at[i] = 0
		}
		if i == len(at) {
			break
		}
	}
	return nil
}

// candidates are values worth trying: those that the policies compare the key
// with, another one, and none.
func (t *trial) candidates(key string) (list []tried) {
	multi, kind := false, ""
	var wanted []string
	for _, l := range t.p.layers() {
		for _, p := range l.policies {
			for i := range p.Len() {
				r := t.q.request(world{&t.q.Context, t.q.ResourceAccount, t.q.WildcardOnly})
				for _, c := range p.Hold(i, r, false).Conditions {
					if !strings.EqualFold(c.Key, key) {
						continue
					}
					op := strings.ToLower(c.Operator)
					multi = multi || strings.Contains(op, "values:") || strings.Contains(op, "value:")
					if k := family(op); k != "null" && k != "" {
						kind = k
					}
					if family(op) == "null" {
						continue
					}
					for _, v := range c.Wanted {
						if !strings.Contains(v, "${") && !slices.Contains(wanted, v) {
							wanted = append(wanted, v)
						}
					}
				}
			}
		}
	}
	add := func(label, value string) {
		if len(list) < maxTried {
			list = append(list, tried{label, &choice{values: []string{value}, multi: multi}})
		}
	}
	switch kind {
	case "bool":
		add(`"true"`, "true")
		add(`"false"`, "false")
	case "ip":
		for _, v := range wanted {
			if n, err := netip.ParsePrefix(v); err == nil {
				add("an address in "+v, n.Addr().String())
			} else {
				add(v, v)
			}
		}
		if a := otherAddress(wanted); a != "" {
			add("an address in none of them", a)
		}
	case "numeric":
		for _, v := range wanted {
			if n, err := strconv.ParseInt(v, 10, 64); err == nil {
				add(strconv.FormatInt(n-1, 10), strconv.FormatInt(n-1, 10))
				add(v, v)
				add(strconv.FormatInt(n+1, 10), strconv.FormatInt(n+1, 10))
			}
		}
	case "date":
		for _, v := range wanted {
			if at, err := time.Parse(time.RFC3339, v); err == nil {
				add("the day before "+v, at.Add(-24*time.Hour).UTC().Format(time.RFC3339))
				add("the day after "+v, at.Add(24*time.Hour).UTC().Format(time.RFC3339))
			}
		}
	case "binary":
		for _, v := range wanted {
			add(strconv.Quote(v), v)
		}
		add("another value", "c3Ryb25ncm9vbQ==")
	default:
		for _, v := range wanted {
			if strings.ContainsAny(v, "*?") && kind != "string" {
				if sample := strings.NewReplacer("*", "x", "?", "x").Replace(v); v != "*" {
					add("a value like "+strconv.Quote(v), sample)
				}
				continue
			}
			add(strconv.Quote(v), v)
		}
		other := "another-value"
		if kind == "arn" {
			other = "arn:aws:other:eu-west-2:000000000000:another"
		}
		if len(wanted) == 0 || kind == "" {
			add("any value", other)
		} else {
			add("another value", other)
		}
	}
	return append(list, tried{"not in the request", nil})
}

// family is what an operator compares.
func family(op string) string {
	op = strings.TrimSuffix(op[strings.LastIndexByte(op, ':')+1:], "ifexists")
	switch {
	case op == "null":
		return "null"
	case op == "bool":
		return "bool"
	case strings.Contains(op, "ipaddress"):
		return "ip"
	case strings.HasPrefix(op, "numeric"):
		return "numeric"
	case strings.HasPrefix(op, "date"):
		return "date"
	case strings.HasPrefix(op, "binary"):
		return "binary"
	case strings.HasPrefix(op, "arn"):
		return "arn"
	case strings.HasSuffix(op, "like"):
		return "like"
	}
	return "string"
}

// otherAddress is an address in none of the blocks; empty: none of the samples is.
func otherAddress(blocks []string) string {
	for _, sample := range []string{"192.0.2.1", "198.51.100.1", "203.0.113.1", "8.8.8.8", "2001:db8::1"} {
		a := netip.MustParseAddr(sample)
		if !slices.ContainsFunc(blocks, func(b string) bool {
			n, err := netip.ParsePrefix(b)
			return err == nil && n.Contains(a) || b == sample
		}) {
			return sample
		}
	}
	return ""
}

func callerType(t policy.PrincipalType) string {
	return map[policy.PrincipalType]string{
		policy.Anonymous: "anonymous", policy.Root: "root user", policy.User: "IAM user", policy.AssumedRole: "role session",
		policy.FederatedUser: "federated user", policy.WebIdentity: "web identity", policy.Service: "AWS service",
	}[t]
}

func callerName(p *policy.Principal) string {
	if p.Type == policy.Anonymous {
		return "anonymous"
	}
	return p.ARN
}
