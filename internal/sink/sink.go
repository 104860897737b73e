package sink

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"
)

// Options are what a Sink works with.
type Options struct {
	// Config is what FromEnvironment returned.
	Config Config
	// Secrets is what ReadSecrets returned.
	Secrets Secrets
	// Log gets types, hashes of keys and outcomes. Nil: nothing is logged.
	Log *slog.Logger
	// HTTP talks to SNS, Pushover and ntfy. Nil: a client with timeouts that follows
	// no redirects.
	HTTP *http.Client
	// Now, Sleep and Random are the clock and the jitter, from 0 to below 1. Nil: the
	// real ones.
	Now    func() time.Time
	Sleep  func(context.Context, time.Duration) error
	Random func() float64
}

// Sink takes alerts and tells them. Safe for concurrent use. It has nothing to close.
type Sink struct {
	config  Config
	secrets Secrets
	log     *slog.Logger
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
	random  func() float64
	targets []target
	memory  *memory
	sns     *verifier
	places  chan struct{} // one for each request in work
}

// New makes a Sink. It does not connect to anything.
func New(o Options) *Sink {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.HTTP == nil {
		o.HTTP = client()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	s := &Sink{config: o.Config, secrets: o.Secrets, log: o.Log, now: o.Now, sleep: o.Sleep, random: o.Random,
		memory: newMemory(o.Config.DedupeWindow, o.Config.DedupeEntries, o.Now),
		sns:    newVerifier(o.HTTP, o.Now),
		places: make(chan struct{}, maxRequests),
	}
	if o.Config.Pushover() {
		s.targets = append(s.targets, &pushover{http: o.HTTP, url: o.Config.PushoverURL, secrets: o.Secrets, now: o.Now})
	}
	s.targets = append(s.targets, &ntfy{http: o.HTTP, url: o.Config.NtfyURL, secrets: o.Secrets, now: o.Now})
	return s
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
