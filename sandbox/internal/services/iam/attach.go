package iam

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) attachRows() []op.Row {
	return []op.Row{
		write("AttachUserPolicy", "UserName! PolicyArn!",
			func(c *op.Call, in *iam.AttachUserPolicyInput) ([]op.Check, error) {
				return s.attaching(c, "AttachUserPolicy", userKind, in.UserName, in.PolicyArn), nil
			},
			func(c *op.Call, in *iam.AttachUserPolicyInput) (*none, error) {
				return s.attach(c, userKind, in.UserName, *in.PolicyArn)
			}),
		write("AttachGroupPolicy", "GroupName! PolicyArn!",
			func(c *op.Call, in *iam.AttachGroupPolicyInput) ([]op.Check, error) {
				return s.attaching(c, "AttachGroupPolicy", groupKind, in.GroupName, in.PolicyArn), nil
			},
			func(c *op.Call, in *iam.AttachGroupPolicyInput) (*none, error) {
				return s.attach(c, groupKind, in.GroupName, *in.PolicyArn)
			}),
		write("AttachRolePolicy", "RoleName! PolicyArn!",
			func(c *op.Call, in *iam.AttachRolePolicyInput) ([]op.Check, error) {
				return s.attaching(c, "AttachRolePolicy", roleKind, in.RoleName, in.PolicyArn), nil
			},
			func(c *op.Call, in *iam.AttachRolePolicyInput) (*none, error) {
				return s.attach(c, roleKind, in.RoleName, *in.PolicyArn)
			}),

		write("DetachUserPolicy", "UserName! PolicyArn!",
			func(c *op.Call, in *iam.DetachUserPolicyInput) ([]op.Check, error) {
				return s.attaching(c, "DetachUserPolicy", userKind, in.UserName, in.PolicyArn), nil
			},
			func(c *op.Call, in *iam.DetachUserPolicyInput) (*none, error) {
				return s.detach(c, userKind, in.UserName, *in.PolicyArn)
			}),
		write("DetachGroupPolicy", "GroupName! PolicyArn!",
			func(c *op.Call, in *iam.DetachGroupPolicyInput) ([]op.Check, error) {
				return s.attaching(c, "DetachGroupPolicy", groupKind, in.GroupName, in.PolicyArn), nil
			},
			func(c *op.Call, in *iam.DetachGroupPolicyInput) (*none, error) {
				return s.detach(c, groupKind, in.GroupName, *in.PolicyArn)
			}),
		write("DetachRolePolicy", "RoleName! PolicyArn!",
			func(c *op.Call, in *iam.DetachRolePolicyInput) ([]op.Check, error) {
				return s.attaching(c, "DetachRolePolicy", roleKind, in.RoleName, in.PolicyArn), nil
			},
			func(c *op.Call, in *iam.DetachRolePolicyInput) (*none, error) {
				return s.detach(c, roleKind, in.RoleName, *in.PolicyArn)
			}),

		read("ListAttachedUserPolicies", "UserName! Marker MaxItems PathPrefix",
			onRow(s, "ListAttachedUserPolicies", userKind, func(in *iam.ListAttachedUserPoliciesInput) *string { return in.UserName }),
			func(c *op.Call, in *iam.ListAttachedUserPoliciesInput) (*iam.ListAttachedUserPoliciesOutput, error) {
				items, more, next, err := s.listAttached(c, userKind, in.UserName, in.PathPrefix, in.Marker, in.MaxItems)
				return &iam.ListAttachedUserPoliciesOutput{AttachedPolicies: items, IsTruncated: more, Marker: next}, err
			}),
		read("ListAttachedGroupPolicies", "GroupName! Marker MaxItems PathPrefix",
			onRow(s, "ListAttachedGroupPolicies", groupKind, func(in *iam.ListAttachedGroupPoliciesInput) *string { return in.GroupName }),
			func(c *op.Call, in *iam.ListAttachedGroupPoliciesInput) (*iam.ListAttachedGroupPoliciesOutput, error) {
				items, more, next, err := s.listAttached(c, groupKind, in.GroupName, in.PathPrefix, in.Marker, in.MaxItems)
				return &iam.ListAttachedGroupPoliciesOutput{AttachedPolicies: items, IsTruncated: more, Marker: next}, err
			}),
		read("ListAttachedRolePolicies", "RoleName! Marker MaxItems PathPrefix",
			onRow(s, "ListAttachedRolePolicies", roleKind, func(in *iam.ListAttachedRolePoliciesInput) *string { return in.RoleName }),
			func(c *op.Call, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
				items, more, next, err := s.listAttached(c, roleKind, in.RoleName, in.PathPrefix, in.Marker, in.MaxItems)
				return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: items, IsTruncated: more, Marker: next}, err
			}),
	}
}

// attaching is the check of attach and detach: iam:PolicyARN is the policy.
func (s *Service) attaching(c *op.Call, action string, k kind, name, arn *string) []op.Check {
	return s.on(c, action, k, str(name), op.Single("iam:PolicyARN", str(arn)))
}

// attachQuota is how many managed policies an entity may have.
// Source: IAM User Guide, reference_iam-quotas, default quotas.
const attachQuota = 10

func (s *Service) attach(c *op.Call, k kind, name *string, arn string) (*none, error) {
	e, err := s.mutable(c, k, name)
	if err != nil {
		return nil, err
	}
	if err := s.attachable(c.Caller.Account, arn); err != nil {
		return nil, err
	}
	if slices.Contains(e.Attached, arn) {
		return &none{}, nil // Source: IAM API_AttachRolePolicy is idempotent.
	}
	if len(e.Attached) >= attachQuota {
		return nil, limit("Cannot exceed quota for PoliciesPer%s: %d", k.title(), attachQuota)
	}
	to := e.copy()
	to.Attached = append(slices.Clone(e.Attached), arn)
	s.put(to)
	return &none{}, nil
}

func (s *Service) detach(c *op.Call, k kind, name *string, arn string) (*none, error) {
	e, err := s.mutable(c, k, name)
	if err != nil {
		return nil, err
	}
	i := slices.Index(e.Attached, arn)
	if i < 0 {
		return nil, noSuch("Policy %s was not found.", arn)
	}
	to := e.copy()
	to.Attached = slices.Delete(slices.Clone(e.Attached), i, i+1)
	s.put(to)
	return &none{}, nil
}

// attachedTo lists an entity's managed policies, by name.
func (s *Service) attachedTo(e *Entity, prefix *string) []types.AttachedPolicy {
	out := []types.AttachedPolicy{}
	for _, arn := range e.Attached {
		if p := s.managed(arn); p != nil && strings.HasPrefix(p.Path, prefixOr(prefix)) {
			out = append(out, types.AttachedPolicy{PolicyArn: aws.String(arn), PolicyName: aws.String(p.Name)})
		}
	}
	slices.SortFunc(out, func(a, b types.AttachedPolicy) int { return strings.Compare(*a.PolicyArn, *b.PolicyArn) })
	return out
}

func (s *Service) listAttached(c *op.Call, k kind, name, prefix, marker *string, max *int32) ([]types.AttachedPolicy, bool, *string, error) {
	e, err := s.must(c, k, name)
	if err != nil {
		return nil, false, nil, err
	}
	return page(s.attachedTo(e, prefix), marker, max, func(p types.AttachedPolicy) string { return *p.PolicyArn })
}
