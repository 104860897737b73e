package lock

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
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
		}, {
			By: reader, Request: "GetObject of an object under SSE-S3, and of its version", Do: readsTheRest,
		}},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.giveRole(ctx, w.ReaderRole, fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":%q}}`, w.Environments[0].KeyARN))
		},
		Open: []Opening{
			{By: reader, Do: func(ctx context.Context, w *World) (func() error, error) {
				return w.giveRole(ctx, w.ReaderRole, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}}`)
			}},
			// Somebody re-keyed the state and not its versions.
			{By: reader, Request: what(&w.Environments[0], &w.Environments[0].Stacks[0]), Some: true, Do: func(ctx context.Context, w *World) (func() error, error) {
				return w.leaveVersion(ctx, &w.Environments[0])
			}},
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
				return w.readVersions(ctx, s)
			}})
		}
	}
	return l
}

// readVersions reads every version of a state as the reader.
func (w *World) readVersions(ctx context.Context, s *StackState) (Outcome, error) {
	versions, err := w.versionsOf(ctx, s.Key)
	if err != nil {
		return Outcome{}, err
	}
	if len(versions) == 0 {
		return Outcome{}, fmt.Errorf("there is no version of %s to attack", s.Key)
	}
	parts := []part{{name: "the current version", do: func() (Outcome, error) { return w.getState(ctx, w.s3As(&w.Reader), s.Key, "") }}}
	for _, version := range versions {
		parts = append(parts, part{name: "version " + version, do: func() (Outcome, error) { return w.getState(ctx, w.s3As(&w.Reader), s.Key, version) }})
	}
	return sum(parts...)
}

// readsTheRest has the reader read what is under no key: its rights in S3 are not what
// keeps the states from it.
func readsTheRest(ctx context.Context, w *World) (o Outcome, err error) {
	put, err := w.operator().PutObject(ctx, &s3.PutObjectInput{
		Bucket: &w.Bucket, Key: w.object("open"), Body: strings.NewReader("nothing secret"), ServerSideEncryption: types.ServerSideEncryptionAes256,
	})
	if err != nil {
		return Outcome{}, err
	}
	for _, version := range []string{"", aws.ToString(put.VersionId)} {
		if o, err = w.getState(ctx, w.s3As(&w.Reader), *w.object("open"), version); err != nil || o.Refused {
			break
		}
	}
	return o, errors.Join(err, w.removeVersions(ctx, *w.object("open")))
}

// leaveVersion leaves an earlier version of an environment's first state under SSE-S3,
// below one under the key.
func (w *World) leaveVersion(ctx context.Context, e *Environment) (func() error, error) {
	key := e.Stacks[0].Key
	clear, err := w.recrypt(ctx, key, types.ServerSideEncryptionAes256, nil)
	if err != nil {
		return nil, err
	}
	over, err := w.recrypt(ctx, key, types.ServerSideEncryptionAwsKms, &e.KeyARN)
	if err != nil {
		return nil, errors.Join(err, clear())
	}
	return func() error { return errors.Join(over(), clear()) }, nil
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
