package rekey_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/rekey"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

var one = environments{{"dev", []string{"dev"}}}

// behind returns a configuration whose requests go through do.
func (w *world) behind(do func(r *http.Request, next func() (*http.Response, error)) (*http.Response, error)) aws.Config {
	cfg := w.cfg.Copy()
	inner := cfg.HTTPClient
	cfg.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		return do(r, func() (*http.Response, error) { return inner.Do(r) })
	})
	return cfg
}

// What S3 says of objects that the sandbox cannot make: each is refused by name, and
// nothing is done to it.
func TestObjectsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one)
	w.put("dev", 1, "")
	before := w.versions("dev")
	for _, tt := range []struct{ rule, header, value string }{
		{"state-rekey-dsse", "x-amz-server-side-encryption", "aws:kms:dsse"},
		{"state-rekey-foreign-key", "x-amz-server-side-encryption-aws-kms-key-id", "arn:aws:kms:eu-west-2:999999999999:key/k"},
		{"state-rekey-archived", "x-amz-storage-class", "GLACIER"},
		{"state-rekey-archived", "x-amz-storage-class", "DEEP_ARCHIVE"},
		{"state-rekey-archived", "x-amz-archive-status", "ARCHIVE_ACCESS"},
		{"state-rekey-object-lock", "x-amz-object-lock-mode", "COMPLIANCE"},
		{"state-rekey-object-lock", "x-amz-object-lock-legal-hold", "ON"},
	} {
		cfg := w.behind(func(r *http.Request, next func() (*http.Response, error)) (*http.Response, error) {
			out, err := next()
			if err == nil && r.Method == http.MethodHead {
				out.Header.Set(tt.header, tt.value)
			}
			return out, err
		})
		_, err := w.job().run(t.Context(), cfg)
		wantRule(t, err, tt.rule, tt.header+" "+tt.value)
	}
	// A key of the writer's: S3 answers 400, and only a GET says why.
	cfg := w.behind(func(r *http.Request, next func() (*http.Response, error)) (*http.Response, error) {
		if r.URL.Path != "/dev" || r.Method != http.MethodHead && r.Method != http.MethodGet {
			return next()
		}
		body := "<Error><Code>InvalidRequest</Code><Message>The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.</Message></Error>"
		if r.Method == http.MethodHead {
			body = ""
		}
		return &http.Response{StatusCode: 400, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	})
	_, err := w.job().run(t.Context(), cfg)
	wantRule(t, err, "state-rekey-sse-c", "")
	if after := w.versions("dev"); len(after) != len(before) {
		t.Error("something was written")
	}
	w.quiet("dev")
}

func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one)
	w.put("dev", 1, "")
	disabled, going, spec := w.key(), w.key(), types.KeySpecEccNistP256
	_, err := w.kms.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &disabled})
	w.ok(err)
	_, err = w.kms.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &going})
	w.ok(err)
	signs, err := w.kms.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: types.KeyUsageTypeSignVerify})
	w.ok(err)
	for arn, rule := range map[string]string{
		disabled: "state-key-disabled", going: "state-key-deletion", aws.ToString(signs.KeyMetadata.Arn): "state-key-kind",
		strings.Replace(disabled, "eu-west-2", "us-east-1", 1):       "state-key-region",
		strings.Replace(disabled, "111122223333", "999999999999", 1): "state-key-account",
		"arn:aws:kms:eu-west-2:111122223333:alias/x":                 "state-key-alias",
		disabled[:len(disabled)-12] + "000000000000":                 "state-key-gone",
		"k": "state-key-arn",
	} {
		j := w.job()
		j.To = &rekey.Goal{Algorithm: rekey.SSEKMS, KeyARN: arn}
		w.refused(j, rule)
	}
	w.is("dev", 1, "AES256", "")
}

// Half a state, and none at all.
func TestDamagedState(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one)
	good := w.put("dev", 6, "")
	w.putText("dev", stateText(7, "x")[:60], "")
	w.refused(w.job(), "state-rekey-damaged")
	w.quiet("dev")
	// It is what people go back from.
	j := w.job()
	j.Version = good
	w.run(j)
	w.is("dev", 6, "AES256", "")
	j.Version = "no-such-version"
	w.refused(j, "state-rollback-version")
}

// Somebody's lock is not ours to break, and neither is that of a run that lives.
func TestLocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one)
	w.put("dev", 1, "")
	l := &tfstate.LockInfo{ID: "8f0c", Operation: "OperationTypeApply", Who: "ann@laptop", Path: w.bucket + "/dev"}
	w.ok(w.store("dev").Lock(t.Context(), l))
	d := w.refused(w.job(), "state-rekey-locked")
	if !strings.Contains(d.Summary, "ann@laptop") || !strings.Contains(d.Fix, "state unlock --env dev --stack dev") {
		t.Errorf("%+v does not say who, and what to do", d)
	}
	if got, err := w.store("dev").Locked(t.Context()); err != nil || got == nil || got.ID != l.ID {
		t.Errorf("the lock is %+v, %v", got, err)
	}
	w.is("dev", 1, "AES256", "")
	w.ok(w.store("dev").Unlock(t.Context(), l.ID))
	w.quiet("dev")
}

