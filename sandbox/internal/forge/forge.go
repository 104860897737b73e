package forge

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

// Options configures a Forge. The zero value is ready to use.
type Options struct {
	// Issuers are further issuers to stand in for: a self-managed GitLab
	// ("https://gitlab.example.com", with the path if GitLab has one), or a GitHub
	// Enterprise Cloud host with data residency
	// ("https://token.actions.SUBDOMAIN.ghe.com").
	Issuers []string
	// Clock tells the time tokens are issued at. Nil: time.Now.
	Clock func() time.Time
	// Rand is where keys and token IDs come from. Nil: crypto/rand.
	Rand io.Reader
	// DB keeps projects, access tokens and states. Nil: they are in memory only.
	DB *store.DB
	// MaxState is the size of the largest state that is taken, in bytes. Zero: 512 MiB.
	MaxState int64
	// Audit gets each Event as a line of JSON before the request is answered. Nil: they
	// are kept for Events only.
	Audit io.Writer
	// Log gets the sandbox's own faults. Nil: none.
	Log *slog.Logger
}

// Forge is the stand-in for every configured issuer. It is safe for concurrent
// use.
type Forge struct {
	issuers  []*issuer
	stranger *key // signs what a forger would
	clock    func() time.Time
	rand     io.Reader
	maxState int64
	log      *slog.Logger

	db       *store.DB
	projects *store.Table[project]
	members  *store.Table[member]
	tokens   *store.Table[token]
	states   *store.Table[state]
	versions *store.Table[version]
	sealing  *store.Table[sealing]

	mu       sync.Mutex // guards what follows
	ring     []Event
	next     int // where the ring is written next, once it is full
	audit    io.Writer
	auditErr error
}

// issuer is one OIDC issuer with its own signing key.
type issuer struct {
	kind oidc.Kind
	// url is the iss claim; host and path are its parts.
	url, host, path string
	key             *key
}

// New returns a Forge. The error names an issuer that is not an https URL, or
// that is given twice. No key is made yet.
func New(opts Options) (*Forge, error) {
	f := &Forge{clock: opts.Clock, rand: opts.Rand, stranger: &key{}, db: opts.DB, maxState: opts.MaxState, audit: opts.Audit, log: opts.Log}
	if f.clock == nil {
		f.clock = time.Now
	}
	if f.rand == nil {
		f.rand = rand.Reader
	}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	if f.db == nil {
		f.db = store.Memory()
	}
	if f.maxState == 0 {
		f.maxState = maxState
	}
	f.projects = store.NewTable[project](f.db, "forge.projects")
	f.members = store.NewTable[member](f.db, "forge.members")
	f.tokens = store.NewTable[token](f.db, "forge.tokens")
	f.states = store.NewTable[state](f.db, "forge.states")
	f.versions = store.NewTable[version](f.db, "forge.versions")
	f.sealing = store.NewTable[sealing](f.db, "forge.sealing")
	for _, u := range append([]string{oidc.GitLabIssuer, oidc.GitHubIssuer}, opts.Issuers...) {
		is, err := newIssuer(u)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(f.issuers, func(o *issuer) bool { return o.url == is.url }) {
			return nil, fmt.Errorf("issuer %q is configured twice", u)
		}
		f.issuers = append(f.issuers, is)
	}
	return f, nil
}

func newIssuer(raw string) (*issuer, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Port() != "" {
		return nil, fmt.Errorf("issuer %q is not a URL like https://gitlab.example.com", raw)
	}
	host, path := strings.ToLower(u.Hostname()), strings.TrimRight(u.Path, "/")
	is := &issuer{kind: oidc.KindGitLab, url: "https://" + host + path, host: host, path: path, key: &key{}}
	if k := oidc.KindOf(is.url); k == oidc.KindGitHub {
		is.kind = k
	}
	if strings.HasSuffix(host, ".amazonaws.com") {
		return nil, fmt.Errorf("issuer %q is an AWS host", raw)
	}
	return is, nil
}

// Hosts returns the names of the hosts that the Forge answers for.
func (f *Forge) Hosts() []string {
	var hosts []string
	for _, is := range f.issuers {
		if !slices.Contains(hosts, is.host) {
			hosts = append(hosts, is.host)
		}
	}
	return hosts
}

// Serves reports whether host, without a port, is one of Hosts.
func (f *Forge) Serves(host string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc(f.issuers, func(is *issuer) bool { return is.host == host })
}

// JWKS returns the public keys of an issuer, given as in a token's iss claim.
// The error names an issuer that the Forge does not stand in for.
func (f *Forge) JWKS(ctx context.Context, issuerURL string) (*jose.JSONWebKeySet, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	is, err := f.issuer(issuerURL)
	if err != nil {
		return nil, err
	}
	return is.key.public(f.rand)
}

// issuer finds the issuer of an iss claim. GitHub's may have the slug of an
// enterprise as its path, and shares GitHub's keys then.
func (f *Forge) issuer(raw string) (*issuer, error) {
	for _, is := range f.issuers {
		if is.url == raw {
			return is, nil
		}
		if is.kind == oidc.KindGitHub && oidc.IsEnterprise(raw, is.url) {
			return is, nil
		}
	}
	known := make([]string, len(f.issuers))
	for i, is := range f.issuers {
		known[i] = is.url
	}
	return nil, fmt.Errorf("the sandbox does not stand in for issuer %q; it does for %s", raw, strings.Join(known, ", "))
}
