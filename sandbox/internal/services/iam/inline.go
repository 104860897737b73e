package iam

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) inlineRows() []op.Row {
	return []op.Row{
		write("PutUserPolicy", "UserName! PolicyName! PolicyDocument!",
			onRow(s, "PutUserPolicy", userKind, func(in *iam.PutUserPolicyInput) *string { return in.UserName }),
			func(c *op.Call, in *iam.PutUserPolicyInput) (*none, error) {
				return s.putInline(c, userKind, in.UserName, *in.PolicyName, *in.PolicyDocument)
			}),
		write("PutGroupPolicy", "GroupName! PolicyName! PolicyDocument!",
			onRow(s, "PutGroupPolicy", groupKind, func(in *iam.PutGroupPolicyInput) *string { return in.GroupName }),
			func(c *op.Call, in *iam.PutGroupPolicyInput) (*none, error) {
				return s.putInline(c, groupKind, in.GroupName, *in.PolicyName, *in.PolicyDocument)
			}),
		write("PutRolePolicy", "RoleName! PolicyName! PolicyDocument!",
			onRow(s, "PutRolePolicy", roleKind, func(in *iam.PutRolePolicyInput) *string { return in.RoleName }),
			func(c *op.Call, in *iam.PutRolePolicyInput) (*none, error) {
				return s.putInline(c, roleKind, in.RoleName, *in.PolicyName, *in.PolicyDocument)
			}),

		read("GetUserPolicy", "UserName! PolicyName!",
			onRow(s, "GetUserPolicy", userKind, func(in *iam.GetUserPolicyInput) *string { return in.UserName }),
			func(c *op.Call, in *iam.GetUserPolicyInput) (*iam.GetUserPolicyOutput, error) {
				e, doc, err := s.getInline(c, userKind, in.UserName, *in.PolicyName)
				if err != nil {
					return nil, err
				}
				return &iam.GetUserPolicyOutput{UserName: &e.Name, PolicyName: in.PolicyName, PolicyDocument: doc}, nil
			}),
		read("GetGroupPolicy", "GroupName! PolicyName!",
			onRow(s, "GetGroupPolicy", groupKind, func(in *iam.GetGroupPolicyInput) *string { return in.GroupName }),
			func(c *op.Call, in *iam.GetGroupPolicyInput) (*iam.GetGroupPolicyOutput, error) {
				e, doc, err := s.getInline(c, groupKind, in.GroupName, *in.PolicyName)
				if err != nil {
					return nil, err
				}
				return &iam.GetGroupPolicyOutput{GroupName: &e.Name, PolicyName: in.PolicyName, PolicyDocument: doc}, nil
			}),
		read("GetRolePolicy", "RoleName! PolicyName!",
			onRow(s, "GetRolePolicy", roleKind, func(in *iam.GetRolePolicyInput) *string { return in.RoleName }),
			func(c *op.Call, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
				e, doc, err := s.getInline(c, roleKind, in.RoleName, *in.PolicyName)
				if err != nil {
					return nil, err
				}
				return &iam.GetRolePolicyOutput{RoleName: &e.Name, PolicyName: in.PolicyName, PolicyDocument: doc}, nil
			}),

		read("ListUserPolicies", "UserName! Marker MaxItems",
			onRow(s, "ListUserPolicies", userKind, func(in *iam.ListUserPoliciesInput) *string { return in.UserName }),
			func(c *op.Call, in *iam.ListUserPoliciesInput) (*iam.ListUserPoliciesOutput, error) {
				names, more, next, err := s.listInline(c, userKind, in.UserName, in.Marker, in.MaxItems)
				return &iam.ListUserPoliciesOutput{PolicyNames: names, IsTruncated: more, Marker: next}, err
			}),
		read("ListGroupPolicies", "GroupName! Marker MaxItems",
			onRow(s, "ListGroupPolicies", groupKind, func(in *iam.ListGroupPoliciesInput) *string { return in.GroupName }),
			func(c *op.Call, in *iam.ListGroupPoliciesInput) (*iam.ListGroupPoliciesOutput, error) {
				names, more, next, err := s.listInline(c, groupKind, in.GroupName, in.Marker, in.MaxItems)
				return &iam.ListGroupPoliciesOutput{PolicyNames: names, IsTruncated: more, Marker: next}, err
			}),
		read("ListRolePolicies", "RoleName! Marker MaxItems",
			onRow(s, "ListRolePolicies", roleKind, func(in *iam.ListRolePoliciesInput) *string { return in.RoleName }),
			func(c *op.Call, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
				names, more, next, err := s.listInline(c, roleKind, in.RoleName, in.Marker, in.MaxItems)
				return &iam.ListRolePoliciesOutput{PolicyNames: names, IsTruncated: more, Marker: next}, err
			}),

		write("DeleteUserPolicy", "UserName! PolicyName!",
			onRow(s, "DeleteUserPolicy", userKind, func(in *iam.DeleteUserPolicyInput) *string { return in.UserName }),
			func(c *op.Call, in *iam.DeleteUserPolicyInput) (*none, error) {
				return s.deleteInline(c, userKind, in.UserName, *in.PolicyName)
			}),
		write("DeleteGroupPolicy", "GroupName! PolicyName!",
			onRow(s, "DeleteGroupPolicy", groupKind, func(in *iam.DeleteGroupPolicyInput) *string { return in.GroupName }),
			func(c *op.Call, in *iam.DeleteGroupPolicyInput) (*none, error) {
				return s.deleteInline(c, groupKind, in.GroupName, *in.PolicyName)
			}),
		write("DeleteRolePolicy", "RoleName! PolicyName!",
			onRow(s, "DeleteRolePolicy", roleKind, func(in *iam.DeleteRolePolicyInput) *string { return in.RoleName }),
			func(c *op.Call, in *iam.DeleteRolePolicyInput) (*none, error) {
				return s.deleteInline(c, roleKind, in.RoleName, *in.PolicyName)
			}),
	}
}

