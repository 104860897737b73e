package control

import (
	"context"

	"github.com/strongroom-dev/strongroom/sandbox/internal/forge"
)

// accessPath is where access tokens are asked for.
const accessPath = "/access"

// MintAccess returns a token of the stand-in forge's API.
func (c *Client) MintAccess(ctx context.Context, r forge.AccessRequest) (*forge.Access, error) {
	out := &forge.Access{}
	if err := c.post(ctx, accessPath, r, out); err != nil {
		return nil, err
	}
	return out, nil
}