// While a run holds its lock, another one is refused and leaves its journal alone.
func TestTwoRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one)
	w.put("dev", 1, "")
	var inside atomic.Bool
	cfg := w.behind(func(r *http.Request, next func() (*http.Response, error)) (*http.Response, error) {
		if r.Header.Get("x-amz-copy-source") != "" && inside.CompareAndSwap(false, true) {
			d := w.refused(w.job(), "state-rekey-locked")
			if !strings.Contains(d.Summary, "strongroom state rekey") {
				t.Errorf("%+v does not say what holds it", d)
			}
		}
		return next()
	})
	_, err := w.job().run(t.Context(), cfg)
	w.ok(err)
	if !inside.Load() {
		t.Error("nothing was copied")
	}
	w.is("dev", 1, "aws:kms", w.dev)
	w.quiet("dev")
}

// A journal that breaks off in its first line took no lock; one of another machine or
// another bucket is not ours to judge.
func TestJournalsOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one)
	w.put("dev", 1, "")
	l := state.NewLock("test")
	w.ok(w.store("dev").Lock(t.Context(), l))
	host, err := os.Hostname()
	w.ok(err)
	line := func(bucket, host string) string {
		return `{"format_version":1,"bucket":"` + bucket + `","host":"` + host + `","locks":{"dev":"` + l.ID + `"}}` + "\n"
	}
	path := filepath.Join(w.journal, "rekey-0.jsonl")
	for _, text := range []string{line("other", host), line(w.bucket, "another"), "", line(w.bucket, host)[:40], strings.TrimSuffix(line(w.bucket, host), "\n"), "[]\n"} {
		w.ok(os.WriteFile(path, []byte(text), 0o600))
		w.refused(w.job(), "state-rekey-locked")
		_ = os.Remove(path) // torn ones are gone already
	}
	w.ok(os.WriteFile(path, []byte(line(w.bucket, host)), 0o600))
	if r := w.run(w.job()); len(r.Released) != 1 || r.Released[0].ID != l.ID {
		t.Errorf("%+v: the lock was a dead run's", r.Released)
	}
	w.quiet("dev")
}

// A journal of another version is not read as one that locked nothing, and stays.
func TestJournalOfAnotherVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one)
	w.put("dev", 1, "")
	l := state.NewLock("test")
	w.ok(w.store("dev").Lock(t.Context(), l))
	path := filepath.Join(w.journal, "rekey-0.jsonl")
	w.ok(os.WriteFile(path, []byte(`{"format_version":2,"locks":[{"key":"dev","id":"`+l.ID+`"}]}`+"\n"), 0o600))
	o, err := w.job().options(w.cfg)
	w.ok(err)
	notes := []string{}
	o.Note = func(text string) { notes = append(notes, text) }
	p, err := rekey.NewPlan(t.Context(), o)
	w.ok(err)
	_, err = p.Run(t.Context())
	wantRule(t, err, "state-rekey-locked", "")
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the journal is gone: %v", err)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], path) || !strings.Contains(notes[0], "state unlock") {
		t.Errorf("%q does not say whose journal it is, and what to do", notes)
	}
	w.ok(w.store("dev").Unlock(t.Context(), l.ID))
	w.run(w.job())
	w.is("dev", 1, "aws:kms", w.dev)
	w.ok(os.Remove(path))
	w.quiet("dev")
}

// One workspace of several, and none that there is.
func TestWorkspace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one)
	w.put("dev", 1, "")
	w.put("env:/blue/dev", 2, "")
	j := w.job()
	j.Workspace = "blue"
	w.run(j)
	w.is("env:/blue/dev", 2, "aws:kms", w.dev)
	w.is("dev", 1, "AES256", "")
	j.Workspace = "green"
	if d := w.refused(j, "state-rekey-workspace"); !strings.Contains(d.Summary, `"green"`) {
		t.Errorf("%+v does not say which", d)
	}
	w.quiet("dev", "env:/blue/dev")
}

// Somebody who writes all the time, and never locks, is not overwritten.
func TestBusy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one)
	w.put("dev", 1, "")
	serial := uint64(1)
	cfg := w.behind(func(r *http.Request, next func() (*http.Response, error)) (*http.Response, error) {
		if r.Header.Get("x-amz-copy-source") != "" {
			serial++
			w.put("dev", serial, "")
		}
		return next()
	})
	before := w.versions("dev")
	_, err := w.job().run(t.Context(), cfg)
	wantRule(t, err, "state-rekey-busy", "")
	if serial != 6 {
		t.Errorf("it was tried %d times", serial-1)
	}
	w.is("dev", 6, "AES256", "")
	w.kept("dev", before)
	w.quiet("dev")
}

