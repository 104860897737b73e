package sandbox

import (
	"encoding/json"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/authz"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/sts"
)

// encoder makes the messages that DecodeAuthorizationMessage decodes. They are
// for the caller's account; for a caller without one, the resource's.
func encoder(tokens *sts.Service) func(*op.Call, *authz.Verdict) (string, error) {
	return func(c *op.Call, v *authz.Verdict) (string, error) {
		d := sts.Denial{
			Account: c.Caller.Account, ExplicitDeny: v.Decision.Verdict == policy.ExplicitDeny,
			PrincipalARN: v.Explanation.Principal,
			Action:       v.Check.Action, Resource: v.Check.Resource.ARN, Conditions: v.Context,
		}
		if d.Account == "" {
			d.Account = v.Check.Resource.Account
		}
		for _, k := range v.Context {
			if k.Name == "aws:userid" {
				d.PrincipalID = k.Values[0]
			}
		}
		if p, index, ok := v.Decision.Statement(); ok {
			d.Matched = []json.RawMessage{json.RawMessage(p.Statement(index).Source)}
		}
		return tokens.EncodeMessage(c.Rand, d)
	}
}
