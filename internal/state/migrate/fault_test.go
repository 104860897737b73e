package migrate_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// fault is what goes wrong with a request to S3 or GitLab.
type fault struct {
	name string
	// some are the requests of the default's sample, to the place and from it; 0: none.
	some [2]int64
	// lasts is whether all later requests fail as well.
	lasts bool
	// status and text are the answer instead of the place's.
	status int
	text   string
	// cut ends the connection: before the request arrives, or after it was done.
	cut, late bool
}

func xml(code, message string) string {
	return "<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>"
}

var s3Faults = []fault{
	{name: "throttled", some: [2]int64{3, 0}, status: http.StatusServiceUnavailable, text: xml("SlowDown", "Please reduce your request rate.")},
	{name: "expired", some: [2]int64{0, 10}, lasts: true, status: http.StatusBadRequest, text: xml("ExpiredToken", "The provided token has expired.")},
	{name: "denied", some: [2]int64{9, 0}, lasts: true, status: http.StatusForbidden, text: xml("AccessDenied", "Access Denied")},
	{name: "cut", some: [2]int64{0, 4}, cut: true},
	{name: "cut when it was done", some: [2]int64{3, 0}, cut: true, late: true},
	{name: "silent from then on", some: [2]int64{0, 4}, lasts: true, cut: true},
}

// What GitLab, and nginx before it, answer. Source: GitLab "Rate limits", "REST API
// troubleshooting".
var gitLabFaults = []fault{
	{name: "cut", cut: true},
	{name: "cut when it was done", some: [2]int64{2, 0}, cut: true, late: true},
	{name: "silent from then on", lasts: true, cut: true},
	{name: "too many requests", some: [2]int64{0, 3}, status: http.StatusTooManyRequests, text: "Retry later\n"},
	{name: "bad gateway", status: http.StatusBadGateway, text: "<html><head><title>502</title></head><body>GitLab is not responding</body></html>"},
	{name: "down from then on", lasts: true, status: http.StatusServiceUnavailable, text: "<html>503</html>"},
	{name: "an error for good", some: [2]int64{10, 0}, lasts: true, status: http.StatusInternalServerError, text: `{"message":"500 Internal Server Error"}`},
	{name: "expired", some: [2]int64{0, 5}, lasts: true, status: http.StatusUnauthorized, text: `{"message":"401 Unauthorized"}`},
	{name: "denied", lasts: true, status: http.StatusForbidden, text: `{"message":"403 Forbidden"}`},
}

// disturb hands requests on, and does something at the n-th. It counts them.
func (f fault) disturb(n int64, on http.RoundTripper) (h http.Handler, seen *atomic.Int64) {
	seen = &atomic.Int64{}
	return http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		if err != nil {
			return
		}
		now := seen.Add(1)
		wrong := now == n || f.lasts && now > n
		switch {
		case wrong && f.cut && !f.late:
			panic(http.ErrAbortHandler)
		case wrong && !f.cut:
			out.Header().Set("Content-Type", "application/xml")
			out.WriteHeader(f.status)
			if in.Method != http.MethodHead {
				fmt.Fprint(out, f.text)
			}
			return
		}
		at := *in.URL
		if at.Host == "" { // of a server, and not of a proxy
			at.Scheme, at.Host = "https", in.Host
		}
		to, err := http.NewRequestWithContext(in.Context(), in.Method, at.String(), bytes.NewReader(body))
		if err != nil {
			return
		}
		to.Header = in.Header.Clone()
		resp, err := on.RoundTrip(to)
		if err != nil {
			return
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			return
		}
		if wrong && f.late {
			panic(http.ErrAbortHandler)
		}
		for name, values := range resp.Header {
			out.Header()[name] = values
		}
		out.WriteHeader(resp.StatusCode)
		_, _ = out.Write(raw)
	}), seen
}

// beforeS3 puts a proxy between the migration and S3, spoken to without TLS. It returns
// the migration's environment.
func (w *world) beforeS3(f fault, n int64) (environ []string, seen *atomic.Int64) {
	on := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse(w.sandbox.URL()) }}
	h, seen := f.disturb(n, on)
	server := httptest.NewServer(h)
	w.t.Cleanup(server.Close)
	w.t.Cleanup(on.CloseIdleConnections)
	return []string{"AWS_ENDPOINT_URL_S3=http://s3.eu-west-2.amazonaws.com", "HTTP_PROXY=" + server.URL, "http_proxy=" + server.URL}, seen
}

