package statestore

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// HTTP is a state in GitLab, behind the engines' backend "http". Make one with NewHTTP.
//
// What GitLab calls a version is a serial, and the state is the version with the
// highest, whatever was written last. GitLab compares neither lineage nor checksum.
// Source: GitLab "GitLab-managed Terraform/OpenTofu state"; its source,
// lib/api/terraform/state.rb.
type HTTP struct {
	// Client sends the requests. Nil: one that takes its proxy and its CAs from the
	// environment, as the engines' does.
	Client *http.Client
	// Address is the state's, "https://gitlab.com/api/v4/projects/ID/terraform/state/NAME".
	Address string
	// Username and Password are what engines read from TF_HTTP_USERNAME and
	// TF_HTTP_PASSWORD: a user's name or gitlab-ci-token, and a token.
	Username, Password string
	// Wait waits before a request is sent again. Nil: it waits, until ctx ends.
	Wait func(ctx context.Context, d time.Duration) error
}

// NewHTTP returns the state at an address, with the credentials that engines take from
// the environment. The error names an address that is not https: the token would be
// readable on its way.
func NewHTTP(address string, getenv func(string) string) (*HTTP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(u.Path, "/") {
		return nil, errors.New("the address of a state in GitLab is https://HOST/api/v4/projects/ID/terraform/state/NAME, without a user, a query or a slash at its end")
	}
	return &HTTP{Address: address, Username: getenv("TF_HTTP_USERNAME"), Password: getenv("TF_HTTP_PASSWORD")}, nil
}

// RefusedError is a refusal of GitLab's.
type RefusedError struct {
	// Where is the address that was asked.
	Where string
	// Status is HTTP's.
	Status int
	// Message is GitLab's reason; "" without one.
	Message string
	// After is how long GitLab wants to be left alone; 0 when it does not say.
	After time.Duration
}

func (e *RefusedError) Error() string {
	var why string
	switch e.Status {
	case http.StatusUnauthorized:
		why = ": TF_HTTP_USERNAME and TF_HTTP_PASSWORD hold no token that GitLab knows"
	case http.StatusForbidden:
		why = ": reading a state needs the role Developer, locking and writing it Maintainer, and the scope api"
	case http.StatusNotFound:
		why = ": there is no such project, or the token's user is no member of it, or the address is not that of a state"
	case http.StatusTooManyRequests:
		why = ": there were too many requests from here, or with this token"
	}
	if e.Status >= http.StatusInternalServerError {
		why = ": GitLab, or what stands before it, cannot answer now"
	}
	if e.After > 0 {
		why += fmt.Sprintf("; it wants to be left alone for %s", e.After)
	}
	return fmt.Sprintf("%s answered %d %s%s", e.Where, e.Status, cmp.Or(e.Message, http.StatusText(e.Status)), why)
}

// Kind is "http".
func (h *HTTP) Kind() string { return "http" }

// Where is the address.
func (h *HTTP) Where() string { return h.Address }

// largest is the size of a state that is read into memory.
const largest = 1 << 30

var defaultClient = &http.Client{Timeout: 5 * time.Minute}

// stay follows no redirect: a request that changes something would become one that does
// not, and a token could go elsewhere.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// reply is an answer of GitLab's.
type reply struct {
	status int
	size   int64 // -1: not told
	body   []byte
	after  time.Duration // how long to wait before the next request; 0: not told
}

// How often a request is sent, and how long it waits for that: the second time a second,
// then two. What GitLab asks for is waited for if it is not much longer.
const (
	attempts  = 3
	firstWait = time.Second
	longest   = 30 * time.Second
)

// do asks for a path below the address, and once more where there was no answer or one
// that says later. Everything that is asked here can be asked twice: a lock that is
// taken again with its ID is held, and one that was given back is told by Unlock.
// Source: GitLab "Rate limits", Retry-After; the engines' http backend, retry_max.
func (h *HTTP) do(ctx context.Context, method, below string, body []byte) (*reply, error) {
	wait := h.Wait
	if wait == nil {
		wait = pause
	}
	for n := 1; ; n++ {
		a, err := h.once(ctx, method, below, body)
		if n == attempts || !later(a, err) {
			return a, err
		}
		d := firstWait << (n - 1)
		if a != nil && a.after > longest {
			return a, nil
		}
		if a != nil {
			d = max(d, a.after)
		}
		if err := wait(ctx, d); err != nil {
			return nil, fmt.Errorf("ask %s: %w", h.Address, err)
		}
	}
}

// later reports that the same request may do better in a moment.
func later(a *reply, err error) bool {
	if err != nil {
		var refused *tls.CertificateVerificationError
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &refused)
	}
	return a.contended() || a.status == http.StatusTooManyRequests || a.status >= http.StatusInternalServerError && a.status != http.StatusNotImplemented
}