// What was shown is what is replaced, or nothing is.
func TestRollbackOfWhatWasShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one)
	first := w.put("dev", 1, "")
	w.put("dev", 2, "")
	j := w.job()
	j.Version = first
	o, err := j.options(w.cfg)
	w.ok(err)
	p, err := rekey.NewPlan(t.Context(), o)
	w.ok(err)
	if _, changed, removed := p.Difference.Count(); changed != 0 || removed != 1 || p.Difference.From.Serial != 2 || p.Difference.To.Version != first {
		t.Errorf("%+v", p.Difference)
	}
	w.put("dev", 3, "")
	_, err = p.Run(t.Context())
	wantRule(t, err, "state-rollback-moved", "")
	w.is("dev", 3, "AES256", "")
	w.quiet("dev")

	// Serials come a second time after a rollback, and then an ID is needed.
	w.run(j)
	w.putText("dev", stateText(2, "another"), "")
	j.Version = "2"
	d := w.refused(j, "state-rollback-serial")
	if strings.Count(d.Fix, "written") != 2 {
		t.Errorf("%s does not name both", d.Fix)
	}
	j.Version, j.To = "1", &rekey.Goal{Algorithm: rekey.SSEKMS, KeyARN: w.dev}
	w.run(j)
	w.is("dev", 1, "aws:kms", w.dev)
}

// The first state that does not verify is the last one that is touched.
func TestStopsAtTheFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, two)
	w.put("dev", 1, "")
	w.put("dev-bootstrap", 1, "")
	w.put("prod", 1, "")
	o, err := w.job().options(w.cfg)
	w.ok(err)
	no := errors.New("the principal is refused")
	o.Prove = func(_ context.Context, s rekey.Subject) error {
		if s.Encryption.KeyARN != w.dev || s.Snapshot.Serial != 1 {
			t.Errorf("%+v", s)
		}
		return no
	}
	p, err := rekey.NewPlan(t.Context(), o)
	w.ok(err)
	r, err := p.Run(t.Context())
	if !errors.Is(err, no) || len(r.Environments) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	if s := r.Environments[0].States[0]; s.Done || !s.Written || s.Replaced == "" {
		t.Errorf("%+v: it was written, and not proven", s)
	}
	w.is("dev-bootstrap", 1, "AES256", "")
	w.is("prod", 1, "AES256", "")
	w.quiet("dev", "dev-bootstrap", "prod")
}

// With the SDK's usual attempts a run outlives answers that are lost, whatever they
// were answers to.
func TestLostAnswersAreAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one)
	w.put("dev", 1, w.old)
	w.put("dev", 2, "")
	n := 0
	cfg := w.behind(func(_ *http.Request, next func() (*http.Response, error)) (*http.Response, error) {
		out, err := next()
		if n++; n%2 == 1 && err == nil {
			out.Body.Close()
			return nil, errCut
		}
		return out, err
	})
	cfg.RetryMaxAttempts = 3
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = 3, 1
			o.RateLimiter = ratelimit.None
			o.Retryables = []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary { return aws.BoolTernary(errors.Is(err, errCut)) })}
		})
	}
	j := w.job()
	j.AllVersions, j.Limits.AtOnce = true, 1
	before := w.versions("dev")
	_, err := j.run(t.Context(), cfg)
	w.ok(err)
	w.is("dev", 2, "aws:kms", w.dev)
	w.kept("dev", before)
	w.quiet("dev")
	if got := len(w.versions("dev")); got != 3 {
		t.Errorf("%d versions: a copy was made twice", got)
	}
}

// Ctrl-C in the middle of a copy: the lock is given back.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one)
	w.put("dev", 1, "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg := w.behind(func(r *http.Request, next func() (*http.Response, error)) (*http.Response, error) {
		if r.Header.Get("x-amz-copy-source") != "" {
			cancel()
		}
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		return next()
	})
	if _, err := w.job().run(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("%v: it was interrupted", err)
	}
	w.is("dev", 1, "AES256", "")
	w.quiet("dev")
}

// A bucket that keeps no versions has one state, which is replaced at once or not at
// all.
func TestWithoutVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one)
	fresh := w.bucket + "-plain"
	cfg, err := os.ReadFile(filepath.Join(w.dir, "strongroom.hcl"))
	w.ok(err)
	w.ok(os.WriteFile(filepath.Join(w.dir, "strongroom.hcl"), []byte(strings.Replace(string(cfg), w.bucket, fresh, 1)), 0o644))
	w.bucket = fresh
	_, err = w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &w.bucket, CreateBucketConfiguration: bucketRegion})
	w.ok(err)
	w.put("dev", 5, "")
	w.run(w.job())
	w.is("dev", 5, "aws:kms", w.dev)
	w.quiet("dev")
	j := w.job()
	j.Version = "5"
	w.refused(j, "state-rollback-version")
}