// inlineSize is the quota on all inline policies of one entity together, white
// space not counted.
// Source: IAM User Guide, reference_iam-quotas, "IAM and STS character quotas".
var inlineSize = map[kind]int{userKind: 2048, groupKind: 5120, roleKind: 10240}

func (s *Service) putInline(c *op.Call, k kind, name *string, policyName, text string) (*none, error) {
	e, err := s.mutable(c, k, name)
	if err != nil {
		return nil, err
	}
	doc, err := document(e.ARN()+" inline policy "+policyName, text, identityKind)
	if err != nil {
		return nil, err
	}
	to := e.copy()
	to.Inline = slices.Clone(e.Inline)
	if i, ok := e.findInline(policyName); ok {
		to.Inline[i].Doc = doc
	} else {
		to.Inline = slices.Insert(to.Inline, i, Inline{policyName, doc})
	}
	total := 0
	for _, i := range to.Inline {
		total += size(i.Doc.Text)
	}
	if total > inlineSize[k] {
		return nil, limit("Maximum policy size of %d bytes exceeded for %s %s", inlineSize[k], k, e.Name)
	}
	s.put(to)
	return &none{}, nil
}

func (s *Service) getInline(c *op.Call, k kind, name *string, policyName string) (*Entity, *string, error) {
	e, err := s.must(c, k, name)
	if err != nil {
		return nil, nil, err
	}
	doc := e.inline(policyName)
	if doc == nil {
		return nil, nil, noInline(e, policyName)
	}
	return e, encoded(doc.Text), nil
}

func noInline(e *Entity, name string) error {
	return noSuch("The %s policy with name %s cannot be found.", e.Kind, name)
}

func (s *Service) listInline(c *op.Call, k kind, name, marker *string, max *int32) (names []string, more bool, next *string, err error) {
	e, err := s.must(c, k, name)
	if err != nil {
		return nil, false, nil, err
	}
	all := make([]string, 0, len(e.Inline))
	for _, i := range e.Inline {
		all = append(all, i.Name)
	}
	return page(all, marker, max, func(s string) string { return s })
}

func (s *Service) deleteInline(c *op.Call, k kind, name *string, policyName string) (*none, error) {
	e, err := s.mutable(c, k, name)
	if err != nil {
		return nil, err
	}
	i, ok := e.findInline(policyName)
	if !ok {
		return nil, noInline(e, policyName)
	}
	to := e.copy()
	to.Inline = slices.Delete(slices.Clone(e.Inline), i, i+1)
	s.put(to)
	return &none{}, nil
}
