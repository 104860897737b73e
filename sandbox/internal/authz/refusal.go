package authz

import (
	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

// refusal words a denial as AWS does.
// Source: IAM User Guide "Troubleshoot access denied error messages".
func refusal(_ *op.Call, check *op.Check, req *policy.Request, decision policy.Decision, d sigv4.Dialect) *op.Error {
	p := req.Principal
	if p.Type == policy.Anonymous || p.ARN == "" {
		return denied(d, "Access Denied")
	}
	text := "User: " + p.ARN + " is not authorized to perform: " + check.Action + " on resource: " + check.Resource.ARN
	return denied(d, text+because(decision, check.Action))
}

func because(decision policy.Decision, action string) string {
	if decision.Verdict == policy.ExplicitDeny {
		return " with an explicit deny"
	}
	return " because no policy allows the " + action + " action"
}
