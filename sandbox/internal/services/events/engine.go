package events

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/strongroom-dev/strongroom/internal/eventpattern"
	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/undelivered"
)

// Trails is what the engine asks of CloudTrail.
type Trails interface {
	// Logs reports whether a trail that is logging in the event's account and region
	// records it. It is called without the state's lock.
	Logs(e *audit.Event) bool
}

// Engine passes events on. It is a part of the clockwork.
type Engine struct {
	events *Service
	as     func(*op.Caller) http.RoundTripper
	rand   io.Reader
	failed *undelivered.Log

	// Trails decides which calls become events; nil: there is no trail, and none do.
	// Source: EventBridge User Guide "AWS service events delivered via AWS CloudTrail": a
	// trail with logging enabled is needed. Set it before the first request.
	Trails Trails
}

// NewEngine returns the part that passes the events of s on. as makes the transport of
// a service that calls another; failed is told of every event that a target refused.
func NewEngine(s *Service, as func(*op.Caller) http.RoundTripper, rand io.Reader, failed *undelivered.Log) *Engine {
	return &Engine{events: s, as: as, rand: rand, failed: failed}
}

// Name is for the log.
func (g *Engine) Name() string { return "eventbridge rules" }

// Run passes on what is new, what was put, and what schedules ask for.
func (g *Engine) Run(ctx context.Context, now time.Time, news []any) (next time.Time, err error) {
	for _, n := range news {
		switch n := n.(type) {
		case op.Signal:
			g.signal(ctx, now, n)
		case audit.Event:
			g.call(ctx, now, &n)
		case Emitted:
			g.match(ctx, now, &entry{n.Account, n.Region, defaultBus, n.Event}, n.DetailType == apiCall && quiet(n.EventName))
		}
	}
	if err := g.put(ctx, now); err != nil {
		return now, err
	}
	return g.schedules(ctx, now)
}

// signal passes on what a service tells.
func (g *Engine) signal(ctx context.Context, now time.Time, s op.Signal) {
	detail, err := encode(s.Detail)
	e := &event{ID: audit.NewID(g.rand), DetailType: s.DetailType, Source: s.Source, Account: s.Account, Region: s.Region,
		Time: stamp(s.Time), Resources: s.Resources, Detail: json.RawMessage(detail)}
	g.pass(ctx, now, e, err, false)
}

// call passes on a call that a trail logs. What EventBridge itself calls is left out,
// so that no rule answers its own doings for ever.
// Source: EventBridge User Guide "AWS service events delivered via AWS CloudTrail".
func (g *Engine) call(ctx context.Context, now time.Time, a *audit.Event) {
	if g.Trails == nil || a.UserIdentity.InvokedBy == "events.amazonaws.com" || !g.Trails.Logs(a) {
		return
	}
	service, _, _ := strings.Cut(a.EventSource, ".")
	kind := apiCall
	switch a.EventType {
	case "AwsConsoleSignIn":
		kind = "AWS Console Sign In via CloudTrail"
	case "AwsServiceEvent":
		kind = "AWS Service Event via CloudTrail"
	}
	detail, err := encode(a)
	e := &event{ID: audit.NewID(g.rand), DetailType: kind, Source: "aws." + service, Account: a.RecipientAccountID, Region: a.AWSRegion,
		Time: a.EventTime, Detail: json.RawMessage(detail)}
	g.pass(ctx, now, e, err, kind == apiCall && quiet(a.EventName))
}

// apiCall is the detail-type of what callers asked for.
const apiCall = "AWS API Call via CloudTrail"

// quiet reports calls that go to rules alone which ask for all management events: those
// that begin with List, Get or Describe.
// Source: EventBridge User Guide "AWS service events delivered via AWS CloudTrail",
// Receiving read-only management events.
func quiet(name string) bool {
	return strings.HasPrefix(name, "List") || strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "Describe")
}

