package audit

import (
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// identityOf writes who asked. keyID is the access key that an unverified
// request claimed.
func identityOf(r *Record) Identity {
	if r.Principal != nil {
		return Identity{Type: "WebIdentityUser", IdentityProvider: r.Principal.ARN, AccountID: r.Principal.Account}
	}
	caller := r.Caller
	p := &caller.Principal
	id := Identity{ARN: p.ARN, AccountID: p.Account, AccessKeyID: caller.AccessKeyID, PrincipalID: p.ID}
	switch p.Type {
	case policy.Anonymous:
		if r.ClaimedKey != "" {
			return Identity{Type: "Unknown", AccessKeyID: r.ClaimedKey}
		}
		return Identity{Type: "AWSAccount", AccountID: "ANONYMOUS_PRINCIPAL"}
	case policy.Root:
		id.Type, id.PrincipalID = "Root", p.Account
	case policy.User:
		id.Type, id.UserName = "IAMUser", lastPart(p.ARN)
	case policy.AssumedRole:
		id.Type = "AssumedRole"
		if caller.Session != nil {
			id.PrincipalID = p.ID + ":" + caller.Session.Name
		}
	case policy.FederatedUser:
		id.Type, id.PrincipalID = "FederatedUser", p.Account+":"+lastPart(p.ARN)
	case policy.Service:
		// Source: CloudTrail User Guide "userIdentity element": a service has no more
		// than its name.
		return Identity{Type: "AWSService", InvokedBy: p.ARN}
	}
	id.SessionContext = contextOf(caller)
	return id
}

func contextOf(caller *op.Caller) *SessionContext {
	s := caller.Session
	if s == nil {
		return nil
	}
	c := &SessionContext{
		Attributes:     SessionAttributes{CreationDate: s.Issued.UTC().Format(timeFormat), MFAAuthenticated: strconv.FormatBool(s.MFA)},
		SourceIdentity: s.SourceIdentity,
	}
	if p := &caller.Principal; p.Type == policy.AssumedRole {
		c.SessionIssuer = &SessionIssuer{Type: "Role", PrincipalID: p.ID, ARN: p.RoleARN, AccountID: p.Account, UserName: lastPart(p.RoleARN)}
	}
	for _, k := range s.Federated {
		if len(k.Values) == 0 {
			continue
		}
		if c.WebIDFederationData == nil {
			c.WebIDFederationData = &WebIDFederationData{Attributes: map[string]string{}}
		}
		if strings.EqualFold(k.Name, "aws:FederatedProvider") {
			c.WebIDFederationData.FederatedProvider = k.Values[0]
		} else {
			c.WebIDFederationData.Attributes[k.Name] = strings.Join(k.Values, ",")
		}
	}
	return c
}

func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
