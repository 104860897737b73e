package dispatch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/authz"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

// exchange is one request on its way.
type exchange struct {
	d    *Dispatcher
	svc  *service
	row  *op.Row
	call *op.Call
	name string // the operation
	in   any
	out  any
	// claim is nil for unsigned requests.
	claim *sigv4.Claim
	// invoker is the AWS service that made the request with a role's credentials; empty:
	// none did.
	invoker  string
	verdicts []authz.Verdict
	started  time.Time
	reply    reply
}

// reply is a response that is complete before its first byte is sent, so that a
// failure in the middle of encoding is still an error answer.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *reply) Header() http.Header { return r.header }

func (r *reply) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *reply) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *reply) reset() {
	clear(r.header)
	r.status = 0
	r.body.Reset()
}

var exchanges = sync.Pool{New: func() any { return &exchange{reply: reply{header: http.Header{}}} }}

// ServeHTTP answers one AWS request.
func (d *Dispatcher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := d.exchange(r)
	x.answer(r)
	h := w.Header()
	for k, v := range x.reply.header {
		h[k] = v
	}
	w.WriteHeader(x.reply.status)
	_, _ = w.Write(x.reply.body.Bytes()) // a client that went away is not our error
	x.release()
}

// exchange begins the work on a request, from nobody so far.
func (d *Dispatcher) exchange(r *http.Request) *exchange {
	x := exchanges.Get().(*exchange)
	x.d, x.started = d, d.Clock().UTC()
	x.call = &op.Call{Ctx: r.Context(), Now: x.started, HTTP: r, Rand: d.Rand,
		Secure: r.TLS != nil, SourceIP: sourceIP(r), ID: audit.NewID(d.Rand), Caller: anonymous}
	return x
}

// answer fills reply and records the event.
func (x *exchange) answer(r *http.Request) {
	var fault *op.Error
	if err := x.run(r); err != nil {
		fault = x.answerError(err)
	}
	x.record(fault)
	if signals := x.call.Signals(); fault == nil && signals != nil && x.d.Tell != nil {
		for _, s := range signals {
			x.d.Tell(s)
		}
	}
}

func (x *exchange) release() {
	if x.reply.body.Cap() > 1<<20 {
		x.reply.body = bytes.Buffer{}
	}
	x.reply.reset()
	*x = exchange{reply: x.reply}
	exchanges.Put(x)
}

var anonymous = &op.Caller{Principal: policy.Principal{Type: policy.Anonymous}}

func (x *exchange) run(r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	rt := routeOf(r)
	x.call.HostLabel = rt.label
	body, bodyErr := readBody(r, x.d.MaxBody)
	x.call.Body = body
	claim, claimErr := sigv4.Parse(r)
	x.claim = claim
	if err := x.find(rt, claim); err != nil {
		return err
	}
	if bodyErr != nil {
		return bodyErr
	}
	if claimErr != nil {
		return claimErr
	}
	if err := x.authenticate(rt); err != nil {
		return err
	}
	if x.name, err = x.svc.protocol.Operation(x.call); err != nil {
		return err
	}
	if x.row = x.svc.rows[x.name]; x.row == nil {
		x.d.countUnknown(x.svc.prefix + ":" + x.name)
		return op.Errorf(http.StatusBadRequest, "NotImplemented", "the sandbox does not implement %s:%s", x.svc.prefix, x.name)
	}
	if x.unproven() && x.row.Unsigned == "" {
		return &sigv4.Error{Reason: sigv4.NotAuthenticated}
	}
	x.in = x.row.NewInput()
	if err := x.svc.protocol.Decode(x.call, x.name, x.in); err != nil {
		return err
	}
	if err := x.row.Prepare(x.call, x.in); err != nil {
		return err
	}
	if x.row.Labours() {
		if err := x.labour(); err != nil {
			return err
		}
	}
	return x.transact()
}

