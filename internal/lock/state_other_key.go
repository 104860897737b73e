package lock

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func stateOtherKey(w *World) *Lock {
	attacker, victim := &w.Environments[0], &w.Environments[1]
	l := &Lock{
		ID:       "state-other-key",
		Claim:    "No environment's principal uses the key of another, by itself or through S3, whatever its own account lets it do; nor does it administer that key or its own.",
		Enforced: "modules/state-key/main.key.tf: the key policy names one environment's principal, for four actions",
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.editKeyPolicy(ctx, victim.KeyARN, func(s map[string]any) map[string]any {
				return alsoFor(s, victim.Principal, attacker.Principal)
			})
		},
		Open: []Opening{
			{By: attacker.Name + "'s principal", Request: victim.Name, Do: func(ctx context.Context, w *World) (func() error, error) {
				return w.openTo(ctx, attacker.Principal, victim.KeyARN)
			}},
			{By: attacker.Name + "'s principal", Request: "own key", Do: func(ctx context.Context, w *World) (func() error, error) {
				return w.openTo(ctx, attacker.Principal, attacker.KeyARN)
			}},
		},
	}
	for i := range w.Environments {
		e := &w.Environments[i]
		l.Controls = append(l.Controls, Attack{By: e.Name + "'s principal", Request: "Encrypt, Decrypt, GenerateDataKey and DescribeKey with its own key, PutObject of its own state under it", Do: func(ctx context.Context, w *World) (Outcome, error) {
			return w.useKey(ctx, e, e)
		}})
	}
	pairs(w, func(attacker, victim *Environment) {
		l.Attacks = append(l.Attacks,
			Attack{By: attacker.Name + "'s principal", Request: "Encrypt, Decrypt, GenerateDataKey and DescribeKey with " + victim.Name + "'s key, PutObject of its own states under it", Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.empowered(ctx, attacker, func() (Outcome, error) { return w.useKey(ctx, attacker, victim) })
			}},
			Attack{By: attacker.Name + "'s principal", Request: administering + " of " + victim.Name + "'s key", Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.empowered(ctx, attacker, func() (Outcome, error) { return w.administer(ctx, attacker, victim) })
			}})
	})
	for i := range w.Environments {
		e := &w.Environments[i]
		l.Attacks = append(l.Attacks, Attack{By: e.Name + "'s principal", Request: administering + " of its own key", Do: func(ctx context.Context, w *World) (Outcome, error) {
			return w.empowered(ctx, e, func() (Outcome, error) { return w.administer(ctx, e, e) })
		}})
	}
	return l
}

// administering are the requests that administer makes.
const administering = "PutKeyPolicy, CreateGrant, DisableKey, DisableKeyRotation and ScheduleKeyDeletion"

// useKey makes the four requests that a state's principal may make, with the key of
// an environment, and writes a state under it. The outcome is that of the first that is answered otherwise than
// it should: refused with its own key, let through with another.
func (w *World) useKey(ctx context.Context, as, of *Environment) (Outcome, error) {
	client := kms.NewFromConfig(w.Config(&as.Credentials))
	keyContext := map[string]string{"aws:s3:arn": "arn:aws:s3:::" + w.Bucket + "/" + of.Stacks[0].Key}
	made, err := w.operatorKMS().GenerateDataKeyWithoutPlaintext(ctx, &kms.GenerateDataKeyWithoutPlaintextInput{
		KeyId: &of.KeyARN, KeySpec: types.DataKeySpecAes256, EncryptionContext: keyContext,
	})
	if err != nil {
		return Outcome{}, err
	}
	parts := []part{
		{name: "Encrypt", do: func() (Outcome, error) {
			out, err := client.Encrypt(ctx, &kms.EncryptInput{KeyId: &of.KeyARN, Plaintext: []byte("rehearsal"), EncryptionContext: keyContext})
			if err != nil {
				return w.judge(err, nil, accessDenied...)
			}
			return w.judge(nil, &out.ResultMetadata)
		}},
		{name: "Decrypt", do: func() (Outcome, error) {
			out, err := client.Decrypt(ctx, &kms.DecryptInput{KeyId: &of.KeyARN, CiphertextBlob: made.CiphertextBlob, EncryptionContext: keyContext})
			if err != nil {
				return w.judge(err, nil, accessDenied...)
			}
			return w.judge(nil, &out.ResultMetadata)
		}},
		{name: "GenerateDataKey", do: func() (Outcome, error) {
			out, err := client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &of.KeyARN, KeySpec: types.DataKeySpecAes256, EncryptionContext: keyContext})
			if err != nil {
				return w.judge(err, nil, accessDenied...)
			}
			return w.judge(nil, &out.ResultMetadata)
		}},
		{name: "DescribeKey", do: func() (Outcome, error) {
			out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &of.KeyARN})
			if err != nil {
				return w.judge(err, nil, accessDenied...)
			}
			return w.judge(nil, &out.ResultMetadata)
		}},
		{name: "PutObject", do: func() (Outcome, error) {
			return w.putState(ctx, w.s3As(&as.Credentials), as.Stacks[0].Key, of.KeyARN)
		}},
	}
	if as != of {
		return sum(parts...)
	}
	var o Outcome
	for _, p := range parts {
		if o, err = p.do(); err != nil || o.Refused {
			return o, err
		}
	}
	return o, nil
}

