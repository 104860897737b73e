package sink_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/sink"
	"github.com/strongroom-dev/strongroom/internal/sink/sinktest"
)

const shared = "correct-horse-battery-staple"

// world is a sink between stand-ins, with a clock that moves when it sleeps.
type world struct {
	t        *testing.T
	sink     *sink.Sink
	pushover *sinktest.Pushover
	ntfy     *sinktest.Ntfy
	log      *syncBuffer
	url      string

	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

// newWorld starts a sink; extra are further NAME=VALUE pairs of its environment.
func newWorld(t *testing.T, extra ...string) *world {
	t.Helper()
	w := &world{t: t, pushover: sinktest.NewPushover(t), ntfy: sinktest.NewNtfy(t), log: &syncBuffer{}, now: time.Date(2026, 5, 12, 9, 30, 0, 0, time.UTC)}
	w.start(nil, extra...)
	return w
}

func (w *world) start(client *http.Client, extra ...string) {
	w.t.Helper()
	environ := append([]string{
		"SINK_PUSHOVER_URL=" + w.pushover.URL, "SINK_NTFY_URL=" + w.ntfy.URL, "SINK_NTFY_TOPIC=" + sinktest.NtfyTopic,
		"SINK_PUSHOVER_TOKEN_PARAMETER=/s/token", "SINK_PUSHOVER_USER_PARAMETER=/s/user", "SINK_NTFY_TOKEN_PARAMETER=/s/ntfy", "SINK_SECRET_PARAMETER=/s/secret",
	}, extra...)
	c, err := sink.FromEnvironment(environ)
	if err != nil {
		w.t.Fatal(err)
	}
	secrets, err := sink.ReadSecrets(w.t.Context(), parameters{
		"/s/token": {value: sinktest.PushoverToken}, "/s/user": {value: sinktest.PushoverUser}, "/s/ntfy": {value: sinktest.NtfyToken}, "/s/secret": {value: shared},
	}, c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.sink = sink.New(sink.Options{
		Config: c, Secrets: secrets, HTTP: client, Log: slog.New(slog.NewJSONHandler(w.log, nil)),
		Now: w.clock, Sleep: w.sleep, Random: func() float64 { return 0.5 },
	})
	s := httptest.NewServer(w.sink)
	w.t.Cleanup(s.Close)
	w.url = s.URL
	w.t.Cleanup(func() { w.keptQuiet(w.log.String(), "the log") })
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) sleep(_ context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now, w.slept = w.now.Add(d), append(w.slept, d)
	return nil
}

func (w *world) pauses() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.slept
}

// keptQuiet fails if a text has a secret in it.
func (w *world) keptQuiet(text, where string) {
	for _, secret := range []string{shared, sinktest.PushoverToken, sinktest.PushoverUser, sinktest.NtfyToken} {
		if strings.Contains(text, secret) {
			w.t.Errorf("%s has a secret: %s", where, text)
		}
	}
}

// post sends a payload with the shared secret and returns status and report.
func (w *world) post(payload string) (int, sink.Report) {
	w.t.Helper()
	return w.send(http.MethodPost, "/", payload, map[string]string{"X-Alert-Secret": shared})
}

func (w *world) send(method, path, payload string, headers map[string]string) (int, sink.Report) {
	w.t.Helper()
	status, body, _ := w.raw(method, path, payload, headers)
	var report sink.Report
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&report); err != nil || report.FormatVersion != 1 || report.Failed == nil {
		w.t.Fatalf("%d %s: %v", status, body, err)
	}
	return status, report
}

func (w *world) raw(method, path, payload string, headers map[string]string) (int, string, http.Header) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(payload))
	if err != nil {
		w.t.Fatal(err)
	}
	for n, v := range headers {
		r.Header.Set(n, v)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer a.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(a.Body); err != nil {
		w.t.Fatal(err)
	}
	w.keptQuiet(body.String(), "the answer")
	return a.StatusCode, body.String(), a.Header
}

// told compares how many messages both targets have.
func (w *world) told(pushover, ntfy int) {
	w.t.Helper()
	if p, n := len(w.pushover.Messages()), len(w.ntfy.Messages()); p != pushover || n != ntfy {
		w.t.Errorf("Pushover has %d messages and ntfy %d, want %d and %d", p, n, pushover, ntfy)
	}
}

// webhook is the plain object with a key.
func webhook(key, severity string) string {
	return fmt.Sprintf(`{"title":"Backup of %s failed","message":"exit status 1","severity":%q,"key":%q,"type":"backup/failed"}`, key, severity, key)
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func cancelable(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	return ctx, stop
}
