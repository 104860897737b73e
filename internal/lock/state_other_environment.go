package lock

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// everything is what an account can give its own user at most.
const everything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

// empowered makes an attempt as an environment's principal to whom its own account
// gives every right there is: what refuses it then is the state account's doing.
func (w *World) empowered(ctx context.Context, e *Environment, do func() (Outcome, error)) (Outcome, error) {
	takeBack, err := w.give(ctx, e, everything)
	if err != nil {
		return Outcome{}, err
	}
	o, err := do()
	return o, errors.Join(err, takeBack())
}

// give adds an inline policy to an environment's principal, in its own account.
func (w *World) give(ctx context.Context, e *Environment, document string) (func() error, error) {
	client := iam.NewFromConfig(w.Config(&e.Admin))
	user, name := aws.String(nameOf(e.Principal)), aws.String("rehearsal-more")
	_, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: user, PolicyName: name, PolicyDocument: &document})
	return func() error {
		_, err := client.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: user, PolicyName: name})
		return err
	}, err
}

// pairs calls do for every two environments, in both directions.
func pairs(w *World, do func(attacker, victim *Environment)) {
	for i := range w.Environments {
		for j := range w.Environments {
			if i != j {
				do(&w.Environments[i], &w.Environments[j])
			}
		}
	}
}

func stateOtherEnvironment(w *World) *Lock {
	attacker, victim := &w.Environments[0], &w.Environments[1]
	l := &Lock{
		ID:       "state-other-environment",
		Claim:    "No environment's principal reads, writes, deletes or locks the states of another, whatever its own account lets it do.",
		Enforced: "the bucket policy: each principal on the exact keys of its own states",
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.editBucketPolicy(ctx, func(s map[string]any) map[string]any { return alsoFor(s, victim.Principal, attacker.Principal) })
		},
		Open: []Opening{{By: attacker.Name + "'s principal", Request: victim.Name, Do: func(ctx context.Context, w *World) (func() error, error) {
			return w.openTo(ctx, attacker.Principal, victim.KeyARN, attacker.KeyARN)
		}}},
	}
	for i := range w.Environments {
		e := &w.Environments[i]
		l.Controls = append(l.Controls, Attack{By: e.Name + "'s principal", Request: "GetObject and PutObject of its own states", Do: func(ctx context.Context, w *World) (Outcome, error) {
			o, err := w.ownStates(ctx, e)
			if err != nil || o.Refused {
				return o, err
			}
			return w.putState(ctx, w.s3As(&e.Credentials), e.Stacks[0].Key, e.KeyARN)
		}})
	}
	pairs(w, func(attacker, victim *Environment) {
		l.Attacks = append(l.Attacks, Attack{
			By: attacker.Name + "'s principal", Request: "get, put, copy, tag, delete, re-encrypt " + victim.Name + "'s states and their versions, put and delete their locks",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.empowered(ctx, attacker, func() (Outcome, error) { return w.trespass(ctx, attacker, victim) })
			},
		})
	})
	return l
}

// openTo lets a principal do everything with the state bucket and with keys, as far as
// their policies can.
func (w *World) openTo(ctx context.Context, principal string, keys ...string) (func() error, error) {
	arn := "arn:aws:s3:::" + w.Bucket
	bucket, err := w.addToBucketPolicy(ctx, map[string]any{
		"Sid": "WideOpen", "Effect": "Allow", "Principal": map[string]any{"AWS": principal}, "Action": "s3:*", "Resource": []string{arn, arn + "/*"},
	})
	if err != nil {
		return nil, err
	}
	undo := []func() error{bucket}
	shut := func() (err error) {
		for _, putBack := range undo {
			err = errors.Join(err, putBack())
		}
		return err
	}
	for _, key := range keys {
		putBack, err := w.addToKeyPolicy(ctx, key, map[string]any{
			"Sid": "WideOpen", "Effect": "Allow", "Principal": map[string]any{"AWS": principal}, "Action": "kms:*", "Resource": "*",
		})
		if err != nil {
			return nil, errors.Join(err, shut())
		}
		undo = append(undo, putBack)
	}
	return shut, nil
}

