package control

import (
	"encoding/json"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/sandbox/internal/forge"
)

// Sandbox is what the control API does, implemented by the sandbox itself. Its
// methods may run at the same time. Their errors are shown to the caller, so
// they hold no secrets.
type Sandbox interface {
	// MintToken returns a token of the stand-in forge.
	MintToken(oidc.TokenRequest) (string, error)
	// MintAccess returns a token of the stand-in forge's API.
	MintAccess(forge.AccessRequest) (*forge.Access, error)
	// Environment returns what a process in the sandbox must set and unset, with
	// the root credentials of the account, which is created if it is new. Empty:
	// the sandbox's first account.
	Environment(account string) (Environment, error)
	// AttachPolicy attaches a service control policy.
	AttachPolicy(SCP) error
	// Guardrails returns the control policies that bind an account.
	Guardrails(account string) (Guardrails, error)
	// EmitEvent sends an event to an account's default event bus.
	EmitEvent(Handed) error
	// PutRecord records a CloudTrail record.
	PutRecord(Handed) error
	// AdvanceTime moves the sandbox's time on, and settles what is due by then.
	AdvanceTime(Advance) (Advanced, error)
	// Deliveries returns what was delivered so far, and what was not.
	Deliveries() (Deliveries, error)
}

// Environment is what makes a process use the sandbox.
type Environment struct {
	Account string `json:"account"`
	// Set is in the order it should be printed.
	Set []Variable `json:"set"`
	// Unset names variables that would lead a tool past the sandbox.
	Unset []string `json:"unset"`
}

// Variable is one environment variable.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// SCP is a service control policy to attach to an account. Level 0 is the
// organization's root, 1 the first organizational unit below it, and so on;
// every level must allow.
type SCP struct {
	Account  string          `json:"account"`
	Level    int             `json:"level"`
	Name     string          `json:"name"`
	Document json.RawMessage `json:"document"`
}

// The paths of the API, below the control URL.
const (
	tokenPath       = "/token"
	environmentPath = "/environment"
	scpPath         = "/scp"
)

type (
	tokenAnswer struct {
		Token string `json:"token"`
	}
	environmentRequest struct {
		Account string `json:"account,omitempty"`
	}
	errorAnswer struct {
		Error string `json:"error"`
	}
	empty struct{}
)
