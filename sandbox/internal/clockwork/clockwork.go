package clockwork

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Part is something that AWS does by itself.
type Part interface {
	// Name is for the log.
	Name() string
	// Run does what is due at now, and what the news asks for, in order. It
	// returns when it is due again; the zero time: when there is news. What it
	// causes comes back as news to every part, itself included: a part must not
	// answer its own doings for ever.
	Run(ctx context.Context, now time.Time, news []any) (next time.Time, err error)
}

// Clockwork runs parts. It is safe for concurrent use.
type Clockwork struct {
	clock func() time.Time
	log   *slog.Logger
	parts []*part
	end   context.CancelFunc
	wake  chan struct{}
	done  chan struct{}

	mu      sync.Mutex
	news    []any
	count   uint64 // of all news
	told    uint64 // how often there was news or a wake
	settled uint64 // up to where the parts have come
	changed *sync.Cond
	over    bool
}

type part struct {
	Part
	next time.Time // zero: with the next news
}

// look is how often a part that waits for a time looks at the clock, which runs
// in its own time.
const look = time.Second

// New starts the parts. clock is the sandbox's time. End it with Close.
func New(clock func() time.Time, log *slog.Logger, parts ...Part) *Clockwork {
	ctx, cancel := context.WithCancel(context.Background())
	c := &Clockwork{clock: clock, log: log, end: cancel, wake: make(chan struct{}, 1), done: make(chan struct{})}
	c.changed = sync.NewCond(&c.mu)
	for _, p := range parts {
		c.parts = append(c.parts, &part{Part: p})
	}
	go c.run(ctx)
	return c
}

// Tell hands over what happened: values that the parts know. It never waits.
func (c *Clockwork) Tell(news ...any) {
	if len(news) == 0 || len(c.parts) == 0 {
		return
	}
	c.mu.Lock()
	c.news = append(c.news, news...)
	c.count += uint64(len(news))
	c.told++
	c.mu.Unlock()
	c.nudge()
}

// News is how much was told so far.
func (c *Clockwork) News() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// Wake makes every part look at the clock.
func (c *Clockwork) Wake() {
	c.mu.Lock()
	c.told++
	c.mu.Unlock()
	c.nudge()
}

func (c *Clockwork) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Settle waits until the parts have dealt with everything told before, with what
// that led to, and with what is due by now. The error is ctx's, or says that the
// clockwork has ended.
func (c *Clockwork) Settle(ctx context.Context) error {
	stop := context.AfterFunc(ctx, c.changed.Broadcast)
	defer stop()
	c.Wake()
	c.mu.Lock()
	defer c.mu.Unlock()
	for until := c.told; c.settled < until; c.changed.Wait() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if c.over {
			return fmt.Errorf("the sandbox has ended")
		}
	}
	return nil
}

// Close ends the parts after what they are at.
func (c *Clockwork) Close() {
	c.end()
	<-c.done
}

func (c *Clockwork) run(ctx context.Context) {
	defer func() {
		c.mu.Lock()
		c.over = true
		c.mu.Unlock()
		c.changed.Broadcast()
		close(c.done)
	}()
	timer := time.NewTicker(look)
	defer timer.Stop()
	for {
		c.mu.Lock()
		news, told := c.news, c.told
		c.news = nil
		c.mu.Unlock()
		c.round(ctx, news)
		c.mu.Lock()
		if len(c.news) == 0 && !c.dueLocked() {
			c.settled = told
			c.changed.Broadcast()
		} else {
			c.nudge()
		}
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-timer.C:
		}
	}
}

// dueLocked reports a part whose time has come while others ran.
func (c *Clockwork) dueLocked() bool {
	now := c.clock()
	for _, p := range c.parts {
		if !p.next.IsZero() && !p.next.After(now) {
			return true
		}
	}
	return false
}

// round runs the parts that have news or are due.
func (c *Clockwork) round(ctx context.Context, news []any) {
	now := c.clock()
	for _, p := range c.parts {
		if ctx.Err() != nil {
			return
		}
		if len(news) == 0 && (p.next.IsZero() || p.next.After(now)) {
			continue
		}
		next, err := guarded(ctx, p, now, news)
		if err != nil && ctx.Err() == nil {
			c.log.Error("a part of the sandbox's clockwork failed", "part", p.Name(), "error", err)
		}
		if !next.IsZero() && !next.After(now) {
			next = now.Add(look) // it asks to be run again at once, for ever
		}
		p.next = next
	}
}

func guarded(ctx context.Context, p *part, now time.Time, news []any) (next time.Time, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return p.Run(ctx, now, news)
}
