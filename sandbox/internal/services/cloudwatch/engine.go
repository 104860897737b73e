package cloudwatch

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/internal/metricalarm"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/undelivered"
)

// principal is who CloudWatch calls topics as.
const principal = "cloudwatch.amazonaws.com"

// Engine evaluates the alarms, and tells of what changes. It is a part of the clockwork.
type Engine struct {
	cloudwatch *Service
	as         func(*op.Caller) http.RoundTripper
	tell       func(news ...any)
	failed     *undelivered.Log

	// seen is up to when each alarm was evaluated.
	seen map[string]time.Time
	// leaps are the last ones, by alarm, until the next evaluation in its own time.
	leaps map[string]leap
	// waited is for how many rounds evaluations that are due were put off.
	waited int
}

// NewEngine returns the part that evaluates the alarms of s. as makes the transport of a
// service that calls another; tell gets the events; failed is told of every action that a
// topic refused.
func NewEngine(s *Service, as func(*op.Caller) http.RoundTripper, tell func(news ...any), failed *undelivered.Log) *Engine {
	return &Engine{cloudwatch: s, as: as, tell: tell, failed: failed, seen: map[string]time.Time{}, leaps: map[string]leap{}}
}

// Name is for the log.
func (g *Engine) Name() string { return "cloudwatch alarms" }

// patience bounds for how many rounds of the clockwork an evaluation waits for the others.
const patience = 100

// Run evaluates what is due and tells of what changed, and says when the next evaluation
// is.
//
// When the time is moved on by hours, what the other parts do in these hours (deliver a
// log, count it in a metric) happens in the rounds after it. An evaluation therefore waits
// for a round that brings no news, and is done again if news come late; see rewind.
func (g *Engine) Run(ctx context.Context, now time.Time, news []any) (next time.Time, err error) {
	g.rewind()
	due, next := g.due(now)
	switch {
	case len(due) == 0:
		g.waited = 0
	case g.waited == 0 || len(news) > 0 && g.waited < patience:
		g.waited++
		next = now.Add(1) // the round after this one
	default:
		g.waited = 0
		for _, a := range due {
			if err := ctx.Err(); err != nil {
				return now, err
			}
			if err := g.evaluate(a, now); err != nil {
				return now, err
			}
		}
		_, next = g.due(now)
	}
	if err := g.changes(ctx, now); err != nil {
		return now, err
	}
	return next, nil
}

// oldest is how far back an alarm is evaluated that this engine has not seen yet: a sandbox
// that was ended makes good for what it missed.
const oldest = 24 * time.Hour

