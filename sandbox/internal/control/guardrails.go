package control

import (
	"context"
	"encoding/json"
)

// Guardrails are the service and resource control policies that bind an account,
// by level, the organization's root first.
type Guardrails struct {
	SCPs [][]Document `json:"scps"`
	RCPs [][]Document `json:"rcps"`
}

// Document is one policy.
type Document struct {
	Name     string          `json:"name"`
	Document json.RawMessage `json:"document"`
}

// guardrailsPath is where they are asked for.
const guardrailsPath = "/guardrails"

type guardrailsRequest struct {
	Account string `json:"account"`
}

// Guardrails returns the control policies that bind an account.
func (c *Client) Guardrails(ctx context.Context, account string) (Guardrails, error) {
	var out Guardrails
	err := c.post(ctx, guardrailsPath, guardrailsRequest{account}, &out)
	return out, err
}
