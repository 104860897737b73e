package policy

// Kind says what a document is for: grammar and meaning differ between them.
type Kind uint8

const (
	// Identity policies are attached to a user, group or role.
	Identity Kind = iota
	// Resource policies are attached to a resource such as a bucket.
	Resource
	// Trust policies say who may assume a role; they have no Resource element.
	Trust
	// Key policies are KMS's: without one that allows, nobody has access.
	Key
	// Boundary is a permissions boundary.
	Boundary
	// Session policies are passed when a session is made.
	Session
	// SCP is a service control policy.
	SCP
	// RCP is a resource control policy.
	RCP
	// Endpoint policies are attached to a VPC endpoint.
	Endpoint
)

// String is AWS's term, with its article.
func (k Kind) String() string {
	switch k {
	case Identity:
		return "an identity policy"
	case Resource:
		return "a resource policy"
	case Trust:
		return "a trust policy"
	case Key:
		return "a key policy"
	case Boundary:
		return "a permissions boundary"
	case Session:
		return "a session policy"
	case SCP:
		return "a service control policy"
	case RCP:
		return "a resource control policy"
	case Endpoint:
		return "an endpoint policy"
	}
	return "a policy of unknown kind"
}
