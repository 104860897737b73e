package cloudwatch

import (
	"sync"
	"time"
)

// late is what services published since the engine last asked: the oldest sample of each
// metric. It is in memory alone, like the engine's own place.
type late struct {
	mu     sync.Mutex
	oldest map[string]time.Time
}

func (l *late) note(metric string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.oldest == nil {
		l.oldest = map[string]time.Time{}
	}
	if t, ok := l.oldest[metric]; !ok || at.Before(t) {
		l.oldest[metric] = at
	}
}

func (l *late) take() map[string]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.oldest
	l.oldest = nil
	return m
}

// leap is a time that was moved on at once, by Sandbox.Advance.
type leap struct{ from, to time.Time }

// rewind goes back to where samples belong that were published only after a leap of the
// time: the services had no chance to do so in the hours between. Samples that are late in
// their own right are too late, as on AWS.
func (g *Engine) rewind() {
	oldest := g.cloudwatch.late.take()
	if len(oldest) == 0 || len(g.leaps) == 0 {
		return
	}
	_ = g.cloudwatch.db.View(func() error { // it only reads
		for key, l := range g.leaps {
			a := g.cloudwatch.alarms.Get(key)
			if a == nil {
				delete(g.leaps, key)
				continue
			}
			if t, ok := oldest[a.metric().key()]; ok && !t.Before(l.from) && t.Before(g.seen[key]) {
				g.seen[key] = a.rule().Align(t)
			}
		}
		return nil
	})
}
