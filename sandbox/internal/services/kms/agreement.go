package kms

import (
	"crypto/ecdsa"
	"crypto/x509"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) agreementRows() []op.Row {
	return []op.Row{
		keyOp[sdk.DeriveSharedSecretInput, sdk.DeriveSharedSecretOutput]{
			name: "DeriveSharedSecret", reach: byAnyName, secret: []string{"SharedSecret", "GrantTokens"},
			id: func(in *sdk.DeriveSharedSecretInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.DeriveSharedSecretInput, _ *key) (ask, error) {
				switch {
				case in.Recipient != nil:
					return ask{}, unsupported("Nitro attestation (Recipient)")
				case in.PublicKey == nil:
					return ask{}, missing("PublicKey")
				case in.KeyAgreementAlgorithm == "":
					return ask{}, missing("KeyAgreementAlgorithm")
				}
				if err := length("PublicKey", len(in.PublicKey), 1, 8192); err != nil {
					return ask{}, err
				}
				if err := oneOf("KeyAgreementAlgorithm", in.KeyAgreementAlgorithm, in.KeyAgreementAlgorithm.Values()); err != nil {
					return ask{}, err
				}
				return ask{tokens: in.GrantTokens, keys: []op.Key{
					op.Single("kms:KeyAgreementAlgorithm", string(in.KeyAgreementAlgorithm)),
				}}, nil
			},
			do: func(_ *op.Call, in *sdk.DeriveSharedSecretInput, k *key) (*sdk.DeriveSharedSecretOutput, error) {
				secret, err := k.agree(in.PublicKey)
				if err != nil {
					return nil, err
				}
				if err := dryRun(in.DryRun); err != nil {
					return nil, err
				}
				return &sdk.DeriveSharedSecretOutput{
					KeyId: new(k.ARN()), SharedSecret: secret, KeyAgreementAlgorithm: in.KeyAgreementAlgorithm,
					KeyOrigin: types.OriginTypeAwsKms,
				}, nil
			},
		}.row(s),
	}
}

// agree derives the raw ECDH secret with the peer's key, which is a DER
// SubjectPublicKeyInfo on the same curve.
//
// Source: KMS API_DeriveSharedSecret.
func (k *key) agree(peer []byte) ([]byte, error) {
	if err := k.usableFor("DeriveSharedSecret", types.KeyUsageTypeKeyAgreement); err != nil {
		return nil, err
	}
	private, ok := k.private.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fail("InvalidKeyUsageException", "%s key spec is %s which is not valid for DeriveSharedSecret.", k.ARN(), k.Spec)
	}
	parsed, err := x509.ParsePKIXPublicKey(peer)
	public, ok := parsed.(*ecdsa.PublicKey)
	if err != nil || !ok || public.Curve != private.Curve {
		return nil, invalid("PublicKey must be a DER-encoded X.509 public key on the curve of key spec %s", k.Spec)
	}
	ours, err := private.ECDH()
	if err != nil {
		return nil, err
	}
	theirs, err := public.ECDH()
	if err != nil {
		return nil, invalid("PublicKey is not a valid point on its curve")
	}
	return ours.ECDH(theirs)
}
