package lock

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func stateDamaged(w *World) *Lock {
	e := &w.Environments[0]
	s := &e.Stacks[len(e.Stacks)-1]
	return &Lock{
		ID:       "state-damaged",
		Claim:    "A state that was damaged comes back: an earlier version is made the current one, under the same key, and the next plan has nothing to do.",
		Enforced: "the bucket's versioning, and strongroom state rollback --to-version",
		Attacks: []Attack{
			{Kind: KindCheck, By: "the state account's owner", Request: "strongroom state rollback --to-version, after half a state was written over " + what(e, s), Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.damage(ctx, e, s, `{"version":4,"serial":`)
			}},
			{Kind: KindCheck, By: "the state account's owner", Request: "strongroom state rollback --to-version, after an empty state was written over " + what(e, s), Do: func(ctx context.Context, w *World) (Outcome, error) {
				now, err := w.Snapshot(ctx, s.Key)
				if err != nil {
					return Outcome{}, err
				}
				return w.damage(ctx, e, s, emptyState(now))
			}},
		},
		// Somebody keeps people from reading old versions, and so from going back.
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.addToBucketPolicy(ctx, map[string]any{
				"Sid": "NoOldVersions", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObjectVersion", "Resource": "arn:aws:s3:::" + w.Bucket + "/*",
			})
		},
	}
}

// damage writes a text over a state, goes back to the version before, and answers
// whether the state is then what it was. A refused outcome is a claim that holds.
// Versions that were made meanwhile are removed.
func (w *World) damage(ctx context.Context, e *Environment, s *StackState, text string) (o Outcome, err error) {
	before, err := w.versionsOf(ctx, s.Key)
	if err != nil {
		return Outcome{}, err
	}
	was, err := w.Snapshot(ctx, s.Key)
	if err != nil {
		return Outcome{}, err
	}
	defer func() {
		versions, listed := w.versionsOf(ctx, s.Key)
		err = errors.Join(err, listed)
		for _, version := range versions {
			if !slices.Contains(before, version) {
				_, gone := w.operator().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: &s.Key, VersionId: &version})
				err = errors.Join(err, gone)
			}
		}
	}()
	if _, err := w.operator().PutObject(ctx, &s3.PutObjectInput{
		Bucket: &w.Bucket, Key: &s.Key, Body: strings.NewReader(text), ContentType: aws.String("application/json"),
		ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &e.KeyARN,
	}); err != nil {
		return Outcome{}, err
	}
	ran, err := w.Commands.Strongroom(ctx, &w.Operator, nil, "state", "rollback", "--to-version", before[0], "--env", e.Name, "--stack", s.Name, "--yes")
	if err != nil {
		return Outcome{}, err
	}
	if o := ran.answered(0); !o.Refused {
		return o, nil
	}
	if o, err := w.stands(ctx, e, s, e.KeyARN); err != nil || !o.Refused {
		return o, err
	}
	now, err := w.Snapshot(ctx, s.Key)
	if err != nil {
		return Outcome{}, err
	}
	if now.Serial != was.Serial || now.Digest != was.Digest {
		return Outcome{Answer: "another state", DecidedBy: what(e, s) + " is not the state that it was before the damage"}, nil
	}
	if o, err := w.noOp(ctx, e, s); err != nil || !o.Refused {
		return o, err
	}
	return Outcome{Answer: "recovered", Refused: true, DecidedBy: "the same serial, lineage and digest under the key, and no changes planned"}, nil
}
