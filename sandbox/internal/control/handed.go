package control

import (
	"context"
	"encoding/json"
)

// Handed is an event or a CloudTrail record that is handed to the sandbox. An empty Account
// or Region is the document's own, or else the sandbox's.
type Handed struct {
	Account  string          `json:"account,omitempty"`
	Region   string          `json:"region,omitempty"`
	Document json.RawMessage `json:"document"`
}

// Where they are handed over.
const (
	emitPath   = "/emit"
	recordPath = "/record"
)

// Emit sends an event in EventBridge's envelope to an account's default event bus, as an
// AWS service does.
func (c *Client) Emit(ctx context.Context, h Handed) error {
	return c.post(ctx, emitPath, h, &empty{})
}

// Record records a CloudTrail record as if AWS had made it.
func (c *Client) Record(ctx context.Context, h Handed) error {
	return c.post(ctx, recordPath, h, &empty{})
}
