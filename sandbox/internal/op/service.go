package op

import (
	"net/http"

	"github.com/strongroom-dev/strongroom/policy"
)

// Service is one AWS service of the sandbox.
type Service interface {
	// Prefix is the IAM action prefix, "kms".
	Prefix() string
	// EventSource is CloudTrail's name, "kms.amazonaws.com".
	EventSource() string
	// Protocol is how the service speaks.
	Protocol() Protocol
	// Rows is the table of operations, unsupported ones left out: those answer
	// with the protocol's NotImplemented error.
	Rows() []Row
}

// Protocol is one AWS wire protocol. It is safe for concurrent use.
type Protocol interface {
	// Operation finds the operation's name, from X-Amz-Target, the Action
	// parameter, or method, path and query. The error is an *Error that says
	// what was not known.
	Operation(c *Call) (string, error)
	// Decode fills in, a pointer to a row's input. A body that does not decode
	// is an *Error in AWS's own code, never an empty input.
	Decode(c *Call, operation string, in any) error
	// Encode writes a successful response. out may be nil.
	Encode(w http.ResponseWriter, c *Call, operation string, out any) error
	// EncodeError writes an error in the protocol's shape.
	EncodeError(w http.ResponseWriter, c *Call, operation string, e *Error)
}

// Wording is implemented by a Protocol whose service has words of its own for
// errors that all services share, such as EC2's UnauthorizedOperation.
type Wording interface {
	// Word returns the error as the service has it, or e itself. It does not
	// change e.
	Word(e *Error) *Error
}

// Directory is what the dispatcher asks about identities. The IAM service
// implements it. Its methods are called under the state's lock.
type Directory interface {
	// Credential finds an access key. ok is false for an unknown key.
	Credential(accessKeyID string) (cred Credential, ok bool)
	// Policies returns the identity policies and the permissions boundary of a
	// user or of the role behind a session; boundary is nil if there is none.
	Policies(caller *Caller) Policies
}

// Organization is implemented by a Directory whose accounts have resource
// control policies. Its methods are called under the state's lock.
type Organization interface {
	// RCPs returns those of an account by level, root first; nil: none apply.
	RCPs(account string) [][]*policy.Policy
}

// Credential is an access key with what is needed to verify it.
type Credential struct {
	AccessKeyID, Secret string
	// SessionToken is empty for long-term keys.
	SessionToken string
	// Inactive keys are known but refused.
	Inactive bool
	Caller   *Caller
}

// Endpointer is implemented by a Service whose name in host names and in signatures is
// not its prefix: CloudWatch's actions are cloudwatch:..., its host is monitoring.REGION.
type Endpointer interface{ Endpoint() string }
