package iam

import (
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

var _ op.Directory = (*Service)(nil)

// Credential finds an access key, long-term or temporary. The keys of a user
// who is gone are unknown, and so are the sessions made with them.
func (s *Service) Credential(accessKeyID string) (op.Credential, bool) {
	if x := s.sessions.Get(accessKeyID); x != nil {
		cred := op.Credential{AccessKeyID: x.AccessKeyID, Secret: x.Secret, SessionToken: x.Token, Caller: x.caller}
		if x.Type == policy.User {
			u := s.byID(x.IssuerID)
			if u == nil {
				return op.Credential{}, false
			}
			if u.ARN() != x.ARN { // renamed since
				c := *x.caller
				c.Principal.ARN = u.ARN()
				cred.Caller = &c
			}
		}
		return cred, true
	}
	k := s.keys.Get(accessKeyID)
	if k == nil {
		return op.Credential{}, false
	}
	caller := &op.Caller{AccessKeyID: k.ID, Account: k.Account}
	if k.User == "" {
		caller.Principal = rootPrincipal(k.Account)
	} else {
		u := s.byID(k.User)
		if u == nil {
			return op.Credential{}, false
		}
		caller.Principal = policy.Principal{Type: policy.User, ARN: u.ARN(), Account: u.Account, ID: u.ID}
	}
	return op.Credential{AccessKeyID: k.ID, Secret: k.Secret, Inactive: k.Inactive, Caller: caller}, true
}

func rootPrincipal(account string) policy.Principal {
	return policy.Principal{Type: policy.Root, ARN: "arn:aws:iam::" + account + ":root", Account: account, ID: account}
}

// Policies returns what empowers and limits the caller: its own policies and
// its groups', its boundary, and the SCPs of its account.
func (s *Service) Policies(caller *op.Caller) op.Policies {
	var out op.Policies
	if caller == nil || caller.Account == "" {
		return out
	}
	out.SCPs = s.accounts.Get(caller.Account).scps()
	id := caller.Principal.ID
	if caller.Session != nil {
		id = caller.Session.IssuerID
	}
	switch caller.Principal.Type {
	case policy.User, policy.AssumedRole:
	case policy.FederatedUser:
		if id == caller.Account { // made by the root user, whose rights it shares
			out.Identity = []*policy.Policy{s.aws[administratorAccess].current().compiled}
			return out
		}
	default:
		return out
	}
	e := s.byID(id)
	if e == nil {
		return out
	}
	s.fill(&out, e)
	return out
}

// EntityPolicies is Policies for a user or role by ARN, without a session; ok
// is false if there is no such user or role.
func (s *Service) EntityPolicies(arn string) (out op.Policies, ok bool) {
	e := s.byARN(arn)
	if e == nil {
		return out, false
	}
	out.SCPs = s.accounts.Get(e.Account).scps()
	s.fill(&out, e)
	return out, true
}

func (s *Service) fill(out *op.Policies, e *Entity) {
	out.Tags = e.TagMap()
	out.Identity = s.grants(nil, e)
	if e.User != nil {
		for _, g := range e.User.Groups {
			if group := s.entity(e.Account, groupKind, g); group != nil {
				out.Identity = s.grants(out.Identity, group)
			}
		}
	}
	if e.Boundary != "" {
		if p := s.managed(e.Boundary); p != nil {
			out.Boundary = p.current().Policy()
		} else {
			out.Boundary = nothing
		}
	}
}

// grants appends the policies of one entity.
func (s *Service) grants(to []*policy.Policy, e *Entity) []*policy.Policy {
	for _, i := range e.Inline {
		to = append(to, i.Doc.compiled)
	}
	for _, arn := range e.Attached {
		if p := s.managed(arn); p != nil {
			to = append(to, p.current().Policy())
		}
	}
	return to
}

// nothing allows no action that exists. It stands for a limit that must never
// be read as "no limit".
var nothing = mustNothing()

// NothingDocument is the session policy of a session without one that still
// must not have its user's permissions (GetFederationToken).
// Source: STS API_GetFederationToken: "if you do not pass a policy, the
// resulting federated user session has no permissions".
const NothingDocument = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:StrongroomNothing","Resource":"arn:aws:iam:::nothing"}]}`

func mustNothing() *policy.Policy {
	p, err := policy.Parse("nothing", []byte(NothingDocument), policy.Identity)
	if err != nil {
		panic(err)
	}
	return p
}

// ResolvePrincipal gives the unique ID that a saved policy refers to in place
// of a user's or role's ARN, and of a unique ID itself. ok is false for a user
// or role that does not exist. Other principals (accounts, sessions, providers)
// have no unique ID: id is empty and ok true.
func (s *Service) ResolvePrincipal(principal string) (id string, ok bool) {
	if e := s.byID(principal); e != nil {
		return e.ID, true
	}
	if _, k, _, isARN := splitARN(principal); isARN && (k == string(userKind) || k == string(roleKind)) {
		if e := s.byARN(principal); e != nil {
			return e.ID, true
		}
		return "", false
	}
	return "", strings.HasPrefix(principal, "arn:") || AccountID(principal)
}

// PrincipalARN is the way back: the ARN that the user or role with the unique
// ID has now. ok is false if it is gone; AWS then shows the ID.
func (s *Service) PrincipalARN(id string) (arn string, ok bool) {
	e := s.byID(id)
	if e == nil {
		return "", false
	}
	return e.ARN(), true
}

// RoleByARN finds a role by its exact ARN; nil: there is none.
func (s *Service) RoleByARN(arn string) *Entity {
	if e := s.byARN(arn); e != nil && e.Kind == roleKind {
		return e
	}
	return nil
}

// UserByID finds a user by unique ID; nil: there is none.
func (s *Service) UserByID(id string) *Entity {
	if e := s.byID(id); e != nil && e.Kind == userKind {
		return e
	}
	return nil
}

type lastUse struct {
	at              time.Time
	region, service string
}

// Used notes that a verified request was signed with the access key, for
// GetAccessKeyLastUsed and a role's RoleLastUsed. service is an action prefix.
// It may be called at any time, from any goroutine.
func (s *Service) Used(accessKeyID string, at time.Time, region, service string) {
	if v, ok := s.used.Load(accessKeyID); ok && at.Sub(v.(*lastUse).at) < time.Minute && v.(*lastUse).service == service {
		return
	}
	s.used.Store(accessKeyID, &lastUse{at.UTC(), region, service})
}

// roleUsed is when a session of the role was last used; nil: never, as far as
// its sessions are remembered.
func (s *Service) roleUsed(role *Entity) *lastUse {
	var last *lastUse
	for id, x := range s.sessions.From("") {
		if x.IssuerID != role.ID {
			continue
		}
		if v, ok := s.used.Load(id); ok && (last == nil || v.(*lastUse).at.After(last.at)) {
			last = v.(*lastUse)
		}
	}
	return last
}

// KeyAccount tells which account an access key belongs to; ok is false if the
// sandbox does not know the key.
func (s *Service) KeyAccount(accessKeyID string) (account string, ok bool) {
	if k := s.keys.Get(accessKeyID); k != nil {
		return k.Account, true
	}
	if x := s.sessions.Get(accessKeyID); x != nil {
		return x.Account, true
	}
	return "", false
}
