package audit

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/internal/awscall"
	"github.com/strongroom-dev/strongroom/internal/room"
)

const accountHardening = "modules/baseline/account-hardening"

func publicBucket() *Check {
	return &Check{
		Lock:    "public-bucket",
		Claim:   "S3 refuses the public, whatever a bucket of the account says.",
		Without: lacks(room.AccountHardening),
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			c, err := awscall.PublicAccessBlock(ctx, a.cfg, a.Room.Account)
			resource := a.arn("iam", "", "root")
			const mend = accountHardening + ": aws_s3_account_public_access_block as the module writes it"
			if isCode(err, "NoSuchPublicAccessBlockConfiguration") {
				f.Short(resource, "the account has no public access block", "apply "+accountHardening)
				return nil
			}
			if err != nil {
				return err
			}
			for _, s := range []struct {
				on   bool
				name string
			}{
				{c.BlockPublicAcls, "BlockPublicAcls"}, {c.BlockPublicPolicy, "BlockPublicPolicy"},
				{c.IgnorePublicAcls, "IgnorePublicAcls"}, {c.RestrictPublicBuckets, "RestrictPublicBuckets"},
			} {
				if !s.on {
					f.Short(resource, s.name+" of the account is off", mend)
				}
			}
			return nil
		},
	}
}

func unencryptedVolume() *Check {
	return &Check{
		Lock:    "unencrypted-volume",
		Claim:   "Every new EBS volume is encrypted under the room's key, in every region of the baseline.",
		Without: lacks(room.AccountHardening),
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			for _, region := range append([]string{a.Room.Region}, a.Room.Baseline.Regions...) {
				resource := a.arn("ec2", region, "volume")
				var byDefault struct {
					On  bool   `xml:"ebsEncryptionByDefault"`
					Key string `xml:"kmsKeyId"`
				}
				if err := awscall.EC2(ctx, a.In(region), "GetEbsEncryptionByDefault", nil, &byDefault); err != nil {
					return err
				}
				if !byDefault.On {
					f.Short(resource, "encryption by default is off", "apply "+accountHardening)
				}
				if err := awscall.EC2(ctx, a.In(region), "GetEbsDefaultKmsKeyId", nil, &byDefault); err != nil {
					return err
				}
				want, err := a.keyOfIn(ctx, region, "alias/"+a.Room.Name+"-ebs")
				if err != nil && !isCode(err, "NotFoundException") {
					return err
				}
				if want == "" || last(byDefault.Key) != last(want) {
					f.Short(resource, "the default key is "+byDefault.Key+", not the room's", "apply "+accountHardening)
				}
			}
			return nil
		},
	}
}

// The least that the module lets a spec ask for.
// Source: modules/baseline/account-hardening/variables.tf, password_policy.
const (
	shortestPassword = 14
	fewestRemembered = 1
)

func passwordPolicy() *Check {
	return &Check{
		Lock:    "password-policy",
		Claim:   fmt.Sprintf("A console password has %d characters at least, of every kind, and is not used again.", shortestPassword),
		Without: lacks(room.AccountHardening),
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			resource := a.arn("iam", "", "root")
			out, err := a.iam().GetAccountPasswordPolicy(ctx, nil)
			if isCode(err, "NoSuchEntity") {
				f.Short(resource, "the account has no password policy", "apply "+accountHardening)
				return nil
			}
			if err != nil {
				return err
			}
			p := out.PasswordPolicy
			short := func(is bool, found, input string) {
				if is {
					f.Short(resource, found, accountHardening+": password_policy."+input)
				}
			}
			short(aws.ToInt32(p.MinimumPasswordLength) < shortestPassword, fmt.Sprintf("a password may have %d characters", aws.ToInt32(p.MinimumPasswordLength)), "minimum_length")
			short(aws.ToInt32(p.PasswordReusePrevention) < fewestRemembered, "an old password may be used again", "reuse_prevention")
			short(!p.RequireLowercaseCharacters, "a password needs no lower-case letter", "require_lowercase")
			short(!p.RequireUppercaseCharacters, "a password needs no upper-case letter", "require_uppercase")
			short(!p.RequireNumbers, "a password needs no digit", "require_numbers")
			short(!p.RequireSymbols, "a password needs no symbol", "require_symbols")
			return nil
		},
	}
}
