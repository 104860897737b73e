package sandbox

import (
	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/sandbox/internal/control"
)

// The terms in which a running sandbox is asked from outside: by the command
// line through a Client, and by a Go program through the Sandbox it started.
type (
	// Client asks a sandbox that runs in another process. Dial makes one.
	Client = control.Client
	// Environment is what makes a process use the sandbox.
	Environment = control.Environment
	// Variable is one environment variable.
	Variable = control.Variable
	// SCP is a service control policy to attach to an account.
	SCP = control.SCP
	// Deliveries are the mails that were sent, and what could not be delivered.
	Deliveries = control.Deliveries
	// Handed is an event or a CloudTrail record for Client.Emit and Client.Record.
	Handed = control.Handed
	// TokenRequest asks the stand-in forge for an ID token.
	TokenRequest = oidc.TokenRequest
	// Fault makes a token that must be refused.
	Fault = oidc.Fault
)

// ErrGone says that no sandbox listens at a control URL any more.
var ErrGone = control.ErrGone

// Dial returns a client for a control URL, the value of the variable
// STRONGROOM_SANDBOX in a sandbox's environment. It does not connect yet.
func Dial(controlURL string) (*Client, error) { return control.Dial(controlURL) }

// TokenShapes lists the kinds of pipeline that a forge ("gitlab" or "github")
// has; nil for any other name.
func TokenShapes(forgeName string) []string { return oidc.Shapes(forgeName) }

// TokenFaults lists the faults that a token can be minted with.
func TokenFaults() []Fault { return oidc.Faults() }
