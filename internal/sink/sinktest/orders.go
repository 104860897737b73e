package sinktest

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// Failure is an answer that a test orders in place of the right one.
type Failure struct {
	// Status is the answer's. 0: the connection is broken instead.
	Status int
	// RetryAfter is the header of that name. Empty: it is left out.
	RetryAfter string
	// Body is sent as it is. Empty: the service's own error body.
	Body string
	// Taken says that the message is recorded all the same, as when the answer is lost.
	Taken bool
}

// Server is what both stand-ins have. Safe for concurrent use.
type Server struct {
	t testing.TB

	mu       sync.Mutex
	requests int
	orders   []Failure
	always   *Failure
}

// Fail orders failures for the next requests, one each.
func (s *Server) Fail(orders ...Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, orders...)
}

// FailAlways orders a failure for every request; nil ends it.
func (s *Server) FailAlways(f *Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = f
}

// Requests counts all requests, refused ones too.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// next counts a request and returns the failure that is ordered for it, or nil.
func (s *Server) next() *Failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if len(s.orders) > 0 {
		f := s.orders[0]
		s.orders = s.orders[1:]
		return &f
	}
	return s.always
}

// fail carries an order out. ownBody is how the service words an error.
func (s *Server) fail(w http.ResponseWriter, f *Failure, ownBody func(status int) string) {
	if f.Status == 0 {
		panic(http.ErrAbortHandler) // net/http closes the connection without a word
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	body := f.Body
	if body == "" {
		body = ownBody(f.Status)
	}
	w.WriteHeader(f.Status)
	_, _ = fmt.Fprint(w, body) // who asked may be gone
}
