package statestore_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
	"github.com/strongroom-dev/strongroom/sandbox"
)

var _ statestore.Store = (*statestore.S3)(nil)

// doer is an HTTP client.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// meanwhile is a state in a bucket, seen by two: ours, whose next request with a method
// is disturbed, and theirs.
type meanwhile struct {
	t            *testing.T
	ours, theirs *statestore.S3
	// disturb takes the place of the next request with that method; do does it.
	method  string
	disturb func(do func() (*http.Response, error)) (*http.Response, error)
}

func newMeanwhile(t *testing.T) *meanwhile {
	t.Helper()
	box, err := sandbox.Start(context.Background(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	m := &meanwhile{t: t}
	cfg := box.Config(box.Credentials())
	inner, bucket := cfg.HTTPClient, "changing-hands"
	cfg.RetryMaxAttempts = 3
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	theirs := s3.NewFromConfig(cfg)
	cfg.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		do := func() (*http.Response, error) { return inner.Do(r) }
		if f := m.disturb; f != nil && r.Method == m.method {
			m.disturb = nil
			return f(do)
		}
		return do()
	})
	ctx := context.Background()
	_, err = theirs.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: sandbox.DefaultRegion}})
	if err == nil {
		_, err = theirs.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	}
	if err != nil {
		t.Fatal(err)
	}
	m.ours, m.theirs = &statestore.S3{Client: s3.NewFromConfig(cfg), Bucket: bucket, Key: "dev"}, &statestore.S3{Client: theirs, Bucket: bucket, Key: "dev"}
	return m
}

func (m *meanwhile) ok(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// handOver breaks our lock, and takes theirs.
func (m *meanwhile) handOver() {
	m.t.Helper()
	m.ok(m.theirs.Unlock(context.Background(), "ours"))
	m.ok(m.theirs.Lock(context.Background(), lockFor("theirs")))
}

// stillTheirs checks that their lock is there, and that err says so.
func (m *meanwhile) stillTheirs(err error) {
	m.t.Helper()
	var locked *statestore.LockedError
	if !errors.As(err, &locked) || locked.Holder.ID != "theirs" {
		m.t.Errorf("ours was told %v", err)
	}
	if l, err := m.theirs.Locked(m.t.Context()); err != nil || l == nil || l.ID != "theirs" {
		m.t.Errorf("their lock is lost: %+v, %v", l, err)
	}
}

var errCut = &net.OpError{Op: "read", Err: syscall.ECONNRESET} // as the transport has it

// A lock that changes hands between the look at it and its removal stays with whom has it.
func TestS3UnlockOfALockThatChangesHands(t *testing.T) {
	t.Parallel()
	for name, disturb := range map[string]func(m *meanwhile, do func() (*http.Response, error)) (*http.Response, error){
		"before it is deleted": func(m *meanwhile, do func() (*http.Response, error)) (*http.Response, error) {
			m.handOver()
			return do()
		},
		"when it was deleted, and the answer was lost": func(m *meanwhile, do func() (*http.Response, error)) (*http.Response, error) {
			r, err := do()
			m.ok(err)
			r.Body.Close()
			m.ok(m.theirs.Lock(context.Background(), lockFor("theirs")))
			return nil, errCut
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMeanwhile(t)
			m.ok(m.ours.Lock(t.Context(), lockFor("ours")))
			m.method, m.disturb = http.MethodDelete, func(do func() (*http.Response, error)) (*http.Response, error) { return disturb(m, do) }
			m.stillTheirs(m.ours.Unlock(t.Context(), "ours"))
		})
	}
}

// A lock whose answer was lost is held, and one that is given back between the refusal and
// the look at its holder is taken.
func TestS3LockIsTakenAllTheSame(t *testing.T) {
	t.Parallel()
	m := newMeanwhile(t)
	held := func(what string, err error) {
		t.Helper()
		if l, unseen := m.theirs.Locked(t.Context()); err != nil || unseen != nil || l == nil || l.ID != "ours" {
			t.Errorf("%s: %v, %+v, %v", what, err, l, unseen)
		}
		m.ok(m.theirs.Unlock(t.Context(), "ours"))
	}
	m.method, m.disturb = http.MethodPut, func(do func() (*http.Response, error)) (*http.Response, error) {
		r, err := do()
		m.ok(err)
		r.Body.Close()
		return nil, errCut
	}
	held("the answer was lost", m.ours.Lock(t.Context(), lockFor("ours")))
	m.ok(m.theirs.Lock(t.Context(), lockFor("theirs")))
	m.method, m.disturb = http.MethodGet, func(do func() (*http.Response, error)) (*http.Response, error) {
		m.ok(m.theirs.Unlock(context.Background(), "theirs"))
		return do()
	}
	held("it was given back", m.ours.Lock(t.Context(), lockFor("ours")))
	// Who may not see the holder is not told of the year 1.
	m.ok(m.theirs.Lock(t.Context(), lockFor("theirs")))
	m.method, m.disturb = http.MethodGet, func(func() (*http.Response, error)) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: http.NoBody}, nil
	}
	if err := m.ours.Lock(t.Context(), lockFor("ours")); err == nil || err.Error() != "s3://changing-hands/dev is locked by somebody who is not told" {
		t.Errorf("%v", err)
	}
}

