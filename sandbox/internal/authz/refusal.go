package authz

import (
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

// refusal words a denial as AWS does. S3 tells a caller of another account, and
// an anonymous one, nothing.
// Source: IAM User Guide "Troubleshoot access denied error messages"; S3 User
// Guide "Troubleshoot access denied (403 Forbidden) errors in Amazon S3".
func refusal(check *op.Check, req *policy.Request, decision policy.Decision, d sigv4.Dialect) *op.Error {
	p := req.Principal
	if p.Type == policy.Anonymous || p.ARN == "" {
		return denied(d, "Access Denied")
	}
	resource := check.Resource.ARN
	if d == sigv4.S3 && strings.HasPrefix(check.Action, "s3:") {
		if check.Resource.Account != "" && check.Resource.Account != p.Account {
			return denied(d, "Access Denied")
		}
		resource = `"` + resource + `"`
	}
	return denied(d, "User: "+p.ARN+" is not authorized to perform: "+check.Action+" on resource: "+resource+because(decision, check.Action))
}

func because(decision policy.Decision, action string) string {
	word, article := "", "a "
	switch decision.Reason {
	case policy.ReasonSCP:
		word = "service control policy"
	case policy.ReasonRCP:
		word = "resource control policy"
	case policy.ReasonEndpoint:
		word = "VPC endpoint policy"
	case policy.ReasonResource, policy.ReasonKeyPolicy:
		word = "resource-based policy"
	case policy.ReasonTrust:
		word = "role trust policy"
		article = "the "
	case policy.ReasonIdentity:
		word = "identity-based policy"
		article = "an "
	case policy.ReasonBoundary:
		word = "permissions boundary"
	case policy.ReasonSession:
		word = "session policy"
	case policy.ReasonPublicAccess:
		return " because public access is blocked by the BlockPublicAccess setting RestrictPublicBuckets"
	default:
		return ""
	}
	if decision.Verdict == policy.ExplicitDeny {
		return " with an explicit deny in " + article + word
	}
	return " because no " + word + " allows the " + action + " action"
}
