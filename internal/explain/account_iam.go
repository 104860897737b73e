package explain

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/policy"
)

// identityReader reads a caller's policies from IAM.
type identityReader struct {
	*accountReader
	iam *iam.Client
}

func (r *identityReader) missBoth(what string, err error) {
	for _, t := range []policy.Reason{policy.ReasonIdentity, policy.ReasonBoundary} {
		r.p.miss(t, "%s cannot be read: %s", what, cause(err))
	}
}

// user reads a user's policies, those of its groups, its boundary and its tags.
func (r *identityReader) user(name string) {
	out, err := r.iam.GetUser(r.ctx, &iam.GetUserInput{UserName: &name})
	if err != nil {
		r.missBoth("user "+name, err)
		return
	}
	r.is(out.User.UserId, out.User.Arn)
	r.boundary(out.User.PermissionsBoundary)
	r.tags(out.User.Tags)
	owner := "user/" + name
	inline := iam.NewListUserPoliciesPaginator(r.iam, &iam.ListUserPoliciesInput{UserName: &name})
	for inline.HasMorePages() {
		page, err := inline.NextPage(r.ctx)
		if err != nil {
			r.missList(owner, err)
			break
		}
		for _, p := range page.PolicyNames {
			doc, err := r.iam.GetUserPolicy(r.ctx, &iam.GetUserPolicyInput{UserName: &name, PolicyName: &p})
			if err != nil {
				r.missList(owner+"/"+p, err)
				continue
			}
			r.document(policy.ReasonIdentity, 0, owner+"/"+p, decoded(doc.PolicyDocument))
		}
	}
	attached := iam.NewListAttachedUserPoliciesPaginator(r.iam, &iam.ListAttachedUserPoliciesInput{UserName: &name})
	for attached.HasMorePages() {
		page, err := attached.NextPage(r.ctx)
		if err != nil {
			r.missList(owner, err)
			break
		}
		r.managed(page.AttachedPolicies)
	}
	groups := iam.NewListGroupsForUserPaginator(r.iam, &iam.ListGroupsForUserInput{UserName: &name})
	for groups.HasMorePages() {
		page, err := groups.NextPage(r.ctx)
		if err != nil {
			r.missList("the groups of "+owner, err)
			break
		}
		for _, g := range page.Groups {
			r.group(aws.ToString(g.GroupName))
		}
	}
}

func (r *identityReader) group(name string) {
	owner := "group/" + name
	inline := iam.NewListGroupPoliciesPaginator(r.iam, &iam.ListGroupPoliciesInput{GroupName: &name})
	for inline.HasMorePages() {
		page, err := inline.NextPage(r.ctx)
		if err != nil {
			r.missList(owner, err)
			break
		}
		for _, p := range page.PolicyNames {
			doc, err := r.iam.GetGroupPolicy(r.ctx, &iam.GetGroupPolicyInput{GroupName: &name, PolicyName: &p})
			if err != nil {
				r.missList(owner+"/"+p, err)
				continue
			}
			r.document(policy.ReasonIdentity, 0, owner+"/"+p, decoded(doc.PolicyDocument))
		}
	}
	attached := iam.NewListAttachedGroupPoliciesPaginator(r.iam, &iam.ListAttachedGroupPoliciesInput{GroupName: &name})
	for attached.HasMorePages() {
		page, err := attached.NextPage(r.ctx)
		if err != nil {
			r.missList(owner, err)
			break
		}
		r.managed(page.AttachedPolicies)
	}
}