// What was done already, or by somebody else, is done.
func TestS3UnlockOfALockThatIsGone(t *testing.T) {
	t.Parallel()
	m := newMeanwhile(t)
	for name, disturb := range map[string]func(do func() (*http.Response, error)) (*http.Response, error){
		"the answer is lost": func(do func() (*http.Response, error)) (*http.Response, error) {
			r, err := do()
			m.ok(err)
			r.Body.Close()
			return nil, errCut
		},
		"somebody else removes it": func(do func() (*http.Response, error)) (*http.Response, error) {
			m.ok(m.theirs.Unlock(context.Background(), "ours"))
			return do()
		},
	} {
		m.ok(m.ours.Lock(t.Context(), lockFor("ours")))
		m.method, m.disturb = http.MethodDelete, disturb
		if err := m.ours.Unlock(t.Context(), "ours"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if l, err := m.theirs.Locked(t.Context()); l != nil || err != nil {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
	if err := m.ours.Unlock(t.Context(), "ours"); err != nil {
		t.Errorf("nothing is locked: %v", err)
	}
}

// What is no lock of an engine's has no ID, and is nobody's to take away by none.
func TestS3UnlockWithoutAnID(t *testing.T) {
	t.Parallel()
	m := newMeanwhile(t)
	_, err := m.theirs.Client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &m.theirs.Bucket, Key: aws.String("dev.tflock"), Body: strings.NewReader("do not apply today")})
	m.ok(err)
	if err := m.ours.Unlock(t.Context(), ""); err == nil {
		t.Error("it was taken away")
	}
	if l, err := m.ours.Locked(t.Context()); err != nil || l == nil {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestS3Relabel(t *testing.T) {
	t.Parallel()
	m := newMeanwhile(t)
	m.ok(m.ours.Lock(t.Context(), lockFor("ours")))
	says := func(want string) {
		t.Helper()
		if l, err := m.theirs.Locked(t.Context()); err != nil || l == nil || l.ID != "ours" || l.Info != want {
			t.Errorf("%+v, %v; want it to say %q", l, err, want)
		}
	}
	m.ok(m.ours.Relabel(t.Context(), &tfstate.LockInfo{ID: "ours", Info: "moved"}))
	says("moved")
	m.ok(m.theirs.Unlock(t.Context(), "ours"))
	m.ok(m.ours.Relabel(t.Context(), &tfstate.LockInfo{ID: "ours", Info: "moved again"}))
	says("moved again")
	m.method, m.disturb = http.MethodPut, func(do func() (*http.Response, error)) (*http.Response, error) {
		m.handOver()
		return do()
	}
	m.stillTheirs(m.ours.Relabel(t.Context(), &tfstate.LockInfo{ID: "ours", Info: "once more"}))
	m.stillTheirs(m.ours.Relabel(t.Context(), &tfstate.LockInfo{ID: "ours", Info: "once more"}))
}

// A state that somebody writes between the look at it and its removal stays.
func TestS3DeleteOfAStateThatChanges(t *testing.T) {
	t.Parallel()
	m := newMeanwhile(t)
	put := func(serial int) {
		t.Helper()
		_, err := m.theirs.Client.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &m.theirs.Bucket, Key: aws.String("dev"), Body: strings.NewReader(stateText(serial))})
		m.ok(err)
	}
	put(1)
	info, err := m.ours.Head(t.Context())
	m.ok(err)
	m.method, m.disturb = http.MethodDelete, func(do func() (*http.Response, error)) (*http.Response, error) {
		put(2)
		return do()
	}
	if err := m.ours.Delete(t.Context(), info.ETag); !errors.Is(err, statestore.ErrChanged) {
		t.Errorf("it was written meanwhile: %v", err)
	}
	if err := m.ours.Delete(t.Context(), ""); !errors.Is(err, statestore.ErrChanged) {
		t.Errorf("nobody looked at it: %v", err)
	}
	if raw, err := m.theirs.Read(t.Context(), ""); err != nil || string(raw) != stateText(2) {
		t.Errorf("%s, %v", raw, err)
	}
	info, err = m.ours.Head(t.Context())
	m.ok(err)
	m.ok(m.ours.Delete(t.Context(), info.ETag))
	m.ok(m.ours.Delete(t.Context(), info.ETag)) // as after an answer that was lost
	if _, err := m.theirs.Read(t.Context(), ""); !errors.Is(err, statestore.ErrNone) {
		t.Errorf("it is still there: %v", err)
	}
}
