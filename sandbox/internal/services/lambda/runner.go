package lambda

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/undelivered"
)

// machine is the architecture that functions can be run for; empty: none.
func machine() types.Architecture {
	switch {
	case runtime.GOOS != "linux":
		return ""
	case runtime.GOARCH == "amd64":
		return types.ArchitectureX8664
	case runtime.GOARCH == "arm64":
		return types.ArchitectureArm64
	}
	return ""
}

// Runner executes functions as processes of this machine, and empties the queue: it is a
// part of the clockwork. It is safe for concurrent use.
type Runner struct {
	service *Service
	clock   func() time.Time
	failed  *undelivered.Log
	// Logs says that the sandbox has CloudWatch Logs. Set it before the first request.
	Logs bool

	ctx context.Context
	end context.CancelFunc

	mu sync.Mutex
	// environ is what makes a process use the sandbox; nil: it does not listen yet.
	environ func() []string
	idle    []*box
	boxes   map[*box]bool
	running map[string]int // by function
	over    bool
}

// NewRunner returns a runner for the functions of s, which has it from then on. clock is
// the sandbox's time; failed is told of every event that was given up. End it with Close.
func NewRunner(s *Service, clock func() time.Time, failed *undelivered.Log) *Runner {
	r := &Runner{service: s, clock: clock, failed: failed, boxes: map[*box]bool{}, running: map[string]int{}}
	r.ctx, r.end = context.WithCancel(context.Background())
	s.Runner = r
	return r
}

// Open begins: environ returns what makes a process use the sandbox, KEY=VALUE. Nothing is
// executed before.
func (r *Runner) Open(environ func() []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.environ = environ
}

// Close ends every process.
func (r *Runner) Close() {
	r.mu.Lock()
	r.over = true
	var all []*box
	for b := range r.boxes {
		all = append(all, b)
	}
	r.mu.Unlock()
	r.end()
	for _, b := range all {
		r.discard(b)
	}
}

// work is what one invocation needs to know of its function.
type work struct {
	f         *function
	v         *version
	zip       []byte
	variables map[string]string
	caller    *op.Caller // the role's session, for the logs
}

// find reads the function's state.
func (r *Runner) find(at ref) (w *work, err error) {
	s := r.service
	err = s.db.View(func() error {
		f, v, err := s.existing(at)
		if err != nil {
			return err
		}
		if err := s.runnable(f, v); err != nil {
			return err
		}
		c := &op.Call{Now: r.clock().UTC(), Region: f.Region, Caller: op.ServiceCaller(principal, f.arn(), f.Account)}
		w = &work{f: f, v: v, caller: s.roleCaller(c, v.Role, f)}
		if packed := s.code.Get(codeKey(f.key(), v.Hash)); packed != nil {
			w.zip = packed.Zip
		}
		w.variables, err = s.variables(c, f, v.Environment)
		return keyFault(err)
	})
	return w, err
}

// keyFault words KMS's refusal of the environment's key. On AWS these are 502s.
// Source: Lambda API_Invoke, Errors.
func keyFault(err error) error {
	code := map[string]string{"DisabledException": "KMSDisabledException", "KMSInvalidStateException": "KMSInvalidStateException", "NotFoundException": "KMSNotFoundException"}
	var fault *op.Error
	if !errors.As(err, &fault) {
		return err
	}
	name := code[fault.Code]
	if name == "" {
		name = "KMSAccessDeniedException"
	}
	return fail(http.StatusBadRequest, name, "Lambda was unable to decrypt the environment variables because the KMS key cannot be used. KMS Exception: %s KMS Message: %s", fault.Code, fault.Message)
}

// outcome is how an invocation ended.
type outcome struct {
	payload []byte
	// failed: the payload tells of an error of the function.
	failed       bool
	version, log string
}