// Emitted is an event that stands for one that an AWS service sends: news for the engine,
// which holds it against the rules of its account's default bus as it is.
type Emitted struct {
	// Account and Region are the bus's.
	Account, Region string
	// DetailType is the event's.
	DetailType string
	// EventName is that of the call in the detail; empty: the event is about none.
	EventName string
	// Event is the whole envelope, JSON.
	Event string
}

// pass gives an event to its account's default bus.
func (g *Engine) pass(ctx context.Context, now time.Time, e *event, err error, quiet bool) {
	text := ""
	if err == nil {
		text, err = e.text()
	}
	if err != nil {
		g.failed.Add(undelivered.Failure{Time: now, Service: "events.amazonaws.com", From: e.Source, To: defaultBus, Reason: "the event cannot be written as JSON: " + err.Error()})
		return
	}
	g.match(ctx, now, &entry{e.Account, e.Region, defaultBus, text}, quiet)
}

// put passes on what PutEvents left in the queue.
func (g *Engine) put(ctx context.Context, now time.Time) error {
	var keys []string
	var list []*entry
	_ = g.events.db.View(func() error { // it only reads
		for key, e := range g.events.queue.From("") {
			keys, list = append(keys, key), append(list, e)
		}
		return nil
	})
	for i, e := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		g.match(ctx, now, e, false)
		err := g.events.db.Update(func() error {
			g.events.queue.Delete(keys[i])
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// match holds an event against the rules of its bus. quiet events go to rules alone that
// ask for all management events.
func (g *Engine) match(ctx context.Context, now time.Time, in *entry, quiet bool) {
	e, err := eventpattern.NewEvent(in.Event)
	if err != nil {
		g.failed.Add(undelivered.Failure{Time: now, Service: "events.amazonaws.com", From: in.Bus, To: in.Bus, Reason: err.Error()})
		return
	}
	var tripped []*rule
	_ = g.events.db.View(func() error { // it only reads
		for _, r := range g.events.rules.Prefix(ruleKey(in.Account, in.Region, in.Bus, "")) {
			if quiet && r.State != types.RuleStateEnabledWithAllCloudtrailManagementEvents {
				continue
			}
			if r.enabled() && r.pattern != nil && r.pattern.Match(e) {
				tripped = append(tripped, r)
			}
		}
		return nil
	})
	for _, r := range tripped {
		g.deliver(ctx, now, r, in.Event)
	}
}

// schedules fires what is due, each time once, and returns when the next is.
func (g *Engine) schedules(ctx context.Context, now time.Time) (next time.Time, err error) {
	for {
		var due *rule
		next = time.Time{}
		_ = g.events.db.View(func() error { // it only reads
			for _, r := range g.events.rules.From("") {
				if r.schedule == nil || !r.enabled() || r.Next.IsZero() {
					continue
				}
				if next.IsZero() || r.Next.Before(next) {
					due, next = r, r.Next
				}
			}
			return nil
		})
		if due == nil || next.After(now) {
			return next, nil
		}
		if err := ctx.Err(); err != nil {
			return next, err
		}
		moved := false
		err := g.events.db.Update(func() error {
			// It may have been changed meanwhile.
			if moved = g.events.rules.Get(due.key()) == due; moved {
				own := *due
				own.Next = due.schedule.next(due.Next)
				g.events.rules.Put(own.key(), &own)
			}
			return nil
		})
		if err != nil {
			return next, err
		}
		if !moved {
			continue
		}
		// Source: EventBridge User Guide "Scheduled events".
		e := &event{ID: audit.NewID(g.rand), DetailType: "Scheduled Event", Source: "aws.events", Account: due.Account, Region: due.Region,
			Time: stamp(due.Next), Resources: []string{due.arn()}, Detail: json.RawMessage("{}")}
		text, err := e.text()
		if err != nil {
			return next, err
		}
		g.deliver(ctx, now, due, text)
	}
}
