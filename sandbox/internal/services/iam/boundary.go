package iam

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) boundaryRows() []op.Row {
	return []op.Row{
		write("PutUserPermissionsBoundary", "UserName! PermissionsBoundary!",
			func(c *op.Call, in *iam.PutUserPermissionsBoundaryInput) ([]op.Check, error) {
				return s.on(c, "PutUserPermissionsBoundary", userKind, str(in.UserName), op.Single("iam:PermissionsBoundary", str(in.PermissionsBoundary))), nil
			},
			func(c *op.Call, in *iam.PutUserPermissionsBoundaryInput) (*none, error) {
				return s.setBoundary(c, userKind, in.UserName, str(in.PermissionsBoundary))
			}),
		write("PutRolePermissionsBoundary", "RoleName! PermissionsBoundary!",
			func(c *op.Call, in *iam.PutRolePermissionsBoundaryInput) ([]op.Check, error) {
				return s.on(c, "PutRolePermissionsBoundary", roleKind, str(in.RoleName), op.Single("iam:PermissionsBoundary", str(in.PermissionsBoundary))), nil
			},
			func(c *op.Call, in *iam.PutRolePermissionsBoundaryInput) (*none, error) {
				return s.setBoundary(c, roleKind, in.RoleName, str(in.PermissionsBoundary))
			}),
		write("DeleteUserPermissionsBoundary", "UserName!",
			onRow(s, "DeleteUserPermissionsBoundary", userKind, func(in *iam.DeleteUserPermissionsBoundaryInput) *string { return in.UserName }),
			func(c *op.Call, in *iam.DeleteUserPermissionsBoundaryInput) (*none, error) {
				return s.setBoundary(c, userKind, in.UserName, "")
			}),
		write("DeleteRolePermissionsBoundary", "RoleName!",
			onRow(s, "DeleteRolePermissionsBoundary", roleKind, func(in *iam.DeleteRolePermissionsBoundaryInput) *string { return in.RoleName }),
			func(c *op.Call, in *iam.DeleteRolePermissionsBoundaryInput) (*none, error) {
				return s.setBoundary(c, roleKind, in.RoleName, "")
			}),
	}
}

// setBoundary sets the permissions boundary, or takes it off for "".
func (s *Service) setBoundary(c *op.Call, k kind, name *string, arn string) (*none, error) {
	e, err := s.mutable(c, k, name)
	if err != nil {
		return nil, err
	}
	if arn != "" {
		if err := s.attachable(c.Caller.Account, arn); err != nil {
			return nil, err
		}
	} else if e.Boundary == "" {
		return nil, noSuch("The %s with name %s has no permissions boundary.", k, e.Name)
	}
	to := e.copy()
	to.Boundary = arn
	s.put(to)
	return &none{}, nil
}

// attachable tells whether the ARN is that of a managed policy of the account
// or of AWS.
func (s *Service) attachable(account, arn string) error {
	if p := s.managed(arn); p != nil && (p.Account == account || p.Account == "aws") {
		return nil
	}
	if awsManagedARN(arn) {
		return noSuch("Policy %s does not exist or is not attachable. The sandbox holds only these AWS managed policies: %s.", arn, heldNames())
	}
	if owner, k, _, ok := splitARN(arn); !ok || k != "policy" || owner == "" {
		return invalid("Value '%s' at 'policyArn' failed to satisfy constraint: Member must be the ARN of a policy", arn)
	}
	return noSuch("Policy %s does not exist or is not attachable.", arn)
}

func attachedBoundary(e *Entity) *types.AttachedPermissionsBoundary {
	if e.Boundary == "" {
		return nil
	}
	return &types.AttachedPermissionsBoundary{
		PermissionsBoundaryArn:  aws.String(e.Boundary),
		PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy,
	}
}
