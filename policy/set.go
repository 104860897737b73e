package policy

// Verdict is the engine's answer.
type Verdict uint8

const (
	// ImplicitDeny: no applicable statement allowed the request.
	ImplicitDeny Verdict = iota
	// Allow: every policy type that must allow did, and none denied.
	Allow
	// ExplicitDeny: a Deny statement applied.
	ExplicitDeny
)

// Set is the policies that apply to a request. The zero Set allows nothing but
// what the account root user may do by itself.
type Set struct {
	Identity []*Policy
	// Boundary of the principal; nil: none is set.
	Boundary *Policy
	// Session policies: their union limits the session; nil: not limited. AWS
	// gives a GetFederationToken session that was made without policies no
	// permissions: hand over one here that allows nothing.
	Session []*Policy
	// Resource is the bucket, key or trust policy; nil: none. A KMS key and, for
	// taking on a role, the role deny without one.
	Resource *Policy
	// SCPs and RCPs by level, root first; nil: none apply. Every level that is
	// listed must allow.
	SCPs, RCPs [][]*Policy
	// Endpoint policies of the VPC endpoint the request came through; nil: none.
	Endpoint []*Policy
}

// Request is what is asked. It may be reused after Decide returns.
type Request struct {
	// Principal is who asks; never nil. The zero Principal is anonymous.
	Principal *Principal
	// Action is "service:Name".
	Action string
	// Resource is the ARN, or "*" when the action has no resource types.
	Resource string
	// ResourceAccount is the owner's account ID. Empty: unknown, which counts
	// as the principal's own account.
	ResourceAccount string
	// Context holds the condition keys; nil: none. Nothing is added to it.
	Context *Context
	// WildcardOnly: the action has no resource types, so that only a literal
	// "*" in a policy matches it.
	WildcardOnly bool
	// Pattern: Resource is a pattern in which * stands for any text, for what-if
	// questions. The answer is Allow if some resource of the pattern may be
	// allowed: an Allow needs to cover one of them, a Deny all. In a real request
	// a * is a character of the resource's name, and Pattern is false.
	Pattern bool
	// RestrictPublic is S3's RestrictPublicBuckets: a public policy then denies
	// anonymous and cross-account callers.
	RestrictPublic bool
	// Granted: a KMS grant allows the request if no policy denies it.
	Granted bool
}
