package lock

import (
	"context"
	"strings"
)

func bucketDestroy() *Lock {
	return &Lock{
		ID:       "bucket-destroy",
		Claim:    "The engine refuses to plan the destruction of the state bucket.",
		Enforced: "modules/state-backend/main.bucket.tf: prevent_destroy",
		Attacks: []Attack{{
			By: "the operator", Request: "plan -destroy of the bootstrap stack",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				refusal, err := w.Stack.PlanDestroy(ctx)
				if err != nil {
					return Outcome{}, err
				}
				// The keys are guarded as well: only a refusal that names the bucket counts.
				if !strings.Contains(refusal, "aws_s3_bucket.state") {
					return Outcome{Answer: "planned", DecidedBy: "no prevent_destroy on aws_s3_bucket.state"}, nil
				}
				return Outcome{Answer: "plan refused", Refused: true, DecidedBy: "prevent_destroy on aws_s3_bucket.state"}, nil
			},
		}},
		TakeOff: func(_ context.Context, w *World) (func() error, error) {
			return w.Stack.Edit("modules/state-backend/main.bucket.tf", "prevent_destroy = true", "prevent_destroy = false")
		},
	}
}
