package lock

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func stateKeyDeletion(w *World) *Lock {
	e := &w.Environments[len(w.Environments)-1]
	return &Lock{
		ID:       "state-key-deletion",
		Claim:    "A key whose deletion was asked for opens nothing from that moment on, and is recovered inside its window with every state it guards.",
		Enforced: "AWS KMS: the 30 days of modules/state-key, CancelKeyDeletion and EnableKey by the account that owns the key",
		Controls: []Attack{{By: e.Name + "'s principal", Request: "GetObject of its own states", Do: func(ctx context.Context, w *World) (Outcome, error) {
			return w.ownStates(ctx, e)
		}}},
		Attacks: []Attack{
			{By: e.Name + "'s principal", Request: "GetObject of its own states, the key's deletion asked for", Do: func(ctx context.Context, w *World) (Outcome, error) {
				_, err := w.operatorKMS().ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: &e.KeyARN, PendingWindowInDays: aws.Int32(30)})
				if err != nil {
					return Outcome{}, err
				}
				var parts []part
				for i := range e.Stacks {
					parts = append(parts, part{name: "GetObject of " + e.Stacks[i].Key, do: func() (Outcome, error) {
						out, err := w.s3As(&e.Credentials).GetObject(ctx, &s3.GetObjectInput{Bucket: &w.Bucket, Key: &e.Stacks[i].Key})
						if err != nil {
							o, err := w.judge(err, nil, "KMS.KMSInvalidStateException")
							o.DecidedBy = "AWS KMS: the key is pending deletion"
							return o, err
						}
						out.Body.Close()
						return w.judge(nil, &out.ResultMetadata)
					}})
				}
				return sum(parts...)
			}},
			{Kind: KindCheck, By: "the state account's owner", Request: "strongroom state verify --env " + e.Name + ", the key's deletion asked for", Do: func(ctx context.Context, w *World) (Outcome, error) {
				ran, err := w.Commands.Strongroom(ctx, &w.Operator, nil, "state", "verify", "--env", e.Name)
				return ran.naming(2, "key-usable", "is going to be deleted"), err
			}},
			{Kind: KindCheck, By: "the state account's owner", Request: "CancelKeyDeletion and EnableKey on the 29th day, then the states are read and verified", Do: func(ctx context.Context, w *World) (Outcome, error) {
				if err := w.Advance(ctx, 29*24*time.Hour); err != nil {
					return Outcome{}, err
				}
				if err := w.recoverKey(ctx, e.KeyARN); err != nil {
					o, err := w.judge(err, nil, accessDenied...)
					o.Refused = false // the claim is that it is let through
					return o, err
				}
				if o, err := w.ownStates(ctx, e); err != nil || o.Refused {
					return Outcome{Answer: "the principal cannot read its state", DecidedBy: o.DecidedBy}, err
				}
				ran, err := w.Commands.Strongroom(ctx, &w.Operator, nil, "state", "verify", "--env", e.Name)
				return ran.answered(0), err
			}},
		},
		// Nobody may take the deletion back: a statement that its author thought would
		// protect the key.
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			putBack, err := w.addToKeyPolicy(ctx, e.KeyARN, map[string]any{
				"Sid": "NobodyCancels", "Effect": "Deny", "Principal": "*", "Action": "kms:CancelKeyDeletion", "Resource": "*",
			})
			return func() error {
				if err := putBack(); err != nil {
					return err
				}
				return w.recoverKey(context.WithoutCancel(ctx), e.KeyARN)
			}, err
		},
	}
}

// addToKeyPolicy adds a statement.
func (w *World) addToKeyPolicy(ctx context.Context, key string, statement map[string]any) (func() error, error) {
	got, err := w.operatorKMS().GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key})
	if err != nil {
		return nil, err
	}
	text, err := adding(*got.Policy, statement)
	if err != nil {
		return nil, err
	}
	put := func(policy *string) error {
		_, err := w.operatorKMS().PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, Policy: policy})
		return err
	}
	return func() error { return put(got.Policy) }, put(&text)
}
