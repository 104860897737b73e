package sandbox

import (
	"fmt"
	"sync/atomic"
	"time"
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
	return nil
}
