package kms

import (
	"crypto"
	"crypto/hmac"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) macRows() []op.Row {
	return []op.Row{
		keyOp[sdk.GenerateMacInput, sdk.GenerateMacOutput]{
			name: "GenerateMac", reach: byAnyName, secret: []string{"Message", "Mac", "GrantTokens"},
			id: func(in *sdk.GenerateMacInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.GenerateMacInput, _ *key) (ask, error) {
				return askMac(in.Message, in.MacAlgorithm, in.GrantTokens)
			},
			do: func(_ *op.Call, in *sdk.GenerateMacInput, k *key) (*sdk.GenerateMacOutput, error) {
				mac, err := k.mac("GenerateMac", in.Message, in.MacAlgorithm)
				if err != nil {
					return nil, err
				}
				if err := dryRun(in.DryRun); err != nil {
					return nil, err
				}
				return &sdk.GenerateMacOutput{KeyId: new(k.ARN()), Mac: mac, MacAlgorithm: in.MacAlgorithm}, nil
			},
		}.row(s),
		keyOp[sdk.VerifyMacInput, sdk.VerifyMacOutput]{
			name: "VerifyMac", reach: byAnyName, secret: []string{"Message", "Mac", "GrantTokens"},
			id: func(in *sdk.VerifyMacInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.VerifyMacInput, _ *key) (ask, error) {
				if in.Mac == nil {
					return ask{}, missing("Mac")
				}
				if err := length("Mac", len(in.Mac), 1, 6144); err != nil {
					return ask{}, err
				}
				return askMac(in.Message, in.MacAlgorithm, in.GrantTokens)
			},
			do: func(_ *op.Call, in *sdk.VerifyMacInput, k *key) (*sdk.VerifyMacOutput, error) {
				mac, err := k.mac("VerifyMac", in.Message, in.MacAlgorithm)
				if err != nil {
					return nil, err
				}
				if err := dryRun(in.DryRun); err != nil {
					return nil, err
				}
				if !hmac.Equal(mac, in.Mac) {
					return nil, fail("KMSInvalidMacException", "")
				}
				return &sdk.VerifyMacOutput{KeyId: new(k.ARN()), MacValid: true, MacAlgorithm: in.MacAlgorithm}, nil
			},
		}.row(s),
	}
}

func askMac(message []byte, a types.MacAlgorithmSpec, tokens []string) (ask, error) {
	switch {
	case message == nil:
		return ask{}, missing("Message")
	case a == "":
		return ask{}, missing("MacAlgorithm")
	}
	if err := length("Message", len(message), 1, 4096); err != nil {
		return ask{}, err
	}
	if err := oneOf("MacAlgorithm", a, a.Values()); err != nil {
		return ask{}, err
	}
	return ask{tokens: tokens, keys: []op.Key{op.Single("kms:MacAlgorithm", string(a))}}, nil
}

func (k *key) mac(operation string, message []byte, a types.MacAlgorithmSpec) ([]byte, error) {
	if err := k.usableFor(operation, types.KeyUsageTypeGenerateVerifyMac); err != nil {
		return nil, err
	}
	if err := algorithm(k, macAlgorithms(k.Spec), a); err != nil {
		return nil, err
	}
	h := hmac.New(map[types.MacAlgorithmSpec]crypto.Hash{
		types.MacAlgorithmSpecHmacSha224: crypto.SHA224,
		types.MacAlgorithmSpecHmacSha256: crypto.SHA256,
		types.MacAlgorithmSpecHmacSha384: crypto.SHA384,
		types.MacAlgorithmSpecHmacSha512: crypto.SHA512,
	}[a].New, k.Material)
	h.Write(message)
	return h.Sum(nil), nil
}
