package migrate_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
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

// fault is what goes wrong with a request to S3.
type fault struct {
	name string
	// some are the requests of the default's sample, to a bucket and from one.
	some [2]int64
	// lasts is whether all later requests fail as well.
	lasts bool
	// answer replaces S3's.
	status     int
	code, text string
	// cut ends the connection: before the request arrives, or after it was done.
	cut, late bool
}

var faults = []fault{
	{name: "throttled", some: [2]int64{3, 3}, status: http.StatusServiceUnavailable, code: "SlowDown", text: "Please reduce your request rate."},
	{name: "expired", some: [2]int64{14, 10}, lasts: true, status: http.StatusBadRequest, code: "ExpiredToken", text: "The provided token has expired."},
	{name: "denied", some: [2]int64{9, 8}, lasts: true, status: http.StatusForbidden, code: "AccessDenied", text: "Access Denied"},
	{name: "cut", some: [2]int64{4, 4}, cut: true},
	{name: "cut when it was done", some: [2]int64{3, 3}, cut: true, late: true},
	{name: "silent from then on", some: [2]int64{4, 4}, lasts: true, cut: true},
}

// between is a proxy between the migration and S3, spoken to without TLS, and does
// something at the n-th request. It counts them.
func (w *world) between(f fault, n int64) (proxy string, seen *atomic.Int64) {
	seen = &atomic.Int64{}
	on := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse(w.sandbox.URL()) }}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
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
				fmt.Fprintf(out, "<Error><Code>%s</Code><Message>%s</Message></Error>", f.code, f.text)
			}
			return
		}
		to, err := http.NewRequestWithContext(in.Context(), in.Method, in.URL.String(), bytes.NewReader(body))
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
	}))
	w.t.Cleanup(server.Close)
	w.t.Cleanup(on.CloseIdleConnections)
	return server.URL, seen
}

// Whatever S3 does at whatever request: the state is somewhere as a whole, and the next
// run completes. The default is a sample.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("an engine runs some times")
	}
	t.Parallel()
	for _, b := range enginetest.Chosen(t) {
		for i, p := range []struct{ from, to string }{{"local", "s3"}, {"s3", "local"}} {
			for j, f := range faults {
				if (i+j)%2 == 1 && !enginetest.Full() {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s-%s/%s", b.Name, p.from, p.to, f.name), func(t *testing.T) {
					t.Parallel()
					some := []int64{f.some[i]}
					if enginetest.Full() {
						some = []int64{}
						for n := int64(1); n <= 24; n++ {
							some = append(some, n)
						}
					}
					for _, n := range some {
						if !faulty(t, b, p.from, p.to, f, n) && !enginetest.Full() {
							t.Errorf("there was no request %d", n)
						}
					}
				})
			}
		}
	}
}

func faulty(t *testing.T, b engine.Binary, from, to string, f fault, n int64) (happened bool) {
	t.Run(fmt.Sprint(n), func(t *testing.T) {
		w := newWorld(t, b)
		w.at(from)
		proxy, seen := w.between(f, n)
		o := w.start(w.order("run", to), "AWS_ENDPOINT_URL_S3=http://s3.eu-west-2.amazonaws.com", "HTTP_PROXY="+proxy, "http_proxy="+proxy).wait()
		happened = seen.Load() >= n
		t.Logf("exit status %d\n%s", o.code, o.log)
		if o.code != 0 && !strings.Contains(strings.Join(strings.Fields(o.log), " "), "again") {
			t.Error("it does not say that it can be run again")
		}
		if o.code == 0 && f.lasts && happened {
			t.Error("it says that it is done, and nothing worked")
		}
		w.nothingLost(from, to, nil)
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
