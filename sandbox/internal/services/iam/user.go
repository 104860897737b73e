package iam

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) userRows() []op.Row {
	return []op.Row{
		write("CreateUser", "UserName! Path PermissionsBoundary Tags", s.checkCreateUser, s.createUser),
		read("GetUser", "UserName", s.checkGetUser, s.getUser),
		read("ListUsers", "Marker MaxItems PathPrefix",
			func(c *op.Call, in *iam.ListUsersInput) ([]op.Check, error) {
				return s.one(c, "ListUsers", "arn:aws:iam::"+c.Caller.Account+":user"+prefixOr(in.PathPrefix), nil), nil
			}, s.listUsers),
		write("UpdateUser", "UserName! NewPath NewUserName", s.checkUpdateUser, s.updateUser),
		write("DeleteUser", "UserName!", onRow(s, "DeleteUser", userKind, func(in *iam.DeleteUserInput) *string { return in.UserName }), s.deleteUser),
	}
}

func prefixOr(p *string) string {
	if p == nil {
		return "/"
	}
	return *p
}

func pathOr(p *string) string { return prefixOr(p) }

func (s *Service) user(e *Entity) *types.User {
	return &types.User{
		Arn: aws.String(e.ARN()), CreateDate: aws.Time(e.Created), Path: aws.String(e.Path),
		UserId: aws.String(e.ID), UserName: aws.String(e.Name),
		PermissionsBoundary: attachedBoundary(e), Tags: sdkTags(e.Tags),
	}
}

func (s *Service) checkCreateUser(c *op.Call, in *iam.CreateUserInput) ([]op.Check, error) {
	arn := "arn:aws:iam::" + c.Caller.Account + ":user" + pathOr(in.Path) + str(in.UserName)
	return s.creating(c, "CreateUser", "TagUser", arn, in.Tags, in.PermissionsBoundary), nil
}

func (s *Service) createUser(c *op.Call, in *iam.CreateUserInput) (*iam.CreateUserOutput, error) {
	e, err := s.newEntity(c, userKind, str(in.UserName), in.Path, in.Tags, in.PermissionsBoundary)
	if err != nil {
		return nil, err
	}
	if len(e.Name) > 64 {
		return nil, invalid("Value '%s' at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64", e.Name)
	}
	e.User = &UserPart{}
	s.put(e)
	return &iam.CreateUserOutput{User: s.user(e)}, nil
}

// newEntity makes a user, group or role that is not yet stored.
func (s *Service) newEntity(c *op.Call, k kind, name string, path *string, tags []types.Tag, boundary *string) (*Entity, error) {
	if s.entity(c.Caller.Account, k, name) != nil {
		return nil, exists("%s with name %s already exists.", k.title(), name)
	}
	own, err := newTags(nil, tags)
	if err != nil {
		return nil, err
	}
	if boundary != nil {
		if err := s.attachable(c.Caller.Account, *boundary); err != nil {
			return nil, err
		}
	}
	return &Entity{Kind: k, Account: c.Caller.Account, Name: name, Path: pathOr(path), Created: c.Now,
		ID: UniqueID(c.Rand, k.idPrefix()), Tags: own, Boundary: str(boundary)}, nil
}

// self gives the name of the caller's user when the request names none.
// Source: IAM API_GetUser, "UserName": determined implicitly from the access
// key that signs the request.
func self(s *Service, c *op.Call, name *string) (*string, error) {
	if name != nil {
		return name, nil
	}
	if c.Caller.Principal.Type == policy.User {
		if u := s.byID(c.Caller.Principal.ID); u != nil {
			return &u.Name, nil
		}
	}
	return nil, op.Errorf(400, "ValidationError", "Must specify userName when calling with non-User credentials")
}

func (s *Service) checkGetUser(c *op.Call, in *iam.GetUserInput) ([]op.Check, error) {
	if in.UserName == nil && c.Caller.Principal.Type == policy.Root {
		return s.one(c, "GetUser", c.Caller.Principal.ARN, nil), nil
	}
	name, err := self(s, c, in.UserName)
	if err != nil {
		return nil, err
	}
	return s.on(c, "GetUser", userKind, *name), nil
}

