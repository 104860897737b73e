package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/undelivered"
)

// queued is an event that waits for its function.
type queued struct {
	Order, Account, Region, Name, Qualifier, Request string
	// From is the ARN of what sent it by itself; empty: somebody called.
	From    string
	Payload []byte
	// Failures of the function, and Throttles, so far.
	Failures, Throttles int
	Accepted, Due       time.Time
}

func (q *queued) ref() ref { return ref{q.Account, q.Region, q.Name, q.Qualifier} }

// enqueue puts an event behind those of the same moment.
func (s *Service) enqueue(now time.Time, q *queued) {
	stem := strconv.FormatInt(now.UnixNano(), 10)
	for n := 1_000_000; ; n++ {
		if q.Order = stem + "/" + strconv.Itoa(n); s.queue.Get(q.Order) == nil {
			s.queue.Put(q.Order, q)
			return
		}
	}
}

// Name is for the log.
func (r *Runner) Name() string { return "lambda queue" }

// Run executes the events that are due, one after the other.
func (r *Runner) Run(ctx context.Context, now time.Time, _ []any) (next time.Time, err error) {
	r.mu.Lock()
	ready := r.environ != nil && !r.over
	r.mu.Unlock()
	if !ready {
		return next, nil
	}
	var due []*queued
	_ = r.service.db.View(func() error { // it only reads
		for _, q := range r.service.queue.From("") {
			if !q.Due.After(now) {
				due = append(due, q)
			} else if next.IsZero() || q.Due.Before(next) {
				next = q.Due
			}
		}
		return nil
	})
	for _, q := range due {
		if err := ctx.Err(); err != nil {
			return next, err
		}
		again := r.attempt(ctx, now, q)
		if err := errors.Join(ctx.Err(), r.ctx.Err()); err != nil {
			return next, err // it was cut off, and waits for the next start
		}
		err := r.service.db.Update(func() error {
			r.service.queue.Delete(q.Order)
			if again != nil {
				r.service.queue.Put(again.Order, again)
			}
			return nil
		})
		if err != nil {
			return next, err
		}
		if again != nil && (next.IsZero() || again.Due.Before(next)) {
			next = again.Due
		}
	}
	return next, nil
}

// attempt executes an event, and returns it as it is to be tried again; nil: it is done
// with.
// Source: Lambda Developer Guide "Error handling for asynchronous invocation": an error of
// the function is tried again after one minute and after two more; a throttle, or an error
// of the system, for up to 6 hours, after 1 second and up to 5 minutes.
func (r *Runner) attempt(ctx context.Context, now time.Time, q *queued) *queued {
	retries, age := r.patience(q)
	give := func(reason string) *queued {
		to := q.ref().arn()
		from := q.From
		if from == "" {
			from = to
		}
		r.failed.Add(undelivered.Failure{Time: now, Service: principal, From: from, To: to, Reason: reason})
		return nil
	}
	if now.Sub(q.Accepted) > age {
		return give("the event is older than " + age.String())
	}
	x, err := r.invoke(ctx, q.ref(), q.Request, q.Payload)
	own := *q
	switch {
	case err == nil && !x.failed:
		return nil
	case err == nil:
		if own.Failures++; own.Failures > retries {
			return give("the function failed " + times(own.Failures) + ", at last with " + kindOf(x.payload))
		}
		own.Due = now.Add(time.Duration(own.Failures) * time.Minute)
		return &own
	case codeOf(err) == "ResourceNotFoundException" || codeOf(err) == "NotImplemented":
		return give(err.Error())
	}
	own.Throttles++
	own.Due = now.Add(min(5*time.Minute, time.Second<<min(own.Throttles-1, 9)))
	if own.Due.Sub(q.Accepted) > age {
		return give("the function was not executed for " + age.String() + ", at last because of " + err.Error())
	}
	return &own
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// kindOf is the kind of error that a payload tells of, without its text, which may hold
// anything.
func kindOf(payload []byte) string {
	var e struct{ ErrorType string }
	if json.Unmarshal(payload, &e) != nil || e.ErrorType == "" {
		return "an error"
	}
	return e.ErrorType
}

// patience is how often and how long an event is tried again.
func (r *Runner) patience(q *queued) (retries int, age time.Duration) {
	retries, age = defaultRetries, defaultMaxAge
	_ = r.service.db.View(func() error { // it only reads
		f, v, err := r.service.existing(q.ref())
		if err != nil {
			return nil
		}
		x := f.Invoking[v.Number]
		if x.Retries != nil {
			retries = int(*x.Retries)
		}
		if x.MaxAge != nil {
			age = time.Duration(*x.MaxAge) * time.Second
		}
		return nil
	})
	return retries, age
}
