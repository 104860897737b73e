package sink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// target is somewhere to tell alerts.
type target interface {
	// name is pushover or ntfy.
	name() string
	// takes reports whether alerts of a severity are told here.
	takes(Severity) bool
	// send makes one attempt. A *sendError says whether another may help. No
	// error has a secret in it.
	send(context.Context, notice) error
}

// sendError is an attempt that failed.
type sendError struct {
	reason string
	// retry says that another attempt may help, not before the pause.
	retry bool
	pause time.Duration
}

func (e *sendError) Error() string { return e.reason }

// attemptTimeout bounds one attempt.
const attemptTimeout = 5 * time.Second

// client returns the client for targets and SNS. It follows no redirects: they would
// take tokens and alerts somewhere else.
func client() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSHandshakeTimeout, t.ResponseHeaderTimeout = attemptTimeout, attemptTimeout
	t.MaxConnsPerHost, t.MaxIdleConnsPerHost = 2, 2 // Source: Pushover "Message API", being friendly: at most two connections
	return &http.Client{Transport: t, Timeout: attemptTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// exchange posts a body and reads a small answer.
func exchange(c *http.Client, r *http.Request) (status int, header http.Header, body []byte, err error) {
	w, err := c.Do(r)
	if err != nil {
		return 0, nil, nil, &sendError{reason: networkReason(err), retry: true}
	}
	defer func() { _ = w.Body.Close() }() // it was only read
	body, err = io.ReadAll(io.LimitReader(w.Body, 64<<10))
	if err != nil {
		return 0, nil, nil, &sendError{reason: networkReason(err), retry: true}
	}
	return w.StatusCode, w.Header, body, nil
}

// refusal is the failure that an HTTP status means: 429 and 5xx may pass, any other is
// final.
func refusal(status int, detail string, h http.Header, now time.Time) *sendError {
	e := &sendError{reason: "answered " + strconv.Itoa(status), retry: status == http.StatusTooManyRequests || status >= 500}
	if detail != "" {
		e.reason += ": " + detail
	}
	if e.retry {
		e.pause = retryAfter(h.Get("Retry-After"), now)
	}
	return e
}

// retryAfter reads the header: seconds or a date. Anything else is no pause.
// Source: RFC 9110, section 10.2.3.
func retryAfter(v string, now time.Time) time.Duration {
	v = strings.TrimSpace(v)
	if n, err := strconv.ParseInt(v, 10, 32); err == nil && n >= 0 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

// networkReason says in a few words why a connection failed, without the address,
// which may have a token in it.
func networkReason(err error) string {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var verify *tls.CertificateVerificationError
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return "the request was given up"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	case errors.As(err, &dns):
		return "its name cannot be resolved"
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &verify):
		return "its TLS certificate is not trusted"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection broke"
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Sprintf("%s failed: %v", op.Op, op.Err)
	}
	return "the connection failed"
}
