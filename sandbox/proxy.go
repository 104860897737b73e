package sandbox

import (
	"bufio"
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/strongroom-dev/strongroom/sandbox/internal/dispatch"
)

// proxy is the handler of the port: proxy requests, the control API, the forge,
// and AWS.
type proxy struct {
	s        *Sandbox
	control  http.Handler
	aws      http.Handler
	forge    http.Handler
	forward  *httputil.ReverseProxy
	upstream func(*url.URL) (*url.URL, error)

	mu      sync.Mutex
	tunnels map[net.Conn]struct{}
	closed  bool
}

func newProxy(s *Sandbox) *proxy {
	p := &proxy{s: s, control: s.controlHandler(), aws: s.busy.around(s.withCertificates(s.parts.dispatch)),
		forge: s.busy.around(s.parts.forge), tunnels: map[net.Conn]struct{}{}}
	p.upstream = httpproxy.FromEnvironment().ProxyFunc()
	transport := &http.Transport{
		Proxy:       func(r *http.Request) (*url.URL, error) { return p.via(r.URL) },
		DialContext: dial, DisableCompression: true, IdleConnTimeout: 90 * time.Second,
	}
	p.forward = &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetXForwarded(); r.Out.Header.Del("X-Forwarded-For") },
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			http.Error(w, "strongroom sandbox: cannot reach "+r.URL.Host+": "+err.Error(), http.StatusBadGateway)
		},
	}
	return p
}

// owns reports whether the sandbox itself answers for the host name.
func (s *Sandbox) owns(host string) bool {
	host = strings.ToLower(host)
	return dispatch.IsAWS(host) || s.parts.forge.Serves(host) || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		p.connect(w, r)
		return
	}
	host := hostname(r.Host)
	switch {
	case r.URL.IsAbs() && r.URL.Scheme != "http":
		http.Error(w, fmt.Sprintf("strongroom sandbox: cannot proxy the scheme %q", r.URL.Scheme), http.StatusBadRequest)
	case r.URL.IsAbs() && !p.here(r.Host):
		p.forward.ServeHTTP(w, r)
	case p.isControl(r):
		p.control.ServeHTTP(w, r)
	case p.s.parts.forge.Serves(host):
		p.forge.ServeHTTP(w, r)
	default:
		p.aws.ServeHTTP(w, r)
	}
}

// here reports whether a proxy request is for the sandbox: for a name it stands
// in for, or for its own port. Other ports of this machine are other programs'.
func (p *proxy) here(hostport string) bool {
	host := hostname(hostport)
	if dispatch.IsAWS(host) || p.s.parts.forge.Serves(host) {
		return true
	}
	_, port, err := net.SplitHostPort(hostport)
	_, own, _ := net.SplitHostPort(p.s.front.Addr().String()) // a TCP address has a port
	ip, notIP := netip.ParseAddr(host)
	return err == nil && port == own && (p.s.owns(host) || notIP == nil && ip.IsLoopback())
}

func (p *proxy) isControl(r *http.Request) bool {
	want := p.s.control
	return len(r.URL.Path) > len(want) && r.URL.Path[len(want)] == '/' &&
		subtle.ConstantTimeCompare([]byte(r.URL.Path[:len(want)]), []byte(want)) == 1
}

// connect ends the tunnel here for hosts that are the sandbox's own, so that
// the HTTP server takes over the connection, and else copies bytes.
func (p *proxy) connect(w http.ResponseWriter, r *http.Request) {
	own := p.here(r.Host)
	var remote net.Conn
	if !own {
		var err error
		if remote, err = p.dialTunnel(r.Context(), r.Host); err != nil {
			http.Error(w, "strongroom sandbox: cannot reach "+r.Host+": "+err.Error(), http.StatusBadGateway)
			return
		}
	}
	h, ok := w.(http.Hijacker)
	if !ok {
		http.Error(w, "strongroom sandbox: CONNECT needs HTTP/1.1", http.StatusBadRequest)
		return
	}
	conn, buf, err := h.Hijack()
	if err != nil {
		if remote != nil {
			_ = remote.Close()
		}
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = conn.Close()
		if remote != nil {
			_ = remote.Close()
		}
		return
	}
	if own {
		go p.s.front.push(conn, buf.Reader)
		return
	}
	p.tunnel(conn, buf.Reader, remote)
}

