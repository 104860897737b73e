package statestore_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// disturbed is a state in GitLab whose requests are disturbed: wrong says whether the
// next one is. It returns how long was waited each time.
func (g *gitLab) disturbed(h *statestore.HTTP, wrong func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error)) (*statestore.HTTP, *[]time.Duration) {
	out, waited := *h, []time.Duration{}
	inner := h.Client.Transport
	out.Client = &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
		return wrong(r, func() (*http.Response, error) { return inner.RoundTrip(r) })
	})}
	out.Wait = func(_ context.Context, d time.Duration) error {
		waited = append(waited, d)
		return nil
	}
	return &out, &waited
}

func says(status int, header http.Header) (*http.Response, error) {
	return answers(status, header, `{"message":"later"}`)
}

func answers(status int, header http.Header, body string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// What goes wrong once is asked again, whatever it was: nothing is done twice by that, and
// nobody is locked out.
func TestHTTPAsksAgain(t *testing.T) {
	ctx, g := context.Background(), newGitLab(t)
	type response = *http.Response
	for name, fault := range map[string]struct {
		do   func(do func() (response, error)) (response, error)
		wait time.Duration
	}{
		"the connection is cut before": {func(func() (response, error)) (response, error) { return nil, errCut }, time.Second},
		"the connection is cut after": {func(do func() (response, error)) (response, error) {
			r, err := do()
			if err == nil {
				r.Body.Close()
			}
			return nil, errCut
		}, time.Second},
		"too many requests": {func(func() (response, error)) (response, error) {
			return says(http.StatusTooManyRequests, http.Header{"Retry-After": {"7"}})
		}, 7 * time.Second},
		"somebody else is at GitLab's record": {func(func() (response, error)) (response, error) {
			return answers(http.StatusConflict, nil, `{"message":"409 Conflict: Resource lock"}`)
		}, time.Second},
		"nobody is there": {func(func() (response, error)) (response, error) { return says(http.StatusBadGateway, nil) }, time.Second},
		"done, and an error all the same": {func(do func() (response, error)) (response, error) {
			r, err := do()
			if err == nil {
				r.Body.Close()
			}
			return says(http.StatusInternalServerError, nil)
		}, time.Second},
	} {
		state := g.store("ann", "maintainer", strings.ReplaceAll(name, " ", "-"))
		g.put(state, "", 1)
		n := 0
		h, waited := g.disturbed(state, func(_ *http.Request, do func() (response, error)) (response, error) {
			if n++; n%2 == 1 {
				return fault.do(do)
			}
			return do()
		})
		steps := map[string]func() error{
			"lock": func() error { return h.Lock(ctx, lockFor("1-a")) },
			"read": func() error {
				raw, err := h.Read(ctx, "")
				if err == nil && string(raw) != stateText(1) {
					err = errors.New("it is another state")
				}
				return err
			},
			"unlock":   func() error { return h.Unlock(ctx, "1-a") },
			"versions": func() error { _, err := h.Versions(ctx); return err },
			"delete":   func() error { return h.Delete(ctx) },
		}
		for _, step := range []string{"lock", "read", "unlock", "versions", "delete"} {
			n = 0
			if err := steps[step](); err != nil {
				t.Errorf("%s: %s: %v", name, step, err)
			}
			if step == "unlock" {
				if err := state.Lock(ctx, lockFor("2-b")); err != nil {
					t.Errorf("%s: it is still locked: %v", name, err)
				}
				if err := state.Unlock(ctx, "2-b"); err != nil {
					t.Error(err)
				}
			}
		}
		if len(*waited) == 0 || slices.ContainsFunc(*waited, func(d time.Duration) bool { return d != fault.wait }) {
			t.Errorf("%s: waited %v, want %v each time", name, *waited, fault.wait)
		}
		if _, err := state.Read(ctx, ""); !errors.Is(err, statestore.ErrNone) {
			t.Errorf("%s: the state is still there: %v", name, err)
		}
	}
}

// Who only asked who has the lock does not keep it, whatever becomes of the answers.
func TestHTTPUnlockLeavesNoLock(t *testing.T) {
	ctx, g := context.Background(), newGitLab(t)
	state := g.store("ann", "maintainer", "s")
	asked := 0
	h, _ := g.disturbed(state, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		resp, err := do()
		if asked++; err == nil && r.Method == http.MethodPost { // all that takes the lock comes back to nothing
			resp.Body.Close()
			return nil, errCut
		}
		return resp, err
	})
	if err := h.Unlock(ctx, "1-a"); err == nil || asked < 5 {
		t.Errorf("%v after %d requests", err, asked)
	}
	if err := state.Lock(ctx, lockFor("2-b")); err != nil {
		t.Errorf("it is locked now: %v", err)
	}
}

// It is not asked for ever, and what was refused is not asked again.
func TestHTTPGivesUp(t *testing.T) {
	ctx, g := context.Background(), newGitLab(t)
	for _, tt := range []struct {
		name   string
		answer func() (*http.Response, error)
		asked  int
		says   string
	}{
		{"no answer", func() (*http.Response, error) { return nil, errCut }, 3, "connection reset"},
		{"never there", func() (*http.Response, error) { return says(http.StatusBadGateway, nil) }, 3, "cannot answer now"},
		{"left alone for long", func() (*http.Response, error) {
			return says(http.StatusTooManyRequests, http.Header{"Retry-After": {"600"}})
		}, 1, "it wants to be left alone for 10m0s"},
		{"a date", func() (*http.Response, error) {
			return says(http.StatusTooManyRequests, http.Header{"Retry-After": {"Fri, 31 Dec 1999 23:59:59 GMT"}})
		}, 3, "too many requests"},
		{"refused", func() (*http.Response, error) { return says(http.StatusUnauthorized, nil) }, 1, "no token that GitLab knows"},
		{"interrupted", func() (*http.Response, error) { return nil, context.Canceled }, 1, "canceled"},
	} {
		asked := 0
		h, _ := g.disturbed(g.store("ann", "maintainer", "s"), func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
			asked++
			return tt.answer()
		})
		_, err := h.Read(ctx, "")
		if err == nil || asked != tt.asked || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), h.Password) {
			t.Errorf("%s: %v after %d requests", tt.name, err, asked)
		}
	}
	h, _ := g.disturbed(g.store("ann", "maintainer", "s"), func(*http.Request, func() (*http.Response, error)) (*http.Response, error) { return nil, errCut })
	h.Wait = nil // it waits, and is interrupted
	ended, end := context.WithCancel(ctx)
	time.AfterFunc(10*time.Millisecond, end)
	if _, err := h.Read(ended, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted while it waited: %v", err)
	}
}

// GitLab's own lock on its record has no holder, and says nothing about the state's.
func TestHTTPIsInTheWay(t *testing.T) {
	ctx, g := context.Background(), newGitLab(t)
	for name, ask := range map[string]func(*statestore.HTTP) error{
		"lock":   func(h *statestore.HTTP) error { return h.Lock(ctx, &tfstate.LockInfo{ID: "mine"}) },
		"unlock": func(h *statestore.HTTP) error { return h.Unlock(ctx, "mine") },
	} {
		asked := 0
		h, _ := g.disturbed(g.store("ann", "maintainer", "in-the-way"), func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
			asked++
			return answers(http.StatusConflict, nil, `{"message":"409 Conflict: Resource lock"}`)
		})
		var held *statestore.LockedError
		err := ask(h)
		if err == nil || errors.As(err, &held) || !strings.Contains(err.Error(), "Resource lock") || asked != 3 {
			t.Errorf("%s: %v after %d requests", name, err, asked)
		}
	}
}
