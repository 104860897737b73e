package policy

import "strings"

// reserved reports a change to something of AWS's own: an AWS managed policy, a
// role that IAM Identity Center keeps in the account, or the alias of an AWS
// managed key. No policy can allow it.
//
// Source: IAM User Guide, access_policies_managed-vs-inline (AWS managed
// policies cannot be changed); IAM Identity Center User Guide, on the roles of
// permission sets; KMS Developer Guide, kms-alias (the prefix alias/aws/).
func reserved(r *Request) bool {
	switch {
	case serviceIs(r.Action, "kms"):
		switch name := r.Action[len("kms:"):]; {
		case equalFold(name, "CreateAlias"), equalFold(name, "UpdateAlias"), equalFold(name, "DeleteAlias"):
			a, ok := splitARN(r.Resource)
			return ok && strings.HasPrefix(a.resource, "alias/aws/")
		}
	case serviceIs(r.Action, "iam"):
		a, ok := splitARN(r.Resource)
		if !ok {
			return false
		}
		name := r.Action[len("iam:"):]
		switch {
		case a.account == "aws" && strings.HasPrefix(a.resource, "policy/"):
			return starts(name, "Create", "Delete", "Set", "Tag", "Untag")
		case strings.HasPrefix(a.resource, "role/aws-reserved/"):
			return starts(name, "Attach", "Create", "Delete", "Detach", "Pass", "Put", "Tag", "Untag", "Update")
		}
	}
	return false
}

// starts reports that name begins with one of the verbs, in any case.
func starts(name string, verbs ...string) bool {
	for _, v := range verbs {
		if len(name) >= len(v) && equalFold(name[:len(v)], v) {
			return true
		}
	}
	return false
}
