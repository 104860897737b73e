package lock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// pair returns the two environments of the attack: the first's principal
// attacks the second's state.
func (w *World) pair() (attacker, victim Environment, err error) {
	if len(w.Environments) < 2 {
		return attacker, victim, fmt.Errorf("the room has %d environments; this lock is between two", len(w.Environments))
	}
	return w.Environments[0], w.Environments[1], nil
}

// between is an attempt by one environment's principal; own tells whether it
// is on its own state.
func between(request string, own bool, do func(ctx context.Context, w *World, as *s3.Client, target Environment) (Outcome, error)) Attack {
	by := "another environment's principal"
	if own {
		by = "an environment's principal"
	}
	return Attack{By: by, Request: request, Do: func(ctx context.Context, w *World) (Outcome, error) {
		attacker, target, err := w.pair()
		if err != nil {
			return Outcome{}, err
		}
		if own {
			target = attacker
		}
		return do(ctx, w, w.s3As(&attacker.Credentials), target)
	}}
}

// putEnvironment writes an environment's state or lock as the backend does,
// and removes what it wrote.
func putEnvironment(suffix string) func(context.Context, *World, *s3.Client, Environment) (Outcome, error) {
	return func(ctx context.Context, w *World, as *s3.Client, target Environment) (Outcome, error) {
		key := target.StateKey + suffix
		out, err := as.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &w.Bucket, Key: &key, Body: strings.NewReader(`{}`),
			ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &target.KeyARN,
		})
		if err != nil {
			return w.judge(err, nil, accessDenied...)
		}
		if _, err := w.operator().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: &key, VersionId: out.VersionId}); err != nil {
			return Outcome{}, err
		}
		return w.judge(nil, &out.ResultMetadata)
	}
}

// readEnvironment reads an environment's state, which the operator puts there
// for the attempt.
func readEnvironment(ctx context.Context, w *World, as *s3.Client, target Environment) (Outcome, error) {
	put, err := w.operator().PutObject(ctx, &s3.PutObjectInput{
		Bucket: &w.Bucket, Key: &target.StateKey, Body: strings.NewReader(`{}`),
		ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &target.KeyARN,
	})
	if err != nil {
		return Outcome{}, err
	}
	var o Outcome
	out, err := as.GetObject(ctx, &s3.GetObjectInput{Bucket: &w.Bucket, Key: &target.StateKey})
	if err != nil {
		o, err = w.judge(err, nil, accessDenied...)
	} else {
		out.Body.Close()
		o, err = w.judge(nil, &out.ResultMetadata)
	}
	_, e := w.operator().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: &target.StateKey, VersionId: put.VersionId})
	return o, errors.Join(err, e)
}

// releaseLock deletes an environment's lock, which the operator puts there.
func releaseLock(ctx context.Context, w *World, as *s3.Client, target Environment) (Outcome, error) {
	key := target.StateKey + ".tflock"
	put, err := w.operator().PutObject(ctx, &s3.PutObjectInput{
		Bucket: &w.Bucket, Key: &key, Body: strings.NewReader(`{}`),
		ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &target.KeyARN,
	})
	if err != nil {
		return Outcome{}, err
	}
	var o Outcome
	var marker *string
	out, err := as.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: &key})
	if err != nil {
		o, err = w.judge(err, nil, accessDenied...)
	} else {
		marker = out.VersionId
		o, err = w.judge(nil, &out.ResultMetadata)
	}
	for _, version := range []*string{marker, put.VersionId} {
		if version != nil {
			_, e := w.operator().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: &key, VersionId: version})
			err = errors.Join(err, e)
		}
	}
	return o, err
}

func otherEnvironment() *Lock {
	return &Lock{
		ID:       "other-environment",
		Claim:    "One environment's principal cannot read, write, lock or decrypt another's state.",
		Enforced: "modules/state-backend/main.policy.tf: AllowState... and AllowLock...; main.keys.tf: a key for each environment",
		Without: func(w *World) string {
			if n := len(w.Environments); n < 2 {
				return fmt.Sprintf("the lock is between two environments, and the room has %d", n)
			}
			return ""
		},
		Controls: []Attack{
			between("PutObject of its own state", true, putEnvironment("")),
			between("GetObject of its own state", true, readEnvironment),
			between("PutObject of its own lock", true, putEnvironment(".tflock")),
			between("DeleteObject of its own lock", true, releaseLock),
		},
		Attacks: []Attack{
			between("GetObject of the other's state", false, readEnvironment),
			between("PutObject of the other's state under the other's key", false, putEnvironment("")),
			between("PutObject of the other's lock", false, putEnvironment(".tflock")),
			between("DeleteObject of the other's lock", false, releaseLock),
			{By: "another environment's principal", Request: "kms:Decrypt of a data key of the other's state", Do: decryptOther},
		},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			attacker, victim, err := w.pair()
			if err != nil {
				return nil, err
			}
			admit := func(s map[string]any) map[string]any { return alsoFor(s, victim.Principal, attacker.Principal) }
			bucket, err := w.editBucketPolicy(ctx, admit)
			if err != nil {
				return nil, err
			}
			key, err := w.editKeyPolicy(ctx, victim.KeyARN, admit)
			if err != nil {
				return nil, errors.Join(err, bucket())
			}
			return func() error { return errors.Join(key(), bucket()) }, nil
		},
	}
}

// decryptOther takes a data key of the victim's to KMS directly.
func decryptOther(ctx context.Context, w *World) (Outcome, error) {
	attacker, victim, err := w.pair()
	if err != nil {
		return Outcome{}, err
	}
	encryptionContext := map[string]string{"aws:s3:arn": "arn:aws:s3:::" + w.Bucket}
	made, err := w.operatorKMS().GenerateDataKeyWithoutPlaintext(ctx, &kms.GenerateDataKeyWithoutPlaintextInput{
		KeyId: &victim.KeyARN, KeySpec: "AES_256", EncryptionContext: encryptionContext,
	})
	if err != nil {
		return Outcome{}, err
	}
	out, err := kms.NewFromConfig(w.Config(&attacker.Credentials)).Decrypt(ctx, &kms.DecryptInput{
		CiphertextBlob: made.CiphertextBlob, KeyId: aws.String(victim.KeyARN), EncryptionContext: encryptionContext,
	})
	if err != nil {
		return w.judge(err, nil, accessDenied...)
	}
	return w.judge(nil, &out.ResultMetadata)
}

// alsoFor adds a second principal wherever the first is named.
func alsoFor(s map[string]any, named, also string) map[string]any {
	principal, _ := s["Principal"].(map[string]any)
	switch arns := principal["AWS"].(type) {
	case string:
		if arns == named {
			principal["AWS"] = []any{named, also}
		}
	case []any:
		if slices.Contains(arns, any(named)) {
			principal["AWS"] = append(arns, also)
		}
	}
	return s
}

// editKeyPolicy changes a key's policy.
func (w *World) editKeyPolicy(ctx context.Context, key string, change func(map[string]any) map[string]any) (func() error, error) {
	client := w.operatorKMS()
	got, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key})
	if err != nil {
		return nil, err
	}
	text, err := edit(*got.Policy, change)
	if err != nil {
		return nil, err
	}
	put := func(policy *string) error {
		_, err := w.operatorKMS().PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, Policy: policy})
		return err
	}
	return func() error { return put(got.Policy) }, put(&text)
}
