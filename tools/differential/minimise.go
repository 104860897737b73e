package main

import (
	"encoding/json"
	"maps"
	"slices"
)

// minimise drops what it can from a case, a JSON tree, as long as same holds.
func minimise(tree any, same func(any) bool) any {
	for again := true; again; {
		again = false
		for _, smaller := range reductions(tree) {
			if candidate := smaller(); same(candidate) {
				tree, again = candidate, true
				break
			}
		}
	}
	return tree
}

// reductions lists the ways to drop one thing, larger things first.
func reductions(tree any) []func() any {
	type cut struct {
		size int
		make func() any
	}
	var cuts []cut
	var walk func(v any, put func(any) any)
	walk = func(v any, put func(any) any) {
		add := func(lost any, rest any) {
			cuts = append(cuts, cut{len(encode(lost)), func() any { return put(rest) }})
		}
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				if kept(k, v[k]) {
					continue
				}
				rest := maps.Clone(v)
				delete(rest, k)
				add(v[k], rest)
				walk(v[k], func(x any) any {
					m := maps.Clone(v)
					m[k] = x
					return put(m)
				})
			}
		case []any:
			for i := range v {
				if string(encode(v[i])) == string(encode(fullAccess)) {
					continue
				}
				add(v[i], slices.Delete(slices.Clone(v), i, i+1))
				walk(v[i], func(x any) any {
					l := slices.Clone(v)
					l[i] = x
					return put(l)
				})
			}
		}
	}
	walk(tree, func(x any) any { return x })
	slices.SortStableFunc(cuts, func(a, b cut) int { return b.size - a.size })
	list := make([]func() any, len(cuts))
	for i := range cuts {
		list[i] = cuts[i].make
	}
	return list
}

// kept are members that a case has to have, or means something else without:
// the owner of the resource, and the language version, which is 2008's by default.
func kept(name string, v any) bool {
	return name == "accountId" || name == "wildcardOnlyAction" || name == "Version" && v == "2012-10-17"
}

// treeOf decodes a case.
func treeOf(line []byte) any {
	var v any
	if err := json.Unmarshal(line, &v); err != nil {
		panic(err) // it was encoded by this program
	}
	return v
}
