package sink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// maxBody is the longest payload that is taken: an SNS message has at most 256
	// KiB, which JSON's escapes can make longer.
	maxBody = 1 << 20
	// maxRequests is how many are worked on at once; together they bound the memory.
	maxRequests = 32
	// maxAge is how old a signed SNS message may be if the window is shorter. SNS
	// tries an HTTP endpoint for an hour at most.
	// Source: SNS Developer Guide "Creating an HTTP/S delivery policy".
	maxAge = 2 * time.Hour
)

// Server returns an HTTP server for the sink with a timeout on everything. The caller
// listens, serves and shuts it down.
func (s *Sink) Server() *http.Server {
	return &http.Server{
		Handler: s, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 15*time.Second + s.config.Timeout + 5*time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
}

// Serve answers on a listener until the context is done; then it takes no new requests
// and waits for the ones in work.
func (s *Sink) Serve(ctx context.Context, l net.Listener) error {
	server := s.Server()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Timeout+5*time.Second)
	defer cancel()
	return server.Shutdown(wait)
}

// ServeHTTP takes POST / and GET /healthz.
func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz":
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			s.refuse(w, http.StatusMethodNotAllowed, "GET", "/healthz takes GET")
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ok\n") // who asked may be gone
	case "/":
		if r.Method != http.MethodPost {
			s.refuse(w, http.StatusMethodNotAllowed, "POST", "alerts are sent by POST")
			return
		}
		s.post(w, r)
	default:
		s.refuse(w, http.StatusNotFound, "", "alerts are sent to /")
	}
}

func (s *Sink) post(w http.ResponseWriter, r *http.Request) {
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	default:
		w.Header().Set("Retry-After", "1")
		s.refuse(w, http.StatusServiceUnavailable, "", fmt.Sprintf("%d requests are in work already", maxRequests))
		return
	}
	fromSNS := r.Header.Get("X-Amz-Sns-Message-Type") != ""
	if !fromSNS && !s.knowsSecret(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="alert-sink"`)
		s.refuse(w, http.StatusUnauthorized, "", "the shared secret is missing or wrong: send it in X-Alert-Secret or as Authorization: Bearer")
		return
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, big := errors.AsType[*http.MaxBytesError](err); big {
		s.refuse(w, http.StatusRequestEntityTooLarge, "", fmt.Sprintf("the payload has more than %d bytes", maxBody))
		return
	}
	if err != nil {
		s.refuse(w, http.StatusBadRequest, "", "the payload did not arrive whole")
		return
	}
	// Whoever asked may give up; what is being told is told to its end.
	ctx := context.WithoutCancel(r.Context())
	if fromSNS {
		s.postSNS(ctx, w, r.Header, payload)
		return
	}
	alerts, err := Parse(payload)
	s.answer(ctx, w, alerts, err)
}

// knowsSecret compares in a time that does not depend on the secret.
func (s *Sink) knowsSecret(r *http.Request) bool {
	known := s.secrets.Shared.matches(r.Header.Get("X-Alert-Secret"))
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") && s.secrets.Shared.matches(strings.TrimSpace(token)) {
		known = true
	}
	return known
}

// postSNS takes what SNS posts to an endpoint.
// Source: SNS Developer Guide "Fanout to HTTP/S endpoints".
func (s *Sink) postSNS(ctx context.Context, w http.ResponseWriter, h http.Header, payload []byte) {
	if strings.EqualFold(h.Get("X-Amz-Sns-Rawdelivery"), "true") {
		s.refuse(w, http.StatusBadRequest, "", "the subscription has raw message delivery, which is not signed: switch it off")
		return
	}
	var m snsMessage
	if err := read("the SNS message", payload, &m); err != nil {
		s.refuse(w, http.StatusBadRequest, "", err.Error())
		return
	}
	if m.Type != notification && m.Type != confirmation && m.Type != farewell {
		s.refuse(w, http.StatusBadRequest, "", fmt.Sprintf("the SNS message has the type %q, which the sink does not know", plain(m.Type, 40)))
		return
	}
	t, err := s.allowed(m.TopicArn)
	if err == nil {
		err = m.age(s.now(), max(maxAge, s.config.DedupeWindow))
	}
	check, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	if err == nil {
		err = s.sns.verify(check, &m, t)
	}
	if err == nil && m.Type == confirmation {
		err = s.sns.confirm(check, &m, t)
	}
	if u, ok := errors.AsType[*unavailable](err); ok {
		s.refuse(w, http.StatusBadGateway, "", u.Error())
		return
	}
	if err != nil {
		s.refuse(w, http.StatusForbidden, "", err.Error())
		return
	}
	switch m.Type {
	case confirmation:
		s.log.Info("subscription confirmed", "topic", t.arn)
		s.answer(ctx, w, nil, nil)
	case farewell:
		s.answer(ctx, w, []Alert{unsubscribed(t, m.MessageID, m.Timestamp)}, nil)
	default:
		alerts, err := parseInside(m.Message)
		s.answer(ctx, w, alerts, err)
	}
}

// unsubscribed is the alert about a topic whose alerts do not come any more. SNS says
// so once, and whoever wants the sink blind would do just this.
func unsubscribed(t topic, id, at string) Alert {
	return Alert{Type: "sns-unsubscribed", Key: "sns-unsubscribed:" + id, Severity: Critical,
		Title: "The alert sink was unsubscribed", Text: "SNS no longer sends this topic's alerts to the alert sink. If nobody meant to, somebody is hiding something.",
		Facts: facts("Topic", t.arn, "Time", at)}
}

func (s *Sink) allowed(arn string) (topic, error) {
	for _, a := range s.config.Topics {
		if a == arn {
			return parseTopic(arn)
		}
	}
	return topic{}, fmt.Errorf("the topic %q is not in SINK_TOPICS", plain(arn, 200))
}

// answer tells the alerts and says what became of them.
func (s *Sink) answer(ctx context.Context, w http.ResponseWriter, alerts []Alert, refused error) {
	report := s.Deliver(ctx, alerts)
	status := http.StatusOK
	switch {
	case report.Unreached > 0:
		status = http.StatusBadGateway
	case refused != nil:
		status = http.StatusBadRequest
	case len(report.Failed) > 0:
		status = http.StatusMultiStatus
	}
	if refused != nil {
		report.Error = reasons(refused)
		s.log.Error("refused", "status", status, "reason", report.Error)
	}
	write(w, status, report)
}

func (s *Sink) refuse(w http.ResponseWriter, status int, allow, why string) {
	if allow != "" {
		w.Header().Set("Allow", allow)
	}
	w.Header().Set("Connection", "close") // what was not read is not worth reading
	s.log.Warn("refused", "status", status, "reason", why)
	write(w, status, Report{FormatVersion: 1, Failed: []Failure{}, Error: why})
}

func write(w http.ResponseWriter, status int, report Report) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(report) // who asked may be gone
}

// reasons writes joined errors on one line, at most ten of them.
func reasons(err error) string {
	lines := strings.Split(err.Error(), "\n")
	if len(lines) > 10 {
		lines = append(lines[:10], fmt.Sprintf("and %d more", len(lines)-10))
	}
	return strings.Join(lines, "; ")
}
