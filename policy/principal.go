package policy

// PrincipalType says what kind of principal makes a request.
type PrincipalType uint8

const (
	// Anonymous callers did not sign. The zero value.
	Anonymous PrincipalType = iota
	// Root is the account root user.
	Root
	// User is an IAM user with long-term or GetSessionToken credentials.
	User
	// AssumedRole is a session of a role.
	AssumedRole
	// FederatedUser is a GetFederationToken session.
	FederatedUser
	// WebIdentity is the bearer of an OIDC token, before it assumed a role.
	WebIdentity
	// Service is an AWS service acting for itself.
	Service
)

// Principal is who makes the request.
type Principal struct {
	Type PrincipalType
	// ARN: arn:aws:iam::A:user/path/NAME, arn:aws:sts::A:assumed-role/ROLE/SESSION,
	// arn:aws:iam::A:root, the OIDC provider's ARN for a web identity, or the
	// service principal ("cloudtrail.amazonaws.com"). Empty for Anonymous.
	ARN string
	// Account is the 12-digit account ID; empty for Anonymous and Service. For
	// a web identity it is the account of the provider.
	Account string
	// RoleARN is the ARN of the role, path included, for AssumedRole. Empty:
	// unknown; the account and the name in the session's ARN then decide.
	RoleARN string
	// ID is the unique ID (AIDA... of a user, AROA... of a role) that a saved
	// policy refers to once AWS has resolved its principals. Empty: unknown.
	ID string
	// UserARN is, for a FederatedUser, the ARN of the IAM user that federated.
	UserARN string
	// ServiceLinked marks a service-linked role: SCPs and RCPs do not bind it.
	ServiceLinked bool
	// ManagementAccount marks principals of the organization's management
	// account: SCPs do not bind them.
	ManagementAccount bool
}
