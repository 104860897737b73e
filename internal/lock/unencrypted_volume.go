package lock

import (
	"context"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/strongroom-dev/strongroom/internal/awscall"
	"github.com/strongroom-dev/strongroom/internal/room"
)

func unencryptedVolume() *Lock {
	return &Lock{
		ID:       "unencrypted-volume",
		Claim:    "A volume that asks for no encryption is encrypted all the same, under the room's key.",
		Enforced: "modules/baseline/account-hardening/main.ebs.tf: aws_ebs_encryption_by_default, aws_ebs_default_kms_key",
		Without:  without(room.AccountHardening),
		Attacks: []Attack{{
			By: "the operator", Request: "CreateVolume, Encrypted=false, in every region of the baseline",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.everywhere(append([]string{w.Region}, w.Room.Baseline.Regions...), func(region string) (Outcome, error) { return w.volume(ctx, region) })
			},
		}},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return func() error {
				return awscall.EC2(ctx, w.Config(&w.Operator), "EnableEbsEncryptionByDefault", url.Values{}, nil)
			}, awscall.EC2(ctx, w.Config(&w.Operator), "DisableEbsEncryptionByDefault", url.Values{}, nil)
		},
	}
}

// volume makes a volume that asks for no encryption, looks at it, and removes it.
func (w *World) volume(ctx context.Context, region string) (Outcome, error) {
	cfg := w.Config(&w.Operator)
	cfg.Region = region
	key, err := kms.NewFromConfig(cfg).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("alias/" + w.Room.Name + "-ebs")})
	if err != nil {
		return Outcome{}, err
	}
	var v struct {
		ID        string `xml:"volumeId"`
		Encrypted bool   `xml:"encrypted"`
		Key       string `xml:"kmsKeyId"`
	}
	err = awscall.EC2(ctx, cfg, "CreateVolume", url.Values{"AvailabilityZone": {region + "a"}, "Size": {"1"}, "VolumeType": {"gp3"}, "Encrypted": {"false"}}, &v)
	if err != nil {
		return Outcome{}, err
	}
	if err := awscall.EC2(ctx, cfg, "DeleteVolume", url.Values{"VolumeId": {v.ID}}, nil); err != nil {
		return Outcome{}, err
	}
	switch {
	case !v.Encrypted:
		return Outcome{Answer: "not encrypted", DecidedBy: "EBS encryption by default is off"}, nil
	case nameOf(v.Key) != nameOf(*key.KeyMetadata.Arn):
		return Outcome{Answer: "encrypted under another key", DecidedBy: v.Key}, nil
	}
	return Outcome{Answer: "encrypted", Refused: true, DecidedBy: "EBS encryption by default, under alias/" + w.Room.Name + "-ebs"}, nil
}
