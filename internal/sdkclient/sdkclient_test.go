package sdkclient_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/sdkclient"
)

// closing is a body as the SDK's is after it was closed: all of it was read, and
// WriteTo says io.EOF.
type closing struct{ io.Reader }

func (closing) Close() error                     { return nil }
func (closing) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }

// A whole answer arrives although the body's WriteTo fails at its end; without the
// package the transport gives the request up.
func TestAnswersArrive(t *testing.T) {
	const size = 1 << 20
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			_, _ = io.WriteString(w, strings.Repeat("x", size)) // a client that gave up is what the test sees
		}
	}))
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	send := func(do func(*http.Request) (*http.Response, error)) (int, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, closing{strings.NewReader("body")})
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = 4
		answer, err := do(r)
		if err != nil {
			return 0, err
		}
		defer answer.Body.Close()
		raw, err := io.ReadAll(answer.Body)
		return len(raw), err
	}
	if _, err := send(transport.RoundTrip); err == nil {
		t.Error("the transport takes such a body by itself; this package is not needed any more")
	}
	for name, do := range map[string]func(*http.Request) (*http.Response, error){
		"Transport": sdkclient.Transport{Transport: transport}.RoundTrip,
		"Client":    sdkclient.Client(&http.Client{Transport: transport}).Do,
	} {
		if n, err := send(do); n != size || err != nil {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
	}
}
