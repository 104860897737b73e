package op

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
)

// Call is one request on its way through the sandbox. A Call belongs to one
// goroutine.
type Call struct {
	Ctx context.Context
	// Now is the sandbox's clock, UTC, read once for the request.
	Now time.Time
	// ID is the request ID that the response and the audit event carry.
	ID string
	// HTTP is the request as it came, its body already read into Body.
	HTTP *http.Request
	// Body is the decoded payload: aws-chunked framing is taken off and its
	// checksums are verified.
	Body []byte
	// Region the request was addressed to; "us-east-1" for global services.
	Region string
	// Anywhere is true when nothing names a region: the request is unsigned and
	// came to an endpoint that is no AWS host. Region is "us-east-1" then.
	Anywhere bool
	// HostLabel is what stands before the service in the host name: S3's
	// bucket, or the account of S3 Control. Empty: path style.
	HostLabel string
	// Caller is never nil; an anonymous caller has Type policy.Anonymous.
	Caller *Caller
	// Secure is true when the request came over TLS.
	Secure bool
	// SourceIP is the client's address.
	SourceIP netip.Addr
	// Rand is the source of all randomness. Never nil.
	Rand io.Reader
	// Prepared is what Row's prepare left for its handler.
	Prepared any
	// Note collects facts for the audit event's additionalEventData. May be
	// nil; use Annotate.
	Note map[string]any
	// Owner is the account that owns what the request is about, such as the bucket, as
	// soon as the service has found it: if it is not the caller's, it gets a record of its
	// own. Empty: nobody but the caller gets one.
	Owner string

	ask     func(Check) error
	signals []Signal
}

// Caller is who signed the request.
type Caller struct {
	Principal policy.Principal
	// AccessKeyID that signed; empty for anonymous callers.
	AccessKeyID string
	// Account is the caller's 12-digit account ID; empty for anonymous.
	Account string
	// Session is nil for long-term credentials and anonymous callers.
	Session *Session
	// Behalf is set for AWS services only, Principal's type policy.Service: whom
	// the service acts for; nil: for nobody in particular.
	Behalf *Behalf
}

// Behalf is the resource on whose behalf an AWS service calls another.
// Source: IAM User Guide "AWS global condition context keys", aws:SourceArn and
// aws:SourceAccount.
type Behalf struct {
	// ARN of the resource, such as a trail; empty: there is none.
	ARN string
	// Account that owns it; empty: there is none.
	Account string
}

// ServiceCaller is an AWS service such as "cloudtrail.amazonaws.com", which acts
// for a resource of an account. It has no identity policies: the policy of what
// it asks for must allow it.
func ServiceCaller(name, arn, account string) *Caller {
	return &Caller{Principal: policy.Principal{Type: policy.Service, ARN: name}, Behalf: &Behalf{ARN: arn, Account: account}}
}

// Session holds what temporary credentials carry from the call that made them.
type Session struct {
	// Issued and Expires bound the credentials' life.
	Issued, Expires time.Time
	// MFA tells whether the session was made with MFA; MFAAt when, zero if not.
	MFA   bool
	MFAAt time.Time
	// Name is the role session name; empty for GetSessionToken.
	Name string
	// Source says which call made it: "AssumeRole", "AssumeRoleWithWebIdentity",
	// "GetSessionToken", "GetFederationToken".
	Source string
	// SourceIdentity and Tags persist from the assuming call; nil and empty: none.
	SourceIdentity    string
	Tags              map[string]string
	TransitiveTagKeys []string
	// Policies are the session policies, compiled; nil: the session is not
	// limited by any.
	Policies []*policy.Policy
	// Federated holds the condition keys that outlive a web identity call
	// (PROVIDER:aud, PROVIDER:sub, PROVIDER:amr) and aws:FederatedProvider.
	Federated []Key
	// Issuer is the ARN of the role or user behind the session.
	Issuer string
	// IssuerID is its unique ID (AROA..., AIDA...).
	IssuerID string
}

// Context is the request's context, never nil.
func (c *Call) Context() context.Context { return contextOf(c) }

// Ask authorises one check, for rows whose Asks field says why. It returns nil
// or the AWS error to answer with.
func (c *Call) Ask(check Check) error {
	if c.ask == nil {
		panic("op: Ask called by a row without Asks")
	}
	return c.ask(check)
}

// SetAsk is for the dispatcher.
func (c *Call) SetAsk(ask func(Check) error) { c.ask = ask }

// Annotate adds a fact to the audit event's additionalEventData.
func (c *Call) Annotate(key string, value any) {
	if c.Note == nil {
		c.Note = map[string]any{}
	}
	c.Note[key] = value
}