// contended reports GitLab's conflict that is about its own record and about no lock of a
// state: two requests wanted it at once. See docs/gitlab-state.md.
func (a *reply) contended() bool {
	var text struct{ Message string }
	return a.status == http.StatusConflict && json.Unmarshal(a.body, &text) == nil && strings.HasSuffix(text.Message, "Resource lock")
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// once sends the request once. A body is JSON.
func (h *HTTP) once(ctx context.Context, method, below string, body []byte) (*reply, error) {
	r, err := http.NewRequestWithContext(ctx, method, h.Address+below, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", h.Address, err)
	}
	if h.Username != "" {
		r.SetBasicAuth(h.Username, h.Password)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	client := *cmp.Or(h.Client, defaultClient)
	client.CheckRedirect = stay
	resp, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", h.Address, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, largest+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", h.Address, err)
	}
	if len(raw) > largest {
		return nil, fmt.Errorf("%s is larger than %d bytes", h.Address, largest)
	}
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")) // GitLab tells no dates
	if err != nil || seconds < 0 {
		seconds = 0
	}
	return &reply{resp.StatusCode, resp.ContentLength, raw, time.Duration(seconds) * time.Second}, nil
}

// refusal is the answer as an error.
func (h *HTTP) refusal(a *reply) *RefusedError {
	e := &RefusedError{Where: h.Address, Status: a.status, After: a.after}
	var text struct{ Message, Error string }
	if json.Unmarshal(a.body, &text) == nil {
		if e.Message = strings.TrimPrefix(cmp.Or(text.Message, text.Error), strconv.Itoa(a.status)+" "); len(e.Message) > 200 {
			e.Message = e.Message[:200]
		}
	}
	return e
}

// fetch reads the state or a version of it; nil: there is none. An engine takes every
// 404 for a state that is not there yet; here only the one that GitLab means so, because
// it says the same to who is no member of the project.
func (h *HTTP) fetch(ctx context.Context, below string) ([]byte, error) {
	a, err := h.do(ctx, http.MethodGet, below, nil)
	if err != nil {
		return nil, err
	}
	switch a.status {
	case http.StatusOK:
		if len(a.body) == 0 {
			return nil, nil
		}
		return a.body, nil
	case http.StatusNoContent:
		return nil, nil
	case http.StatusNotFound:
		if e := h.refusal(a); !strings.EqualFold(e.Message, "Not found") || isError(a.body) {
			return nil, e
		}
		return nil, nil
	case http.StatusUnprocessableEntity:
		// GitLab deletes in the background, and answers this until it is done.
		// Source: state.rb, StateDeletedError.
		if e := h.refusal(a); !strings.Contains(e.Message, "StateDeletedError") {
			return nil, e
		}
		return nil, nil
	}
	return nil, h.refusal(a)
}

// isError tells GitLab's 404 about a path that it does not have, which has a member
// "error", from the one about a thing that is not there, which has a "message".
func isError(body []byte) bool {
	var text struct{ Error string }
	return json.Unmarshal(body, &text) == nil && text.Error != ""
}

// Head reads the state, for GitLab tells nothing of it otherwise.
func (h *HTTP) Head(ctx context.Context) (*Info, error) {
	raw, err := h.fetch(ctx, "")
	if raw == nil || err != nil {
		return nil, err
	}
	serial, err := h.serial(raw)
	if err != nil {
		return nil, err
	}
	return &Info{Version: strconv.FormatUint(serial, 10), Size: int64(len(raw))}, nil
}

func (h *HTTP) serial(raw []byte) (uint64, error) {
	s, err := tfstate.Read(raw)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", h.Address, err)
	}
	return s.Serial, nil
}

// Read gets the state, or the version with that serial.
func (h *HTTP) Read(ctx context.Context, version string) ([]byte, error) {
	below := ""
	if version != "" {
		if _, err := strconv.ParseUint(version, 10, 63); err != nil {
			return nil, fmt.Errorf("%s: a version is a serial, not %q", h.Address, version)
		}
		below = "/versions/" + version
	}
	raw, err := h.fetch(ctx, below)
	if err == nil && raw == nil {
		err = fmt.Errorf("%s%s: %w", h.Address, below, ErrNone)
	}
	return raw, err
}

// Write adds a version, under the lock with that ID. GitLab's state is the version with
// the highest serial, and a serial that is there already is refused with 422: after an
// answer that was lost that may be the one that was just written.
func (h *HTTP) Write(ctx context.Context, lock string, raw []byte) error {
	if lock == "" {
		return errors.New("a state is written under a lock")
	}
	a, err := h.do(ctx, http.MethodPost, "?ID="+url.QueryEscape(lock), raw)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return h.refusal(a)
	}
	return nil
}

// How far Versions looks: GitLab has no list, so each serial is asked for.
const (
	maxVersions = 1000 // asked for in all
	maxGap      = 32   // not there, one after the other
	atOnce      = 8
)

