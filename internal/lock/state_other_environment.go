package lock

import (
	"context"
	"errors"
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
	l := &Lock{
		ID:       "state-other-environment",
		Claim:    "No environment's principal reads or writes the states of another, whatever its own account lets it do.",
		Enforced: "the bucket policy: each principal on the exact keys of its own states",
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			attacker, victim := &w.Environments[0], &w.Environments[1]
			return w.editBucketPolicy(ctx, func(s map[string]any) map[string]any { return alsoFor(s, victim.Principal, attacker.Principal) })
		},
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
			By: attacker.Name + "'s principal", Request: "GetObject, PutObject, PutObjectAcl and CopyObject of " + victim.Name + "'s states",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.empowered(ctx, attacker, func() (Outcome, error) { return w.trespass(ctx, attacker, victim) })
			},
		})
	})
	return l
}

// trespass makes every request on a state that a bucket policy of the kind grants,
// on another environment's. What it writes, it writes under the attacker's own key.
func (w *World) trespass(ctx context.Context, attacker, victim *Environment) (Outcome, error) {
	as := w.s3As(&attacker.Credentials)
	var requests []func() (Outcome, error)
	for i := range victim.Stacks {
		key := victim.Stacks[i].Key
		requests = append(requests,
			func() (Outcome, error) { return w.getState(ctx, as, key, "") },
			func() (Outcome, error) { return w.putState(ctx, as, key, attacker.KeyARN) },
			func() (Outcome, error) {
				out, err := as.PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: &w.Bucket, Key: &key, ACL: types.ObjectCannedACLBucketOwnerFullControl})
				if o, ok := gotPast(err); ok {
					return o, nil
				}
				if err != nil {
					return w.judge(err, nil, accessDenied...)
				}
				return w.judge(nil, &out.ResultMetadata)
			},
			func() (Outcome, error) { return w.copyOver(ctx, as, key, attacker.Stacks[0].Key, attacker.KeyARN) },
		)
	}
	return sum(requests...)
}

// putState writes over a state under a key, and takes the version away again.
func (w *World) putState(ctx context.Context, as *s3.Client, key, keyARN string) (Outcome, error) {
	out, err := as.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &w.Bucket, Key: &key, Body: strings.NewReader(`{}`), ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &keyARN,
	})
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
