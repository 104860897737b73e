package policycheck

import (
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

// isIssuerKey reports a key that STS makes of a token's claim, ISSUER:CLAIM: its
// prefix is a host, which no service's is.
func isIssuerKey(key string) bool {
	prefix, _, ok := strings.Cut(key, ":")
	return ok && strings.Contains(prefix, ".")
}

// nearestKey is the condition key that name is probably a misspelling of.
func nearestKey(name string) string {
	prefix, _, ok := strings.Cut(name, ":")
	var names []string
	add := func(k *serviceref.Key) {
		if !k.Template() {
			names = append(names, k.Name)
		}
	}
	if s, found := serviceref.Lookup(strings.ToLower(prefix)); ok && found {
		for _, k := range s.Keys() {
			add(k)
		}
	} else {
		for _, k := range serviceref.GlobalKeys() {
			add(k)
		}
	}
	return policy.Nearest(name, names)
}

// action is an entry of an Action element that names its service.
type action struct {
	*node
	service *serviceref.Service
	prefix  string
	name    string // after the colon
	// actions that it stands for; empty: the reference knows none.
	actions []*serviceref.Action
}

// actionsOf reads the entries of an Action or NotAction element that are known
// and whose service is. "*" is none of them. all reports that there are no
// others, so that the list is everything the element stands for.
func actionsOf(l *list) (found []*action, all bool) {
	if l == nil {
		return nil, false
	}
	all = !l.open
	for _, n := range l.items {
		prefix, name, ok := strings.Cut(n.text, ":")
		if !n.known() || !ok {
			all = false
			continue
		}
		s, ok := serviceref.Lookup(strings.ToLower(prefix))
		if !ok {
			all = false
			continue
		}
		found = append(found, &action{node: n, service: s, prefix: prefix, name: name, actions: s.Match(name)})
	}
	return found, all
}
