package kms

import (
	"strconv"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// stateRows change what a key is, within "Key states of AWS KMS keys".
func (s *Service) stateRows() []op.Row {
	return []op.Row{
		keyOp[sdk.EnableKeyInput, sdk.EnableKeyOutput]{
			name: "EnableKey", access: op.Write, reach: ownKey,
			id: func(in *sdk.EnableKeyInput) *string { return in.KeyId },
			do: func(c *op.Call, _ *sdk.EnableKeyInput, k *key) (*sdk.EnableKeyOutput, error) {
				if err := k.kept(); err != nil {
					return nil, err
				}
				k = k.edit(c.Now)
				k.Disabled = false
				k.Rotation = k.Rotation.resume(c.Now)
				s.put(k)
				return &sdk.EnableKeyOutput{}, nil
			},
		}.row(s),
		keyOp[sdk.DisableKeyInput, sdk.DisableKeyOutput]{
			name: "DisableKey", access: op.Write, reach: ownKey,
			id: func(in *sdk.DisableKeyInput) *string { return in.KeyId },
			do: func(c *op.Call, _ *sdk.DisableKeyInput, k *key) (*sdk.DisableKeyOutput, error) {
				if err := k.kept(); err != nil {
					return nil, err
				}
				k = k.edit(c.Now)
				k.Disabled = true
				s.put(k)
				return &sdk.DisableKeyOutput{}, nil
			},
		}.row(s),
		keyOp[sdk.UpdateKeyDescriptionInput, sdk.UpdateKeyDescriptionOutput]{
			name: "UpdateKeyDescription", access: op.Write, reach: ownKey,
			id: func(in *sdk.UpdateKeyDescriptionInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.UpdateKeyDescriptionInput, _ *key) (ask, error) {
				if in.Description == nil {
					return ask{}, missing("Description")
				}
				return ask{}, length("Description", len(*in.Description), 0, 8192)
			},
			do: func(c *op.Call, in *sdk.UpdateKeyDescriptionInput, k *key) (*sdk.UpdateKeyDescriptionOutput, error) {
				if err := k.kept(); err != nil {
					return nil, err
				}
				k = k.edit(c.Now)
				k.Description = *in.Description
				s.put(k)
				return &sdk.UpdateKeyDescriptionOutput{}, nil
			},
		}.row(s),
	}
}

// defaultWindow is the waiting period of a deletion, in days.
//
// Source: KMS API_ScheduleKeyDeletion.
const defaultWindow = 30

func (s *Service) deletionRows() []op.Row {
	return []op.Row{
		keyOp[sdk.ScheduleKeyDeletionInput, sdk.ScheduleKeyDeletionOutput]{
			name: "ScheduleKeyDeletion", access: op.Write, reach: ownKey,
			id: func(in *sdk.ScheduleKeyDeletionInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.ScheduleKeyDeletionInput, _ *key) (ask, error) {
				// Source: KMS Developer Guide, conditions-kms: a condition on a
				// parameter "works even when the parameter doesn't appear in
				// the request", with its default value.
				days, err := window(in)
				return ask{keys: []op.Key{op.Single("kms:ScheduleKeyDeletionPendingWindowInDays", strconv.Itoa(int(days)))}}, err
			},
			do: s.scheduleDeletion,
		}.row(s),
		keyOp[sdk.CancelKeyDeletionInput, sdk.CancelKeyDeletionOutput]{
			name: "CancelKeyDeletion", access: op.Write, reach: ownKey,
			id: func(in *sdk.CancelKeyDeletionInput) *string { return in.KeyId },
			do: s.cancelDeletion,
		}.row(s),
	}
}

func window(in *sdk.ScheduleKeyDeletionInput) (int32, error) {
	if in.PendingWindowInDays == nil {
		return defaultWindow, nil
	}
	days := *in.PendingWindowInDays
	if err := between("PendingWindowInDays", days, 1, 365); err != nil {
		return 0, err
	}
	if days < 7 || days > 30 {
		return 0, invalid("PendingWindowInDays must be between 7 and 30, got %d", days)
	}
	return days, nil
}

func (s *Service) scheduleDeletion(c *op.Call, in *sdk.ScheduleKeyDeletionInput, k *key) (*sdk.ScheduleKeyDeletionOutput, error) {
	if err := k.kept(); err != nil {
		return nil, err
	}
	days, err := window(in)
	if err != nil {
		return nil, err
	}
	k = k.edit(c.Now)
	k.Deletion = c.Now.Add(time.Duration(days) * day)
	s.sweep(c)
	s.put(k)
	return &sdk.ScheduleKeyDeletionOutput{
		KeyId: new(k.ARN()), DeletionDate: &k.Deletion, KeyState: k.state(), PendingWindowInDays: &days,
	}, nil
}

// cancelDeletion leaves the key disabled.
//
// Source: KMS API_CancelKeyDeletion.
func (s *Service) cancelDeletion(c *op.Call, _ *sdk.CancelKeyDeletionInput, k *key) (*sdk.CancelKeyDeletionOutput, error) {
	if k.Deletion.IsZero() {
		return nil, fail("KMSInvalidStateException", "%s is not pending deletion.", k.ARN())
	}
	k = k.edit(c.Now)
	k.Deletion, k.Disabled = time.Time{}, true
	s.put(k)
	return &sdk.CancelKeyDeletionOutput{KeyId: new(k.ARN())}, nil
}

// sweep forgets the keys of the caller's account and Region whose deletion
// window has ended, with their aliases and grants.
func (s *Service) sweep(c *op.Call) {
	var gone []*key
	for _, k := range s.keys.Prefix(rowKey(c.Caller.Account, c.Region, "")) {
		if k.gone(c.Now) {
			gone = append(gone, k)
		}
	}
	for _, k := range gone {
		for _, name := range k.Aliases {
			s.aliases.Delete(rowKey(k.Account, k.Region, name))
		}
		var grants []string
		for row := range s.grants.Prefix(k.row() + "/") {
			grants = append(grants, row)
		}
		for _, row := range grants {
			s.grants.Delete(row)
		}
		s.keys.Delete(k.row())
	}
}
