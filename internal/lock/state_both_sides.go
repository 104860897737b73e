package lock

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func stateBothSides(w *World) *Lock {
	e := &w.Environments[0]
	grants := []string{"state", "grants", "--env", e.Name}
	halved := func(take func(ctx context.Context, w *World) (func() error, error), do func(ctx context.Context, w *World) (Outcome, error)) func(ctx context.Context, w *World) (Outcome, error) {
		return func(ctx context.Context, w *World) (Outcome, error) {
			putBack, err := take(ctx, w)
			if err != nil {
				return Outcome{}, err
			}
			o, err := do(ctx, w)
			return o, errors.Join(err, putBack())
		}
	}
	own := func(ctx context.Context, w *World) (Outcome, error) { return w.ownStates(ctx, e) }
	asks := func(missing string) func(ctx context.Context, w *World) (Outcome, error) {
		return func(ctx context.Context, w *World) (Outcome, error) {
			ran, err := w.Commands.Strongroom(ctx, &w.Operator, nil, grants...)
			return ran.naming(2, "MISSING: the "+missing, "kms:Decrypt"), err
		}
	}
	theirs := func(ctx context.Context, w *World) (func() error, error) { return w.editUserPolicy(ctx, e, withoutKMS) }
	ours := func(ctx context.Context, w *World) (func() error, error) {
		return w.editKeyPolicy(ctx, e.KeyARN, func(s map[string]any) map[string]any {
			if principal, _ := s["Principal"].(map[string]any); principal["AWS"] == e.Principal {
				return nil
			}
			return s
		})
	}
	return &Lock{
		ID:       "state-both-sides",
		Claim:    "Across accounts the key takes both sides: with one half of the grant alone the state stays shut, and \"state grants\" names the other half.",
		Enforced: "AWS's rule for two accounts; modules/state-key and the principal's own policy",
		Controls: []Attack{
			{By: e.Name + "'s principal", Request: "GetObject of its own states", Do: own},
			{By: "the state account's owner", Request: "strongroom " + strings.Join(grants, " "), Do: func(ctx context.Context, w *World) (Outcome, error) {
				ran, err := w.Commands.Strongroom(ctx, &w.Operator, nil, grants...)
				o := ran.answered(0)
				o.Refused = !o.Refused
				return o, err
			}},
		},
		Attacks: []Attack{
			{By: e.Name + "'s principal", Request: "GetObject of its own states, its own policy without the key", Do: halved(theirs, own)},
			{Kind: KindCheck, By: "the state account's owner", Request: "state grants, the principal's policy without the key", Do: halved(theirs, asks("policies of "+e.Principal))},
			{By: e.Name + "'s principal", Request: "GetObject of its own states, the key policy without it", Do: halved(ours, own)},
			{Kind: KindCheck, By: "the state account's owner", Request: "state grants, the key policy without the principal", Do: halved(ours, asks("key policy of "+e.KeyARN))},
		},
		// The other half by another way: a second policy of the principal's.
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.give(ctx, e, fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey"],"Resource":%q}}`, e.KeyARN))
		},
	}
}

// editUserPolicy changes the policy of an environment's principal, as people of its
// own account do by hand.
func (w *World) editUserPolicy(ctx context.Context, e *Environment, change func(map[string]any) map[string]any) (func() error, error) {
	client := iam.NewFromConfig(w.Config(&e.Admin))
	user, name := aws.String(nameOf(e.Principal)), &e.Policy
	got, err := client.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: user, PolicyName: name})
	if err != nil {
		return nil, err
	}
	old, err := unescape(*got.PolicyDocument)
	if err != nil {
		return nil, err
	}
	text, err := edit(old, change)
	if err != nil {
		return nil, err
	}
	put := func(document string) error {
		_, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: user, PolicyName: name, PolicyDocument: &document})
		return err
	}
	return func() error { return put(old) }, put(text)
}

// withoutKMS drops the statements about keys.
func withoutKMS(s map[string]any) map[string]any {
	actions, _ := s["Action"].([]any)
	if one, ok := s["Action"].(string); ok {
		actions = []any{one}
	}
	for _, a := range actions {
		if action, _ := a.(string); strings.HasPrefix(strings.ToLower(action), "kms:") {
			return nil
		}
	}
	return s
}
