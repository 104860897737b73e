package sinktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Runtime speaks Lambda's Runtime API to one function's process.
// Source: Lambda Developer Guide "Using the Lambda runtime API for custom runtimes".
type Runtime struct {
	// Address is the value of AWS_LAMBDA_RUNTIME_API.
	Address string
	// Timeout is the function's. It is set before the first call.
	Timeout time.Duration

	calls chan []byte

	mu      sync.Mutex
	count   int
	answers map[string]chan Answer
}

// Answer is how a call ended.
type Answer struct {
	// Body is the function's answer, or the error object.
	Body []byte
	// Error is the error's message. Empty: the call succeeded.
	Error string
}

// NewRuntime starts a server, which ends with the test.
func NewRuntime(t testing.TB) *Runtime {
	r := &Runtime{Timeout: time.Minute, calls: make(chan []byte), answers: map[string]chan Answer{}}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	r.Address = strings.TrimPrefix(s.URL, "http://")
	return r
}

// Call invokes the function and returns its answer, or fails the test if the process
// ends first: ended is closed then.
func (r *Runtime) Call(t testing.TB, ended <-chan struct{}, payload []byte) Answer {
	t.Helper()
	r.mu.Lock()
	id := requestID(r.count + 1)
	answer := make(chan Answer, 1)
	r.answers[id] = answer
	r.mu.Unlock()
	select {
	case r.calls <- payload:
	case <-ended:
		t.Fatal("the function ended before it asked for work")
	}
	select {
	case a := <-answer:
		return a
	case <-ended:
		t.Fatal("the function ended before it answered")
	}
	return Answer{}
}

func requestID(n int) string { return fmt.Sprintf("8476a536-e9f4-11e8-9739-%012d", n) }

// ServeHTTP answers GET .../next, POST .../ID/response and POST .../ID/error.
func (r *Runtime) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	const base = "/2018-06-01/runtime/invocation/"
	path, ok := strings.CutPrefix(q.URL.Path, base)
	switch id, end, _ := strings.Cut(path, "/"); {
	case !ok:
		http.NotFound(w, q)
	case path == "next" && q.Method == http.MethodGet:
		select {
		case payload := <-r.calls:
			r.mu.Lock()
			r.count++
			h := w.Header()
			h.Set("Lambda-Runtime-Aws-Request-Id", requestID(r.count))
			r.mu.Unlock()
			h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(r.Timeout).UnixMilli(), 10))
			h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-2:111122223333:function:foundations-alert-sink")
			h.Set("Content-Type", "application/json")
			_, _ = w.Write(payload) // a process that is gone shows in Call
		case <-q.Context().Done():
		}
	case (end == "response" || end == "error") && q.Method == http.MethodPost:
		body, err := io.ReadAll(q.Body)
		r.mu.Lock()
		answer := r.answers[id]
		delete(r.answers, id)
		r.mu.Unlock()
		if err != nil || answer == nil {
			http.Error(w, `{"errorType":"InvalidRequestID","errorMessage":"no such call is under way"}`, http.StatusBadRequest)
			return
		}
		a := Answer{Body: body}
		if end == "error" {
			var e struct{ ErrorMessage string }
			_ = json.Unmarshal(body, &e)
			a.Error = e.ErrorMessage
			if a.Error == "" {
				a.Error = string(body)
			}
		}
		answer <- a
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"status":"OK"}`)
	default:
		http.NotFound(w, q)
	}
}
