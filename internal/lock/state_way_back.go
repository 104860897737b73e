package lock

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func stateWayBack(w *World) *Lock {
	e := &w.Environments[0]
	return &Lock{
		ID:       "state-way-back",
		Claim:    "An environment goes back to SSE-S3 and forward again, and loses nothing either way.",
		Enforced: "strongroom state rollback and rekey, and the knob STATE_KMS_KEY_ID",
		Attacks: []Attack{
			{Kind: KindCheck, By: "the state account's owner", Request: "the knob cleared, strongroom state rollback --to sse-s3 --env " + e.Name, Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.move(ctx, e, false, "state", "rollback", "--to", "sse-s3", "--env", e.Name, "--yes")
			}},
			{Kind: KindCheck, By: "the state account's owner", Request: "the knob set, strongroom state rekey --all-versions --env " + e.Name, Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.move(ctx, e, true, "state", "rekey", "--all-versions", "--env", e.Name, "--yes")
			}},
		},
		// Somebody has closed the way back: the bucket takes nothing but SSE-KMS.
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.addToBucketPolicy(ctx, map[string]any{
				"Sid": "OnlyKMS", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::" + w.Bucket + "/*",
				"Condition": map[string]any{"StringNotEquals": map[string]any{"s3:x-amz-server-side-encryption": "aws:kms"}},
			})
		},
	}
}

// move turns the knob, runs the command that follows it, and answers whether the
// environment's states then are as they should be: encrypted so, otherwise what
// they were, readable by their principal, and the next plan has nothing to do. A
// refused outcome is a claim that holds.
func (w *World) move(ctx context.Context, e *Environment, on bool, args ...string) (Outcome, error) {
	if err := w.Commands.Knob(ctx, e.Name, on); err != nil {
		return Outcome{}, err
	}
	ran, err := w.Commands.Strongroom(ctx, &w.Operator, nil, args...)
	if err != nil {
		return Outcome{}, err
	}
	if o := ran.answered(0); !o.Refused {
		// Claimed again in the next attempt; leave no environment half way.
		return o, w.Commands.Knob(ctx, e.Name, true)
	}
	under := ""
	if on {
		under = e.KeyARN
	}
	var o Outcome
	for i := range e.Stacks {
		if o, err = w.stands(ctx, e, &e.Stacks[i], under); err != nil || !o.Refused {
			return o, err
		}
	}
	read, err := w.ownStates(ctx, e)
	if err != nil || read.Refused {
		return Outcome{Answer: "the principal cannot read its state", DecidedBy: read.DecidedBy}, err
	}
	if plan, err := w.noOp(ctx, e, &e.Stacks[0]); err != nil || !plan.Refused {
		return plan, err
	}
	said := "the same lineage and digest, the principal reads it, its next plan has nothing to do"
	for i := range e.Stacks {
		if !on {
			break // whoever may read the object reads the state then
		}
		if shut, err := w.readVersions(ctx, &e.Stacks[i]); err != nil || !shut.Refused {
			return shut, err
		}
		said = "the same lineage and digest, the principal reads it, a reader no version of it, the next plan has nothing to do"
	}
	return Outcome{Answer: o.Answer, Refused: true, DecidedBy: said}, nil
}

// addToBucketPolicy adds a statement.
func (w *World) addToBucketPolicy(ctx context.Context, statement map[string]any) (func() error, error) {
	got, err := w.operator().GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &w.Bucket})
	if err != nil {
		return nil, err
	}
	text, err := adding(*got.Policy, statement)
	if err != nil {
		return nil, err
	}
	put := func(policy *string) error {
		_, err := w.operator().PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &w.Bucket, Policy: policy})
		return err
	}
	return func() error { return put(got.Policy) }, put(&text)
}
