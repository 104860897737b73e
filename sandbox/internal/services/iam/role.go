package iam

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) roleRows() []op.Row {
	return []op.Row{
		write("CreateRole", "RoleName! AssumeRolePolicyDocument! Path Description MaxSessionDuration PermissionsBoundary Tags", s.checkCreateRole, s.createRole),
		read("GetRole", "RoleName!", onRow(s, "GetRole", roleKind, func(in *iam.GetRoleInput) *string { return in.RoleName }), s.getRole),
		read("ListRoles", "Marker MaxItems PathPrefix",
			func(c *op.Call, in *iam.ListRolesInput) ([]op.Check, error) {
				return s.one(c, "ListRoles", "arn:aws:iam::"+c.Caller.Account+":role"+prefixOr(in.PathPrefix), nil), nil
			}, s.listRoles),
		write("UpdateRole", "RoleName! Description MaxSessionDuration", onRow(s, "UpdateRole", roleKind, func(in *iam.UpdateRoleInput) *string { return in.RoleName }), s.updateRole),
		write("UpdateRoleDescription", "RoleName! Description!", onRow(s, "UpdateRoleDescription", roleKind, func(in *iam.UpdateRoleDescriptionInput) *string { return in.RoleName }), s.updateRoleDescription),
		write("UpdateAssumeRolePolicy", "RoleName! PolicyDocument!", onRow(s, "UpdateAssumeRolePolicy", roleKind, func(in *iam.UpdateAssumeRolePolicyInput) *string { return in.RoleName }), s.updateAssumeRolePolicy),
		write("DeleteRole", "RoleName!", onRow(s, "DeleteRole", roleKind, func(in *iam.DeleteRoleInput) *string { return in.RoleName }), s.deleteRole),
	}
}

// trustSize is the quota on a role's trust policy, white space not counted.
// Source: IAM User Guide, reference_iam-quotas.
const trustSize = 2048

// encoded is a policy document as responses carry it.
// Source: IAM API_GetRole: documents are URL-encoded compliant with RFC 3986.
func encoded(document string) *string {
	return aws.String(strings.ReplaceAll(url.QueryEscape(document), "+", "%20"))
}

// role is the full description; lists leave parts of it out.
func (s *Service) role(e *Entity) *types.Role {
	r := &types.Role{
		Arn: aws.String(e.ARN()), CreateDate: aws.Time(e.Created), Path: aws.String(e.Path),
		RoleId: aws.String(e.ID), RoleName: aws.String(e.Name),
		AssumeRolePolicyDocument: encoded(s.read(e.Role.Trust)),
		MaxSessionDuration:       aws.Int32(e.Role.MaxSession),
		PermissionsBoundary:      attachedBoundary(e), Tags: sdkTags(e.Tags),
	}
	if e.Role.Description != "" {
		r.Description = aws.String(e.Role.Description)
	}
	return r
}

func (s *Service) checkCreateRole(c *op.Call, in *iam.CreateRoleInput) ([]op.Check, error) {
	arn := "arn:aws:iam::" + c.Caller.Account + ":role" + pathOr(in.Path) + str(in.RoleName)
	return s.creating(c, "CreateRole", "TagRole", arn, in.Tags, in.PermissionsBoundary), nil
}

func (s *Service) createRole(c *op.Call, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	if strings.HasPrefix(pathOr(in.Path), "/aws-service-role/") || strings.HasPrefix(pathOr(in.Path), "/aws-reserved/") {
		return nil, badInput("The path %s is reserved for roles that AWS makes", pathOr(in.Path))
	}
	e, err := s.newEntity(c, roleKind, str(in.RoleName), in.Path, in.Tags, in.PermissionsBoundary)
	if err != nil {
		return nil, err
	}
	doc, err := s.trustOf(e, str(in.AssumeRolePolicyDocument))
	if err != nil {
		return nil, err
	}
	e.Role = &RolePart{Trust: doc, Description: str(in.Description), MaxSession: 3600}
	if in.MaxSessionDuration != nil {
		e.Role.MaxSession = *in.MaxSessionDuration
	}
	s.put(e)
	out := s.role(e)
	return &iam.CreateRoleOutput{Role: out}, nil
}