// labour does work of the row's that takes long, for those who may ask for it.
func (x *exchange) labour() error {
	err := x.d.DB.View(func() error {
		return x.safely(func() error {
			if err := x.stillValid(); err != nil {
				return err
			}
			return x.authorise()
		})
	})
	if err != nil {
		return err
	}
	x.verdicts = x.verdicts[:0] // they count when they are given under the lock
	return x.row.Labour(x.call, x.in)
}

// unproven reports a caller without a signature in a service that has no
// anonymous callers; S3 alone has.
func (x *exchange) unproven() bool {
	return x.call.Caller.Principal.Type == policy.Anonymous && x.svc.dialect != sigv4.S3
}

// transact runs what must see one state: the caller's policies, the checks, the
// handler, and the encoding of what it returned.
func (x *exchange) transact() error {
	if x.row.Access == op.Write {
		return x.d.DB.Update(x.guarded)
	}
	return x.d.DB.View(x.guarded)
}

func (x *exchange) guarded() error {
	return x.safely(func() (err error) {
		if err := x.stillValid(); err != nil {
			return err
		}
		if err := x.authorise(); err != nil {
			return err
		}
		if x.out, err = x.row.Handle(x.call, x.in); err != nil {
			return err
		}
		x.reply.reset()
		return x.svc.protocol.Encode(&x.reply, x.call, x.name, x.out)
	})
}

// safely makes an error of a panic, inside the lock, so that the store stays usable.
func (x *exchange) safely(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}

func (x *exchange) authorise() error {
	if x.row.Asks != "" {
		x.call.SetAsk(x.ask)
	}
	checks, err := x.row.Checks(x.call, x.in)
	if err != nil {
		return err
	}
	if x.unproven() {
		for i := range checks {
			if checks[i].Principal == nil {
				return &sigv4.Error{Reason: sigv4.NotAuthenticated}
			}
		}
	}
	if len(checks) == 0 && x.row.Public == "" && x.row.Asks == "" {
		return errors.New("the row declared checks and asked for nothing")
	}
	for _, check := range checks {
		if err := x.ask(check); err != nil {
			return err
		}
	}
	return nil
}

func (x *exchange) ask(check op.Check) error {
	v := x.d.authz.Decide(x.call, check, x.svc.dialect)
	x.verdicts = append(x.verdicts, v)
	if v.Allowed {
		return nil
	}
	if v.Err == nil {
		return errors.New("a check was refused without an error")
	}
	return v.Err
}

func (x *exchange) answerError(err error) *op.Error {
	x.reply.reset()
	e := x.d.asError(err, x.dialect(), x.name)
	if x.svc != nil && x.svc.word != nil {
		e = x.svc.word(e)
	}
	if x.svc == nil {
		encodeUnknown(&x.reply, x.call, e)
	} else {
		x.svc.protocol.EncodeError(&x.reply, x.call, x.name, e)
	}
	for k, v := range e.Header {
		x.reply.header.Set(k, v)
	}
	if x.reply.status == 0 {
		x.reply.status = e.Status
	}
	return e
}

func (x *exchange) dialect() sigv4.Dialect {
	if x.svc == nil {
		return sigv4.Query
	}
	return x.svc.dialect
}

// find sets the service and the region.
func (x *exchange) find(rt route, claim *sigv4.Claim) error {
	name := rt.service
	x.call.Region = rt.region
	if rt.roaming && claim != nil && regionName.MatchString(claim.Region) {
		x.call.Region = claim.Region
	}
	if rt.service == "" {
		if claim != nil {
			name, x.call.Region = claim.Service, claim.Region
		} else {
			name, x.call.Region, x.call.Anywhere = x.guess(), defaultRegion, true
		}
		if globalServices[name] {
			x.call.Region = defaultRegion
		}
	}
	if name == "s3-control" && x.d.services[name] == nil {
		name = "s3"
	}
	x.svc = x.d.services[name]
	if x.svc == nil || rt.fault != "" {
		x.svc = nil
		x.d.countUnknown(name)
		fault := rt.fault
		if fault == "" {
			fault = fmt.Sprintf("the sandbox does not implement the service %q", name)
		}
		return op.Errorf(http.StatusBadRequest, "NotImplemented", "%s", fault)
	}
	return nil
}

