package audit

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/policy"
)

// lacks says why a room without a concern has nothing of a claim.
func lacks(concern string) func(*room.Room) string {
	return func(r *room.Room) string {
		switch {
		case r.Baseline == nil:
			return "the spec has no baseline"
		case !r.Baseline.Has(concern):
			return "the baseline is without " + concern
		}
		return ""
	}
}

// operatorMFA asks the role's trust policy about people with and without a second
// factor.
func operatorMFA() *Check {
	const mend = "modules/baseline/operator-role: mfa_max_age_seconds, from the spec's block operator; apply it again"
	return &Check{
		Lock:    "operator-mfa",
		Claim:   "Nobody becomes operator without a second factor used recently, and nobody of another account.",
		Without: lacks(room.OperatorRole),
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			arn := a.Room.OperatorRoleARN()
			out, err := a.iam().GetRole(ctx, &iam.GetRoleInput{RoleName: &a.Room.Baseline.Operator.RoleName})
			if isCode(err, "NoSuchEntity") {
				f.Short(arn, "there is no such role", "apply modules/baseline/operator-role")
				return nil
			}
			if err != nil {
				return err
			}
			p, err := parseTrust(arn, out.Role.AssumeRolePolicyDocument)
			if err != nil {
				return err
			}
			bound := a.Room.Baseline.Operator.MFAMaxAge
			for _, c := range []struct {
				who, account, mfa string
				age               int
				want              bool
			}{
				{"somebody with MFA of just now", a.Room.Account, "true", 1, true},
				{"somebody without MFA", a.Room.Account, "false", -1, false},
				{"somebody with a long-lived key and no MFA", a.Room.Account, "", -1, false},
				{fmt.Sprintf("somebody with MFA of %d seconds ago", bound+1), a.Room.Account, "true", bound + 1, false},
				{"an administrator of another account, with MFA", "999999999999", "true", 1, false},
			} {
				keys := &policy.Context{}
				if c.mfa != "" {
					keys.Set("aws:MultiFactorAuthPresent", c.mfa)
				}
				if c.age >= 0 {
					keys.Set("aws:MultiFactorAuthAge", strconv.Itoa(c.age))
				}
				as := &policy.Principal{Type: policy.User, Account: c.account, ARN: "arn:" + a.Room.Partition() + ":iam::" + c.account + ":user/somebody"}
				set := &policy.Set{Identity: []*policy.Policy{everything}, Resource: p}
				may := set.Decide(&policy.Request{Principal: as, Action: "sts:AssumeRole", Resource: arn, ResourceAccount: a.Room.Account, Context: keys}).Verdict == policy.Allow
				switch {
				case may && !c.want:
					f.Short(arn, "its trust policy lets in "+c.who, mend)
				case !may && c.want:
					f.Short(arn, "its trust policy does not let in "+c.who, mend)
				}
			}
			return nil
		},
	}
}

// newRegion is one that AWS does not have yet: a fence holds there too.
const newRegion = "xx-future-1"

// operatorFence asks the role's own policies about actions in every region.
func operatorFence() *Check {
	const mend = "modules/baseline/operator-role: allowed_regions, from the spec's block operator; apply it again"
	return &Check{
		Lock:    "operator-fence",
		Claim:   "The operator acts in the allowed regions only; services without a region still work.",
		Without: lacks(room.OperatorRole),
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			role, arn := a.Room.Baseline.Operator.RoleName, a.Room.OperatorRoleARN()
			set, err := a.identity(ctx, role)
			if isCode(err, "NoSuchEntity") {
				f.Short(arn, "there is no such role", "apply modules/baseline/operator-role")
				return nil
			}
			if err != nil {
				return err
			}
			as := &policy.Principal{Type: policy.AssumedRole, Account: a.Room.Account, ARN: a.arn("sts", "", "assumed-role/"+role+"/audit"), RoleARN: arn}
			may := func(action, region string) bool {
				keys := &policy.Context{}
				keys.Set("aws:RequestedRegion", region)
				return set.Decide(&policy.Request{Principal: as, Action: action, Resource: "*", ResourceAccount: a.Room.Account, Context: keys, Pattern: true}).Verdict == policy.Allow
			}
			for _, action := range []string{"ec2:RunInstances", "lambda:CreateFunction", "s3:CreateBucket", "kms:CreateKey", "sqs:CreateQueue", "newservice:CreateThing"} {
				for _, region := range append(slices.Clone(lock.Regions), newRegion) {
					if got, want := may(action, region), slices.Contains(a.Room.Baseline.Operator.AllowedRegions, region); got != want {
						f.Short(arn, fmt.Sprintf("it %s %s in %s", map[bool]string{true: "may", false: "may not"}[got], action, region), mend)
					}
				}
			}
			for _, action := range []string{"iam:CreateRole", "route53:ChangeResourceRecordSets", "cloudfront:CreateDistribution", "sts:GetCallerIdentity", "s3:ListAllMyBuckets", "organizations:DescribeOrganization", "support:CreateCase"} {
				if !may(action, "us-east-1") {
					f.Short(arn, "it may not "+action+", and that service has no region", mend)
				}
			}
			return nil
		},
	}
}