// due lists the alarms that are to be evaluated, and says when the next one is.
func (g *Engine) due(now time.Time) (due []*alarm, next time.Time) {
	_ = g.cloudwatch.db.View(func() error { // it only reads
		for key, a := range g.cloudwatch.alarms.From("") {
			rule := a.rule()
			seen, ok := g.seen[key]
			if !ok || seen.Before(a.Made) {
				seen = rule.Align(latest(a.Since, now.Add(-oldest)))
				g.seen[key] = seen
			}
			at := rule.Align(seen).Add(rule.Step())
			if !at.After(now) {
				due = append(due, a)
			}
			if next.IsZero() || at.Before(next) {
				next = at
			}
		}
		return nil
	})
	return due, next
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// evaluate looks at an alarm at each time from where it was last seen to now.
func (g *Engine) evaluate(a *alarm, now time.Time) error {
	rule, key := a.rule(), a.key()
	at := rule.Align(g.seen[key]).Add(rule.Step())
	if end := rule.Align(now); end.After(g.leaps[key].to) {
		delete(g.leaps, key)
		if end.After(at) {
			g.leaps[key] = leap{rule.Align(g.seen[key]), end}
		}
	}
	samples := g.samples(a, rule.From(at), now)
	for !at.After(now) {
		from := rule.From(at)
		first, _ := slices.BinarySearchFunc(samples, from, func(x metricalarm.Sample, t time.Time) int { return x.Time.Compare(t) })
		samples = samples[first:]
		v := rule.Evaluate(a.State, at, samples)
		if v.State != a.State {
			changed, err := g.change(a, v, at)
			if err != nil {
				return err
			}
			if changed == nil { // it was changed meanwhile: the next round has it
				return nil
			}
			a = changed
		}
		g.seen[key] = at
		next := at.Add(rule.Step())
		if len(samples) == 0 || !samples[0].Time.Before(at) {
			// Without data nothing changes until there is some.
			next = rule.Align(now)
			if len(samples) > 0 {
				next = rule.Align(samples[0].Time)
			}
			next = latest(next, at).Add(rule.Step())
			if len(samples) == 0 {
				g.seen[key] = latest(rule.Align(now), at)
			}
		}
		at = next
	}
	return nil
}

// samples of the alarm's metric, by time.
func (g *Engine) samples(a *alarm, from, to time.Time) (all []metricalarm.Sample) {
	_ = g.cloudwatch.db.View(func() error { // it only reads
		for _, x := range g.cloudwatch.between(a.metric(), a.Unit, from, to) {
			all = append(all, x)
		}
		return nil
	})
	slices.SortStableFunc(all, func(x, y metricalarm.Sample) int { return x.Time.Compare(y.Time) })
	return all
}

// change gives the alarm its new state; nil: it is no longer the one that was evaluated.
func (g *Engine) change(a *alarm, v metricalarm.Verdict, at time.Time) (changed *alarm, err error) {
	s := g.cloudwatch
	return changed, s.db.Update(func() error {
		if s.alarms.Get(a.key()) == a {
			changed = s.set(a, v.State, v.Reason, v.Data, at)
		}
		return nil
	})
}

// changes tells of every change that waits: EventBridge, and the topics of the new state.
// Source: CloudWatch User Guide "Using Amazon CloudWatch alarms": actions are for changes
// of state; "Alarm events and EventBridge".
func (g *Engine) changes(ctx context.Context, now time.Time) error {
	var waiting []*change
	_ = g.cloudwatch.db.View(func() error { // it only reads
		for _, c := range g.cloudwatch.changes.From("") {
			waiting = append(waiting, c)
		}
		return nil
	})
	for _, c := range waiting {
		if err := ctx.Err(); err != nil {
			return err
		}
		g.tell(c.signal())
		done := g.act(ctx, now, c)
		err := g.cloudwatch.db.Update(func() error {
			g.cloudwatch.changes.Delete(c.Order)
			for _, h := range done {
				g.cloudwatch.remember(h)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// act executes the actions of the state that the alarm came to.
func (g *Engine) act(ctx context.Context, now time.Time, c *change) (done []*historyItem) {
	a := &c.Alarm
	if !a.Enabled {
		return nil
	}
	for _, topic := range a.actions(a.State) {
		subject, body, err := c.message()
		if err == nil {
			err = g.publish(ctx, a, topic, subject, body)
		}
		if err != nil {
			g.failed.Add(undelivered.Failure{Time: now, Service: principal, From: a.arn(), To: topic, Reason: err.Error()})
		}
		done = append(done, acted(a, topic, body, now, err))
	}
	return done
}

// publish asks SNS as CloudWatch, for the alarm: the topic's policy decides, and that of
// its key.
// Source: CloudWatch User Guide "Notifying users on alarm changes"; SNS Developer Guide
// "Allow Amazon CloudWatch alarms in another account to publish", aws:SourceArn; Knowledge
// Center "CloudWatch alarm SNS topic encrypted": the key's policy admits
// cloudwatch.amazonaws.com.
func (g *Engine) publish(ctx context.Context, a *alarm, topic, subject, body string) error {
	region := strings.SplitN(topic, ":", 6)[3] // checkActions has seen to it
	client := sns.New(sns.Options{Region: region, Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1,
		HTTPClient: &http.Client{Transport: g.as(op.ServiceCaller(principal, a.arn(), a.Account))}})
	_, err := client.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Subject: &subject, Message: &body})
	return err
}