func (p *proxy) tunnel(client net.Conn, buffered *bufio.Reader, remote net.Conn) {
	if !p.track(client, remote) {
		return
	}
	defer p.untrack(client, remote)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(remote, buffered) // either side may go away at any time
		halfClose(remote)
	}()
	_, _ = io.Copy(client, remote)
	halfClose(client)
	<-done
}

func halfClose(c net.Conn) {
	if t, ok := c.(interface{ CloseWrite() error }); ok {
		_ = t.CloseWrite()
		return
	}
	_ = c.Close()
}

func (p *proxy) track(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.closed {
			_ = c.Close()
		} else {
			p.tunnels[c] = struct{}{}
		}
	}
	return !p.closed
}

func (p *proxy) untrack(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(p.tunnels, c)
	}
}

func (p *proxy) close() {
	p.mu.Lock()
	p.closed = true
	for c := range p.tunnels {
		_ = c.Close()
	}
	p.mu.Unlock()
	if t, ok := p.forward.Transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

// via is the proxy of the environment that the sandbox was started in, never
// the sandbox itself.
func (p *proxy) via(u *url.URL) (*url.URL, error) {
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && ip.Unmap().IsLinkLocalUnicast() {
		return nil, linkLocal(u.Hostname())
	}
	up, err := p.upstream(u)
	if up != nil && up.Host == p.s.front.Addr().String() {
		return nil, nil
	}
	return up, err
}

func (p *proxy) dialTunnel(ctx context.Context, hostport string) (net.Conn, error) {
	up, err := p.via(&url.URL{Scheme: "https", Host: hostport})
	if err != nil {
		return nil, err
	}
	if up == nil {
		return dial(ctx, "tcp", hostport)
	}
	if up.Scheme != "http" {
		return nil, fmt.Errorf("the environment's proxy %q has a scheme other than http", up.Redacted())
	}
	conn, err := (&net.Dialer{Timeout: 30 * time.Second}).DialContext(ctx, "tcp", up.Host)
	if err != nil {
		return nil, fmt.Errorf("the environment's proxy: %w", err)
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: hostport}, Host: hostport, Header: http.Header{}}
	if up.User != nil {
		secret, _ := up.User.Password()
		auth := &http.Request{Header: http.Header{}}
		auth.SetBasicAuth(up.User.Username(), secret)
		req.Header.Set("Proxy-Authorization", auth.Header.Get("Authorization"))
	}
	if err := req.Write(conn); err != nil {
		_ = conn.Close()
		return nil, err
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, req)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		_ = conn.Close()
		return nil, fmt.Errorf("the environment's proxy answered %s", resp.Status)
	}
	ahead, _ := r.Peek(r.Buffered())
	return &prefixed{Conn: conn, ahead: append([]byte(nil), ahead...)}, nil
}

// dial refuses link-local addresses, where clouds keep the machine's real
// credentials.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 30 * time.Second, Control: func(_, resolved string, _ syscall.RawConn) error {
		if ap, err := netip.ParseAddrPort(resolved); err == nil && ap.Addr().Unmap().IsLinkLocalUnicast() {
			return linkLocal(resolved)
		}
		return nil
	}}
	return d.DialContext(ctx, network, address)
}

func linkLocal(address string) error {
	return fmt.Errorf("%s is a link-local address, which the sandbox does not reach for anybody", address)
}

// hostname is the host without its port, lower-case.
func hostname(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = h
	}
	return strings.ToLower(hostport)
}