// Versions asks for each serial from the current one downwards, until 32 in a row are
// not there or 1,000 were asked for: older ones are not listed. GitLab's REST API does
// not tell when a version was written.
func (h *HTTP) Versions(ctx context.Context) ([]Version, error) {
	current, err := h.Head(ctx)
	if current == nil || err != nil {
		return []Version{}, err
	}
	top, err := strconv.ParseInt(current.Version, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%s: the serial %s is too large", h.Address, current.Version)
	}
	list := []Version{{ID: current.Version, Current: true, Size: current.Size}}
	if a, err := h.do(ctx, http.MethodHead, "/versions/"+current.Version, nil); err != nil {
		return nil, err
	} else if a.status != http.StatusOK {
		return nil, fmt.Errorf("%s: GitLab answered %d for the version that it calls the state, and shows none of a state with a dot in its name: %w", h.Address, a.status, ErrCannotTell)
	}
	type probe struct {
		a   *reply
		err error
	}
	gap := 0
	for below := top - 1; below >= 0 && top-below < maxVersions && gap < maxGap; below -= atOnce {
		var probes [atOnce]chan probe
		for i := range probes {
			serial := below - int64(i)
			if serial < 0 {
				break
			}
			probes[i] = make(chan probe, 1)
			go func() {
				a, err := h.do(ctx, http.MethodHead, "/versions/"+strconv.FormatInt(serial, 10), nil)
				probes[i] <- probe{a, err}
			}()
		}
		for i, c := range probes {
			if c == nil {
				break
			}
			p := <-c
			switch {
			case p.err != nil:
				err = errors.Join(err, p.err)
			case p.a.status == http.StatusOK:
				gap = 0
				list = append(list, Version{ID: strconv.FormatInt(below-int64(i), 10), Size: p.a.size})
			case p.a.status == http.StatusNotFound:
				gap++
			default:
				err = errors.Join(err, h.refusal(p.a))
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Lock takes GitLab's lock. Its holder is told by ID, by the name of their user of
// GitLab, and by when: the rest of what GitLab answers is the refused request's own.
// To be told that the lock with l's ID is held is to have it: an answer was lost.
func (h *HTTP) Lock(ctx context.Context, l *tfstate.LockInfo) error {
	a, err := h.do(ctx, http.MethodPost, "/lock", l.Text())
	if err != nil {
		return err
	}
	switch {
	case a.status == http.StatusOK:
		return nil
	case a.contended():
	case a.status == http.StatusConflict || a.status == http.StatusLocked:
		holder := tfstate.ReadLock(a.body)
		if holder.ID != "" && holder.ID == l.ID {
			return nil
		}
		return &LockedError{h.Address, &tfstate.LockInfo{ID: holder.ID, Who: holder.Who, Created: holder.Created, Operation: "unknown"}}
	}
	return h.refusal(a)
}

// Unlock gives the lock with that ID back. GitLab answers a conflict both when somebody
// else has the lock and when nobody has: to tell one from the other the lock is taken,
// and given back at once.
func (h *HTTP) Unlock(ctx context.Context, id string) error {
	if id == "" { // GitLab would break anybody's lock
		return errNoLockID
	}
	freed, err := h.release(ctx, id)
	if freed || err != nil {
		return err
	}
	holder, err := h.holder(ctx)
	if err == nil && holder != nil {
		err = &LockedError{h.Address, holder}
	}
	return err
}

// holder tells who has the lock, nil if nobody has, by trying to take it: it is given
// back at once, but for that moment an engine would be refused.
func (h *HTTP) holder(ctx context.Context) (*tfstate.LockInfo, error) {
	probe := &tfstate.LockInfo{ID: newID(), Operation: "who has the lock", Who: h.Username, Version: "strongroom", Created: time.Now().UTC()}
	var locked *LockedError
	if err := h.Lock(ctx, probe); errors.As(err, &locked) {
		return locked.Holder, nil
	} else if err != nil {
		_, _ = h.release(context.WithoutCancel(ctx), probe.ID) // an answer that was lost may have been a yes
		return nil, err
	}
	// Even if ctx ends now, the lock must not stay. One that is gone by then was given
	// back by a request whose answer was lost, or broken by somebody.
	_, err := h.release(context.WithoutCancel(ctx), probe.ID)
	return nil, err
}

// release reports false when the lock is not the one with that ID.
func (h *HTTP) release(ctx context.Context, id string) (bool, error) {
	body, err := json.Marshal(map[string]string{"ID": id})
	if err != nil {
		return false, err
	}
	a, err := h.do(ctx, http.MethodDelete, "/lock", body)
	switch {
	case err != nil:
		return false, err
	case a.status == http.StatusOK:
		return true, nil
	case a.status == http.StatusConflict && !a.contended():
		return false, nil
	}
	return false, h.refusal(a)
}

// Locked is ErrCannotTell: GitLab's REST API has no request for it, and to try and take
// the lock would stop an engine that wants it just then.
func (h *HTTP) Locked(context.Context) (*tfstate.LockInfo, error) {
	return nil, fmt.Errorf("%s: GitLab tells who has the lock only to who tries to take it: %w", h.Address, ErrCannotTell)
}

// newID is a UUID, as engines give their locks.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it does not fail
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
