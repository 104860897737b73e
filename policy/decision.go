package policy

// Reason says which policy type decided a request.
type Reason uint8

const (
	// ReasonNone: the zero Decision; no request was decided.
	ReasonNone Reason = iota
	// ReasonSCP: a service control policy denied, or a level lacked an allow.
	ReasonSCP
	// ReasonRCP: the same for resource control policies.
	ReasonRCP
	// ReasonEndpoint: the policy of the VPC endpoint.
	ReasonEndpoint
	// ReasonResource: the policy of the resource (not of a role or a key).
	ReasonResource
	// ReasonTrust: the trust policy of the role.
	ReasonTrust
	// ReasonKeyPolicy: the key policy.
	ReasonKeyPolicy
	// ReasonIdentity: the caller's identity policies.
	ReasonIdentity
	// ReasonBoundary: the caller's permissions boundary.
	ReasonBoundary
	// ReasonSession: the session policies.
	ReasonSession
	// ReasonPublicAccess: S3's RestrictPublicBuckets met a public policy.
	ReasonPublicAccess
	// ReasonRoot: allowed because the caller is its account's root user.
	ReasonRoot
	// ReasonGrant: allowed by a KMS grant.
	ReasonGrant
	// ReasonNotNeeded: the action needs no permission.
	ReasonNotNeeded
	// ReasonAnonymous: an anonymous caller, for an action that needs a caller.
	ReasonAnonymous
	// ReasonReserved: the resource is AWS's own, which customers cannot change.
	ReasonReserved
)

var reasonText = [...]string{
	ReasonNone:         "none",
	ReasonSCP:          "service control policy",
	ReasonRCP:          "resource control policy",
	ReasonEndpoint:     "VPC endpoint policy",
	ReasonResource:     "resource-based policy",
	ReasonTrust:        "trust policy",
	ReasonKeyPolicy:    "key policy",
	ReasonIdentity:     "identity-based policy",
	ReasonBoundary:     "permissions boundary",
	ReasonSession:      "session policy",
	ReasonPublicAccess: "public access block",
	ReasonRoot:         "account root user",
	ReasonGrant:        "KMS grant",
	ReasonNotNeeded:    "no permission needed",
	ReasonAnonymous:    "anonymous caller",
	ReasonReserved:     "resource of AWS",
}

// String is the term that AWS uses in its access denied messages, where it has
// one.
func (r Reason) String() string { return reasonText[r] }

// MarshalText gives the same words.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

var verdictText = [...]string{ImplicitDeny: "ImplicitDeny", Allow: "Allow", ExplicitDeny: "ExplicitDeny"}

func (v Verdict) String() string { return verdictText[v] }

// MarshalText gives the word.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Decision is the answer to one request. The zero Decision is an ImplicitDeny
// for no reason.
type Decision struct {
	Verdict Verdict
	// Reason: for Allow and ExplicitDeny the policy type that holds the
	// deciding statement; for ImplicitDeny the first one that had to allow and
	// did not.
	Reason Reason
	hit    hit
}

// hit refers to a statement.
type hit struct {
	policy *Policy
	index  int
}

// Statement returns the statement that decided: the first Deny that applied, or
// the Allow behind an Allow. ok is false if no statement did, which is so for
// every ImplicitDeny.
func (d Decision) Statement() (p *Policy, index int, ok bool) {
	return d.hit.policy, d.hit.index, d.hit.policy != nil
}
