package sandbox

import (
	"encoding/json"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/control"
)

type (
	// Guardrails are the service and resource control policies of an account.
	Guardrails = control.Guardrails
	// Document is one of them.
	Document = control.Document
)

// Guardrails returns the control policies that bind an account, as AttachSCP and
// AttachRCP attached them, with those that every level holds by itself. An account
// that has none, or that does not exist, has no levels.
func (s *Sandbox) Guardrails(account string) (Guardrails, error) {
	var g Guardrails
	err := s.parts.db.View(func() error {
		scps, rcps := s.parts.iam.Guardrails(account)
		g = Guardrails{SCPs: documents(scps), RCPs: documents(rcps)}
		return nil
	})
	return g, err
}

func documents(levels [][]*policy.Policy) [][]control.Document {
	out := make([][]control.Document, len(levels))
	for i, level := range levels {
		for _, p := range level {
			out[i] = append(out[i], control.Document{Name: p.Name(), Document: json.RawMessage(p.Source())})
		}
	}
	return out
}
