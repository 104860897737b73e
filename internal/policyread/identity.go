package policyread

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/policy"
)

// Identity is what binds a user or a role in its own account.
type Identity struct {
	// ARN and ID are the entity's own; empty: it could not be read.
	ARN, ID string
	// Tags are a user's; nil for a role, whose sessions may replace them.
	Tags map[string]string
	// Documents are the identity policies and, at most one, the boundary.
	Documents []Document
	gaps
}

// User reads a user's policies, those of its groups, its boundary and its tags.
func User(ctx context.Context, client *iam.Client, name string) *Identity {
	r := &identityReader{Identity: &Identity{}, ctx: ctx, iam: client}
	r.user(name)
	return r.Identity
}

// Role reads a role's policies and its boundary.
func Role(ctx context.Context, client *iam.Client, name string) *Identity {
	r := &identityReader{Identity: &Identity{}, ctx: ctx, iam: client}
	r.role(name)
	return r.Identity
}

// Trust reads the trust policy of a role; ARN and ID are the role's.
func Trust(ctx context.Context, client *iam.Client, name string) *Identity {
	r := &identityReader{Identity: &Identity{}, ctx: ctx, iam: client}
	out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		r.miss(policy.ReasonResource, "role %s cannot be read: %s", name, Cause(err))
		return r.Identity
	}
	r.ARN, r.ID = aws.ToString(out.Role.Arn), aws.ToString(out.Role.RoleId)
	r.add(policy.ReasonResource, "trust policy of role/"+name, decoded(out.Role.AssumeRolePolicyDocument))
	return r.Identity
}

// identityReader is one reading.
type identityReader struct {
	*Identity
	ctx context.Context
	iam *iam.Client
}

func (r *identityReader) add(t policy.Reason, name string, text []byte) {
	r.Documents = append(r.Documents, Document{t, name, text})
}

func (r *identityReader) missBoth(what string, err error) {
	for _, t := range []policy.Reason{policy.ReasonIdentity, policy.ReasonBoundary} {
		r.miss(t, "%s cannot be read: %s", what, Cause(err))
	}
}

// missSome says that some identity policies are not known.
func (r *identityReader) missSome(what string, err error) {
	r.miss(policy.ReasonIdentity, "%s cannot be read: %s", what, Cause(err))
}

func (r *identityReader) user(name string) {
	out, err := r.iam.GetUser(r.ctx, &iam.GetUserInput{UserName: &name})
	if err != nil {
		r.missBoth("user "+name, err)
		return
	}
	r.ARN, r.ID, r.Tags = aws.ToString(out.User.Arn), aws.ToString(out.User.UserId), map[string]string{}
	for _, t := range out.User.Tags {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	r.boundary(out.User.PermissionsBoundary)
	owner := "user/" + name
	inline := iam.NewListUserPoliciesPaginator(r.iam, &iam.ListUserPoliciesInput{UserName: &name})
	for inline.HasMorePages() {
		page, err := inline.NextPage(r.ctx)
		if err != nil {
			r.missSome(owner, err)
			break
		}
		for _, p := range page.PolicyNames {
			doc, err := r.iam.GetUserPolicy(r.ctx, &iam.GetUserPolicyInput{UserName: &name, PolicyName: &p})
			if err != nil {
				r.missSome(owner+"/"+p, err)
				continue
			}
			r.add(policy.ReasonIdentity, owner+"/"+p, decoded(doc.PolicyDocument))
		}
	}
	attached := iam.NewListAttachedUserPoliciesPaginator(r.iam, &iam.ListAttachedUserPoliciesInput{UserName: &name})
	for attached.HasMorePages() {
		page, err := attached.NextPage(r.ctx)
		if err != nil {
			r.missSome(owner, err)
			break
		}
		r.managed(page.AttachedPolicies)
	}
	groups := iam.NewListGroupsForUserPaginator(r.iam, &iam.ListGroupsForUserInput{UserName: &name})
	for groups.HasMorePages() {
		page, err := groups.NextPage(r.ctx)
		if err != nil {
			r.missSome("the groups of "+owner, err)
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
			r.missSome(owner, err)
			break
		}
		for _, p := range page.PolicyNames {
			doc, err := r.iam.GetGroupPolicy(r.ctx, &iam.GetGroupPolicyInput{GroupName: &name, PolicyName: &p})
			if err != nil {
				r.missSome(owner+"/"+p, err)
				continue
			}
			r.add(policy.ReasonIdentity, owner+"/"+p, decoded(doc.PolicyDocument))
		}
	}
	attached := iam.NewListAttachedGroupPoliciesPaginator(r.iam, &iam.ListAttachedGroupPoliciesInput{GroupName: &name})
	for attached.HasMorePages() {
		page, err := attached.NextPage(r.ctx)
		if err != nil {
			r.missSome(owner, err)
			break
		}
		r.managed(page.AttachedPolicies)
	}
}

// role leaves the tags out: those of a session replace them, so that the role's
// settle nothing.
func (r *identityReader) role(name string) {
	out, err := r.iam.GetRole(r.ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		r.missBoth("role "+name, err)
		return
	}
	r.ARN, r.ID = aws.ToString(out.Role.Arn), aws.ToString(out.Role.RoleId)
	r.boundary(out.Role.PermissionsBoundary)
	owner := "role/" + name
	inline := iam.NewListRolePoliciesPaginator(r.iam, &iam.ListRolePoliciesInput{RoleName: &name})
	for inline.HasMorePages() {
		page, err := inline.NextPage(r.ctx)
		if err != nil {
			r.missSome(owner, err)
			break
		}
		for _, p := range page.PolicyNames {
			doc, err := r.iam.GetRolePolicy(r.ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &p})
			if err != nil {
				r.missSome(owner+"/"+p, err)
				continue
			}
			r.add(policy.ReasonIdentity, owner+"/"+p, decoded(doc.PolicyDocument))
		}
	}
	attached := iam.NewListAttachedRolePoliciesPaginator(r.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	for attached.HasMorePages() {
		page, err := attached.NextPage(r.ctx)
		if err != nil {
			r.missSome(owner, err)
			break
		}
		r.managed(page.AttachedPolicies)
	}
}

func (r *identityReader) boundary(b *types.AttachedPermissionsBoundary) {
	if b == nil {
		return
	}
	arn := aws.ToString(b.PermissionsBoundaryArn)
	text, err := r.version(arn)
	if err != nil {
		r.miss(policy.ReasonBoundary, "%s cannot be read: %s", arn, Cause(err))
		return
	}
	r.add(policy.ReasonBoundary, arn, text)
}

func (r *identityReader) managed(list []types.AttachedPolicy) {
	for _, p := range list {
		arn := aws.ToString(p.PolicyArn)
		text, err := r.version(arn)
		if err != nil {
			r.missSome(arn, err)
			continue
		}
		r.add(policy.ReasonIdentity, arn, text)
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
