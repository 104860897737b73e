package sink

import (
	"container/list"
	"context"
	"crypto/sha256"
	"sync"
	"time"
)

// memory knows what was told to which target. It holds at most a number of keys, each
// for a window of time since it was last told; the one told longest ago goes first.
// What is forgotten too early is told twice, never lost. Safe for concurrent use.
type memory struct {
	window time.Duration
	most   int
	now    func() time.Time

	mu      sync.Mutex
	entries map[[32]byte]*list.Element // of *entry
	order   *list.List                 // told longest ago first
	busy    map[claim]chan struct{}    // closed when the delivery is over
}

// claim is one delivery: a key to a target.
type claim struct {
	key    [32]byte
	target string
}

type entry struct {
	key  [32]byte
	last time.Time
	told map[string]mark // by target
}

type mark struct {
	severity Severity
	at       time.Time
}

func newMemory(window time.Duration, most int, now func() time.Time) *memory {
	return &memory{window: window, most: most, now: now, entries: map[[32]byte]*list.Element{}, order: list.New(), busy: map[claim]chan struct{}{}}
}

// take claims a delivery. If told is true, the target had it, at this severity or a
// higher one, and there is nothing to do. Otherwise the caller delivers and then calls
// settle. While somebody else delivers the same, take waits for the outcome. Whoever
// takes several takes them in the order of their keys, or two may wait for each other.
func (m *memory) take(ctx context.Context, key, target string, s Severity) (told bool, err error) {
	c := claim{sha256.Sum256([]byte(key)), target}
	for {
		m.mu.Lock()
		m.expire()
		if e := m.entries[c.key]; e != nil {
			if k, ok := e.Value.(*entry).told[target]; ok && k.severity >= s && m.now().Sub(k.at) < m.window {
				m.mu.Unlock()
				return true, nil
			}
		}
		wait, taken := m.busy[c]
		if !taken {
			m.busy[c] = make(chan struct{})
			m.mu.Unlock()
			return false, nil
		}
		m.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// settle ends a delivery that was taken. Only one that arrived is remembered.
func (m *memory) settle(key, target string, s Severity, arrived bool) {
	c := claim{sha256.Sum256([]byte(key)), target}
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.busy[c])
	delete(m.busy, c)
	if !arrived {
		return
	}
	now := m.now()
	at := m.entries[c.key]
	if at == nil {
		at = m.order.PushBack(&entry{key: c.key, told: map[string]mark{}})
		m.entries[c.key] = at
	}
	e := at.Value.(*entry)
	e.last, e.told[target] = now, mark{s, now}
	m.order.MoveToBack(at)
	for m.order.Len() > m.most {
		m.forget(m.order.Front())
	}
}

// expire forgets what was told too long ago.
func (m *memory) expire() {
	now := m.now()
	for at := m.order.Front(); at != nil && now.Sub(at.Value.(*entry).last) >= m.window; at = m.order.Front() {
		m.forget(at)
	}
}

func (m *memory) forget(at *list.Element) {
	delete(m.entries, at.Value.(*entry).key)
	m.order.Remove(at)
}
