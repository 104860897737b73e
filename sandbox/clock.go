package sandbox

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/control"
)

// clock is the sandbox's time: the clients' time, and what it was advanced by.
type clock struct {
	wall  func() time.Time
	ahead atomic.Int64 // nanoseconds
}

func (c *clock) now() time.Time { return c.wall().Add(time.Duration(c.ahead.Load())) }

// Now is the sandbox's time.
func (s *Sandbox) Now() time.Time { return s.clock.now() }

// Advance moves the sandbox's time on by d, for what takes hours on AWS: sessions
// and tokens run out, keys end their waiting period. Clients need not know: their
// signatures are held against the time that they live in. The error refuses a
// step back.
func (s *Sandbox) Advance(d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("the sandbox's time cannot be turned back by %s", -d)
	}
	s.clock.ahead.Add(int64(d))
	s.parts.clockwork.Wake()
	return nil
}

// Settle waits until AWS has done what it does by itself: passed on what happened so
// far, with what that led to, and what is due by now. The error is ctx's, or says
// that the sandbox has ended.
func (s *Sandbox) Settle(ctx context.Context) error {
	for {
		s.parts.audit.Flush() // what is recorded is news
		n := s.parts.clockwork.News()
		if err := s.parts.clockwork.Settle(ctx); err != nil {
			return err
		}
		s.parts.audit.Flush()
		if s.parts.clockwork.News() == n {
			return nil
		}
	}
}

// settled is Settle for the control API, which waits for a minute at most.
func (s *Sandbox) settled() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return s.Settle(ctx)
}

// AdvanceTime is Advance and Settle, for the control API.
func (s *Sandbox) AdvanceTime(a control.Advance) (control.Advanced, error) {
	if err := s.Advance(a.By); err != nil {
		return control.Advanced{}, err
	}
	err := s.settled()
	return control.Advanced{Now: s.Now()}, err
}
