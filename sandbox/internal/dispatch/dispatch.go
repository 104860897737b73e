package dispatch

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/authz"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

// Config is what a Dispatcher works with. DB, Directory, Clock and Rand must be
// set.
type Config struct {
	DB        *store.DB
	Directory op.Directory
	Services  []op.Service
	Clock     func() time.Time
	// Wall is the time that clients live in and sign with; nil: Clock.
	Wall func() time.Time
	Rand io.Reader
	// Log gets refusals that are the sandbox's fault; nil: none.
	Log *slog.Logger
	// Audit records every request; nil: none is recorded.
	Audit *audit.Log
	// Tell is told of the signals of every request that succeeded; nil: nobody is.
	Tell func(news ...any)
	// Used is told of every verified access key; nil: nobody is.
	Used func(accessKeyID string, at time.Time, region, service string)
	// Encode makes the encoded authorization message of a refusal; nil: none is
	// made.
	Encode func(*op.Call, *authz.Verdict) (string, error)
	// MaxBody bounds a request's body in bytes; 0: 512 MiB.
	MaxBody int64
}

// Dispatcher is the http.Handler of all AWS services.
type Dispatcher struct {
	Config
	services map[string]*service
	order    []*service
	authz    *authz.Authorizer
	verifier sigv4.Verifier

	mu      sync.Mutex
	unknown map[string]int
}

type service struct {
	op.Service
	prefix, source string
	endpoint       string // in host names and signatures
	protocol       op.Protocol
	dialect        sigv4.Dialect
	word           func(*op.Error) *op.Error // nil: errors are worded as they are
	rows           map[string]*op.Row
}

// New checks every row and returns the dispatcher. A row that declares neither
// its checks nor why it needs none is an error.
func New(cfg Config) (*Dispatcher, error) {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 512 << 20
	}
	if cfg.Wall == nil {
		cfg.Wall = cfg.Clock
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	d := &Dispatcher{Config: cfg, services: map[string]*service{}, unknown: map[string]int{}}
	for _, s := range cfg.Services {
		sv, err := newService(s)
		if err != nil {
			return nil, err
		}
		if d.services[sv.endpoint] != nil {
			return nil, fmt.Errorf("two services have the name %q", sv.endpoint)
		}
		d.services[sv.endpoint] = sv
		d.order = append(d.order, sv)
	}
	d.authz = authz.New(cfg.Directory, cfg.Services)
	return d, nil
}

func newService(s op.Service) (*service, error) {
	sv := &service{Service: s, prefix: s.Prefix(), source: s.EventSource(), protocol: s.Protocol(), rows: map[string]*op.Row{}}
	sv.endpoint = sv.prefix
	if e, ok := s.(op.Endpointer); ok {
		sv.endpoint = e.Endpoint()
	}
	if p, ok := sv.protocol.(interface{ Dialect() sigv4.Dialect }); ok {
		sv.dialect = p.Dialect()
	}
	if p, ok := sv.protocol.(op.Wording); ok {
		sv.word = p.Word
	}
	rows := s.Rows()
	for i := range rows {
		row := &rows[i]
		switch {
		case row.HasChecks() == (row.Public != ""):
			return nil, fmt.Errorf("%s:%s must declare its checks or why it needs none, and not both", sv.prefix, row.Name)
		case row.Name == "" || row.Source == "":
			return nil, fmt.Errorf("%s:%s has no name or no source page", sv.prefix, row.Name)
		case sv.rows[row.Name] != nil:
			return nil, fmt.Errorf("%s:%s is declared twice", sv.prefix, row.Name)
		}
		sv.rows[row.Name] = row
	}
	return sv, nil
}

// Unknown returns how often each operation or host was asked for that the
// sandbox does not implement.
func (d *Dispatcher) Unknown() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make(map[string]int, len(d.unknown))
	for k, n := range d.unknown {
		out[k] = n
	}
	return out
}

func (d *Dispatcher) countUnknown(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.unknown[name]; ok || len(d.unknown) < 1000 {
		d.unknown[name]++
	}
}

// asError makes any error one that the wire can carry. An error that is not
// AWS's is the sandbox's own fault: its text stays in the log, and the answer
// is a 400, because clients retry a 5xx for minutes.
func (d *Dispatcher) asError(err error, dialect sigv4.Dialect, name string) *op.Error {
	var e *op.Error
	if errors.As(err, &e) {
		if e.Status < 300 || e.Status > 499 {
			d.Log.Error("a service answered with a status that clients would retry", "operation", name, "status", e.Status, "code", e.Code)
			e = op.Errorf(http.StatusBadRequest, e.Code, "%s", e.Message)
		}
		return e
	}
	var s *sigv4.Error
	if errors.As(err, &s) {
		return s.For(dialect)
	}
	if errors.Is(err, store.ErrUnwritable) {
		d.Log.Error("the data directory cannot be written", "operation", name, "error", err)
		return op.Errorf(http.StatusBadRequest, "SandboxFault", "the sandbox refused %s: its data directory cannot be written, and no change is taken until it is started again", name)
	}
	d.Log.Error("refused by a fault of the sandbox", "operation", name, "error", err)
	return op.Errorf(http.StatusBadRequest, "SandboxFault", "the sandbox failed on %s and refused it; its log says why", name)
}
