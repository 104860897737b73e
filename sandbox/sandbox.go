package sandbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"
)

// Sandbox is a running local AWS. It is safe for concurrent use.
type Sandbox struct {
	opts    Options
	parts   *parts
	ca      *authority
	bundle  string // the CA file
	tempDir string
	owner   *os.File // marks tempDir as in use
	control string   // the random path of the control API
	front   *listener
	server  *http.Server
	proxy   *proxy
	served  chan struct{}
	busy    busy
	clock   *clock
	// clients is the HTTP client of the configurations that were handed out.
	clients func() *http.Client

	closing  sync.Once
	closeErr error
}

// Start starts a sandbox. ctx bounds the start only; end the sandbox with Close.
func Start(ctx context.Context, opts Options) (_ *Sandbox, err error) {
	if err := opts.complete(); err != nil {
		return nil, err
	}
	s := &Sandbox{clock: &clock{wall: opts.Clock}, served: make(chan struct{})}
	s.clients = sync.OnceValue(s.HTTPClient)
	opts.Clock = s.clock.now
	s.opts = opts
	tcp, err := (&net.ListenConfig{}).Listen(ctx, "tcp", opts.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("the address %s is in use by another program: choose another port, or port 0 for any free one", opts.Listen)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", opts.Listen, err)
	}
	defer func() {
		if err != nil {
			_ = tcp.Close()
			s.cleanUp()
		}
	}()
	if s.parts, err = assemble(&s.opts, s.clock.wall); err != nil {
		return nil, err
	}
	if err = s.certificates(); err != nil {
		return nil, err
	}
	if err = s.rootAccount(); err != nil {
		return nil, err
	}
	s.serve(tcp)
	if f := s.parts.functions; f != nil {
		f.Open(s.Env)
		s.parts.clockwork.Tell(begun{}) // events may have waited in the data directory
	}
	return s, nil
}

func (s *Sandbox) rootAccount() error {
	creds, err := s.ensureAccount(s.opts.Account, s.opts.AccessKey, s.opts.SecretKey)
	s.opts.AccessKey, s.opts.SecretKey = creds.AccessKeyID, creds.SecretAccessKey
	return err
}

func (s *Sandbox) certificates() (err error) {
	if s.control, err = randomPath(s.opts.Rand); err != nil {
		return err
	}
	// Certificates are for clients, who live in real time whatever the sandbox's
	// clock says.
	if s.ca, err = newAuthority(s.opts.DataDir, time.Now(), s.owns); err != nil {
		return err
	}
	if s.tempDir, s.owner, err = tempDirectory(); err != nil {
		return err
	}
	s.bundle, err = s.ca.writeBundle(s.tempDir)
	return err
}

func (s *Sandbox) serve(tcp net.Listener) {
	s.front = newListener(tcp, &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		GetCertificate: s.ca.certificate,
	})
	s.proxy = newProxy(s)
	s.server = &http.Server{
		Handler: s.proxy, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 3 * time.Minute,
		ErrorLog: log.New(logWriter{s.opts.Log}, "", 0),
	}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(s.front) // it ends with ErrServerClosed
	}()
}

// Close stops the sandbox, writes the audit events that are still to be
// written, and removes its temporary files. Requests that run are cut off.
func (s *Sandbox) Close() error {
	s.closing.Do(func() {
		s.closeErr = s.server.Close()
		<-s.served
		if s.front != nil {
			s.clients().CloseIdleConnections()
		}
		s.proxy.close()
		s.closeErr = errors.Join(s.closeErr, s.cleanUp())
	})
	return s.closeErr
}

func (s *Sandbox) cleanUp() (err error) {
	if s.parts != nil {
		err = s.parts.close()
	}
	return errors.Join(err, release(s.tempDir, s.owner))
}

// URL is the address of the proxy and endpoint, "http://127.0.0.1:PORT".
func (s *Sandbox) URL() string { return "http://" + s.front.Addr().String() }
