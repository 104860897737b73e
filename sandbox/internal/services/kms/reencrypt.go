package kms

import (
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) reEncryptRows() []op.Row {
	r := op.New("ReEncrypt", "KMS API_ReEncrypt", op.Read, s.reEncryptChecks, s.reEncrypt)
	r.Secret = []string{"CiphertextBlob", "GrantTokens"}
	r.ResourceTypes = []string{"AWS::KMS::Key", "AWS::KMS::Key"}
	return []op.Row{r}
}

// reEncryptKeys finds the key that the ciphertext leaves and the one it comes
// to.
func (s *Service) reEncryptKeys(c *op.Call, in *sdk.ReEncryptInput) (from, to target, err error) {
	from, err = s.source(c, "ReEncryptFrom", in.SourceKeyId, "SourceKeyId", in.CiphertextBlob, in.SourceEncryptionAlgorithm)
	if err != nil {
		return from, to, err
	}
	if in.DestinationKeyId == nil {
		return from, to, missing("DestinationKeyId")
	}
	to, err = s.target(c, "kms:ReEncryptTo", in.DestinationKeyId, byAnyName)
	return from, to, err
}

// reEncryptChecks ask for kms:ReEncryptFrom on the source key and
// kms:ReEncryptTo on the destination.
//
// Source: KMS API_ReEncrypt, Required permissions.
func (s *Service) reEncryptChecks(c *op.Call, in *sdk.ReEncryptInput) ([]op.Check, error) {
	if len(in.DryRunModifiers) > 0 {
		return nil, unsupported("DryRunModifiers %v", in.DryRunModifiers)
	}
	from, to, err := s.reEncryptKeys(c, in)
	if err != nil {
		return nil, err
	}
	leave, err := askCipher("ReEncryptFrom", in.SourceEncryptionAlgorithm, in.SourceEncryptionContext, in.GrantTokens)
	if err != nil {
		return nil, err
	}
	come, err := askCipher("ReEncryptTo", in.DestinationEncryptionAlgorithm, in.DestinationEncryptionContext, in.GrantTokens)
	if err != nil {
		return nil, err
	}
	same := op.Single("kms:ReEncryptOnSameKey", boolean(from.ARN() == to.ARN()))
	leave.keys = append(leave.keys, same)
	come.keys = append(come.keys, same)
	first, err := s.check(c, from, leave)
	if err != nil {
		return nil, err
	}
	second, err := s.check(c, to, come)
	return []op.Check{first, second}, err
}

func (s *Service) reEncrypt(c *op.Call, in *sdk.ReEncryptInput) (*sdk.ReEncryptOutput, error) {
	from, to, err := s.reEncryptKeys(c, in)
	if err != nil {
		return nil, err
	}
	leave, come := cipherOf(in.SourceEncryptionAlgorithm), cipherOf(in.DestinationEncryptionAlgorithm)
	if err := to.cipherReady("ReEncrypt", come, in.DestinationEncryptionContext); err != nil {
		return nil, err
	}
	plain, err := from.decryptBlob(c, "ReEncrypt", leave, in.CiphertextBlob, in.SourceEncryptionContext, in.DryRun)
	if err != nil {
		return nil, err
	}
	blob, err := to.encrypt(c, "ReEncrypt", come, plain, in.DestinationEncryptionContext, nil)
	if err != nil {
		return nil, err
	}
	return &sdk.ReEncryptOutput{
		CiphertextBlob: blob, KeyId: new(to.ARN()), SourceKeyId: new(from.ARN()),
		SourceEncryptionAlgorithm: leave, DestinationEncryptionAlgorithm: come,
		SourceKeyMaterialId: from.materialOf(in.CiphertextBlob), DestinationKeyMaterialId: to.materialOf(blob),
	}, nil
}
