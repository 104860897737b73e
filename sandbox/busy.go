package sandbox

import (
	"net/http"
	"sync"
	"time"
)

// busy measures the time in which at least one request is being answered.
type busy struct {
	mu      sync.Mutex
	running int
	since   time.Time
	total   time.Duration
}

// around counts the requests of a handler.
func (b *busy) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		if b.running++; b.running == 1 {
			b.since = time.Now()
		}
		b.mu.Unlock()
		defer func() {
			b.mu.Lock()
			if b.running--; b.running == 0 {
				b.total += time.Since(b.since)
			}
			b.mu.Unlock()
		}()
		next.ServeHTTP(w, r)
	})
}

// Busy returns the wall time so far in which the sandbox was answering at
// least one request of a service or of the forge, time spent waiting for a
// request's body included.
func (s *Sandbox) Busy() time.Duration {
	s.busy.mu.Lock()
	defer s.busy.mu.Unlock()
	if s.busy.running > 0 {
		return s.busy.total + time.Since(s.busy.since)
	}
	return s.busy.total
}
