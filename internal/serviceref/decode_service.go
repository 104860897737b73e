package serviceref

import (
	"fmt"
	"slices"
)

// decodeService decodes the inflated block of a service. Texts share raw, and
// actions share their key sets.
func decodeService(prefix, name, raw string) (*Service, error) {
	r := reader{rest: raw}
	s := &Service{Prefix: prefix, Name: name}
	services := []string{prefix}
	keys := make([]Key, r.count(2))
	all := make([]*Key, len(keys))
	for i := range keys {
		all[i] = &keys[i]
		r.key(&keys[i])
		if g, ok := GlobalKey(keys[i].Name); ok {
			keys[i].Global, keys[i].perService = true, g.perService
		} else {
			keys[i].Services = services
		}
	}
	s.keys = newKeyList(all)
	sets := make([][]string, r.count(1))
	for i := range sets {
		if n := r.count(1); n > 0 {
			sets[i] = make([]string, n)
		}
		for j := range sets[i] {
			if k := r.index(len(keys)); !r.bad {
				sets[i][j] = keys[k].Name
			}
		}
	}
	set := func() []string {
		if i := r.index(len(sets)); !r.bad {
			return sets[i]
		}
		return nil
	}
	resources := make([]Resource, r.count(3))
	s.resources = make([]*Resource, len(resources))
	for i := range resources {
		s.resources[i] = &resources[i]
		resources[i] = Resource{Type: r.text(), ARNs: r.texts(), Keys: set()}
	}
	spare := make([]ActionResource, r.count(2))
	actions := make([]Action, r.count(5))
	s.actions = make([]*Action, len(actions))
	for i := range actions {
		a := &actions[i]
		s.actions[i] = a
		a.Name = r.text()
		if n := r.index(len(Accesses)); !r.bad {
			a.Access = Accesses[n]
		}
		a.Keys = set()
		n := r.count(2)
		if n > len(spare) {
			r.fail()
			break
		}
		if n > 0 {
			a.Resources, spare = spare[:n:n], spare[n:]
		}
		for j := range a.Resources {
			if t := r.index(2 * len(resources)); !r.bad {
				a.Resources[j] = ActionResource{Type: resources[t/2].Type, Required: t%2 == 1}
			}
			a.Resources[j].Keys = set()
		}
		a.Dependent = r.texts()
	}
	if r.bad || r.rest != "" || len(spare) != 0 {
		return nil, fmt.Errorf("%w: the block does not have the form of a service", errDamaged)
	}
	if !slices.IsSortedFunc(s.actions, func(a, b *Action) int { return compareFold(a.Name, b.Name) }) ||
		!slices.IsSortedFunc(s.resources, func(a, b *Resource) int { return compareFold(a.Type, b.Type) }) ||
		!slices.IsSortedFunc(all, func(a, b *Key) int { return compareFold(a.Name, b.Name) }) {
		return nil, fmt.Errorf("%w: a list is out of order", errDamaged)
	}
	return s, nil
}

// decodeKeys decodes the inflated block of the condition keys.
func decodeKeys(prefixes []string, raw string) (keyList, error) {
	r := reader{rest: raw}
	keys := make([]Key, r.count(3))
	all := make([]*Key, len(keys))
	for i := range keys {
		all[i] = &keys[i]
		r.key(&keys[i])
		n := r.count(1)
		keys[i].Services = make([]string, n)
		for j := range keys[i].Services {
			if p := r.index(len(prefixes)); !r.bad {
				keys[i].Services[j] = prefixes[p]
			}
		}
	}
	if r.bad || r.rest != "" {
		return keyList{}, fmt.Errorf("%w: the block does not have the form of a list of keys", errDamaged)
	}
	if !slices.IsSortedFunc(all, func(a, b *Key) int { return compareFold(a.Name, b.Name) }) {
		return keyList{}, fmt.Errorf("%w: the keys are out of order", errDamaged)
	}
	return newKeyList(all), nil
}

func (r *reader) key(k *Key) {
	k.Name = r.text()
	t := r.index(multiBit + len(Types))
	k.Multi = t >= multiBit
	if t %= multiBit; t < len(Types) {
		k.Type = Types[t]
	} else {
		r.fail()
	}
}

func (r *reader) texts() []string {
	n := r.count(1)
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = r.text()
	}
	return list
}