// beforeGitLab puts a server between the migration and GitLab, and a proxy before both
// that leads to it: GitLab's address is https, and stays so.
func (w *world) beforeGitLab(f fault, n int64) (environ []string, seen *atomic.Int64) {
	w.t.Helper()
	client := w.sandbox.HTTPClient()
	h, seen := f.disturb(n, client.Transport)
	server := httptest.NewUnstartedServer(h)
	pair, text := certificate(w.t, "gitlab.com")
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it is cut on purpose
	server.StartTLS()
	proxy := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if in.Method != http.MethodConnect || in.Host != "gitlab.com:443" {
			http.Error(out, "only GitLab is here", http.StatusBadGateway)
			return
		}
		to, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			return
		}
		defer to.Close()
		from, _, err := http.NewResponseController(out).Hijack()
		if err != nil {
			return
		}
		defer from.Close()
		if _, err := io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(to, from)
			to.Close()
		}()
		_, _ = io.Copy(from, to)
	}))
	w.t.Cleanup(client.CloseIdleConnections)
	w.t.Cleanup(server.Close)
	w.t.Cleanup(proxy.Close)
	path := filepath.Join(w.home, "ca.pem")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return []string{"HTTPS_PROXY=" + proxy.URL, "https_proxy=" + proxy.URL, "SSL_CERT_FILE=" + path}, seen
}

// certificate is one of a host, signed by itself.
func certificate(t *testing.T, host string) (pair tls.Certificate, text []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true}
	raw, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
}

// Whatever S3 or GitLab does at whatever request: the state is somewhere as a whole,
// nobody stays locked out by what went wrong once, and the next run completes. The
// default is a sample.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("an engine runs some times")
	}
	t.Parallel()
	for _, b := range enginetest.Chosen(t) {
		for _, place := range []struct {
			kind   string
			faults []fault
			before func(*world, fault, int64) ([]string, *atomic.Int64)
		}{{"s3", s3Faults, (*world).beforeS3}, {"http", gitLabFaults, (*world).beforeGitLab}} {
			for i, p := range []struct{ from, to string }{{"local", place.kind}, {place.kind, "local"}} {
				for _, f := range place.faults {
					if f.some[i] == 0 && !enginetest.Full() {
						continue
					}
					t.Run(fmt.Sprintf("%s/%s-%s/%s", b.Name, p.from, p.to, f.name), func(t *testing.T) {
						t.Parallel()
						if !enginetest.Full() {
							if !faulty(t, b, p.from, p.to, place.before, f, f.some[i]) {
								t.Errorf("there was no request %d", f.some[i])
							}
							return
						}
						n := int64(1)
						for faulty(t, b, p.from, p.to, place.before, f, n) {
							n++
						}
						if t.Logf("%d requests", n-1); n < 6 {
							t.Errorf("there were %d requests", n-1)
						}
					})
				}
			}
		}
	}
}

func faulty(t *testing.T, b engine.Binary, from, to string, before func(*world, fault, int64) ([]string, *atomic.Int64), f fault, n int64) (happened bool) {
	t.Run(fmt.Sprint(n), func(t *testing.T) {
		w := newWorld(t, b)
		w.at(from)
		environ, seen := before(w, f, n)
		o := w.start(w.order("run", to), environ...).wait()
		happened = seen.Load() >= n
		t.Logf("exit status %d\n%s", o.code, o.log)
		if o.code != 0 && !strings.Contains(strings.Join(strings.Fields(o.log), " "), "again") {
			t.Error("it does not say that it can be run again")
		}
		if strings.Contains(o.log, w.gitlab.Token) {
			t.Error("it shows the token")
		}
		if o.code == 0 && f.lasts && happened {
			t.Error("it says that it is done, and nothing worked")
		}
		w.nothingLost(from, to, nil)
		for _, kind := range []string{from, to} {
			if l := w.lock(kind, "default"); l != nil && o.code != 0 && !f.lasts {
				t.Errorf("%s is still locked: %+v", kind, l)
			}
		}
		w.finishes(to)
		w.moved(from, to)
	})
	return happened
}

