// Package dispatchtest serves a few services as a plain endpoint, so that one
// service is tested by the SDK's client without the rest of the sandbox.
//
// Start returns the URL for the client's BaseEndpoint. Callers make the store
// and the identities themselves.
package dispatchtest

import (
	"crypto/rand"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/dispatch"
)

// Start serves cfg until the test ends. Clock and Rand may be nil.
func Start(t testing.TB, cfg dispatch.Config) (url string) {
	t.Helper()
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	d, err := dispatch.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	return server.URL
}