// administer makes the requests with which a principal would make a key its own, or
// take it from everyone, and undoes what was let through.
func (w *World) administer(ctx context.Context, as, of *Environment) (Outcome, error) {
	// Source: KMS API Reference, "Cross-account use: No" of each of them.
	const shut = "KMS takes it from no other account than the key's"
	client, owner := kms.NewFromConfig(w.Config(&as.Credentials)), w.operatorKMS()
	was, err := owner.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &of.KeyARN})
	if err != nil {
		return Outcome{}, err
	}
	return sum(
		part{name: "PutKeyPolicy", shut: shut, do: func() (Outcome, error) {
			out, err := client.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &of.KeyARN, Policy: was.Policy})
			if err != nil {
				return w.judge(err, nil, accessDenied...)
			}
			return w.judge(nil, &out.ResultMetadata)
		}},
		part{name: "CreateGrant", do: func() (Outcome, error) {
			out, err := client.CreateGrant(ctx, &kms.CreateGrantInput{KeyId: &of.KeyARN, GranteePrincipal: &as.Principal, Operations: []types.GrantOperation{types.GrantOperationDecrypt}})
			if err != nil {
				return w.judge(err, nil, accessDenied...)
			}
			if _, err := owner.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &of.KeyARN, GrantId: out.GrantId}); err != nil {
				return Outcome{}, err
			}
			return w.judge(nil, &out.ResultMetadata)
		}},
		part{name: "DisableKey", shut: shut, do: func() (Outcome, error) {
			out, err := client.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &of.KeyARN})
			if err != nil {
				return w.judge(err, nil, accessDenied...)
			}
			if _, err := owner.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &of.KeyARN}); err != nil {
				return Outcome{}, err
			}
			return w.judge(nil, &out.ResultMetadata)
		}},
		part{name: "DisableKeyRotation", shut: shut, do: func() (Outcome, error) {
			out, err := client.DisableKeyRotation(ctx, &kms.DisableKeyRotationInput{KeyId: &of.KeyARN})
			if err != nil {
				return w.judge(err, nil, accessDenied...)
			}
			if _, err := owner.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: &of.KeyARN}); err != nil {
				return Outcome{}, err
			}
			return w.judge(nil, &out.ResultMetadata)
		}},
		part{name: "ScheduleKeyDeletion", shut: shut, do: func() (Outcome, error) {
			out, err := client.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: &of.KeyARN, PendingWindowInDays: aws.Int32(30)})
			if err != nil {
				return w.judge(err, nil, accessDenied...)
			}
			if err := w.recoverKey(ctx, of.KeyARN); err != nil {
				return Outcome{}, err
			}
			return w.judge(nil, &out.ResultMetadata)
		}},
	)
}

// recoverKey takes back the deletion of a key inside its window, and enables it: it
// comes back disabled.
func (w *World) recoverKey(ctx context.Context, key string) error {
	_, err := w.operatorKMS().CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: &key})
	if err != nil {
		return err
	}
	_, err = w.operatorKMS().EnableKey(ctx, &kms.EnableKeyInput{KeyId: &key})
	return err
}
