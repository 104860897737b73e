package lock

import (
	"context"
	"errors"
	"fmt"
)

func stateNextWrite(w *World) *Lock {
	l := &Lock{
		ID:       "state-next-write",
		Claim:    "What a pipeline writes with the knob on is under the environment's key from the first byte.",
		Enforced: "strongroom state backend: encrypt and kms_key_id, while STATE_KMS_KEY_ID is set",
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			e := w.Environments[0].Name
			return func() error {
				ctx := context.WithoutCancel(ctx)
				if err := w.Commands.Knob(ctx, e, true); err != nil {
					return err
				}
				// The version that was written meanwhile is under nobody's key.
				ran, err := w.Commands.Strongroom(ctx, &w.Operator, nil, "state", "rekey", "--all-versions", "--env", e, "--yes")
				if err == nil && ran.Exit != 0 {
					err = errors.New(ran.Stderr)
				}
				return err
			}, w.Commands.Knob(ctx, e, false)
		},
	}
	for i := range w.Environments {
		e := &w.Environments[i]
		s := &e.Stacks[0]
		l.Attacks = append(l.Attacks, Attack{Kind: KindCheck, By: e.Name + "'s pipeline", Request: "apply of a change in stack " + s.Name, Do: func(ctx context.Context, w *World) (Outcome, error) {
			before, err := w.Snapshot(ctx, s.Key)
			if err != nil {
				return Outcome{}, err
			}
			said, err := w.Commands.Write(ctx, e.Name, s.Name)
			if err != nil {
				return Outcome{}, err
			}
			if said != "" {
				return Outcome{Answer: "the engine failed", DecidedBy: quoteEngine(said)}, nil
			}
			after, err := w.Snapshot(ctx, s.Key)
			if err != nil {
				return Outcome{}, err
			}
			if after.Serial <= before.Serial {
				return Outcome{}, fmt.Errorf("the apply wrote nothing: serial %d before and %d after", before.Serial, after.Serial)
			}
			return w.stands(ctx, e, s, e.KeyARN)
		}})
	}
	return l
}