// trespass makes the requests that read a state, change it, or stop its owner, on
// another environment's. What it writes, it writes under the attacker's own key. What
// is let through is undone.
func (w *World) trespass(ctx context.Context, attacker, victim *Environment) (Outcome, error) {
	as := w.s3As(&attacker.Credentials)
	var parts []part
	for i := range victim.Stacks {
		key := victim.Stacks[i].Key
		versions, err := w.versionsOf(ctx, key)
		if err != nil {
			return Outcome{}, err
		}
		if len(versions) == 0 {
			return Outcome{}, fmt.Errorf("there is no state %s to attack", key)
		}
		parts = append(parts,
			part{name: "GetObject", do: func() (Outcome, error) { return w.getState(ctx, as, key, "") }},
			part{name: "GetObject of an earlier version", do: func() (Outcome, error) { return w.getState(ctx, as, key, versions[len(versions)-1]) }},
			part{name: "PutObject", do: func() (Outcome, error) { return w.putState(ctx, as, key, attacker.KeyARN) }},
			part{name: "PutObject without a key", do: func() (Outcome, error) { return w.putState(ctx, as, key, "") }},
			part{name: "PutObject of the lock", do: func() (Outcome, error) { return w.putState(ctx, as, key+".tflock", attacker.KeyARN) }},
			part{name: "DeleteObject of the lock", do: func() (Outcome, error) {
				return releaseLock(ctx, w, as, Environment{StateKey: key, KeyARN: victim.KeyARN})
			}},
			part{name: "CopyObject to its own", do: func() (Outcome, error) { return w.copyOver(ctx, as, key, attacker.Stacks[0].Key, attacker.KeyARN) }},
			part{name: "CopyObject of its own", do: func() (Outcome, error) { return w.copyOver(ctx, as, attacker.Stacks[0].Key, key, attacker.KeyARN) }},
		)
		parts = append(parts, w.removals(ctx, as, key)...)
		parts = append(parts, w.changes(ctx, as, key, attacker.KeyARN, victim.KeyARN)...)
	}
	return sum(parts...)
}

// removals are the requests that take a state or a version of it away.
func (w *World) removals(ctx context.Context, as *s3.Client, key string) []part {
	remove := func(version *string) (Outcome, error) {
		out, err := as.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: &key, VersionId: version})
		if err != nil {
			return w.judged(nil, err)
		}
		if version == nil {
			// The marker that hides the state.
			_, err = w.operator().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: &key, VersionId: out.VersionId})
		}
		if err != nil {
			return Outcome{}, err
		}
		return w.judged(&out.ResultMetadata, nil)
	}
	return []part{
		{name: "DeleteObject", do: func() (Outcome, error) { return remove(nil) }},
		// A version that does not exist: S3 answers 204 to whoever may delete.
		{name: "DeleteObject of a version", do: func() (Outcome, error) { return remove(aws.String("null")) }},
	}
}

// changes are the requests that leave a state's bytes alone and change what guards
// them.
func (w *World) changes(ctx context.Context, as *s3.Client, key, under, was string) []part {
	encryption := func(client *s3.Client, keyARN string) (*s3.UpdateObjectEncryptionOutput, error) {
		return client.UpdateObjectEncryption(ctx, &s3.UpdateObjectEncryptionInput{
			Bucket: &w.Bucket, Key: &key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
			ObjectEncryption: &types.ObjectEncryptionMemberSSEKMS{Value: types.SSEKMSEncryption{KMSKeyArn: &keyARN}},
		})
	}
	return []part{
		{name: "UpdateObjectEncryption", do: func() (Outcome, error) {
			out, err := encryption(as, under)
			if err != nil {
				return w.judged(nil, err)
			}
			if _, err := encryption(w.operator(), was); err != nil {
				return Outcome{}, err
			}
			return w.judged(&out.ResultMetadata, nil)
		}},
		{name: "PutObjectTagging", do: func() (Outcome, error) {
			out, err := as.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: &w.Bucket, Key: &key, Tagging: &types.Tagging{
				TagSet: []types.Tag{{Key: aws.String("rehearsal"), Value: aws.String("was here")}},
			}})
			if err != nil {
				return w.judged(nil, err)
			}
			if _, err := w.operator().DeleteObjectTagging(ctx, &s3.DeleteObjectTaggingInput{Bucket: &w.Bucket, Key: &key}); err != nil {
				return Outcome{}, err
			}
			return w.judged(&out.ResultMetadata, nil)
		}},
		{name: "PutObjectAcl", do: func() (Outcome, error) {
			out, err := as.PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: &w.Bucket, Key: &key, ACL: types.ObjectCannedACLBucketOwnerFullControl})
			if err != nil {
				return w.judged(nil, err)
			}
			return w.judged(&out.ResultMetadata, nil)
		}},
	}
}

// putState writes over a state under a key, or asking for no encryption, and takes the
// version away again.
func (w *World) putState(ctx context.Context, as *s3.Client, key, keyARN string) (Outcome, error) {
	in := &s3.PutObjectInput{Bucket: &w.Bucket, Key: &key, Body: strings.NewReader(`{}`)}
	if keyARN != "" {
		in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryptionAwsKms, &keyARN
	}
	out, err := as.PutObject(ctx, in)
	if err != nil {
		return w.judge(err, nil, accessDenied...)
	}
	if _, err := w.operator().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: &key, VersionId: out.VersionId}); err != nil {
		return Outcome{}, err
	}
	return w.judge(nil, &out.ResultMetadata)
}

// copyOver copies one state over another, and takes the version away again.
func (w *World) copyOver(ctx context.Context, as *s3.Client, from, to, keyARN string) (Outcome, error) {
	out, err := as.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &w.Bucket, Key: &to, CopySource: aws.String(w.Bucket + "/" + from), ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &keyARN,
	})
	if err != nil {
		return w.judge(err, nil, accessDenied...)
	}
	if _, err := w.operator().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: &to, VersionId: out.VersionId}); err != nil {
		return Outcome{}, err
	}
	return w.judge(nil, &out.ResultMetadata)
}
