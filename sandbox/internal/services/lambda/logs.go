package lambda

import "context"

// record delivers what an invocation wrote to the function's log group, as its role.
func (r *Runner) record(_ context.Context, _ *box, _ *work, _ string) {}
