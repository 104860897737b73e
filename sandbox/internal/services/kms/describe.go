package kms

import (
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) describeRows() []op.Row {
	return []op.Row{
		keyOp[sdk.DescribeKeyInput, sdk.DescribeKeyOutput]{
			// A write, because it may make an AWS managed key.
			name: "DescribeKey", access: op.Write, reach: byAnyName,
			id:    func(in *sdk.DescribeKeyInput) *string { return in.KeyId },
			first: s.predefine,
			ask: func(_ *op.Call, in *sdk.DescribeKeyInput, _ *key) (ask, error) {
				return ask{tokens: in.GrantTokens}, nil
			},
			do: func(c *op.Call, _ *sdk.DescribeKeyInput, k *key) (*sdk.DescribeKeyOutput, error) {
				return &sdk.DescribeKeyOutput{KeyMetadata: k.metadata(c.Now)}, nil
			},
		}.row(s),
		op.New("ListKeys", "KMS API_ListKeys", op.Read,
			func(c *op.Call, in *sdk.ListKeysInput) ([]op.Check, error) {
				return anyResource(c, "ListKeys"), pageArgs(in.Limit, 1000)
			}, s.listKeys),
		keyOp[sdk.GetPublicKeyInput, sdk.GetPublicKeyOutput]{
			name: "GetPublicKey", reach: byAnyName,
			id: func(in *sdk.GetPublicKeyInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.GetPublicKeyInput, _ *key) (ask, error) {
				return ask{tokens: in.GrantTokens}, nil
			},
			do: getPublicKey,
		}.row(s),
	}
}

// predefine makes the AWS managed key behind a predefined alias that had none.
//
// Source: KMS API_DescribeKey: "If you specify a predefined alias (an AWS alias
// with no key ID), KMS associates the alias with an AWS managed key".
func (s *Service) predefine(c *op.Call, in *sdk.DescribeKeyInput) error {
	if in.KeyId == nil {
		return nil
	}
	account, resource, err := locate(c.Caller.Account, c.Region, *in.KeyId)
	service, ok := strings.CutPrefix(resource, awsAlias)
	if err != nil || !ok || account == "" || account != c.Caller.Account || managed[service].what == "" {
		return nil
	}
	_, err = s.AWSManagedKey(account, c.Region, service)
	return err
}

// anyResource is the check of an operation that has no resource: IAM policies
// alone decide, and KMS gives it no condition keys of its own.
func anyResource(c *op.Call, action string) []op.Check {
	return []op.Check{{
		Action:   "kms:" + action,
		Resource: op.Resource{ARN: "*", Account: c.Caller.Account},
	}}
}

// listKeys lists AWS managed keys as well.
func (s *Service) listKeys(c *op.Call, in *sdk.ListKeysInput) (*sdk.ListKeysOutput, error) {
	var keys []types.KeyListEntry
	for _, k := range s.keys.Prefix(rowKey(c.Caller.Account, c.Region, "")) {
		if !k.gone(c.Now) {
			keys = append(keys, types.KeyListEntry{KeyId: &k.ID, KeyArn: new(k.ARN())})
		}
	}
	page, next, err := paged(keys, func(e types.KeyListEntry) string { return *e.KeyId }, in.Limit, 100, in.Marker)
	return &sdk.ListKeysOutput{Keys: page, NextMarker: next, Truncated: next != nil}, err
}

func getPublicKey(_ *op.Call, _ *sdk.GetPublicKeyInput, k *key) (*sdk.GetPublicKeyOutput, error) {
	if err := k.enabled(); err != nil {
		return nil, err
	}
	if !k.asymmetric() {
		return nil, fail("UnsupportedOperationException", "%s is not an asymmetric KMS key.", k.ARN())
	}
	return &sdk.GetPublicKeyOutput{
		KeyId: new(k.ARN()), PublicKey: k.public, KeySpec: k.Spec, KeyUsage: k.Usage,
		//lint:ignore SA1019 KMS still answers with it
		CustomerMasterKeySpec:  types.CustomerMasterKeySpec(k.Spec),
		EncryptionAlgorithms:   encryptionAlgorithms(k.Spec, k.Usage),
		SigningAlgorithms:      signingAlgorithms(k.Spec, k.Usage),
		KeyAgreementAlgorithms: agreementAlgorithms(k.Usage),
	}, nil
}
