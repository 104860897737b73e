package sandbox

import (
	"bufio"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"
)

// listener feeds one http.Server with connections of three kinds: plain and TLS
// clients of the port, told apart by their first byte, and the insides of
// CONNECT requests that the proxy ends here.
type listener struct {
	net.Listener
	config *tls.Config
	conns  chan net.Conn
	done   chan struct{}
	once   sync.Once
	err    error
}

// handshakeByte is the first byte of a TLS client's first record.
const handshakeByte = 0x16

// sniffTimeout bounds how long a connection may say nothing.
const sniffTimeout = 30 * time.Second

func newListener(tcp net.Listener, config *tls.Config) *listener {
	l := &listener{Listener: tcp, config: config, conns: make(chan net.Conn), done: make(chan struct{})}
	go l.accept()
	return l
}

func (l *listener) accept() {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			var temporary net.Error
			if errors.As(err, &temporary) && temporary.Timeout() {
				continue
			}
			l.err = err
			_ = l.Close()
			return
		}
		go l.push(conn, bufio.NewReaderSize(conn, 1))
	}
}

// push hands a connection to the server once it is known whether it speaks TLS.
// r holds what was already read from it.
func (l *listener) push(conn net.Conn, r *bufio.Reader) {
	_ = conn.SetReadDeadline(time.Now().Add(sniffTimeout))
	first, err := r.Peek(1)
	_ = conn.SetReadDeadline(time.Time{})
	if err != nil {
		_ = conn.Close()
		return
	}
	ahead, _ := r.Peek(r.Buffered()) // what is buffered can be read
	conn = &prefixed{Conn: conn, ahead: append([]byte(nil), ahead...)}
	if first[0] == handshakeByte {
		conn = tls.Server(conn, l.config)
	}
	select {
	case l.conns <- conn:
	case <-l.done:
		_ = conn.Close()
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() (err error) {
	l.once.Do(func() {
		close(l.done)
		err = l.Listener.Close()
	})
	return err
}

// prefixed is a connection of which some bytes were read ahead.
type prefixed struct {
	net.Conn
	ahead []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.ahead) > 0 {
		n := copy(b, p.ahead)
		p.ahead = p.ahead[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

// logWriter carries the HTTP server's own complaints, such as a client that
// does not trust the CA.
type logWriter struct{ log *slog.Logger }

func (w logWriter) Write(b []byte) (int, error) {
	w.log.Warn("connection", "error", strings.TrimSpace(string(b)))
	return len(b), nil
}
