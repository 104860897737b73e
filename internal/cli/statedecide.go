package cli

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/grants"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
)

// decideByGrants works out from policies what principals can read: from those of the
// state account, and from the principals' own where there are credentials for them.
func (f *stateFlags) decideByGrants(r *room.Room, cfg aws.Config) func(ctx context.Context, e state.Environment, keys []string, keyARN string) ([]verify.Readable, error) {
	var mu sync.Mutex
	c := &grants.Checker{Room: r, State: cfg, Profiles: f.profiles}
	some := func(ctx context.Context, e state.Environment, keys []string) ([]verify.Readable, error) {
		e.Stacks = nil
		for _, k := range keys {
			e.Stacks = append(e.Stacks, state.Stack{Name: k, Key: k})
		}
		found, err := c.Check(ctx, e)
		if err != nil {
			return nil, err
		}
		for _, finding := range found.Findings {
			if finding.Rule == grants.RuleNoKey {
				return nil, &diag.Diagnostic{Rule: finding.Rule, Summary: finding.Summary, Why: finding.Why, Fix: finding.Fix}
			}
		}
		list := []verify.Readable{}
		for i := range found.Principals {
			p := &found.Principals[i]
			for _, k := range keys {
				object := "arn:" + r.Partition() + ":s3:::" + found.Bucket + "/" + k
				list = append(list, verify.Readable{
					Key: k, Principal: p.ARN,
					Object: granted(found, p, func(c grants.Check) bool { return c.Action == "s3:GetObject" && c.Resource == object }),
					Decrypt: granted(found, p, func(c grants.Check) bool {
						return c.Action == "kms:Decrypt" && c.Resource == found.KeyARN && (c.For == "read "+k || strings.HasPrefix(c.For, "read "+k+","))
					}),
				})
			}
		}
		return list, nil
	}
	// Statements of thousands of objects are long, and held against each of them.
	const most = 100
	return func(ctx context.Context, e state.Environment, keys []string, keyARN string) ([]verify.Readable, error) {
		if keyARN != "" {
			e.KeyARN = keyARN // the key that a state is under, whichever the spec names
		}
		mu.Lock()
		defer mu.Unlock()
		all := []verify.Readable{}
		for part := range slices.Chunk(keys, most) {
			list, err := some(ctx, e, part)
			if err != nil {
				return nil, err
			}
			all = append(all, list...)
		}
		return all, nil
	}
}

// granted sums up the checks that are about one thing. Both sides have to be known to
// allow it: half an answer is none.
func granted(found *grants.Environment, p *grants.Principal, about func(grants.Check) bool) verify.Answer {
	fix := "see which statement is missing: strongroom state grants --env " + found.Name
	a := verify.Answer{Status: verify.Unknown, Why: "it was not asked", Fix: fix}
	asked := false
	for _, c := range p.Checks {
		if !about(c) {
			continue
		}
		switch {
		case c.State == "no":
			return verify.Answer{Status: verify.Failed, Why: "the state account does not let it " + c.Action, Fix: fix}
		case c.Principal == "no":
			return verify.Answer{Status: verify.Failed, Why: "its own policies do not let it " + c.Action, Fix: fix}
		case c.State == "unknown":
			a, asked = doubt(found, p, grants.StateSide, c.Action), true
		case asked:
		case c.Principal == "unknown":
			a, asked = doubt(found, p, grants.PrincipalSide, c.Action), true
		default:
			a = verify.Answer{Status: verify.OK}
		}
	}
	return a
}

// doubt says why a half is not known, and what would tell.
func doubt(found *grants.Environment, p *grants.Principal, side grants.Side, action string) verify.Answer {
	own := "add --principal-profile " + found.Name + "=PROFILE: its own profile, to try it"
	if side == grants.PrincipalSide && !p.Read {
		return verify.Answer{
			Status: verify.Unknown, Why: "its own policies have to allow it as well, and were not read: " + p.Unread, Fix: own + ", or that of somebody who may read IAM in its account",
		}
	}
	a := verify.Answer{Status: verify.Unknown, Why: "the state account may or may not let it " + action, Fix: own + "; or see: strongroom state grants --env " + found.Name}
	if side == grants.PrincipalSide {
		a.Why = "its own policies may or may not let it " + action
	}
	for _, f := range found.Findings {
		switch {
		case f.Level != grants.Unknown || f.Side != side || f.Principal != "" && f.Principal != p.ARN:
		case len(f.Actions) == 0: // a policy that was not read
			a.Why += ": " + f.Summary
			return a
		case slices.Contains(f.Actions, action):
			a.Why += ": " + f.Why
			return a
		}
	}
	return a
}
