package main

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

// same reports where r does not say what was encoded.
func same(r *serviceref.Reference, services []service) error {
	if len(r.Prefixes()) != len(services) {
		return fmt.Errorf("got %d services, want %d", len(r.Prefixes()), len(services))
	}
	for _, want := range services {
		got, ok, err := r.Service(want.prefix)
		if err != nil || !ok {
			return errors.Join(fmt.Errorf("service %q is not there", want.prefix), err)
		}
		if !equal(got.Actions(), want.actions) || !equal(got.Resources(), want.resources) || got.Name != want.name {
			return fmt.Errorf("service %q came back different", want.prefix)
		}
		if len(got.Keys()) != len(want.keys) {
			return fmt.Errorf("service %q: got %d keys, want %d", want.prefix, len(got.Keys()), len(want.keys))
		}
		for i, k := range got.Keys() {
			if w := want.keys[i]; k.Name != w.Name || k.Type != w.Type || k.Multi != w.Multi {
				return fmt.Errorf("service %q: got key %q, want %q", want.prefix, k.Name, w.Name)
			}
			if _, ok, err := r.Key(k.Name); err != nil || !ok && !k.Global {
				return errors.Join(fmt.Errorf("key %q is not in the list of keys", k.Name), err)
			}
		}
	}
	return nil
}

func equal[T any](got []*T, want []T) bool {
	return slices.EqualFunc(got, want, func(g *T, w T) bool { return fmt.Sprintf("%+v", *g) == fmt.Sprintf("%+v", w) })
}

// summary counts what r holds.
func summary(w io.Writer, r *serviceref.Reference) error {
	f, err := facts(r)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for id := range f {
		kind, _, _ := strings.Cut(id, " ")
		counts[kind]++
	}
	fmt.Fprintf(w, "%s: %d services, %d actions, %d resource types, %d condition keys\n",
		r.Source(), counts["service"], counts["action"], counts["resource"], counts["key"])
	return nil
}

// changes lists what was added, what is gone and what differs.
func changes(w io.Writer, before, now *serviceref.Reference) error {
	old, err := facts(before)
	if err != nil {
		return err
	}
	f, err := facts(now)
	if err != nil {
		return err
	}
	var lines []string
	for id, v := range f {
		if was, ok := old[id]; !ok {
			lines = append(lines, id+": added")
		} else if !reflect.DeepEqual(was, v) {
			lines = append(lines, fmt.Sprintf("%s: was %s, is %s", id, was, v))
		}
	}
	for id := range old {
		if _, ok := f[id]; !ok {
			lines = append(lines, id+": gone")
		}
	}
	slices.Sort(lines)
	fmt.Fprintf(w, "against %s:\n", before.Source())
	for _, l := range lines {
		fmt.Fprintln(w, " ", l)
	}
	fmt.Fprintf(w, "%d changes\n", len(lines))
	return nil
}

// facts are the reference's statements, each by what it is about.
func facts(r *serviceref.Reference) (map[string]string, error) {
	f := map[string]string{}
	for _, p := range r.Prefixes() {
		s, ok, err := r.Service(p)
		if err != nil || !ok {
			return nil, errors.Join(fmt.Errorf("service %q is not there", p), err)
		}
		f["service "+p] = s.Name
		for _, a := range s.Actions() {
			f["action "+p+":"+a.Name] = fmt.Sprintf("%s %v %v %v", a.Access, a.Resources, a.Keys, a.Dependent)
		}
		for _, t := range s.Resources() {
			f["resource "+p+" "+t.Type] = fmt.Sprintf("%v %v", t.ARNs, t.Keys)
		}
		for _, k := range s.Keys() {
			f["key "+p+" "+k.Name] = fmt.Sprintf("%s multi=%t", k.Type, k.Multi)
		}
	}
	return f, nil
}
