package undelivered

import (
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Failure is one delivery that was given up.
type Failure struct {
	Time time.Time `json:"time"`
	// Service that delivers, "sns.amazonaws.com".
	Service string `json:"service"`
	// From is the ARN of what delivers, such as a rule or a topic, and To of what, or
	// the endpoint, that it was for.
	From string `json:"from"`
	To   string `json:"to"`
	// Reason is a sentence. It never holds the message.
	Reason string `json:"reason"`
}

// keep is how many failures stay.
const keep = 10_000

// Log keeps failures. It is safe for concurrent use; the zero Log works.
type Log struct {
	// Slog gets a line for each; nil: none.
	Slog *slog.Logger

	mu   sync.Mutex
	list []Failure
}

// Add keeps a failure; the oldest goes when there are too many.
func (l *Log) Add(f Failure) {
	if l.Slog != nil {
		l.Slog.Warn("a delivery failed", "service", f.Service, "from", f.From, "to", f.To, "reason", f.Reason)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) == keep {
		l.list = slices.Delete(l.list, 0, keep/10)
	}
	l.list = append(l.list, f)
}

// List returns the failures, oldest first.
func (l *Log) List() []Failure {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}
