package kms

import (
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) dataKeyRows() []op.Row {
	return []op.Row{
		keyOp[sdk.GenerateDataKeyInput, sdk.GenerateDataKeyOutput]{
			name: "GenerateDataKey", reach: byAnyName, secret: []string{"Plaintext", "CiphertextBlob", "GrantTokens"},
			id: func(in *sdk.GenerateDataKeyInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.GenerateDataKeyInput, k *key) (ask, error) {
				if in.Recipient != nil {
					return ask{}, unsupported("Nitro attestation (Recipient)")
				}
				if _, err := dataKeySize(in.KeySpec, in.NumberOfBytes); err != nil {
					return ask{}, err
				}
				return askCipher("", "", in.EncryptionContext, in.GrantTokens)
			},
			do: func(c *op.Call, in *sdk.GenerateDataKeyInput, k *key) (*sdk.GenerateDataKeyOutput, error) {
				plain, blob, err := k.newDataKey(c, "GenerateDataKey", in.KeySpec, in.NumberOfBytes, in.EncryptionContext, in.DryRun)
				if err != nil {
					return nil, err
				}
				return &sdk.GenerateDataKeyOutput{Plaintext: plain, CiphertextBlob: blob, KeyId: new(k.ARN()), KeyMaterialId: k.materialOf(blob)}, nil
			},
		}.row(s),
		keyOp[sdk.GenerateDataKeyWithoutPlaintextInput, sdk.GenerateDataKeyWithoutPlaintextOutput]{
			name: "GenerateDataKeyWithoutPlaintext", reach: byAnyName, secret: []string{"CiphertextBlob", "GrantTokens"},
			id: func(in *sdk.GenerateDataKeyWithoutPlaintextInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.GenerateDataKeyWithoutPlaintextInput, k *key) (ask, error) {
				if _, err := dataKeySize(in.KeySpec, in.NumberOfBytes); err != nil {
					return ask{}, err
				}
				return askCipher("", "", in.EncryptionContext, in.GrantTokens)
			},
			do: func(c *op.Call, in *sdk.GenerateDataKeyWithoutPlaintextInput, k *key) (*sdk.GenerateDataKeyWithoutPlaintextOutput, error) {
				_, blob, err := k.newDataKey(c, "GenerateDataKeyWithoutPlaintext", in.KeySpec, in.NumberOfBytes, in.EncryptionContext, in.DryRun)
				if err != nil {
					return nil, err
				}
				return &sdk.GenerateDataKeyWithoutPlaintextOutput{CiphertextBlob: blob, KeyId: new(k.ARN()), KeyMaterialId: k.materialOf(blob)}, nil
			},
		}.row(s),
	}
}

// dataKeySize is the number of bytes asked for: KeySpec or NumberOfBytes.
func dataKeySize(spec types.DataKeySpec, n *int32) (int, error) {
	if err := oneOf("KeySpec", spec, spec.Values()); err != nil {
		return 0, err
	}
	switch {
	case spec == "" && n == nil || spec != "" && n != nil:
		return 0, invalid("Please specify either number of bytes or key spec.")
	case spec == types.DataKeySpecAes256:
		return 32, nil
	case spec == types.DataKeySpecAes128:
		return 16, nil
	}
	if err := between("NumberOfBytes", *n, 1, 1024); err != nil {
		return 0, err
	}
	return int(*n), nil
}

func (k *key) newDataKey(c *op.Call, operation string, spec types.DataKeySpec, n *int32, context map[string]string, dry *bool) (plain, blob []byte, err error) {
	size, err := dataKeySize(spec, n)
	if err != nil {
		return nil, nil, err
	}
	if err := k.dataKeyReady(operation); err != nil {
		return nil, nil, err
	}
	if err := dryRun(dry); err != nil {
		return nil, nil, err
	}
	return k.dataKey(c, operation, size, context)
}

// dataKeyReady refuses keys that do not wrap data keys: only symmetric ones do.
func (k *key) dataKeyReady(operation string) error {
	if err := k.usableFor(operation, types.KeyUsageTypeEncryptDecrypt); err != nil {
		return err
	}
	if !k.symmetric() {
		return fail("InvalidKeyUsageException", "%s key spec is %s which is not valid for %s.", k.ARN(), k.Spec, operation)
	}
	return nil
}

// dataKey makes size random bytes and their ciphertext.
func (k *key) dataKey(c *op.Call, operation string, size int, context map[string]string) (plain, blob []byte, err error) {
	if err := k.dataKeyReady(operation); err != nil {
		return nil, nil, err
	}
	if plain, err = randomBytes(c.Rand, size); err != nil {
		return nil, nil, err
	}
	blob, err = k.seal(c.Rand, c.Now, plain, context)
	return plain, blob, err
}

func (s *Service) randomRows() []op.Row {
	r := op.New("GenerateRandom", "KMS API_GenerateRandom", op.Read,
		func(c *op.Call, in *sdk.GenerateRandomInput) ([]op.Check, error) {
			switch {
			case in.CustomKeyStoreId != nil:
				return nil, unsupported("custom key stores (CustomKeyStoreId)")
			case in.Recipient != nil:
				return nil, unsupported("Nitro attestation (Recipient)")
			case in.NumberOfBytes == nil:
				return nil, invalid("NumberOfBytes is required.")
			}
			_, err := dataKeySize("", in.NumberOfBytes)
			return anyResource(c, "GenerateRandom"), err
		},
		func(c *op.Call, in *sdk.GenerateRandomInput) (*sdk.GenerateRandomOutput, error) {
			plain, err := randomBytes(c.Rand, int(*in.NumberOfBytes))
			return &sdk.GenerateRandomOutput{Plaintext: plain}, err
		})
	r.Secret = []string{"Plaintext"}
	return []op.Row{r}
}
