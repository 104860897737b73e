package sts

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Issuers gives the public keys of OIDC issuers.
type Issuers interface {
	// JWKS returns the keys of an issuer ("https://gitlab.com"). An issuer
	// that cannot be reached is an error.
	JWKS(ctx context.Context, issuer string) (*jose.JSONWebKeySet, error)
}

// Service is STS for every account of the sandbox.
type Service struct {
	iam     *iam.Service
	issuers Issuers

	// messageKey encrypts authorization messages; made on first use.
	messageKey func() []byte

	protocol op.Protocol
	rows     []op.Row
}

// New makes the service. issuers may be nil: then no web identity is accepted.
func New(_ *store.DB, identities *iam.Service, issuers Issuers) *Service {
	s := &Service{iam: identities, issuers: issuers, protocol: wire.NewQuery("2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/")}
	s.messageKey = sync.OnceValue(func() []byte {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		return key
	})
	s.rows = slices.Concat(s.identityRows(), s.assumeRows(), s.webIdentityRows(), s.sessionTokenRows(), s.messageRows(), refusedRows())
	return s
}

// Prefix is "sts".
func (s *Service) Prefix() string { return "sts" }

// EventSource is "sts.amazonaws.com".
func (s *Service) EventSource() string { return "sts.amazonaws.com" }

// Protocol is the AWS query protocol.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows is the table of operations.
func (s *Service) Rows() []op.Row { return s.rows }

// Keys lists the condition keys that the service fills in itself.
func (s *Service) Keys() []string {
	return []string{"sts:ExternalId", "sts:RoleSessionName", "sts:SourceIdentity", "sts:TransitiveTagKeys", "iam:ResourceTag/*"}
}