// role reads a role's policies and its boundary. The tags of a session replace
// those of its role, so that the role's settle nothing.
func (r *identityReader) role(name string) {
	out, err := r.iam.GetRole(r.ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		r.missBoth("role "+name, err)
		return
	}
	r.is(out.Role.RoleId, out.Role.Arn)
	r.boundary(out.Role.PermissionsBoundary)
	owner := "role/" + name
	inline := iam.NewListRolePoliciesPaginator(r.iam, &iam.ListRolePoliciesInput{RoleName: &name})
	for inline.HasMorePages() {
		page, err := inline.NextPage(r.ctx)
		if err != nil {
			r.missList(owner, err)
			break
		}
		for _, p := range page.PolicyNames {
			doc, err := r.iam.GetRolePolicy(r.ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &p})
			if err != nil {
				r.missList(owner+"/"+p, err)
				continue
			}
			r.document(policy.ReasonIdentity, 0, owner+"/"+p, decoded(doc.PolicyDocument))
		}
	}
	attached := iam.NewListAttachedRolePoliciesPaginator(r.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	for attached.HasMorePages() {
		page, err := attached.NextPage(r.ctx)
		if err != nil {
			r.missList(owner, err)
			break
		}
		r.managed(page.AttachedPolicies)
	}
}

// trust reads the trust policy of a role that is to be taken on.
func (r *identityReader) trust(name string) {
	out, err := r.iam.GetRole(r.ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		r.p.miss(policy.ReasonResource, "role %s cannot be read: %s", name, cause(err))
		return
	}
	if arn := aws.ToString(out.Role.Arn); arn != r.q.Resource {
		r.p.miss(policy.ReasonResource, "the role is %s, not %s", arn, r.q.Resource)
		return
	}
	r.document(policy.ReasonResource, 0, "trust policy of role/"+name, decoded(out.Role.AssumeRolePolicyDocument))
}

// is checks that the entity is the one that asked, and notes what else is known
// of it.
func (r *identityReader) is(id, arn *string) {
	who := r.q.Principal
	if who.ID != "" && who.ID != aws.ToString(id) && who.Type != policy.FederatedUser {
		r.p.Notes = append(r.p.Notes, aws.ToString(arn)+" was made again since: its policies may not be those of the caller")
		for _, t := range []policy.Reason{policy.ReasonIdentity, policy.ReasonBoundary} {
			r.p.miss(t, "the caller no longer exists")
		}
		return
	}
	if who.Type == policy.AssumedRole && (who.RoleARN == "" || who.RoleARN == aws.ToString(arn)) {
		who.RoleARN = aws.ToString(arn)
	}
	if who.ID == "" && who.Type != policy.FederatedUser {
		who.ID = aws.ToString(id)
	}
	r.q.finish()
}

// tags makes the caller's tags condition keys. Source: IAM User Guide,
// reference_policies_condition-keys, aws:PrincipalTag.
func (r *identityReader) tags(list []types.Tag) {
	if r.q.Principal.Type != policy.User || r.q.Complete {
		return
	}
	for _, t := range list {
		key := "aws:PrincipalTag/" + aws.ToString(t.Key)
		if !r.q.known(key) {
			r.q.Context.Set(key, aws.ToString(t.Value))
		}
	}
	r.q.tagged = true
}

func (r *identityReader) boundary(b *types.AttachedPermissionsBoundary) {
	if b == nil {
		return
	}
	arn := aws.ToString(b.PermissionsBoundaryArn)
	text, err := r.version(arn)
	if err != nil {
		r.p.miss(policy.ReasonBoundary, "%s cannot be read: %s", arn, cause(err))
		return
	}
	r.document(policy.ReasonBoundary, 0, arn, text)
}

func (r *identityReader) managed(list []types.AttachedPolicy) {
	for _, p := range list {
		arn := aws.ToString(p.PolicyArn)
		text, err := r.version(arn)
		if err != nil {
			r.missList(arn, err)
			continue
		}
		r.document(policy.ReasonIdentity, 0, arn, text)
	}
}

// version is the text of a managed policy's default version.
func (r *identityReader) version(arn string) ([]byte, error) {
	p, err := r.iam.GetPolicy(r.ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if err != nil {
		return nil, err
	}
	v, err := r.iam.GetPolicyVersion(r.ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: p.Policy.DefaultVersionId})
	if err != nil {
		return nil, err
	}
	return decoded(v.PolicyVersion.Document), nil
}

// missList says that some identity policies are not known.
func (r *identityReader) missList(what string, err error) {
	r.p.miss(policy.ReasonIdentity, "%s cannot be read: %s", what, cause(err))
}
