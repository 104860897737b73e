package token

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

const (
	// fetchTime bounds discovery and keys together.
	fetchTime = 5 * time.Second
	// fetchSize bounds each of the two answers, in bytes.
	fetchSize = 1 << 20
	// redirects is how many are followed for each of the two.
	redirects = 3
)

// Fetcher gets an issuer's keys over https. The zero value uses no proxy and the
// system's certificates. It may be used by several goroutines.
type Fetcher struct {
	// Transport carries the requests. Nil: a new one for each call.
	Transport http.RoundTripper
	// Time bounds one call of Keys. Zero: 5 seconds.
	Time time.Duration
}

// NewFetcher returns a Fetcher that honours HTTPS_PROXY, NO_PROXY and
// SSL_CERT_FILE of an environment. The error names a certificate file that cannot
// be used.
func NewFetcher(getenv func(string) string) (*Fetcher, error) {
	first := func(names ...string) string {
		for _, n := range names {
			if v := getenv(n); v != "" {
				return v
			}
		}
		return ""
	}
	proxy := (&httpproxy.Config{HTTPSProxy: first("HTTPS_PROXY", "https_proxy"), NoProxy: first("NO_PROXY", "no_proxy")}).ProxyFunc()
	t := newTransport()
	t.Proxy = func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
	if file := getenv("SSL_CERT_FILE"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, &diag.Diagnostic{Rule: "issuer-ca", Summary: "SSL_CERT_FILE: " + err.Error(), Fix: "unset it, or name a readable file of certificates", Err: err}
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, &diag.Diagnostic{Rule: "issuer-ca", Summary: "SSL_CERT_FILE holds no certificate in PEM", At: diag.Location{File: file}, Fix: "unset it, or name a file of PEM certificates"}
		}
		t.TLSClientConfig.RootCAs = roots
	}
	return &Fetcher{Transport: t}, nil
}

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Control: notLinkLocal}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

var errLinkLocal = errors.New("is a link-local address, where an instance's metadata is and no issuer")

// notLinkLocal keeps a token from sending requests to the machine's metadata.
func notLinkLocal(_, address string, _ syscall.RawConn) error {
	if a, err := netip.ParseAddrPort(address); err == nil && a.Addr().Unmap().IsLinkLocalUnicast() {
		return errLinkLocal
	}
	return nil
}

// Keys gets the keys of an issuer, as its tokens' iss names it, by OpenID Connect
// Discovery. An error that diag.Outcome says No of tells that the issuer itself is
// wrong; any other, that its keys could not be had.
func (f *Fetcher) Keys(ctx context.Context, issuer string) (*KeySet, error) {
	base, err := issuerURL(issuer)
	if err != nil {
		return nil, err
	}
	limit := f.Time
	if limit == 0 {
		limit = fetchTime
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	transport := f.Transport
	if transport == nil {
		t := newTransport()
		defer t.CloseIdleConnections()
		transport = t
	}
	client := &http.Client{Transport: transport, CheckRedirect: checkRedirect}
	where := strings.TrimSuffix(base.String(), "/") + "/.well-known/openid-configuration"
	body, err := get(ctx, client, where, limit)
	if err != nil {
		return nil, err
	}
	doc, _, err := object(body, maxValues)
	if err != nil {
		return nil, fetchError(where, "its answer "+err.Error())
	}
	if err := sameIssuer(issuer, doc["issuer"], where); err != nil {
		return nil, err
	}
	uri, _ := doc["jwks_uri"].(string)
	if u, err := url.Parse(uri); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, diag.Refuse(&diag.Diagnostic{Rule: "issuer-keys", Summary: "the issuer's discovery document names no https jwks_uri", Found: "jwks_uri = " + shown(uri, 120), At: diag.Location{File: where},
			Why: "keys read without TLS could be anyone's, and AWS STS reads none", Fix: "the issuer's operator has to serve its keys over https"})
	}
	if body, err = get(ctx, client, uri, limit); err != nil {
		return nil, err
	}
	return ParseKeys(body, uri)
}

// sameIssuer refuses discovery that speaks for another issuer.
// Source: OpenID Connect Discovery 1.0, section 4.3.
func sameIssuer(issuer string, got any, where string) error {
	name, _ := got.(string)
	if name == issuer || issuer == "accounts.google.com" && name == "https://"+issuer {
		return nil
	}
	why := "the document speaks for another issuer: its keys say nothing about this token"
	if strings.TrimSuffix(name, "/") == strings.TrimSuffix(issuer, "/") {
		why = "the two differ by a slash at the end, and AWS compares them letter by letter"
	}
	return diag.Refuse(&diag.Diagnostic{Rule: "issuer-differs", Summary: "the token's issuer is not the one that its discovery document names", At: diag.Location{File: where},
		Found: fmt.Sprintf("iss = %s, the document's issuer = %s", shown(issuer, 120), shown(name, 120)), Why: why,
		Fix: "take a token of the real issuer, or have the instance's external URL set right"})
}

func checkRedirect(r *http.Request, via []*http.Request) error {
	if r.URL.Scheme != "https" {
		return errPlain
	}
	if len(via) > redirects {
		return errRedirects
	}
	return nil
}

var (
	errPlain     = errors.New("it redirects to a URL without TLS")
	errRedirects = fmt.Errorf("it redirects more than %d times", redirects)
)

func get(ctx context.Context, client *http.Client, where string, limit time.Duration) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, fetchError(where, "the URL is not usable")
	}
	r.Header.Set("Accept", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		return nil, fetchError(where, transportProblem(ctx, err, limit))
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fetchError(where, fmt.Sprintf("it answers with status %d", answer.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, fetchSize+1))
	switch {
	// A server may end its answer properly once the client is hanging up.
	case err != nil, ctx.Err() != nil:
		return nil, fetchError(where, transportProblem(ctx, cmp.Or(err, ctx.Err()), limit))
	case len(body) > fetchSize:
		return nil, fetchError(where, fmt.Sprintf("its answer is larger than %d bytes", fetchSize))
	}
	return body, nil
}

// transportProblem says in a few words why there is no answer.
func transportProblem(ctx context.Context, err error, limit time.Duration) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	switch {
	case errors.Is(err, errPlain), errors.Is(err, errRedirects):
		return errors.Unwrap(err).Error()
	case errors.Is(err, errLinkLocal):
		return "the host " + errLinkLocal.Error()
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Sprintf("it did not answer within %s", limit)
	case errors.Is(err, context.Canceled):
		return "the request was interrupted"
	case errors.As(err, &unknown):
		return "its certificate is signed by an authority that is not trusted here"
	case errors.As(err, &name):
		return "its certificate is for another host"
	case errors.As(err, &certificate):
		return "its certificate is not valid"
	case errors.As(err, &dns):
		return "its host name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused"
	}
	// The error of a client names the URL, which is in the diagnostic already.
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	return shown(err.Error(), 200)
}

func fetchError(where, problem string) error {
	return &diag.Diagnostic{Rule: "issuer-unreachable", Summary: "the issuer's keys could not be read: " + problem, At: diag.Location{File: shown(where, 200)},
		Why: "without them nobody can tell who signed the token",
		Fix: "save the set that the issuer's jwks_uri serves, and give it: --jwks FILE"}
}
