package cli

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// atOnce is how many states are asked about at the same time.
const atOnce = 32

// each does the work 0 to n-1, several at once, and shows how far it is: on a terminal
// all the time, elsewhere every hundred. It returns the first error, and does not begin
// more after it.
func each(ctx context.Context, env *Env, what string, n int, do func(i int) error) error {
	view := newProgress(env)
	defer view.clear()
	var wg sync.WaitGroup
	var next, done atomic.Int64
	errs := make(chan error, atOnce)
	for range min(atOnce, n) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					errs <- err
					next.Store(int64(n))
					return
				}
				switch k := int(done.Add(1)); {
				case view.terminal && n > 1:
					view.draw(fmt.Sprintf("%s: %d of %d", what, k, n))
				case k%100 == 0 && k < n:
					view.line(fmt.Sprintf("%s: %d of %d", what, k, n))
				}
			}
		}()
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return ctx.Err()
	}
}
