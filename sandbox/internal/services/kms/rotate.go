package kms

import (
	"fmt"
	"slices"
	"strconv"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) rotationRows() []op.Row {
	return []op.Row{
		keyOp[sdk.EnableKeyRotationInput, sdk.EnableKeyRotationOutput]{
			name: "EnableKeyRotation", access: op.Write, reach: ownKey,
			id: func(in *sdk.EnableKeyRotationInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.EnableKeyRotationInput, _ *key) (ask, error) {
				if in.RotationPeriodInDays == nil {
					// Source: KMS Developer Guide, conditions-kms: the
					// default counts where the parameter is left out.
					return ask{keys: []op.Key{op.Single("kms:RotationPeriodInDays", strconv.Itoa(defaultPeriod))}}, nil
				}
				days := *in.RotationPeriodInDays
				if err := between("RotationPeriodInDays", days, 90, 2560); err != nil {
					return ask{}, err
				}
				return ask{keys: []op.Key{op.Single("kms:RotationPeriodInDays", strconv.Itoa(int(days)))}}, nil
			},
			do: s.enableRotation,
		}.row(s),
		keyOp[sdk.DisableKeyRotationInput, sdk.DisableKeyRotationOutput]{
			name: "DisableKeyRotation", access: op.Write, reach: ownKey,
			id: func(in *sdk.DisableKeyRotationInput) *string { return in.KeyId },
			do: func(c *op.Call, _ *sdk.DisableKeyRotationInput, k *key) (*sdk.DisableKeyRotationOutput, error) {
				if err := k.rotatable(); err != nil {
					return nil, err
				}
				k = k.edit(c.Now)
				k.Rotation.On = false
				s.put(k)
				return &sdk.DisableKeyRotationOutput{}, nil
			},
		}.row(s),
		keyOp[sdk.RotateKeyOnDemandInput, sdk.RotateKeyOnDemandOutput]{
			name: "RotateKeyOnDemand", access: op.Write, reach: ownKey,
			id: func(in *sdk.RotateKeyOnDemandInput) *string { return in.KeyId },
			do: s.rotateOnDemand,
		}.row(s),
		keyOp[sdk.GetKeyRotationStatusInput, sdk.GetKeyRotationStatusOutput]{
			name: "GetKeyRotationStatus", reach: byKey,
			id: func(in *sdk.GetKeyRotationStatusInput) *string { return in.KeyId },
			do: rotationStatus,
		}.row(s),
		keyOp[sdk.ListKeyRotationsInput, sdk.ListKeyRotationsOutput]{
			name: "ListKeyRotations", reach: ownKey,
			id: func(in *sdk.ListKeyRotationsInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.ListKeyRotationsInput, _ *key) (ask, error) {
				if err := oneOf("IncludeKeyMaterial", in.IncludeKeyMaterial, in.IncludeKeyMaterial.Values()); err != nil {
					return ask{}, err
				}
				return ask{}, pageArgs(in.Limit, 1000)
			},
			do: listRotations,
		}.row(s),
	}
}

// rotatable refuses keys that cannot rotate, or not now.
//
// Source: KMS API_EnableKeyRotation; KMS Developer Guide, "Key states".
func (k *key) rotatable() error {
	if err := k.enabled(); err != nil {
		return err
	}
	if !k.symmetric() {
		return fail("UnsupportedOperationException", "%s key spec is %s which is not valid for this operation.", k.ARN(), k.Spec)
	}
	if k.Service != "" {
		return fail("UnsupportedOperationException", "%s is an AWS managed key, which is not valid for this operation.", k.ARN())
	}
	return nil
}

