package sink_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/sink"
	"github.com/strongroom-dev/strongroom/internal/sink/sinktest"
)

func TestWhoIsLetIn(t *testing.T) {
	right := map[string]string{"X-Alert-Secret": shared}
	cases := []struct {
		name, method, path string
		headers            map[string]string
		payload            string
		status             int
		reason             string
	}{
		{"the header", "POST", "/", right, "", 200, ""},
		{"bearer", "POST", "/", map[string]string{"Authorization": "Bearer " + shared}, "", 200, ""},
		{"bearer in lower case", "POST", "/", map[string]string{"Authorization": "bearer  " + shared}, "", 200, ""},
		{"one wrong, one right", "POST", "/", map[string]string{"X-Alert-Secret": "no", "Authorization": "Bearer " + shared}, "", 200, ""},
		{"none", "POST", "/", nil, "", 401, "missing or wrong"},
		{"empty", "POST", "/", map[string]string{"X-Alert-Secret": "", "Authorization": "Bearer "}, "", 401, "missing or wrong"},
		{"wrong", "POST", "/", map[string]string{"X-Alert-Secret": shared + "x"}, "", 401, "missing or wrong"},
		{"a part", "POST", "/", map[string]string{"X-Alert-Secret": shared[:len(shared)-1]}, "", 401, "missing or wrong"},
		{"another case", "POST", "/", map[string]string{"X-Alert-Secret": strings.ToUpper(shared)}, "", 401, "missing or wrong"},
		{"basic", "POST", "/", map[string]string{"Authorization": "Basic " + shared}, "", 401, "missing or wrong"},
		{"no scheme", "POST", "/", map[string]string{"Authorization": shared}, "", 401, "missing or wrong"},
		{"in the address", "POST", "/?secret=" + shared, nil, "", 401, "missing or wrong"},
		{"an unknown payload of a stranger", "POST", "/", nil, "{}", 401, "missing or wrong"},
		{"GET", "GET", "/", right, "", 405, "POST"},
		{"PUT", "PUT", "/", right, "", 405, "POST"},
		{"elsewhere", "POST", "/alerts", right, "", 404, "sent to /"},
		{"too long", "POST", "/", right, strings.Repeat(" ", 1<<20) + "{}", 413, "1048576"},
		{"too long of a stranger", "POST", "/", nil, strings.Repeat(" ", 1<<20) + "{}", 401, "missing or wrong"},
		{"not JSON", "POST", "/", right, "disk full", 400, "not a JSON object"},
		{"a list", "POST", "/", right, "[]", 400, "not a JSON object"},
		{"unknown", "POST", "/", right, `{"text":"x","attachments":[],"a b":1}`, 400, "its members are (no identifier), attachments, text"},
		{"a health check by POST", "POST", "/healthz", nil, "", 405, "GET"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			payload := c.payload
			if payload == "" {
				payload = webhook("a", "critical")
			}
			status, report := w.send(c.method, c.path, payload, c.headers)
			if status != c.status || !strings.Contains(report.Error, c.reason) || (report.Error == "") != (c.status == 200) {
				t.Errorf("%d %+v", status, report)
			}
			if n := len(w.ntfy.Messages()); (n == 1) != (c.status == 200) {
				t.Errorf("%d messages", n)
			}
		})
	}
}

func TestRefusalsSayWhatWouldDo(t *testing.T) {
	w := newWorld(t)
	if status, _, h := w.raw("GET", "/", "", nil); status != 405 || h.Get("Allow") != "POST" {
		t.Errorf("%d %v", status, h)
	}
	if status, _, h := w.raw("POST", "/", "{}", nil); status != 401 || !strings.HasPrefix(h.Get("WWW-Authenticate"), "Bearer ") || h.Get("Content-Type") != "application/json" {
		t.Errorf("%d %v", status, h)
	}
	for _, method := range []string{"GET", "HEAD"} {
		if status, body, _ := w.raw(method, "/healthz", "", nil); status != 200 || (method == "GET") != (body == "ok\n") {
			t.Errorf("%s: %d %q", method, status, body)
		}
	}
}

