package lock

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// statePastTheKey is about what a bucket policy without conditions leaves open: who
// may write a state chooses how it is encrypted.
func statePastTheKey(w *World) *Lock {
	e := &w.Environments[0]
	verify := func(ctx context.Context, w *World, found string) (Outcome, error) {
		ran, err := w.Commands.Strongroom(ctx, &w.Operator, nil, "state", "verify", "--env", e.Name, "--stack", e.Stacks[0].Name)
		return ran.naming(2, "encryption", found), err
	}
	_, account, _ := strings.Cut(e.Principal, "::")
	account, _, _ = strings.Cut(account, ":")
	after := func(found string, write func(ctx context.Context, w *World) (version *string, err error)) func(ctx context.Context, w *World) (Outcome, error) {
		return func(ctx context.Context, w *World) (Outcome, error) {
			if w.unwritten { // the mutation: nobody wrote
				return verify(ctx, w, found)
			}
			version, err := write(ctx, w)
			if err != nil {
				return Outcome{}, err
			}
			o, err := verify(ctx, w, found)
			_, gone := w.operator().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: &e.Stacks[0].Key, VersionId: version})
			return o, errors.Join(err, gone)
		}
	}
	return &Lock{
		ID:       "state-past-the-key",
		Claim:    "A state that its own principal wrote past the key, without one or under one of its own account, does not stay unnoticed: \"state verify\" says no.",
		Enforced: "strongroom state verify: the algorithm and the key that HeadObject names",
		Controls: []Attack{{By: "the state account's owner", Request: "state verify, the state as it should be", Do: func(ctx context.Context, w *World) (Outcome, error) {
			ran, err := w.Commands.Strongroom(ctx, &w.Operator, nil, "state", "verify", "--env", e.Name, "--stack", e.Stacks[0].Name)
			o := ran.answered(0)
			o.Refused = !o.Refused
			return o, err
		}}},
		Attacks: []Attack{
			{Kind: KindCheck, By: "the state account's owner", Request: "state verify, after " + e.Name + "'s principal wrote its state without a key", Do: after("SSE-S3", func(ctx context.Context, w *World) (*string, error) {
				return w.writeAs(ctx, e, "")
			})},
			{Kind: KindCheck, By: "the state account's owner", Request: "state verify, after it wrote its state under a key of its own account", Do: after(account, func(ctx context.Context, w *World) (*string, error) {
				client := kms.NewFromConfig(w.Config(&e.Admin))
				made, err := client.CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String("rehearsal")})
				if err != nil {
					return nil, err
				}
				takeBack, err := w.give(ctx, e, everything)
				if err != nil {
					return nil, err
				}
				version, err := w.writeAs(ctx, e, *made.KeyMetadata.Arn)
				_, scheduled := client.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: made.KeyMetadata.KeyId, PendingWindowInDays: aws.Int32(7)})
				return version, errors.Join(err, takeBack(), scheduled)
			})},
		},
		TakeOff: func(_ context.Context, w *World) (func() error, error) {
			w.unwritten = true
			return func() error { w.unwritten = false; return nil }, nil
		},
	}
}

// writeAs writes an environment's first state anew as its principal, with nothing
// changed in it, under a key or asking for none, and returns the version.
func (w *World) writeAs(ctx context.Context, e *Environment, keyARN string) (*string, error) {
	text, err := w.text(ctx, e.Stacks[0].Key)
	if err != nil {
		return nil, err
	}
	in := &s3.PutObjectInput{Bucket: &w.Bucket, Key: &e.Stacks[0].Key, Body: strings.NewReader(string(text)), ContentType: aws.String("application/json")}
	if keyARN != "" {
		in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryptionAwsKms, &keyARN
	}
	out, err := w.s3As(&e.Credentials).PutObject(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.VersionId, nil
}
