package clockwork_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/clockwork"
)

// clock is a time that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type part struct {
	name string
	run  func(now time.Time, news []any) (time.Time, error)
}

func (p part) Name() string { return p.name }

func (p part) Run(_ context.Context, now time.Time, news []any) (time.Time, error) {
	return p.run(now, news)
}

func settle(t *testing.T, c *clockwork.Clockwork) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}

// What a part leads to is dealt with before Settle returns.
func TestSettleWaitsForConsequences(t *testing.T) {
	time0 := &clock{now: time.Unix(1000, 0)}
	var c *clockwork.Clockwork
	ready := make(chan struct{})
	var got []any
	c = clockwork.New(time0.Now, slog.New(slog.DiscardHandler),
		part{"counts", func(_ time.Time, news []any) (time.Time, error) {
			<-ready
			for _, n := range news {
				got = append(got, n)
				if i := n.(int); i > 0 {
					c.Tell(i - 1)
				}
			}
			return time.Time{}, nil
		}})
	close(ready)
	defer c.Close()
	c.Tell(3)
	c.Tell(10, 20)
	settle(t, c)
	if len(got) != 4+11+21 || got[0] != 3 || slices.Index(got, any(10)) > slices.Index(got, any(20)) {
		t.Errorf("dealt with %v", got)
	}
}

// A part runs when its time has come, once, and is told the time.
func TestPartsRunWhenTheyAreDue(t *testing.T) {
	time0 := &clock{now: time.Unix(1000, 0)}
	var runs []int64
	c := clockwork.New(time0.Now, slog.New(slog.DiscardHandler),
		part{"every five minutes", func(now time.Time, _ []any) (time.Time, error) {
			runs = append(runs, now.Unix())
			return now.Add(5 * time.Minute), nil
		}})
	defer c.Close()
	settle(t, c)
	if len(runs) != 0 {
		t.Errorf("ran at %v without news", runs)
	}
	c.Tell("start")
	settle(t, c)
	time0.advance(4 * time.Minute)
	settle(t, c)
	time0.advance(time.Minute)
	settle(t, c)
	settle(t, c)
	if want := []int64{1000, 1300}; !slices.Equal(runs, want) {
		t.Errorf("ran at %v, want %v", runs, want)
	}
}

// A part that fails or panics is logged, and the others run.
func TestAFailureStaysItsOwn(t *testing.T) {
	time0 := &clock{now: time.Unix(1000, 0)}
	ran := 0
	c := clockwork.New(time0.Now, slog.New(slog.DiscardHandler),
		part{"panics", func(time.Time, []any) (time.Time, error) { panic("boom") }},
		part{"fails", func(time.Time, []any) (time.Time, error) { return time.Time{}, errors.New("boom") }},
		part{"hurries", func(now time.Time, _ []any) (time.Time, error) { return now.Add(-time.Hour), nil }},
		part{"runs", func(time.Time, []any) (time.Time, error) { ran++; return time.Time{}, nil }})
	c.Tell("x")
	settle(t, c)
	if ran != 1 {
		t.Errorf("ran %d times", ran)
	}
	c.Close()
	if err := c.Settle(context.Background()); err == nil {
		t.Error("an ended clockwork settles")
	}
	c.Tell("after the end")
}

func TestSettleEndsWithItsContext(t *testing.T) {
	time0 := &clock{now: time.Unix(1000, 0)}
	block := make(chan struct{})
	c := clockwork.New(time0.Now, slog.New(slog.DiscardHandler),
		part{"waits", func(time.Time, []any) (time.Time, error) { <-block; return time.Time{}, nil }})
	defer c.Close()
	defer close(block)
	c.Tell("x")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Settle(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Settle = %v", err)
	}
}