func (s *Service) getUser(c *op.Call, in *iam.GetUserInput) (*iam.GetUserOutput, error) {
	if in.UserName == nil && c.Caller.Principal.Type == policy.Root {
		a := s.accounts.Get(c.Caller.Account)
		return &iam.GetUserOutput{User: &types.User{Arn: aws.String(c.Caller.Principal.ARN), UserId: aws.String(a.ID), CreateDate: aws.Time(a.Created)}}, nil
	}
	name, err := self(s, c, in.UserName)
	if err != nil {
		return nil, err
	}
	e, err := s.must(c, userKind, name)
	if err != nil {
		return nil, err
	}
	return &iam.GetUserOutput{User: s.user(e)}, nil
}

// list collects the account's users, groups or roles under a path.
func (s *Service) list(account string, k kind, prefix *string) []*Entity {
	var out []*Entity
	for _, e := range s.entities.Prefix(account + "/" + string(k) + "/") {
		if strings.HasPrefix(e.Path+e.Name, prefixOr(prefix)) {
			out = append(out, e)
		}
	}
	return out
}

func lowerName(e *Entity) string { return strings.ToLower(e.Name) }

func (s *Service) listUsers(c *op.Call, in *iam.ListUsersInput) (*iam.ListUsersOutput, error) {
	items, more, next, err := page(s.list(c.Caller.Account, userKind, in.PathPrefix), in.Marker, in.MaxItems, lowerName)
	if err != nil {
		return nil, err
	}
	out := &iam.ListUsersOutput{Users: []types.User{}, IsTruncated: more, Marker: next}
	for _, e := range items {
		u := *s.user(e)
		// Source: IAM API_ListUsers: the list leaves out PermissionsBoundary and Tags.
		u.PermissionsBoundary, u.Tags = nil, nil
		out.Users = append(out.Users, u)
	}
	return out, nil
}

func (s *Service) checkUpdateUser(c *op.Call, in *iam.UpdateUserInput) ([]op.Check, error) {
	return s.moving(c, "UpdateUser", userKind, str(in.UserName), in.NewPath, in.NewUserName), nil
}

// moving is the check of a rename: on what it was, and on what it becomes.
// Source: IAM API_UpdateUser and API_UpdateGroup: permission is needed on both
// the source object and the target object.
func (s *Service) moving(c *op.Call, action string, k kind, name string, newPath, newName *string) []op.Check {
	checks := s.on(c, action, k, name)
	e := s.entity(c.Caller.Account, k, name)
	if e == nil {
		return checks
	}
	to := e.copy()
	to.move(newPath, newName)
	if to.ARN() != e.ARN() {
		checks = append(checks, s.one(c, action, to.ARN(), e.Tags)...)
	}
	return checks
}

func (e *Entity) move(path, name *string) {
	if path != nil {
		e.Path = *path
	}
	if name != nil {
		e.Name = *name
	}
}

func (s *Service) updateUser(c *op.Call, in *iam.UpdateUserInput) (*none, error) {
	e, err := s.must(c, userKind, in.UserName)
	if err != nil {
		return nil, err
	}
	return &none{}, s.rename(e, in.NewPath, in.NewUserName)
}

// rename changes an entity's path and name, if the new name is free.
func (s *Service) rename(e *Entity, path, name *string) error {
	to := e.copy()
	to.move(path, name)
	if to.key() != e.key() {
		if s.entities.Get(to.key()) != nil {
			return exists("%s with name %s already exists.", e.Kind.title(), to.Name)
		}
		s.entities.Delete(e.key())
	}
	s.put(to)
	return nil
}

func (s *Service) deleteUser(c *op.Call, in *iam.DeleteUserInput) (*none, error) {
	e, err := s.must(c, userKind, in.UserName)
	if err != nil {
		return nil, err
	}
	switch {
	case len(e.Inline) > 0:
		return nil, conflict("Cannot delete entity, must delete policies first.")
	case len(e.Attached) > 0:
		return nil, conflict("Cannot delete entity, must detach all policies first.")
	case len(e.User.Groups) > 0:
		return nil, conflict("Cannot delete entity, must remove users from group first.")
	case len(e.User.Keys) > 0:
		return nil, conflict("Cannot delete entity, must delete access keys first.")
	case e.User.Login != nil:
		return nil, conflict("Cannot delete entity, must delete login profile first.")
	case slices.ContainsFunc(s.listDevices(e.Account), func(d *Device) bool { return d.Owner == e.ID }):
		return nil, conflict("Cannot delete entity, must delete MFA device first.")
	}
	s.remove(e)
	return &none{}, nil
}

// listDevices collects the account's MFA devices.
func (s *Service) listDevices(account string) []*Device {
	var out []*Device
	for _, d := range s.devices.Prefix(account + "/") {
		out = append(out, d)
	}
	return out
}
