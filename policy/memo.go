package policy

import "slices"

// memoSize is how many keys of a policy a memo holds. The zero memo is empty.
const memoSize = 8

// memo keeps what the request carries for keys that one policy asks for again
// and again, so that each is looked up once. It serves one policy and one
// request.
type memo struct {
	known   uint16 // bits by slot
	entries [memoSize + 1]*entry
}

// find is Context.find for the key of a condition. Slot 0 is never known.
func (m *memo) find(c *condition, ctx *Context) *entry {
	if m.known>>c.slot&1 != 0 {
		return m.entries[c.slot]
	}
	return m.look(c, ctx)
}

func (m *memo) look(c *condition, ctx *Context) *entry {
	e := ctx.find(c.key)
	if c.slot != 0 {
		m.known |= 1 << c.slot
		m.entries[c.slot] = e
	}
	return e
}

// giveSlots numbers the first keys that more than one condition names, and
// reports whether there are any. It looks at so many keys only, to stay linear
// for a policy of thousands.
func giveSlots(stmts []statement) bool {
	type use struct {
		key   keyRef
		first *condition
	}
	var uses []use
	const most = 8 * memoSize
	slots := uint8(0)
	for i := range stmts {
		for j := range stmts[i].conditions {
			c := &stmts[i].conditions[j]
			at := slices.IndexFunc(uses, func(u use) bool { return u.key.hash == c.key.hash && equalFold(u.key.name, c.key.name) })
			if at < 0 {
				if len(uses) < most {
					uses = append(uses, use{c.key, c})
				}
				continue
			}
			first := uses[at].first
			if first.slot == 0 && slots < memoSize {
				slots++
				first.slot = slots
			}
			c.slot = first.slot
		}
	}
	return slots > 0
}

// trace notes what statements answered while a request was decided, for the
// explanation of it to build on. It holds the first ones only.
type trace struct {
	count int
	seen  [8]answer
}

type answer struct {
	hit
	at reach
}

func (t *trace) add(h hit, at reach) {
	if t.count < len(t.seen) {
		t.seen[t.count] = answer{h, at}
		t.count++
	}
}

// find returns what a statement answered; false: it is not known.
func (t *trace) find(h hit) (reach, bool) {
	for i := range t.count {
		if t.seen[i].hit == h {
			return t.seen[i].at, true
		}
	}
	return reachNone, false
}
