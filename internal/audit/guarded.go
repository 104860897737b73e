package audit

import (
	"context"
	"fmt"

	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/policy"
)

// guarded checks that the apply role's own policies refuse it actions on a
// resource. keys are pairs of name and value. A room without the guard says so in its spec, and is not asked.
func (a *Account) guarded(ctx context.Context, f *Finder, actions []string, resource string, keys ...string) error {
	if !a.Room.Baseline.Has(room.Guard) {
		return nil
	}
	if a.applyRole == nil {
		set, err := a.identity(ctx, a.Room.ApplyRole())
		if err != nil {
			return err
		}
		a.applyRole = set
	}
	role := a.Room.ApplyRole()
	arn := a.arn("iam", "", "role/"+role)
	as := &policy.Principal{Type: policy.AssumedRole, Account: a.Room.Account, ARN: a.arn("sts", "", "assumed-role/"+role+"/audit"), RoleARN: arn}
	ctxOf := &policy.Context{}
	ctxOf.Set("aws:RequestedRegion", a.Room.Region)
	for i := 0; i+1 < len(keys); i += 2 {
		if keys[i] == "kms:ResourceAliases" {
			ctxOf.SetMulti(keys[i], keys[i+1])
		} else {
			ctxOf.Set(keys[i], keys[i+1])
		}
	}
	for _, action := range actions {
		d := a.applyRole.Decide(&policy.Request{Principal: as, Action: action, Resource: resource, ResourceAccount: a.Room.Account, Context: ctxOf})
		if d.Verdict == policy.Allow {
			f.Short(arn, fmt.Sprintf("it may %s on %s", action, resource), "src/main.guard.tf: attach "+a.Room.GuardPolicyARN()+"; apply the src stack again")
		}
	}
	return nil
}