// A disk that is full when the program writes its own files. What was written is not
// half written, and the next run completes.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	for i, file := range []string{"development-infra.json", "_override.tf.json", "backend.tf", ".migrated.json"} {
		if i%2 == 1 && !enginetest.Full() {
			continue
		}
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, enginetest.First(t))
			w.at("local")
			o := w.order("run", "s3")
			o.FullAt = file
			w.refused(o, 1, "no space left on device")
			w.nothingLost("local", "s3", nil)
			w.finishes("s3")
			w.moved("local", "s3")
		})
	}
}

// A token of GitLab's that ends half way, and one that may only read.
func TestGitLabRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, at, says string }{
		{"before the copy", "step copy", "init -migrate-state"}, {"before the lock", "lock https", "401"}, {"before the end", "step end", "401"},
	}[:some(1, 3)] {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, enginetest.First(t))
			w.at("local")
			good := w.gitlab
			short, err := w.sandbox.AccessToken(sandbox.AccessRequest{Project: "acme/infra", TTLSeconds: 60, Kind: sandbox.JobAccess})
			if err != nil {
				t.Fatal(err)
			}
			w.gitlab = short
			o := w.order("run", "http")
			o.StopAt = tt.at
			c := w.start(o)
			w.stops(c)
			if err := w.sandbox.Advance(2 * time.Minute); err != nil {
				t.Fatal(err)
			}
			got := c.goesOn()
			if got.code != 1 || !strings.Contains(got.log, tt.says) {
				t.Errorf("exit status %d, want it to say %q:\n%s", got.code, tt.says, got.log)
			}
			if strings.Contains(got.log, short.Token) {
				t.Error("it shows the token")
			}
			w.gitlab = good
			w.nothingLost("local", "http", nil)
			w.finishes("http")
			w.moved("local", "http")
		})
	}
	t.Run("a developer", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, enginetest.First(t))
		w.at("local")
		reads, err := w.sandbox.AccessToken(sandbox.AccessRequest{Project: "acme/infra", Role: "developer"})
		if err != nil {
			t.Fatal(err)
		}
		w.gitlab = reads
		w.refused(w.order("run", "http"), 1, "locking and writing it Maintainer")
		w.nothingLost("local", "http", nil)
	})
}

// some is how many there are by default, or all.
func some(byDefault, all int) int {
	if enginetest.Full() {
		return all
	}
	return byDefault
}

// Somebody applies at the same time. Who locks is told; who does not is noticed, and
// what they wrote is moved by the next run.
func TestCompetingApply(t *testing.T) {
	t.Parallel()
	t.Run("with locks", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, enginetest.First(t))
		w.at("s3")
		o := w.order("run", "local")
		o.StopAt = "step copy"
		c := w.start(o)
		w.stops(c)
		store := &statestore.S3{Client: w.s3, Bucket: bucket, Key: key}
		err := store.Lock(t.Context(), &tfstate.LockInfo{ID: "alice", Who: "alice@laptop", Operation: "OperationTypeApply"})
		if err == nil || !strings.Contains(err.Error(), "strongroom-migrate-to-local-") {
			t.Errorf("alice could lock the state: %v", err)
		}
		if got := c.goesOn(); got.code != 0 {
			t.Errorf("exit status %d\n%s", got.code, got.log)
		}
		w.moved("s3", "local")
	})
	for i, p := range []struct{ from, to string }{{"s3", "local"}, {"local", "s3"}} {
		for j, at := range []string{"step mark", "step verify"} {
			if i != j && !enginetest.Full() {
				continue
			}
			t.Run(p.from+", without locks, before "+strings.TrimPrefix(at, "step "), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, enginetest.First(t))
				w.at(p.from)
				o := w.order("run", p.to)
				o.StopAt = at
				c := w.start(o)
				w.stops(c)
				newer := text(lineage, 9, "newer")
				w.put(p.from, "default", newer)
				if got := c.goesOn(); got.code == 0 || !strings.Contains(got.log, "again") {
					t.Errorf("exit status %d\n%s", got.code, got.log)
				}
				w.finishes(p.to)
				want, err := tfstate.Read([]byte(newer))
				if err != nil {
					t.Fatal(err)
				}
				if got, _ := w.get(p.to, "default"); got == nil || got.Lineage != want.Lineage || got.Serial < want.Serial || got.Digest != want.Digest {
					t.Errorf("%s has %+v, want %+v", p.to, got, want)
				}
			})
		}
	}
}
