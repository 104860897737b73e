package policy

import (
	"slices"
	"strings"
)

// Context holds the condition keys of a request. Names are case-insensitive,
// values are not. The zero Context is empty and ready; filling it again after
// Reset does not allocate. A Context may be read by many goroutines at once,
// but filled by one only.
type Context struct {
	entries []entry
	// index is an open-addressed table of positions in entries, plus one.
	index []uint16
}

type entry struct {
	name  string
	hash  uint32
	one   [1]string
	many  []string
	multi bool
}

// values of the key; nil only for a multivalued key with none.
func (e *entry) values() []string {
	if e.multi {
		return e.many
	}
	return e.one[:]
}

// Set gives a single-valued key, replacing what it held.
func (c *Context) Set(key, value string) {
	e := c.slot(key)
	e.one[0], e.many, e.multi = value, nil, false
}

// SetMulti gives a multivalued key, replacing what it held. It keeps values
// until Reset; the caller must not change them. A key without values counts as
// absent.
func (c *Context) SetMulti(key string, values ...string) {
	e := c.slot(key)
	e.one[0], e.many, e.multi = "", values, true
}

// Has reports whether the request carries the key.
func (c *Context) Has(key string) bool { return c.find(keyOf(key)) != nil }

// Get returns a copy of the key's values and whether it is multivalued; nil:
// the request does not carry it.
func (c *Context) Get(key string) (values []string, multi bool) {
	e := c.find(keyOf(key))
	if e == nil {
		return nil, false
	}
	return slices.Clone(e.values()), e.multi
}

// Keys returns the names that were set, in order, as first given.
func (c *Context) Keys() []string {
	if c == nil {
		return nil
	}
	names := make([]string, len(c.entries))
	for i := range c.entries {
		names[i] = c.entries[i].name
	}
	return names
}

// Reset empties the context and keeps its memory.
func (c *Context) Reset() {
	clear(c.entries)
	c.entries = c.entries[:0]
	clear(c.index)
}

// keyRef is a key name ready for lookup.
type keyRef struct {
	name string
	hash uint32
}

func keyOf(name string) keyRef {
	name = canonical(name)
	return keyRef{name: name, hash: foldHash(name)}
}

// canonical leaves ASCII names as they are, to be compared without case, and
// lowers others, whose case folding can change their length.
func canonical(name string) string {
	for i := range len(name) {
		if name[i] >= 0x80 {
			return strings.ToLower(name)
		}
	}
	return name
}

// foldHash is FNV-1a over the lowered ASCII letters.
func foldHash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(lower(s[i]))) * 16777619
	}
	return h
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// equalFold compares ASCII letters without case, everything else exactly.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// slot finds or makes the entry of a key.
func (c *Context) slot(name string) *entry {
	k := keyOf(name)
	if e := c.lookup(k); e != nil {
		return e
	}
	if 2*(len(c.entries)+1) > len(c.index) {
		c.index = make([]uint16, max(32, 2*len(c.index)))
		for i := range c.entries {
			c.place(c.entries[i].hash, i)
		}
	}
	if len(c.entries) == 1<<16-2 {
		panic("policy: more than 65533 condition keys in a context")
	}
	c.place(k.hash, len(c.entries))
	c.entries = append(c.entries, entry{name: k.name, hash: k.hash})
	return &c.entries[len(c.entries)-1]
}

func (c *Context) place(hash uint32, at int) {
	mask := uint32(len(c.index) - 1)
	i := hash & mask
	for c.index[i] != 0 {
		i = (i + 1) & mask
	}
	c.index[i] = uint16(at + 1)
}

// lookup finds the entry of a key, values or not.
func (c *Context) lookup(k keyRef) *entry {
	if c == nil || len(c.entries) == 0 {
		return nil
	}
	mask := uint32(len(c.index) - 1)
	for i := k.hash & mask; c.index[i] != 0; i = (i + 1) & mask {
		e := &c.entries[c.index[i]-1]
		if e.hash == k.hash && (e.name == k.name || equalFold(e.name, k.name)) {
			return e
		}
	}
	return nil
}

// find is lookup for keys that count as present: a multivalued key that
// resolves to an empty set does not. Choice empty-set-is-missing.
//
// Source: IAM User Guide, reference_policies_condition-single-vs-multi-valued-context-keys.
func (c *Context) find(k keyRef) *entry {
	e := c.lookup(k)
	if e == nil || e.multi && len(e.many) == 0 {
		return nil
	}
	return e
}