// guess finds the service of an unsigned request to the plain endpoint: the one
// whose protocol knows the operation it names, or else S3.
func (x *exchange) guess() string {
	r := x.call.HTTP
	named := bytes.Contains(x.call.Body, []byte("Action=")) || r.Header.Get("X-Amz-Target") != "" || r.URL.Query().Has("Action")
	if r.URL.Path != "/" || !named {
		return "s3"
	}
	for _, s := range x.d.order {
		if s.dialect == sigv4.S3 {
			continue
		}
		if name, err := s.protocol.Operation(x.call); err == nil && s.rows[name] != nil {
			return s.endpoint
		}
	}
	return "s3"
}

func (x *exchange) target(rt route) sigv4.Target {
	t := sigv4.Target{At: x.call.Now, Service: x.svc.endpoint, S3: x.svc.dialect == sigv4.S3, Wide: x.svc.dialect == sigv4.Query}
	if x.svc.prefix == "s3-control" {
		t.Service = "s3"
	}
	if rt.region != "" && !rt.roaming { // clients of a plain endpoint sign for any region
		t.Regions = []string{rt.region}
	}
	return t
}

// authenticate verifies the signature and sets the caller and the payload.
func (x *exchange) authenticate(rt route) error {
	// As has said who asks; what it signs, it asks with credentials of a role.
	service := x.call.Caller.Principal
	if service.Type == policy.Service && x.claim == nil {
		body, err := sigv4.Unsigned(x.call.HTTP, x.call.Body, x.svc.dialect == sigv4.S3)
		x.call.Body = body
		return err
	}
	s3 := x.svc.dialect == sigv4.S3
	if x.claim == nil {
		body, err := sigv4.Unsigned(x.call.HTTP, x.call.Body, s3)
		x.call.Body = body
		return err
	}
	cred := x.credential()
	body, err := x.d.verifier.Verify(x.call.HTTP, x.claim, x.target(rt), cred, x.call.Body, x.d.Wall().UTC())
	if err != nil {
		return err
	}
	x.call.Body, x.call.Caller = body, cred.Caller
	if service.Type == policy.Service {
		x.invoker = service.ARN
	}
	if x.d.Used != nil {
		x.d.Used(x.claim.AccessKeyID, x.call.Now, x.call.Region, x.svc.prefix)
	}
	return nil
}

func (x *exchange) credential() (cred *op.Credential) {
	_ = x.d.DB.View(func() error {
		if c, ok := x.d.Directory.Credential(x.claim.AccessKeyID); ok {
			cred = &c
		}
		return nil
	})
	return cred
}

// stillValid looks the key up again under the lock that the operation holds: it
// may have been deactivated since its signature was verified.
func (x *exchange) stillValid() error {
	if x.claim == nil {
		return nil
	}
	c, ok := x.d.Directory.Credential(x.claim.AccessKeyID)
	if !ok || c.Inactive {
		return &sigv4.Error{Reason: sigv4.UnknownKey}
	}
	x.call.Caller = c.Caller
	return nil
}

// readBody reads at most limit bytes.
// Source: S3 API Reference "Error responses", EntityTooLarge.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	if r.ContentLength > 0 { // the server hands out no more than that
		body := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			return nil, incompleteBody()
		}
		return body, nil
	}
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r.Body, limit+1))
	if n > limit {
		return nil, tooLarge(limit)
	}
	if err != nil {
		return nil, incompleteBody()
	}
	return slices.Clip(b.Bytes()), nil
}

func tooLarge(limit int64) error {
	return op.Errorf(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the sandbox's limit of %d bytes", limit)
}

func incompleteBody() error {
	return op.Errorf(http.StatusBadRequest, "IncompleteBody", "The request body terminated unexpectedly")
}

func sourceIP(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}
