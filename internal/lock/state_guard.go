package lock

import "context"

func stateGuard(w *World) *Lock {
	l := &Lock{
		ID:       "state-bring-up-guard",
		Claim:    "The guard stops a pipeline whose first write would not be encrypted as the spec says: without the knob, or with another environment's key.",
		Enforced: "strongroom state status --guard",
		// No command of ours can be told to look away: the mutation is a pipeline that was
		// given its knob after all.
		TakeOff: func(_ context.Context, w *World) (func() error, error) {
			w.givenKnob = true
			return func() error { w.givenKnob = false; return nil }, nil
		},
	}
	for i := range w.Environments {
		e, other := &w.Environments[i], &w.Environments[(i+1)%len(w.Environments)]
		l.Controls = append(l.Controls, guarded(e, "with STATE_KMS_KEY_ID as it should be", &e.KeyARN))
		l.Attacks = append(l.Attacks,
			guarded(e, "without STATE_KMS_KEY_ID", nil),
			guarded(e, "with "+other.Name+"'s key in STATE_KMS_KEY_ID", &other.KeyARN))
	}
	return l
}

// guarded asks the guard as an environment's pipeline does, before it applies.
func guarded(e *Environment, how string, knob *string) Attack {
	return Attack{By: e.Name + "'s pipeline", Request: "state status --guard " + how, Do: func(ctx context.Context, w *World) (Outcome, error) {
		set := "STATE_KMS_KEY_ID="
		switch {
		case w.givenKnob:
			set += e.KeyARN
		case knob != nil:
			set += *knob
		}
		ran, err := w.Commands.Strongroom(ctx, &w.Operator, []string{set}, "state", "status", "--guard", "--env", e.Name)
		if knob == &e.KeyARN { // a yes, and not that it could not be told
			o := ran.answered(0)
			o.Refused = !o.Refused
			return o, err
		}
		return ran.naming(2, "would not be encrypted as the spec says"), err
	}}
}
