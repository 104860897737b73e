package lock

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func stateWithoutDecrypt(w *World) *Lock {
	const reader = "a reader with s3:Get* and s3:List* on everything"
	l := &Lock{
		ID:       "state-without-decrypt",
		Claim:    "Whoever may read every object of the bucket reads no state, and no earlier version of one, without kms:Decrypt.",
		Enforced: "modules/state-key/main.key.tf: the key policy, which lets in nobody by s3 permissions alone",
		Controls: []Attack{{
			By: reader, Request: "ListObjectsV2 of the state bucket",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				out, err := w.s3As(&w.Reader).ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &w.Bucket})
				if err != nil {
					return w.judge(err, nil, accessDenied...)
				}
				return w.judge(nil, &out.ResultMetadata)
			},
		}},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.giveRole(ctx, w.ReaderRole, fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":%q}}`, w.Environments[0].KeyARN))
		},
	}
	for i := range w.Environments {
		e := &w.Environments[i]
		l.Controls = append(l.Controls, Attack{By: e.Name + "'s principal", Request: "GetObject of its own states", Do: func(ctx context.Context, w *World) (Outcome, error) {
			return w.ownStates(ctx, e)
		}})
		for j := range e.Stacks {
			s := &e.Stacks[j]
			l.Attacks = append(l.Attacks, Attack{By: reader, Request: "GetObject of every version of " + what(e, s), Do: func(ctx context.Context, w *World) (Outcome, error) {
				versions, err := w.versionsOf(ctx, s.Key)
				if err != nil {
					return Outcome{}, err
				}
				if len(versions) == 0 {
					return Outcome{}, fmt.Errorf("there is no version of %s to attack", s.Key)
				}
				var requests []func() (Outcome, error)
				for _, version := range versions {
					requests = append(requests, func() (Outcome, error) { return w.getState(ctx, w.s3As(&w.Reader), s.Key, version) })
				}
				return sum(requests...)
			}})
		}
	}
	return l
}

// ownStates reads an environment's states as its principal. The outcome is refused
// when any is.
func (w *World) ownStates(ctx context.Context, e *Environment) (o Outcome, err error) {
	for i := range e.Stacks {
		if o, err = w.getState(ctx, w.s3As(&e.Credentials), e.Stacks[i].Key, ""); err != nil || o.Refused {
			return o, err
		}
	}
	return o, nil
}
