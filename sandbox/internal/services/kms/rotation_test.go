package kms_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

const oneDay = 24 * time.Hour

func status(t *testing.T, c *sdk.Client, id string) *sdk.GetKeyRotationStatusOutput {
	t.Helper()
	out, err := c.GetKeyRotationStatus(ctx, &sdk.GetKeyRotationStatusInput{KeyId: &id})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func rotations(t *testing.T, c *sdk.Client, id string) []types.RotationsListEntry {
	t.Helper()
	out, err := c.ListKeyRotations(ctx, &sdk.ListKeyRotationsInput{KeyId: &id})
	if err != nil {
		t.Fatal(err)
	}
	return out.Rotations
}

// TestScheduledRotation: a rotation brings a new backing key, and the old ones
// still decrypt.
func TestScheduledRotation(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	id := w.symmetric(home)
	if s := status(t, c, id); s.KeyRotationEnabled || s.RotationPeriodInDays != nil || s.NextRotationDate != nil {
		t.Fatalf("a new key has rotation status %+v", s)
	}
	_, err := c.EnableKeyRotation(ctx, &sdk.EnableKeyRotationInput{KeyId: &id, RotationPeriodInDays: aws.Int32(90)})
	w.must(err)
	start := w.clock()
	blobs, materials := [][]byte{}, map[string]bool{}
	for range 3 {
		blob, err := encrypt(c, id, nil)
		w.must(err)
		blobs = append(blobs, blob)
		w.pass(90 * oneDay)
	}
	for _, blob := range blobs {
		d, err := c.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: blob})
		w.must(err)
		materials[*d.KeyMaterialId] = true
	}
	if len(materials) != 3 {
		t.Errorf("three periods used %d backing keys", len(materials))
	}
	s := status(t, c, id)
	if !s.KeyRotationEnabled || *s.RotationPeriodInDays != 90 || !s.NextRotationDate.Equal(start.Add(360*oneDay)) {
		t.Errorf("got status %+v, next %v", s, s.NextRotationDate)
	}
	list := rotations(t, c, id)
	if len(list) != 3 || list[0].RotationType != types.RotationTypeAutomatic || !list[0].RotationDate.Equal(start.Add(270*oneDay)) {
		t.Errorf("got rotations %+v", list)
	}
	all, err := c.ListKeyRotations(ctx, &sdk.ListKeyRotationsInput{KeyId: &id, IncludeKeyMaterial: types.IncludeKeyMaterialAllKeyMaterial})
	w.must(err)
	if len(all.Rotations) != 4 || all.Rotations[0].KeyMaterialState != types.KeyMaterialStateCurrent || all.Rotations[3].RotationDate != nil {
		t.Errorf("got all key material %+v", all.Rotations)
	}
	d, err := c.DescribeKey(ctx, &sdk.DescribeKeyInput{KeyId: &id})
	w.must(err)
	if *d.KeyMetadata.CurrentKeyMaterialId != *all.Rotations[0].KeyMaterialId {
		t.Error("DescribeKey and ListKeyRotations differ on the current key material")
	}
	// What was due is kept by a change.
	_, err = c.DisableKeyRotation(ctx, &sdk.DisableKeyRotationInput{KeyId: &id})
	w.must(err)
	w.pass(365 * oneDay)
	if n := len(rotations(t, c, id)); n != 3 {
		t.Errorf("got %d rotations after rotation was disabled, want 3", n)
	}
}

// TestRotationOfDisabledKey: a disabled key does not rotate, and catches up
// once when it is enabled.
func TestRotationOfDisabledKey(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	id := w.symmetric(home)
	_, err := c.EnableKeyRotation(ctx, &sdk.EnableKeyRotationInput{KeyId: &id})
	w.must(err)
	_, err = c.DisableKey(ctx, &sdk.DisableKeyInput{KeyId: &id})
	w.must(err)
	w.pass(3 * 365 * oneDay)
	if n := len(rotations(t, c, id)); n != 0 {
		t.Errorf("a disabled key rotated %d times", n)
	}
	_, err = c.EnableKey(ctx, &sdk.EnableKeyInput{KeyId: &id})
	w.must(err)
	if n := len(rotations(t, c, id)); n != 1 {
		t.Errorf("got %d rotations once enabled, want 1", n)
	}
	if s := status(t, c, id); !s.NextRotationDate.Equal(w.clock().Add(365 * oneDay)) {
		t.Errorf("got next rotation %v", s.NextRotationDate)
	}
	_, err = c.ScheduleKeyDeletion(ctx, &sdk.ScheduleKeyDeletionInput{KeyId: &id})
	w.must(err)
	if s := status(t, c, id); s.KeyRotationEnabled {
		t.Error("rotation is enabled while the key is pending deletion")
	}
}

func TestRotateOnDemand(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	id, sign := w.symmetric(home), w.signing(types.KeySpecEccNistP256)
	for range 25 {
		_, err := c.RotateKeyOnDemand(ctx, &sdk.RotateKeyOnDemandInput{KeyId: &id})
		w.must(err)
	}
	_, err := c.RotateKeyOnDemand(ctx, &sdk.RotateKeyOnDemandInput{KeyId: &id})
	wantCode(t, err, "LimitExceededException")
	if list := rotations(t, c, id); len(list) != 25 || list[0].RotationType != types.RotationTypeOnDemand {
		t.Errorf("got %d rotations", len(list))
	}
	for _, call := range []func() error{
		func() error {
			_, err := c.RotateKeyOnDemand(ctx, &sdk.RotateKeyOnDemandInput{KeyId: &sign})
			return err
		},
		func() error {
			_, err := c.EnableKeyRotation(ctx, &sdk.EnableKeyRotationInput{KeyId: &sign})
			return err
		},
	} {
		wantCode(t, call(), "UnsupportedOperationException")
	}
	if status(t, c, sign).KeyRotationEnabled {
		t.Error("an asymmetric key has rotation enabled")
	}
	for _, days := range []int32{89, 2561} {
		_, err := c.EnableKeyRotation(ctx, &sdk.EnableKeyRotationInput{KeyId: &id, RotationPeriodInDays: &days})
		wantCode(t, err, "ValidationException")
	}
}
