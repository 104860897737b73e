package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/internal/trust"
	"github.com/strongroom-dev/strongroom/policy"
)

func tokenMatrix() *Check {
	return &Check{
		Lock:  "token-matrix",
		Claim: "Of all the tokens that a forge can issue, the plan and apply roles admit those that the spec expects.",
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			q, err := trust.OfRoom(a.Room)
			if err != nil {
				return err
			}
			names := []string{a.Room.PlanRole(), a.Room.ApplyRole()}
			q.Roles, _, err = trust.OfAccount(ctx, a.iam(), names)
			if isCode(err, "NoSuchEntity") {
				f.Short(a.arn("iam", "", "role/"+a.Room.Name+"-plan"), "it or the apply role is not there", "apply modules/automation-iam: strongroom bootstrap")
				return nil
			}
			if err != nil {
				return err
			}
			m, err := trust.Ask(q)
			if err != nil {
				return err
			}
			for _, s := range m.Surprises {
				f.Short(a.arn("iam", "", "role/"+s.Role), fmt.Sprintf("the token %s is %s, by %s", s.Shape, s.Verdict, s.DecidedBy), "modules/automation-iam, plan_subjects and apply_subjects: "+s.Fix)
			}
			return nil
		},
	}
}

// planCannotWrite asks the plan role's policies about every action that AWS
// lists as writing, tagging or managing permissions.
func planCannotWrite() *Check {
	return &Check{
		Lock:  "plan-cannot-write",
		Claim: "The plan role's policies allow no action that writes, but on the locks of its states.",
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			role := a.Room.PlanRole()
			set, err := a.identity(ctx, role)
			arn := a.arn("iam", "", "role/"+role)
			if isCode(err, "NoSuchEntity") {
				f.Short(arn, "there is no such role", "apply modules/automation-iam: strongroom bootstrap")
				return nil
			}
			if err != nil {
				return err
			}
			as := &policy.Principal{Type: policy.AssumedRole, Account: a.Room.Account, ARN: a.arn("sts", "", "assumed-role/"+role+"/audit"), RoleARN: arn}
			// Whatever the conditions ask for is given: a right that only some
			// requests have is a right.
			set = set.Assume(func(string) bool { return true }, true)
			for _, action := range writes() {
				d := set.Decide(&policy.Request{Principal: as, Action: action, Resource: "*", ResourceAccount: a.Room.Account, Context: &policy.Context{}, Pattern: true})
				if d.Verdict == policy.Allow && !a.planMay(action) {
					p, at, _ := d.Statement()
					f.Short(arn, fmt.Sprintf("it may %s (%s, statement %d)", action, p.Name(), at+1), "modules/automation-iam: plan_policy_arns, and no policy attached by hand")
				}
			}
			return a.planLocks(set, as, arn, f)
		},
	}
}

// planMay are the writes that taking a lock needs, and the one that reads, which AWS
// lists as writing: a plan reads its state.
func (a *Account) planMay(action string) bool {
	return action == "kms:Decrypt" || a.Room.Automation.PlanLocks && slices.Contains([]string{"s3:PutObject", "s3:DeleteObject", "kms:GenerateDataKey"}, action)
}

// planLocks checks that those writes reach the locks and nothing else.
func (a *Account) planLocks(set *policy.Set, as *policy.Principal, arn string, f *Finder) error {
	if !a.Room.Automation.PlanLocks {
		return nil
	}
	for _, object := range []string{a.Room.StateKey(room.StackBootstrap), a.Room.StateKey(room.StackSrc), "any/other-object"} {
		for _, action := range []string{"s3:PutObject", "s3:DeleteObject"} {
			d := set.Decide(&policy.Request{Principal: as, Action: action, Resource: a.bucketARN(a.Room.State.Bucket + "/" + object), ResourceAccount: a.Room.Account, Context: &policy.Context{}})
			if d.Verdict == policy.Allow {
				f.Short(arn, fmt.Sprintf("it may %s on %s, which is no lock", action, object), "modules/automation-iam: state.keys, and no policy attached by hand")
			}
		}
	}
	return nil
}

// writes are the actions of all services that do more than read.
func writes() (list []string) {
	for _, prefix := range serviceref.Prefixes() {
		s, ok := serviceref.Lookup(prefix)
		if !ok {
			continue
		}
		for _, action := range s.Actions() {
			if action.Access != "Read" && action.Access != "List" {
				list = append(list, prefix+":"+action.Name)
			}
		}
	}
	return list
}

