package kms

import (
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// draft is what CreateKey prepares before the state is locked: an RSA key
// takes its time.
type draft struct {
	id       string
	spec     types.KeySpec
	usage    types.KeyUsageType
	material []byte
}

func (s *Service) createRows() []op.Row {
	r := op.New("CreateKey", "KMS API_CreateKey", op.Write, s.createChecks, s.create)
	r.Asks = lockoutAsks
	r.ResourceTypes = []string{"AWS::KMS::Key"}
	return []op.Row{op.WithLabour(op.WithPrepare(r, prepareKey), labourKey)}
}

// labourKey makes the key: nobody gets an RSA key's work for nothing.
func labourKey(c *op.Call, _ *sdk.CreateKeyInput) (err error) {
	d := c.Prepared.(*draft)
	d.material, err = newMaterial(c.Rand, d.spec)
	return err
}

// prepareKey leaves a request without a caller to the dispatcher, which refuses
// it after the checks.
func prepareKey(c *op.Call, in *sdk.CreateKeyInput) error {
	if c.Caller.Account == "" {
		return nil
	}
	d, err := specOf(in)
	if err != nil {
		return err
	}
	if d.id, err = newID(c.Rand); err != nil {
		return err
	}
	c.Prepared = d
	return nil
}

// specOf settles spec and usage, and refuses what the sandbox cannot make.
func specOf(in *sdk.CreateKeyInput) (*draft, error) {
	spec := in.KeySpec
	//lint:ignore SA1019 older clients still send it
	if old := types.KeySpec(in.CustomerMasterKeySpec); old != "" {
		if spec != "" {
			return nil, invalid("You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.")
		}
		spec = old
	}
	if spec == "" {
		spec = types.KeySpecSymmetricDefault
	}
	if err := oneOf("KeySpec", spec, spec.Values()); err != nil {
		return nil, err
	}
	if err := oneOf("KeyUsage", in.KeyUsage, in.KeyUsage.Values()); err != nil {
		return nil, err
	}
	if err := oneOf("Origin", in.Origin, in.Origin.Values()); err != nil {
		return nil, err
	}
	switch {
	case in.Origin != "" && in.Origin != types.OriginTypeAwsKms:
		return nil, unsupported("keys of Origin %s", in.Origin)
	case in.CustomKeyStoreId != nil:
		return nil, unsupported("custom key stores (CustomKeyStoreId)")
	case in.XksKeyId != nil:
		return nil, unsupported("external key stores (XksKeyId)")
	case in.MultiRegion != nil && *in.MultiRegion:
		return nil, unsupported("multi-Region keys (MultiRegion)")
	}
	if in.Description != nil {
		if err := length("Description", len(*in.Description), 0, 8192); err != nil {
			return nil, err
		}
	}
	usage, err := usageFor(spec, in.KeyUsage)
	return &draft{spec: spec, usage: usage}, err
}

// usageFor settles the usage of a new key of the spec.
//
// Source: KMS API_CreateKey, KeyUsage: required for all but symmetric
// encryption keys.
func usageFor(spec types.KeySpec, usage types.KeyUsageType) (types.KeyUsageType, error) {
	can := usages(spec)
	if can == nil {
		return "", unsupported("keys of KeySpec %s", spec)
	}
	if usage == "" {
		if spec != types.KeySpecSymmetricDefault {
			return "", invalid("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
		}
		usage = can[0]
	}
	if !slices.Contains(can, usage) {
		return "", invalid("KeyUsage %s is not compatible with KeySpec %s", usage, spec)
	}
	return usage, nil
}

func (s *Service) createChecks(c *op.Call, in *sdk.CreateKeyInput) ([]op.Check, error) {
	if c.Caller.Account == "" {
		return anyResource(c, "CreateKey"), nil // unsigned: the dispatcher refuses it
	}
	d := c.Prepared.(*draft)
	if err := validTags(in.Tags); err != nil {
		return nil, err
	}
	tags := requestTagKeys(in.Tags)
	keys := traitsOf(d.spec, d.usage)
	keys = append(keys, callerKeys(c, "")...)
	keys = append(keys, bypassKeys(c, in.BypassPolicyLockoutSafetyCheck)...)
	keys = append(keys, tags...)
	checks := []op.Check{{
		Action:   "kms:CreateKey",
		Resource: op.Resource{ARN: "*", Account: c.Caller.Account},
		Context:  keys,
	}}
	if len(in.Tags) > 0 {
		// Source: KMS API_CreateKey, Tags: "you must have kms:TagResource
		// permission in an IAM policy". The key policy does not exist yet.
		checks = append(checks, op.Check{
			Action: "kms:TagResource",
			Resource: op.Resource{
				ARN: keyARN(c.Caller.Account, c.Region, d.id), Account: c.Caller.Account, Policy: delegation(c.Caller.Account),
			},
			Context: append(callerKeys(c, ""), tags...),
		})
	}
	return checks, nil
}

func (s *Service) create(c *op.Call, in *sdk.CreateKeyInput) (*sdk.CreateKeyOutput, error) {
	d := c.Prepared.(*draft)
	k := &key{
		ID: d.id, Account: c.Caller.Account, Region: c.Region, Created: c.Now,
		Spec: d.spec, Usage: d.usage, Material: d.material, Tags: tagMap(in.Tags),
	}
	if in.Description != nil {
		k.Description = *in.Description
	}
	if err := k.derive(); err != nil {
		return nil, err
	}
	text := defaultPolicy(k.Account)
	if in.Policy != nil {
		text = *in.Policy
	}
	if err := s.setPolicy(k, text); err != nil {
		return nil, err
	}
	if in.Policy != nil && !in.BypassPolicyLockoutSafetyCheck {
		if err := s.lockoutCheck(c, k); err != nil {
			return nil, err
		}
	}
	s.sweep(c)
	s.put(k)
	return &sdk.CreateKeyOutput{KeyMetadata: k.metadata(c.Now)}, nil
}
