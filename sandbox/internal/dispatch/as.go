package dispatch

import (
	"bytes"
	"io"
	"net/http"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// As returns how an AWS service of the sandbox calls the others: a transport for
// an SDK client without credentials, whose requests come from caller, which
// op.ServiceCaller makes. They go the way of every request, but for the
// signature: decoded, authorised by the policies of what they ask for, recorded.
// Nothing leaves the process. Requests that the client does sign, with the
// credentials of a role that the service has assumed, come from the role's session.
//
// It takes the state's lock: do not use it from a handler.
func (d *Dispatcher) As(caller *op.Caller) http.RoundTripper { return &internal{d, caller} }

type internal struct {
	d      *Dispatcher
	caller *op.Caller
}

func (t *internal) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	x := t.d.exchange(in)
	x.call.Caller, x.call.Secure = t.caller, r.URL.Scheme == "https"
	x.answer(in)
	body := append([]byte(nil), x.reply.body.Bytes()...)
	response := &http.Response{
		Status: http.StatusText(x.reply.status), StatusCode: x.reply.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: x.reply.header.Clone(), Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
	x.release()
	return response, nil
}
