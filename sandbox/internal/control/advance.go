package control

import (
	"context"
	"time"
)

// Advance is how far the sandbox's time is moved on, in nanoseconds; 0: not at all, which
// asks what the time is.
type Advance struct {
	By time.Duration `json:"by"`
}

// Advanced is the sandbox's time after that.
type Advanced struct {
	Now time.Time `json:"now"`
}

// advancePath is where it is asked for.
const advancePath = "/advance"

// Advance moves the sandbox's time on, waits until AWS has done what it does by itself
// until then, and returns the time.
func (c *Client) Advance(ctx context.Context, by time.Duration) (time.Time, error) {
	var out Advanced
	err := c.post(ctx, advancePath, Advance{by}, &out)
	return out.Now, err
}
