package lock

import (
	"context"
	"fmt"
	"strings"
)

func secondPlan() *Lock {
	return &Lock{
		ID:       "second-plan",
		Claim:    "What CI applied is what it meant: the next plan has nothing to do, and the plan role can read all that it takes to say so.",
		Enforced: "modules/baseline and modules/automation-iam/plan_reads.tf",
		Without:  withoutBaseline,
		Attacks: []Attack{{
			By: "the plan role", Request: "plan of the src stack, with nothing changed",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				changes, err := w.Src.Plan(ctx)
				if err != nil {
					return Outcome{}, err
				}
				if len(changes) > 0 {
					return Outcome{Answer: fmt.Sprintf("%d changes planned", len(changes)), DecidedBy: strings.Join(changes[:min(len(changes), 5)], "; ")}, nil
				}
				return Outcome{Answer: "no changes", Refused: true, DecidedBy: "the engine, after it read every resource again"}, nil
			},
		}},
		TakeOff: func(_ context.Context, w *World) (func() error, error) {
			return w.Src.Edit("src/providers.tf", `"strongroom:stack" = "src"`, `"strongroom:stack" = "src2"`)
		},
	}
}

// withoutBaseline is why locks of the baseline do not apply to a room.
func withoutBaseline(w *World) string {
	if w.Room == nil || w.Room.Baseline == nil {
		return "the spec has no baseline"
	}
	return ""
}
