package kms

import (
	"crypto"
	"crypto/x509"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// pair is a data key pair, made before the state is locked.
type pair struct{ private, public []byte }

func (s *Service) dataKeyPairRows() []op.Row {
	with := keyOp[sdk.GenerateDataKeyPairInput, sdk.GenerateDataKeyPairOutput]{
		name: "GenerateDataKeyPair", reach: byAnyName,
		secret: []string{"PrivateKeyPlaintext", "PrivateKeyCiphertextBlob", "GrantTokens"},
		id:     func(in *sdk.GenerateDataKeyPairInput) *string { return in.KeyId },
		ask: func(_ *op.Call, in *sdk.GenerateDataKeyPairInput, _ *key) (ask, error) {
			if in.Recipient != nil {
				return ask{}, unsupported("Nitro attestation (Recipient)")
			}
			return askPair(in.KeyPairSpec, in.EncryptionContext, in.GrantTokens)
		},
		do: func(c *op.Call, in *sdk.GenerateDataKeyPairInput, k *key) (*sdk.GenerateDataKeyPairOutput, error) {
			p, blob, err := k.sealPair(c, "GenerateDataKeyPair", in.EncryptionContext, in.DryRun)
			if err != nil {
				return nil, err
			}
			return &sdk.GenerateDataKeyPairOutput{
				PrivateKeyPlaintext: p.private, PrivateKeyCiphertextBlob: blob, PublicKey: p.public,
				KeyId: new(k.ARN()), KeyPairSpec: in.KeyPairSpec, KeyMaterialId: k.materialOf(blob),
			}, nil
		},
	}.row(s)
	without := keyOp[sdk.GenerateDataKeyPairWithoutPlaintextInput, sdk.GenerateDataKeyPairWithoutPlaintextOutput]{
		name: "GenerateDataKeyPairWithoutPlaintext", reach: byAnyName,
		secret: []string{"PrivateKeyCiphertextBlob", "GrantTokens"},
		id:     func(in *sdk.GenerateDataKeyPairWithoutPlaintextInput) *string { return in.KeyId },
		ask: func(_ *op.Call, in *sdk.GenerateDataKeyPairWithoutPlaintextInput, _ *key) (ask, error) {
			return askPair(in.KeyPairSpec, in.EncryptionContext, in.GrantTokens)
		},
		do: func(c *op.Call, in *sdk.GenerateDataKeyPairWithoutPlaintextInput, k *key) (*sdk.GenerateDataKeyPairWithoutPlaintextOutput, error) {
			p, blob, err := k.sealPair(c, "GenerateDataKeyPairWithoutPlaintext", in.EncryptionContext, in.DryRun)
			if err != nil {
				return nil, err
			}
			return &sdk.GenerateDataKeyPairWithoutPlaintextOutput{
				PrivateKeyCiphertextBlob: blob, PublicKey: p.public,
				KeyId: new(k.ARN()), KeyPairSpec: in.KeyPairSpec, KeyMaterialId: k.materialOf(blob),
			}, nil
		},
	}.row(s)
	return []op.Row{
		pairRow(with, func(in *sdk.GenerateDataKeyPairInput) types.DataKeyPairSpec { return in.KeyPairSpec }),
		pairRow(without, func(in *sdk.GenerateDataKeyPairWithoutPlaintextInput) types.DataKeyPairSpec { return in.KeyPairSpec }),
	}
}

// pairRow refuses a spec before the caller is authorised, and makes the pair after.
func pairRow[In any](r op.Row, spec func(*In) types.DataKeyPairSpec) op.Row {
	r = op.WithPrepare(r, func(_ *op.Call, in *In) error { return checkPair(spec(in)) })
	return op.WithLabour(r, func(c *op.Call, in *In) error { return makePair(c, spec(in)) })
}

func askPair(spec types.DataKeyPairSpec, context map[string]string, tokens []string) (ask, error) {
	a, err := askCipher("", "", context, tokens)
	a.keys = append(a.keys, op.Single("kms:DataKeyPairSpec", string(spec)))
	return a, err
}

func checkPair(spec types.DataKeyPairSpec) error {
	if spec == "" {
		return missing("KeyPairSpec")
	}
	if err := oneOf("KeyPairSpec", spec, spec.Values()); err != nil {
		return err
	}
	if usages(types.KeySpec(spec)) == nil {
		return unsupported("data key pairs of KeyPairSpec %s", spec)
	}
	return nil
}

// makePair makes the pair: PKCS #8 and SubjectPublicKeyInfo, both DER.
//
// Source: KMS API_GenerateDataKeyPair.
func makePair(c *op.Call, spec types.DataKeyPairSpec) error {
	private, err := newPrivate(c.Rand, string(spec))
	if err != nil {
		return err
	}
	var p pair
	if p.private, err = x509.MarshalPKCS8PrivateKey(private); err != nil {
		return err
	}
	if p.public, err = x509.MarshalPKIXPublicKey(private.(crypto.Signer).Public()); err != nil {
		return err
	}
	c.Prepared = &p
	return nil
}

func (k *key) sealPair(c *op.Call, operation string, context map[string]string, dry *bool) (*pair, []byte, error) {
	p := c.Prepared.(*pair)
	if err := k.dataKeyReady(operation); err != nil {
		return nil, nil, err
	}
	if err := dryRun(dry); err != nil {
		return nil, nil, err
	}
	blob, err := k.seal(c.Rand, c.Now, p.private, context)
	return p, blob, err
}