// Without a shared secret nobody is let in by one: not even by sending none.
func TestWithoutASecretOnlySNSIsTaken(t *testing.T) {
	w := newWorld(t)
	c, err := sink.FromEnvironment([]string{"SINK_NTFY_TOPIC=" + sinktest.NtfyTopic, "SINK_NTFY_URL=" + w.ntfy.URL})
	if err != nil {
		t.Fatal(err)
	}
	w.sink = sink.New(sink.Options{Config: c, Secrets: sink.Secrets{NtfyTopic: sink.NewSecret(sinktest.NtfyTopic)}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := w.sink.Server()
	go func() { _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	w.url = "http://" + l.Addr().String()
	for _, h := range []map[string]string{nil, {"X-Alert-Secret": ""}, {"Authorization": "Bearer "}, {"Authorization": "Bearer"}, {"X-Alert-Secret": "(secret)"}} {
		if status, _ := w.send("POST", "/", webhook("a", "critical"), h); status != 401 {
			t.Errorf("%v: %d", h, status)
		}
	}
	w.told(0, 0)
}

func TestEverythingHasATimeout(t *testing.T) {
	s := newWorld(t).sink.Server()
	for name, d := range map[string]time.Duration{"ReadHeaderTimeout": s.ReadHeaderTimeout, "ReadTimeout": s.ReadTimeout, "WriteTimeout": s.WriteTimeout, "IdleTimeout": s.IdleTimeout} {
		if d <= 0 || d > time.Minute {
			t.Errorf("%s is %v", name, d)
		}
	}
	if s.MaxHeaderBytes <= 0 || s.MaxHeaderBytes > 64<<10 {
		t.Errorf("headers of %d bytes", s.MaxHeaderBytes)
	}
}

// What is in work when the sink is told to end is told to its end.
func TestShuttingDownWaits(t *testing.T) {
	w := newWorld(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	held := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		w.ntfy.ServeHTTP(rw, r)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := &http.Server{Handler: held}
	go func() { _ = target.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = target.Close() })
	w.start(nil, "SINK_NTFY_URL=http://"+l.Addr().String())
	own, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.url = "http://" + own.Addr().String()
	ctx, stop := cancelable(t)
	ended, answered := make(chan error, 1), make(chan int, 1)
	go func() { ended <- w.sink.Serve(ctx, own) }()
	go func() {
		status, _ := w.post(webhook("a", "warning"))
		answered <- status
	}()
	<-entered
	stop()
	close(leave)
	if status := <-answered; status != 200 {
		t.Error(status)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	w.told(0, 1)
	if _, err := http.Get(w.url + "/healthz"); err == nil {
		t.Error("it still answers")
	}
}

// More requests than the sink works on at once are sent away to come again.
func TestTooManyAtOnceComeAgain(t *testing.T) {
	w := newWorld(t)
	leave := make(chan struct{})
	arrived := make(chan struct{}, 64)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-leave
		w.ntfy.ServeHTTP(rw, r)
	})}
	go func() { _ = target.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = target.Close() })
	w.start(&http.Client{Transport: &http.Transport{}}, "SINK_NTFY_URL=http://"+l.Addr().String())
	statuses := make(chan int, 33)
	for i := range 32 {
		go func() {
			status, _ := w.post(webhook(fmt.Sprint("n", i), "warning"))
			statuses <- status
		}()
	}
	for range 32 {
		<-arrived
	}
	status, body, h := w.raw("POST", "/", webhook("late", "warning"), map[string]string{"X-Alert-Secret": shared})
	if status != 503 || h.Get("Retry-After") != "1" || !strings.Contains(body, "32 requests") {
		t.Errorf("%d %s", status, body)
	}
	close(leave)
	for range 32 {
		if status := <-statuses; status != 200 {
			t.Error(status)
		}
	}
	if status, _ := w.post(webhook("late", "warning")); status != 200 {
		t.Error(status)
	}
	w.told(0, 33)
}
