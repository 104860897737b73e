package lock

import (
	"context"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/room"
)

func logBucketsDestroy() *Lock {
	return &Lock{
		ID:       "log-buckets-destroy",
		Claim:    "The engine refuses to plan the destruction of the buckets that the logs are in.",
		Enforced: "modules/baseline/audit-logging/main.bucket.tf and modules/baseline/aws-config/main.bucket.tf: prevent_destroy",
		Without: func(w *World) string {
			if why := withoutBaseline(w); why != "" {
				return why
			}
			if len(w.Room.BaselineBuckets()) == 0 {
				return "the spec leaves out audit-logging and aws-config"
			}
			return ""
		},
		Attacks: []Attack{{
			By: "the operator", Request: "plan -destroy of the src stack",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				refusal, err := w.Src.PlanDestroy(ctx)
				if err != nil {
					return Outcome{}, err
				}
				for _, bucket := range logBuckets(w) {
					// Keys are guarded as well: only a refusal that names the bucket counts.
					if !strings.Contains(refusal, bucket) {
						return Outcome{Answer: "planned", DecidedBy: "no prevent_destroy on " + bucket}, nil
					}
				}
				return Outcome{Answer: "plan refused", Refused: true, DecidedBy: "prevent_destroy on " + strings.Join(logBuckets(w), " and ")}, nil
			},
		}},
		TakeOff: func(_ context.Context, w *World) (func() error, error) {
			module := room.AuditLogging
			if !w.Room.Baseline.Has(module) {
				module = room.AWSConfig
			}
			return w.Src.Edit("modules/baseline/"+module+"/main.bucket.tf", "prevent_destroy = true", "prevent_destroy = false")
		},
	}
}

// logBuckets are the resources of the buckets that the room has.
func logBuckets(w *World) (list []string) {
	if w.Room.Baseline.Has(room.AuditLogging) {
		list = append(list, "aws_s3_bucket.audit")
	}
	if w.Room.Baseline.Has(room.AWSConfig) {
		list = append(list, "aws_s3_bucket.config")
	}
	return list
}
