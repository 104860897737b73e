package lock

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func stateUnderItsKey(w *World) *Lock {
	l := &Lock{
		ID:       "state-under-its-key",
		Claim:    "Every state stands under the key of its own environment, and is bit for bit the state that it was.",
		Enforced: "strongroom state rekey, and the knob STATE_KMS_KEY_ID",
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			e := w.Environments[len(w.Environments)/2]
			return w.recrypt(ctx, e.Stacks[0].Key, types.ServerSideEncryptionAes256, nil)
		},
	}
	for i := range w.Environments {
		e := &w.Environments[i]
		for j := range e.Stacks {
			s := &e.Stacks[j]
			l.Attacks = append(l.Attacks, Attack{Kind: KindCheck, By: "the state account's owner", Request: "HeadObject and GetObject of " + what(e, s), Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.stands(ctx, e, s, e.KeyARN)
			}})
		}
		l.Attacks = append(l.Attacks, command(fmt.Sprintf("strongroom state verify --env %s", e.Name), 0, "state", "verify", "--env", e.Name))
	}
	return l
}

// recrypt copies a state onto itself under another encryption, and returns how to
// take that version away again. The bucket keeps versions.
func (w *World) recrypt(ctx context.Context, key string, sse types.ServerSideEncryption, with *string) (func() error, error) {
	out, err := w.operator().CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &w.Bucket, Key: &key, CopySource: aws.String(w.Bucket + "/" + key),
		ServerSideEncryption: sse, SSEKMSKeyId: with, MetadataDirective: types.MetadataDirectiveReplace, ContentType: aws.String("application/json"),
	})
	if err != nil {
		return nil, err
	}
	return func() error {
		_, err := w.operator().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: &key, VersionId: out.VersionId})
		return err
	}, nil
}
