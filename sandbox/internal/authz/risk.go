package authz

import (
	"encoding/json"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// risk is a condition key, in one statement of a policy, that the sandbox
// cannot vouch for.
type risk struct {
	key, own string
	actions  []string
	not      bool // actions are those of NotAction
}

// maxCached bounds the cache: every version of a policy is a policy of its own.
const maxCached = 4096

// risks returns what is unknown in a policy; nil for nearly all of them.
func (k *knownKeys) risks(p *policy.Policy) []risk {
	k.mu.RLock()
	found, ok := k.cache[p]
	k.mu.RUnlock()
	if ok {
		return found
	}
	found = k.assess(p)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cache == nil || len(k.cache) >= maxCached {
		k.cache = map[*policy.Policy][]risk{}
	}
	k.cache[p] = found
	return found
}

func (k *knownKeys) assess(p *policy.Policy) (found []risk) {
	for _, key := range p.Keys() {
		own, ok := k.vouched(key)
		if ok {
			continue
		}
		for i := range p.Len() {
			text := p.Statement(i).Source
			if !strings.Contains(strings.ToLower(text), strings.ToLower(key)) {
				continue
			}
			r := risk{key: key, own: own}
			var s struct{ Action, NotAction json.RawMessage }
			if err := json.Unmarshal([]byte(text), &s); err != nil {
				r.not = true // bears on every action
			} else if r.actions = words(s.Action); s.Action == nil {
				r.actions, r.not = words(s.NotAction), true
			}
			found = append(found, r)
		}
	}
	return found
}

// words reads a string or a list of strings.
func words(raw json.RawMessage) []string {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}
	}
	return nil
}

// bears reports whether the statement could apply to the action and the key
// could be in its request.
func (r *risk) bears(action string) bool {
	prefix, _, _ := strings.Cut(action, ":")
	if r.own != "aws" && r.own != strings.ToLower(prefix) {
		return false
	}
	for _, a := range r.actions {
		if glob(strings.ToLower(a), strings.ToLower(action)) {
			return !r.not
		}
	}
	return r.not
}

// glob matches * and ?.
func glob(pattern, s string) bool {
	star, mark := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
