package lock

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

func stateNoOp(w *World) *Lock {
	l := &Lock{
		ID:       "state-plan-no-op",
		Claim:    "Nothing that was done to the states is to be seen in a plan: each pipeline's next plan has nothing to do.",
		Enforced: "strongroom state rekey copies states inside S3; no byte of them is made anew",
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.forgetState(ctx, &w.Environments[0])
		},
	}
	for i := range w.Environments {
		e := &w.Environments[i]
		for j := range e.Stacks {
			s := &e.Stacks[j]
			l.Attacks = append(l.Attacks, Attack{Kind: KindCheck, By: e.Name + "'s pipeline", Request: "plan of stack " + s.Name + ", with nothing changed", Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.noOp(ctx, e, s)
			}})
		}
	}
	return l
}

// noOp plans a stack. A refused outcome is the claim: there is nothing to do.
func (w *World) noOp(ctx context.Context, e *Environment, s *StackState) (Outcome, error) {
	changes, err := w.Commands.Plan(ctx, e.Name, s.Name)
	if err != nil {
		return Outcome{}, err
	}
	if len(changes) > 0 {
		return Outcome{Answer: fmt.Sprintf("%d changes planned", len(changes)), DecidedBy: strings.Join(changes[:min(len(changes), 5)], "; ")}, nil
	}
	return Outcome{Answer: "no changes", Refused: true, DecidedBy: "the engine, on a fresh checkout, with the state as it is"}, nil
}

// forgetState writes a state without resources over an environment's first one, and
// returns how to take that version away again.
func (w *World) forgetState(ctx context.Context, e *Environment) (func() error, error) {
	s := &e.Stacks[0]
	now, err := w.Snapshot(ctx, s.Key)
	if err != nil {
		return nil, err
	}
	out, err := w.operator().PutObject(ctx, &s3.PutObjectInput{
		Bucket: &w.Bucket, Key: &s.Key, Body: strings.NewReader(emptyState(now)), ContentType: aws.String("application/json"),
		ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &e.KeyARN,
	})
	if err != nil {
		return nil, err
	}
	return func() error {
		_, err := w.operator().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: &s.Key, VersionId: out.VersionId})
		return err
	}, nil
}

// emptyState is a state with the same serial and past as another and no resources.
func emptyState(of *tfstate.Snapshot) string {
	return fmt.Sprintf(`{"version":4,"terraform_version":%q,"serial":%d,"lineage":%q,"outputs":{},"resources":[],"check_results":null}`, of.Engine, of.Serial, of.Lineage)
}