// enableRotation starts a schedule, or changes its period: the next rotation
// is a period from now.
func (s *Service) enableRotation(c *op.Call, in *sdk.EnableKeyRotationInput, k *key) (*sdk.EnableKeyRotationOutput, error) {
	if err := k.rotatable(); err != nil {
		return nil, err
	}
	k = k.edit(c.Now)
	days := int32(defaultPeriod)
	if in.RotationPeriodInDays != nil {
		days = *in.RotationPeriodInDays
	}
	if !k.Rotation.On || k.Rotation.Days != days {
		k.Rotation.On, k.Rotation.Days = true, days
		k.Rotation.Next = c.Now.Add(k.Rotation.period())
	}
	s.put(k)
	return &sdk.EnableKeyRotationOutput{}, nil
}

// rotateOnDemand rotates at once, and leaves the schedule as it is.
func (s *Service) rotateOnDemand(c *op.Call, _ *sdk.RotateKeyOnDemandInput, k *key) (*sdk.RotateKeyOnDemandOutput, error) {
	if err := k.rotatable(); err != nil {
		return nil, err
	}
	k = k.edit(c.Now)
	made := 0
	for _, r := range k.Rotation.Done {
		if r.Type == types.RotationTypeOnDemand {
			made++
		}
	}
	if made >= maxOnDemand {
		return nil, fail("LimitExceededException", "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: %s", k.ARN())
	}
	k.Rotation.Done = append(k.Rotation.Done, rotated{c.Now, types.RotationTypeOnDemand})
	s.put(k)
	return &sdk.RotateKeyOnDemandOutput{KeyId: &k.ID}, nil
}

// rotationStatus answers for keys that cannot rotate as well, with false: the
// AWS provider asks it of every key whose origin is AWS_KMS. While a deletion
// is pending the status is false, and comes back when it is cancelled.
//
// Source: KMS API_GetKeyRotationStatus.
func rotationStatus(c *op.Call, _ *sdk.GetKeyRotationStatusInput, k *key) (*sdk.GetKeyRotationStatusOutput, error) {
	out := &sdk.GetKeyRotationStatusOutput{KeyId: &k.ID}
	if !k.Rotation.On || !k.Deletion.IsZero() {
		return out, nil
	}
	r := k.Rotation.settle(c.Now, k.rotates())
	out.KeyRotationEnabled, out.RotationPeriodInDays, out.NextRotationDate = true, &r.Days, &r.Next
	return out, nil
}

// listRotations lists the completed rotations, newest first; with
// ALL_KEY_MATERIAL the first key material as well, which no rotation made.
func listRotations(c *op.Call, in *sdk.ListKeyRotationsInput, k *key) (*sdk.ListKeyRotationsOutput, error) {
	if !k.symmetric() {
		return nil, fail("UnsupportedOperationException", "%s key spec is %s which is not valid for this operation.", k.ARN(), k.Spec)
	}
	current := k.version(c.Now)
	entry := func(version uint32) types.RotationsListEntry {
		e := types.RotationsListEntry{
			KeyId: &k.ID, KeyMaterialId: new(k.materialID(version)), KeyMaterialState: types.KeyMaterialStateNonCurrent,
		}
		if version == current {
			e.KeyMaterialState = types.KeyMaterialStateCurrent
		}
		return e
	}
	list := []types.RotationsListEntry{}
	order := map[string]string{}
	add := func(version uint32, e types.RotationsListEntry) {
		order[*e.KeyMaterialId] = fmt.Sprintf("%010d", ^version)
		list = append(list, e)
	}
	for i, r := range slices.Backward(k.history(c.Now)) {
		e := entry(uint32(i) + 2)
		e.RotationDate, e.RotationType = &r.At, r.Type
		add(uint32(i)+2, e)
	}
	if in.IncludeKeyMaterial == types.IncludeKeyMaterialAllKeyMaterial {
		add(1, entry(1))
	}
	page, next, err := paged(list, func(e types.RotationsListEntry) string { return order[*e.KeyMaterialId] }, in.Limit, 100, in.Marker)
	return &sdk.ListKeyRotationsOutput{Rotations: page, NextMarker: next, Truncated: next != nil}, err
}
