package iam

import (
	"time"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Session is a set of temporary credentials, as STS made them. Its key is its
// access key ID.
type Session struct {
	AccessKeyID, Secret, Token string
	Account                    string

	// Type is policy.Root or policy.User for GetSessionToken, else
	// policy.AssumedRole or policy.FederatedUser.
	Type policy.PrincipalType
	// ARN of the session (arn:aws:sts::A:assumed-role/R/S) or, for
	// GetSessionToken, of its user, which may be renamed since.
	ARN string
	// Issuer and IssuerID are the ARN and unique ID of the role or user
	// behind the session; the account's root ARN and ID for the root user.
	Issuer, IssuerID string
	ServiceLinked    bool `json:",omitempty"`

	Source            string
	Name              string `json:",omitempty"`
	Issued, Expires   time.Time
	MFA               bool              `json:",omitempty"`
	MFAAt             time.Time         `json:",omitzero"`
	SourceIdentity    string            `json:",omitempty"`
	Tags              map[string]string `json:",omitempty"`
	TransitiveTagKeys []string          `json:",omitempty"`
	// Limits are the session policies; nil: the session has none.
	Limits    []*Document `json:",omitempty"`
	Federated []op.Key    `json:",omitempty"`

	caller *op.Caller
}

// Loaded compiles the session policies after a restart.
func (x *Session) Loaded() error {
	for _, d := range x.Limits {
		if err := d.recompile("session policy of "+x.ARN, policy.Session); err != nil {
			return err
		}
	}
	x.caller = x.build()
	return nil
}

// build makes the caller that the session's requests have.
func (x *Session) build() *op.Caller {
	p := policy.Principal{Type: x.Type, ARN: x.ARN, Account: x.Account, ID: x.IssuerID, ServiceLinked: x.ServiceLinked}
	switch x.Type {
	case policy.AssumedRole:
		p.RoleARN = x.Issuer
	case policy.FederatedUser:
		p.UserARN = x.Issuer
	}
	var limits []*policy.Policy
	for _, d := range x.Limits {
		limits = append(limits, d.compiled)
	}
	return &op.Caller{
		Principal: p, AccessKeyID: x.AccessKeyID, Account: x.Account,
		Session: &op.Session{
			Issued: x.Issued, Expires: x.Expires, MFA: x.MFA, MFAAt: x.MFAAt,
			Name: x.Name, Source: x.Source, SourceIdentity: x.SourceIdentity,
			Tags: x.Tags, TransitiveTagKeys: x.TransitiveTagKeys,
			Policies: limits, Federated: x.Federated, Issuer: x.Issuer, IssuerID: x.IssuerID,
		},
	}
}

// sessionMemory is how long expired credentials are kept, so that their user
// is told ExpiredToken and not that the key is unknown.
const sessionMemory = 24 * time.Hour

// PutSession stores temporary credentials. Call it within Update; x must not
// be changed afterwards.
func (s *Service) PutSession(x *Session) {
	x.caller = x.build()
	s.sessions.Put(x.AccessKeyID, x)
	if s.sessions.Len()%256 != 0 {
		return
	}
	var old []string
	for id, o := range s.sessions.From("") {
		if x.Issued.Sub(o.Expires) > sessionMemory {
			old = append(old, id)
		}
	}
	for _, id := range old {
		s.sessions.Delete(id)
	}
}

// LimitDocument compiles a session policy.
func LimitDocument(text string) (*Document, error) {
	return document("session policy", text, policy.Session)
}

// ManagedLimit returns a managed policy of the account, or of AWS, for use as
// a session policy.
func (s *Service) ManagedLimit(account, arn string) (*Document, error) {
	if err := s.attachable(account, arn); err != nil {
		return nil, err
	}
	return LimitDocument(s.managed(arn).current().Text)
}
