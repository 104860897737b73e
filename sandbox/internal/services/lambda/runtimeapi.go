package lambda

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
)

// runtimeAPI is what a process asks for its invocations and gives its answers to.
// Source: Lambda Developer Guide "Using the Lambda runtime API for custom runtimes".
type runtimeAPI struct {
	id     string
	socket net.Listener
	server *http.Server
	// ready has a token while the process waits for an invocation.
	ready chan struct{}
	jobs  chan *job

	mu   sync.Mutex
	now  *job // that the process is at; nil: none
	init *outcome
}

// job is one invocation.
type job struct {
	request, arn string
	payload      []byte
	deadline     time.Time
	answer       chan *outcome
}

func newRuntimeAPI() (*runtimeAPI, error) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &runtimeAPI{id: audit.NewID(rand.Reader), socket: socket, ready: make(chan struct{}, 1), jobs: make(chan *job)}
	mux := http.NewServeMux()
	const base = "/2018-06-01/runtime/"
	mux.HandleFunc("GET "+base+"invocation/next", a.next)
	mux.HandleFunc("POST "+base+"invocation/{id}/response", a.respond)
	mux.HandleFunc("POST "+base+"invocation/{id}/error", a.fail)
	mux.HandleFunc("POST "+base+"init/error", a.failInit)
	a.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = a.server.Serve(socket) }() // it ends with ErrServerClosed
	return a, nil
}

func (a *runtimeAPI) address() string { return a.socket.Addr().String() }

func (a *runtimeAPI) close() { _ = a.server.Close() }

// again says that the process waits, as next did before somebody looked.
func (a *runtimeAPI) again() {
	select {
	case a.ready <- struct{}{}:
	default:
	}
}

func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	a.again()
	select {
	case <-r.Context().Done():
	case j := <-a.jobs:
		select {
		case <-a.ready: // it does not wait any more
		default:
		}
		a.mu.Lock()
		a.now = j
		a.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", j.request)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(j.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", j.arn)
		hex := strings.ReplaceAll(j.request, "-", "") + "000000000000000000000000"
		h.Set("Lambda-Runtime-Trace-Id", fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", time.Now().Unix(), hex[:24], hex[:16]))
		_, _ = w.Write(j.payload) // a process that is gone is noticed by who waits for it
	}
}

// take ends the invocation of the path; false: the process is not at it.
func (a *runtimeAPI) take(w http.ResponseWriter, r *http.Request) (*job, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	j := a.now
	if j == nil || j.request != r.PathValue("id") {
		httpError(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return nil, false
	}
	a.now = nil
	return j, true
}

func accepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`) // a process that is gone needs no answer
}

func (a *runtimeAPI) respond(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
	j, ok := a.take(w, r)
	if !ok {
		return
	}
	switch {
	case err != nil:
		j.answer <- failure("Runtime.TruncatedResponse", "RequestId: %s Error: the response was cut off", j.request)
		httpError(w, http.StatusBadRequest, "TruncatedResponse", "the response was cut off")
	case len(body) > maxPayload:
		j.answer <- failure("Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (%d bytes).", maxPayload)
		httpError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")
	case r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "":
		j.answer <- failure(r.Trailer.Get("Lambda-Runtime-Function-Error-Type"), "the response was given up")
		accepted(w)
	default:
		j.answer <- &outcome{payload: body}
		accepted(w)
	}
}

// told reads the error that a process tells of.
func told(r *http.Request) *outcome {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload))
	if err != nil || !json.Valid(body) {
		return failure("Runtime.Unknown", "the function told of an error that is not JSON")
	}
	return &outcome{payload: body, failed: true}
}

func (a *runtimeAPI) fail(w http.ResponseWriter, r *http.Request) {
	x := told(r)
	if j, ok := a.take(w, r); ok {
		j.answer <- x
		accepted(w)
	}
}

func (a *runtimeAPI) failInit(w http.ResponseWriter, r *http.Request) {
	x := told(r)
	a.mu.Lock()
	a.init = x
	a.mu.Unlock()
	accepted(w)
}

func (a *runtimeAPI) failedInit() *outcome {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.init
}