func noLongLivedKeys() *Check {
	return &Check{
		Lock:  "no-long-lived-keys",
		Claim: "Nobody in the account has an access key, root included.",
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			client := a.iam()
			summary, err := client.GetAccountSummary(ctx, nil)
			if err != nil {
				return err
			}
			if summary.SummaryMap["AccountAccessKeysPresent"] > 0 {
				f.Short(a.arn("iam", "", "root"), "the root user has an access key", "delete it: sign in as root, Security credentials, Access keys")
			}
			users := iam.NewListUsersPaginator(client, nil)
			for users.HasMorePages() {
				page, err := users.NextPage(ctx)
				if err != nil {
					return err
				}
				for _, u := range page.Users {
					keys, err := client.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: u.UserName})
					if err != nil {
						return err
					}
					if n := len(keys.AccessKeyMetadata); n > 0 {
						f.Short(*u.Arn, fmt.Sprintf("it has %d access keys", n), "use a role instead, then aws iam delete-access-key --user-name "+aws.ToString(u.UserName))
					}
				}
			}
			return nil
		},
	}
}

// otherEnvironment asks the bucket's and the keys' policies about every
// environment's principals and every other environment's state.
func otherEnvironment() *Check {
	return &Check{
		Lock:  "other-environment",
		Claim: "The policies of bucket and keys give an environment's principals their own state and nobody else's.",
		Without: func(r *room.Room) string {
			if len(r.State.Environments) < 2 {
				return fmt.Sprintf("the room has %d environments", len(r.State.Environments))
			}
			return ""
		},
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			bucket, err := a.bucketPolicy(ctx, a.Room.State.Bucket)
			if err != nil {
				return err
			}
			for _, target := range a.Room.State.Environments {
				key, err := a.keyOf(ctx, a.Room.State.KeyAlias+"-"+target.Name)
				if err != nil {
					return err
				}
				p, err := a.keyPolicy(ctx, key)
				if err != nil {
					return err
				}
				for _, other := range a.Room.State.Environments {
					if other != target {
						a.foreign(bucket, p, key, target, other, f)
					}
				}
			}
			return nil
		},
	}
}

// foreign asks about one environment's principals and another's state.
func (a *Account) foreign(bucket, key *policy.Policy, keyARN string, target, other *room.Environment, f *Finder) {
	ask := func(p *policy.Policy, as policy.Principal, action, resource string, keys ...string) {
		ctx := &policy.Context{}
		for i := 0; i+1 < len(keys); i += 2 {
			ctx.Set(keys[i], keys[i+1])
		}
		set := &policy.Set{Identity: []*policy.Policy{everything}, Resource: p}
		if set.Decide(&policy.Request{Principal: &as, Action: action, Resource: resource, ResourceAccount: a.Room.Account, Context: ctx}).Verdict == policy.Allow {
			f.Short(resource, fmt.Sprintf("%s of environment %s may %s, and it is %s's", as.ARN, other.Name, action, target.Name), "modules/state-backend: environments, from the spec's environment blocks")
		}
	}
	for _, arn := range other.Principals {
		as := policy.Principal{Type: policy.User, ARN: arn, Account: strings.Split(arn, ":")[4]}
		if strings.Contains(arn, ":role/") {
			as = policy.Principal{Type: policy.AssumedRole, RoleARN: arn, Account: as.Account,
				ARN: "arn:" + a.Room.Partition() + ":sts::" + as.Account + ":assumed-role/" + last(arn) + "/audit"}
		}
		for _, state := range target.StateKeys {
			for _, object := range []string{state, state + ".tflock"} {
				for _, action := range []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"} {
					ask(bucket, as, action, a.bucketARN(a.Room.State.Bucket+"/"+object), secure, "true", sse, "aws:kms", sseKey, keyARN)
				}
			}
		}
		for _, action := range []string{"kms:Decrypt", "kms:GenerateDataKey"} {
			ask(key, as, action, keyARN, "kms:ViaService", "s3."+a.Room.Region+".amazonaws.com", "kms:CallerAccount", as.Account,
				"kms:EncryptionContext:aws:s3:arn", a.bucketARN(a.Room.State.Bucket))
		}
	}
}