// trustOf compiles a new trust policy for the role.
func (s *Service) trustOf(e *Entity, text string) (*Document, error) {
	if n := size(text); n > trustSize {
		return nil, limit("Cannot exceed quota for ACLSizePerRole: %d", trustSize)
	}
	doc, err := s.trust(e.ARN()+" trust policy", text)
	if err != nil {
		return nil, err
	}
	return doc, checkSharedIssuers(text)
}

// size is a document's length as quotas count it, without white space.
func size(text string) int {
	n := 0
	for _, r := range text {
		if r != ' ' && r != '\t' && r != '\n' && r != '\r' {
			n++
		}
	}
	return n
}

func (s *Service) getRole(c *op.Call, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	e, err := s.must(c, roleKind, in.RoleName)
	if err != nil {
		return nil, err
	}
	r := s.role(e)
	r.RoleLastUsed = &types.RoleLastUsed{}
	if u := s.roleUsed(e); u != nil {
		r.RoleLastUsed = &types.RoleLastUsed{LastUsedDate: aws.Time(u.at), Region: aws.String(u.region)}
	}
	return &iam.GetRoleOutput{Role: r}, nil
}

func (s *Service) listRoles(c *op.Call, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	items, more, next, err := page(s.list(c.Caller.Account, roleKind, in.PathPrefix), in.Marker, in.MaxItems, lowerName)
	if err != nil {
		return nil, err
	}
	out := &iam.ListRolesOutput{Roles: []types.Role{}, IsTruncated: more, Marker: next}
	for _, e := range items {
		r := *s.role(e)
		// Source: IAM API_ListRoles: the list leaves out PermissionsBoundary,
		// RoleLastUsed and Tags.
		r.PermissionsBoundary, r.Tags = nil, nil
		out.Roles = append(out.Roles, r)
	}
	return out, nil
}

func (s *Service) updateRole(c *op.Call, in *iam.UpdateRoleInput) (*iam.UpdateRoleOutput, error) {
	// Source: IAM User Guide, "Edit a service-linked role description": it is
	// the only thing that a person may change of one.
	find := s.mutable
	if in.MaxSessionDuration == nil {
		find = s.must
	}
	e, err := find(c, roleKind, in.RoleName)
	if err != nil {
		return nil, err
	}
	to := e.copy()
	// Source: IAM API_UpdateRole: both members are optional; what is not sent
	// stays.
	if in.Description != nil {
		to.Role.Description = *in.Description
	}
	if in.MaxSessionDuration != nil {
		to.Role.MaxSession = *in.MaxSessionDuration
	}
	s.put(to)
	return &iam.UpdateRoleOutput{}, nil
}

func (s *Service) updateRoleDescription(c *op.Call, in *iam.UpdateRoleDescriptionInput) (*iam.UpdateRoleDescriptionOutput, error) {
	// Source: IAM API_UpdateRoleDescription: it may change a service-linked
	// role's description too.
	e, err := s.must(c, roleKind, in.RoleName)
	if err != nil {
		return nil, err
	}
	to := e.copy()
	to.Role.Description = *in.Description
	s.put(to)
	return &iam.UpdateRoleDescriptionOutput{Role: s.role(to)}, nil
}

func (s *Service) updateAssumeRolePolicy(c *op.Call, in *iam.UpdateAssumeRolePolicyInput) (*none, error) {
	e, err := s.mutable(c, roleKind, in.RoleName)
	if err != nil {
		return nil, err
	}
	doc, err := s.trustOf(e, *in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	to := e.copy()
	to.Role.Trust = doc
	s.put(to)
	return &none{}, nil
}

func (s *Service) deleteRole(c *op.Call, in *iam.DeleteRoleInput) (*none, error) {
	e, err := s.mutable(c, roleKind, in.RoleName)
	if err != nil {
		return nil, err
	}
	switch {
	case len(e.Inline) > 0:
		return nil, conflict("Cannot delete entity, must delete policies first.")
	case len(e.Attached) > 0:
		return nil, conflict("Cannot delete entity, must detach all policies first.")
	case s.profileOf(e) != nil:
		return nil, conflict("Cannot delete entity, must remove roles from instance profile first.")
	}
	s.remove(e)
	return &none{}, nil
}

// profileOf finds an instance profile that holds the role; nil: none does.
func (s *Service) profileOf(e *Entity) *InstanceProfile {
	for _, p := range s.profiles.Prefix(e.Account + "/") {
		if p.Role == e.ID {
			return p
		}
	}
	return nil
}