// invoke executes a function once. The error says that the function was not executed.
func (r *Runner) invoke(ctx context.Context, at ref, request string, payload []byte) (*outcome, error) {
	w, err := r.find(at)
	if err != nil {
		return nil, err
	}
	if err := r.enter(w.f); err != nil {
		return nil, err
	}
	defer r.leave(w.f)
	b := r.warm(w)
	if b == nil {
		if b, err = r.start(ctx, w); err != nil {
			return nil, err
		}
	}
	x := b.serve(ctx, w, request, payload)
	x.version = w.v.Number
	r.record(ctx, b, w, x.log)
	if b.healthy() && ctx.Err() == nil {
		r.keep(b)
	} else {
		r.discard(b)
	}
	return x, nil
}

// enter counts an execution against the function's reserved concurrency.
// Source: Lambda API_Invoke, TooManyRequestsException.
func (r *Runner) enter(f *function) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.over || r.environ == nil:
		return fail(http.StatusBadRequest, "ResourceNotReadyException", "the sandbox has ended, or is about to begin")
	case f.Reserved != nil && r.running[f.key()] >= int(*f.Reserved):
		e := fail(http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded.")
		e.Fields = append(e.Fields, [2]string{"Reason", "ReservedFunctionConcurrentInvocationLimitExceeded"})
		return e
	}
	r.running[f.key()]++
	return nil
}

func (r *Runner) leave(f *function) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[f.key()]--; r.running[f.key()] == 0 {
		delete(r.running, f.key())
	}
}

// warm takes a process of the version that waits, and ends those that have been left behind
// by a change or whose credentials run out.
func (r *Runner) warm(w *work) (found *box) {
	var stale []*box
	until := r.clock().Add(time.Duration(w.v.Timeout) * time.Second)
	r.mu.Lock()
	r.idle = slices.DeleteFunc(r.idle, func(b *box) bool {
		if b.function != w.f.key() || b.version != w.v.Number {
			return false
		}
		if b.revision != w.v.Revision || !b.expires.After(until) || !b.healthy() {
			stale = append(stale, b)
			return true
		}
		if found == nil {
			found = b
			return true
		}
		return false
	})
	r.mu.Unlock()
	for _, b := range stale {
		r.discard(b)
	}
	return found
}

func (r *Runner) keep(b *box) {
	r.mu.Lock()
	over := r.over
	if !over {
		r.idle = append(r.idle, b)
	}
	r.mu.Unlock()
	if over {
		r.discard(b)
	}
}

func (r *Runner) discard(b *box) {
	r.mu.Lock()
	delete(r.boxes, b)
	r.idle = slices.DeleteFunc(r.idle, func(x *box) bool { return x == b })
	r.mu.Unlock()
	b.close()
}

// sessionName is the function's name. A session's has two letters at least; what AWS makes of
// a function with one is not documented.
func sessionName(function string) string {
	if len(function) < 2 {
		return function + "-function"
	}
	return function
}

// start makes a process for the version, with a session of its role.
func (r *Runner) start(ctx context.Context, w *work) (*box, error) {
	client := sts.New(sts.Options{Region: w.f.Region, Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1,
		HTTPClient: &http.Client{Transport: r.service.as(op.ServiceCaller(principal, w.f.arn(), w.f.Account))}})
	session, err := client.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &w.v.Role, RoleSessionName: new(sessionName(w.f.Name))})
	if err != nil {
		refused := fail(http.StatusForbidden, "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.")
		refused.Err = err
		return nil, refused
	}
	r.mu.Lock()
	environ := r.environ()
	r.mu.Unlock()
	b, err := newBox(w, session.Credentials, environ)
	if err != nil {
		return nil, fmt.Errorf("start the function %s: %w", w.f.Name, err)
	}
	r.mu.Lock()
	r.boxes[b] = true
	over := r.over
	r.mu.Unlock()
	if over {
		r.discard(b)
		return nil, os.ErrClosed
	}
	return b, nil
}
