package sns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/undelivered"
)

// Deliverer empties the queue. It is a part of the clockwork.
type Deliverer struct {
	// SNS whose queue it is.
	SNS *Service
	// As makes the transport of a service that calls another.
	As func(*op.Caller) http.RoundTripper
	// Rand is for opening messages.
	Rand io.Reader
	// Failed is told of every delivery that was given up.
	Failed *undelivered.Log
	// HTTP calls the endpoints, of this machine alone.
	HTTP *http.Client
}

// NewDeliverer returns the part that delivers the messages of s.
func NewDeliverer(s *Service, as func(*op.Caller) http.RoundTripper, rand io.Reader, failed *undelivered.Log) *Deliverer {
	return &Deliverer{SNS: s, As: as, Rand: rand, Failed: failed, HTTP: &http.Client{
		// Source: SNS Developer Guide "Sending Amazon SNS messages to HTTP(S) endpoints": an
		// endpoint has 15 seconds to answer.
		Timeout: 15 * time.Second,
		// No proxy: what would leave the machine is not sent at all.
		Transport:     &http.Transport{DialContext: loopback, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// errAway is the refusal of an endpoint that is not on this machine.
var errAway = errors.New("the sandbox delivers by HTTP to loopback addresses alone, and nothing leaves the machine")

func loopback(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Control: func(_, resolved string, _ syscall.RawConn) error {
		if at, err := netip.ParseAddrPort(resolved); err != nil || !at.Addr().Unmap().IsLoopback() {
			return errAway
		}
		return nil
	}}
	return d.DialContext(ctx, network, address)
}

// local reports whether a host is on this machine, without asking any name server.
func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// Name is for the log.
func (d *Deliverer) Name() string { return "sns deliveries" }

// Run delivers what is due, and says when the next is.
func (d *Deliverer) Run(ctx context.Context, now time.Time, _ []any) (next time.Time, err error) {
	for {
		// A retry without delay is due at once.
		if next, err = d.round(ctx, now); err != nil || next.IsZero() || next.After(now) {
			return next, err
		}
	}
}

func (d *Deliverer) round(ctx context.Context, now time.Time) (next time.Time, err error) {
	var due []*delivery
	err = d.SNS.db.View(func() error {
		for _, x := range d.SNS.queue.From("") {
			if !x.Due.After(now) {
				due = append(due, x)
			} else if next.IsZero() || x.Due.Before(next) {
				next = x.Due
			}
		}
		return nil
	})
	if err != nil || len(due) == 0 {
		return next, err
	}
	k, err := d.SNS.theSigner(now)
	if err != nil {
		return next, err
	}
	for _, x := range due {
		if err := ctx.Err(); err != nil {
			return next, err
		}
		again, err := d.deliver(ctx, now, k, x)
		if err != nil {
			return next, err
		}
		if !again.IsZero() && (next.IsZero() || again.Before(next)) {
			next = again
		}
	}
	return next, nil
}

// final marks an error that no repetition mends.
type final struct{ error }

// deliver makes one attempt, and takes the delivery out of the queue or puts it off.
func (d *Deliverer) deliver(ctx context.Context, now time.Time, k *signer, x *delivery) (again time.Time, err error) {
	var body string
	var plan *retries
	gone := false
	err = d.SNS.db.View(func() error {
		sub := d.SNS.subscriptions.Get(x.Subscription)
		if gone = sub == nil; gone {
			return nil
		}
		plan = sub.retries(d.SNS.topics.Get(x.Topic))
		body, err = d.SNS.open(&op.Call{Ctx: ctx, Now: now, Rand: d.Rand, Region: x.Region, Caller: op.ServiceCaller("sns.amazonaws.com", x.Topic, x.Account)}, x)
		return err
	})
	var problem error
	var mail *Mail
	switch {
	case err != nil:
		problem = final{fmt.Errorf("the message cannot be decrypted: %w", err)}
	case gone:
	case x.Protocol == "email" || x.Protocol == "email-json":
		if mail, err = x.mail(k, body); err != nil {
			return again, err
		}
	case x.Protocol == "lambda":
		problem = d.invoke(ctx, k, x, body)
	default:
		problem = d.post(ctx, k, x, body)
	}
	if problem != nil {
		seconds, ok := 0, false
		if f := (final{}); !errors.As(problem, &f) && plan != nil {
			seconds, ok = plan.delay(x.Attempt + 1)
		}
		if ok {
			own := *x
			own.Attempt, own.Due = x.Attempt+1, now.Add(time.Duration(seconds)*time.Second)
			return own.Due, d.SNS.db.Update(func() error {
				d.SNS.queue.Put(own.Order, &own)
				return nil
			})
		}
		d.Failed.Add(undelivered.Failure{Time: now, Service: "sns.amazonaws.com", From: x.Topic, To: x.Endpoint, Reason: problem.Error()})
	}
	return again, d.SNS.db.Update(func() error {
		d.SNS.queue.Delete(x.Order)
		if mail != nil {
			mail.Time = now
			d.SNS.keepMail(*mail)
		}
		return nil
	})
}

// mail writes a message as SNS mails it. The wording is close to AWS's, which is not
// documented.
func (d *delivery) mail(k *signer, body string) (*Mail, error) {
	m := &Mail{To: d.Endpoint, Topic: d.Topic, Subject: d.Subject, Body: body}
	if d.Confirm {
		m.Subject, m.Confirm = "AWS Notification - Subscription Confirmation", confirmURL(d)
		m.Body = "You have chosen to subscribe to the topic:\n" + d.Topic +
			"\n\nTo confirm this subscription, click or visit the link below (If this was in error no action is necessary):\n" + m.Confirm + "\n"
	}
	if m.Subject == "" {
		m.Subject = "AWS Notification Message"
	}
	if d.Protocol == "email-json" {
		raw, err := d.envelope(k, body)
		m.Body = string(raw)
		return m, err
	}
	if !d.Confirm {
		m.Body += "\n\n--\nIf you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:\n" + unsubscribeURL(d) + "\n"
	}
	return m, nil
}

func (d *Deliverer) post(ctx context.Context, k *signer, x *delivery, body string) error {
	u, err := url.Parse(x.Endpoint)
	if err != nil {
		return final{errors.New("the endpoint is not a URL")}
	}
	if !local(u.Hostname()) {
		return final{errAway}
	}
	content := []byte(body)
	if !x.Raw || x.Confirm {
		if content, err = x.envelope(k, body); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, x.Endpoint, bytes.NewReader(content))
	if err != nil {
		return final{errors.New("the endpoint is not a URL")}
	}
	// Source: SNS Developer Guide "HTTP/HTTPS headers".
	h := r.Header
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	h.Set("User-Agent", "Amazon Simple Notification Service Agent")
	h.Set("x-amz-sns-message-type", "Notification")
	h.Set("x-amz-sns-message-id", x.MessageID)
	h.Set("x-amz-sns-topic-arn", x.Topic)
	switch {
	case x.Confirm:
		h.Set("x-amz-sns-message-type", "SubscriptionConfirmation")
	default:
		h.Set("x-amz-sns-subscription-arn", x.Subscription)
		if x.Raw {
			h.Set("x-amz-sns-rawdelivery", "true")
		}
	}
	response, err := d.HTTP.Do(r)
	if err != nil {
		if errors.Is(err, errAway) {
			return final{errAway}
		}
		return fmt.Errorf("the endpoint does not answer: %w", errors.Unwrap(err))
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)) // only the status counts
	_ = response.Body.Close()
	switch code := response.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code >= 400 && code < 500 && code != http.StatusTooManyRequests:
		// Source: SNS Developer Guide "Amazon SNS message delivery retries": client errors are
		// not retried.
		return final{fmt.Errorf("the endpoint answers %s", response.Status)}
	default:
		return fmt.Errorf("the endpoint answers %s", response.Status)
	}
}
