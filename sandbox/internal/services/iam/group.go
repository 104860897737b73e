package iam

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) groupRows() []op.Row {
	return []op.Row{
		write("CreateGroup", "GroupName! Path",
			func(c *op.Call, in *iam.CreateGroupInput) ([]op.Check, error) {
				return s.one(c, "CreateGroup", "arn:aws:iam::"+c.Caller.Account+":group"+pathOr(in.Path)+str(in.GroupName), nil), nil
			}, s.createGroup),
		read("GetGroup", "GroupName! Marker MaxItems", onRow(s, "GetGroup", groupKind, func(in *iam.GetGroupInput) *string { return in.GroupName }), s.getGroup),
		read("ListGroups", "Marker MaxItems PathPrefix",
			func(c *op.Call, in *iam.ListGroupsInput) ([]op.Check, error) {
				return s.one(c, "ListGroups", "arn:aws:iam::"+c.Caller.Account+":group"+prefixOr(in.PathPrefix), nil), nil
			}, s.listGroups),
		read("ListGroupsForUser", "UserName! Marker MaxItems", onRow(s, "ListGroupsForUser", userKind, func(in *iam.ListGroupsForUserInput) *string { return in.UserName }), s.listGroupsForUser),
		write("AddUserToGroup", "GroupName! UserName!", onRow(s, "AddUserToGroup", groupKind, func(in *iam.AddUserToGroupInput) *string { return in.GroupName }), s.addUserToGroup),
		write("RemoveUserFromGroup", "GroupName! UserName!", onRow(s, "RemoveUserFromGroup", groupKind, func(in *iam.RemoveUserFromGroupInput) *string { return in.GroupName }), s.removeUserFromGroup),
		write("UpdateGroup", "GroupName! NewGroupName NewPath",
			func(c *op.Call, in *iam.UpdateGroupInput) ([]op.Check, error) {
				return s.moving(c, "UpdateGroup", groupKind, str(in.GroupName), in.NewPath, in.NewGroupName), nil
			}, s.updateGroup),
		write("DeleteGroup", "GroupName!", onRow(s, "DeleteGroup", groupKind, func(in *iam.DeleteGroupInput) *string { return in.GroupName }), s.deleteGroup),
	}
}

// groupQuota is how many groups a user may be in.
// Source: IAM User Guide, reference_iam-quotas.
const groupQuota = 10

func group(e *Entity) *types.Group {
	return &types.Group{Arn: aws.String(e.ARN()), CreateDate: aws.Time(e.Created), GroupId: aws.String(e.ID), GroupName: aws.String(e.Name), Path: aws.String(e.Path)}
}

func (s *Service) createGroup(c *op.Call, in *iam.CreateGroupInput) (*iam.CreateGroupOutput, error) {
	e, err := s.newEntity(c, groupKind, str(in.GroupName), in.Path, nil, nil)
	if err != nil {
		return nil, err
	}
	s.put(e)
	return &iam.CreateGroupOutput{Group: group(e)}, nil
}

// members lists a group's users by name.
func (s *Service) members(g *Entity) []*Entity {
	var out []*Entity
	for _, u := range s.list(g.Account, userKind, nil) {
		if slices.Contains(u.User.Groups, lowerName(g)) {
			out = append(out, u)
		}
	}
	return out
}

func (s *Service) getGroup(c *op.Call, in *iam.GetGroupInput) (*iam.GetGroupOutput, error) {
	g, err := s.must(c, groupKind, in.GroupName)
	if err != nil {
		return nil, err
	}
	items, more, next, err := page(s.members(g), in.Marker, in.MaxItems, lowerName)
	if err != nil {
		return nil, err
	}
	out := &iam.GetGroupOutput{Group: group(g), Users: []types.User{}, IsTruncated: more, Marker: next}
	for _, u := range items {
		v := *s.user(u)
		v.PermissionsBoundary, v.Tags = nil, nil
		out.Users = append(out.Users, v)
	}
	return out, nil
}

func (s *Service) listGroups(c *op.Call, in *iam.ListGroupsInput) (*iam.ListGroupsOutput, error) {
	items, more, next, err := page(s.list(c.Caller.Account, groupKind, in.PathPrefix), in.Marker, in.MaxItems, lowerName)
	if err != nil {
		return nil, err
	}
	return &iam.ListGroupsOutput{Groups: groups(items), IsTruncated: more, Marker: next}, nil
}

func groups(entities []*Entity) []types.Group {
	out := []types.Group{}
	for _, e := range entities {
		out = append(out, *group(e))
	}
	return out
}

func (s *Service) listGroupsForUser(c *op.Call, in *iam.ListGroupsForUserInput) (*iam.ListGroupsForUserOutput, error) {
	u, err := s.must(c, userKind, in.UserName)
	if err != nil {
		return nil, err
	}
	items, more, next, err := page(s.groupsOf(u), in.Marker, in.MaxItems, lowerName)
	if err != nil {
		return nil, err
	}
	return &iam.ListGroupsForUserOutput{Groups: groups(items), IsTruncated: more, Marker: next}, nil
}

// groupsOf lists a user's groups by name.
func (s *Service) groupsOf(u *Entity) []*Entity {
	var out []*Entity
	for _, name := range u.User.Groups {
		if g := s.entity(u.Account, groupKind, name); g != nil {
			out = append(out, g)
		}
	}
	return out
}

func (s *Service) addUserToGroup(c *op.Call, in *iam.AddUserToGroupInput) (*none, error) {
	g, err := s.must(c, groupKind, in.GroupName)
	if err != nil {
		return nil, err
	}
	u, err := s.must(c, userKind, in.UserName)
	if err != nil {
		return nil, err
	}
	i, ok := slices.BinarySearch(u.User.Groups, lowerName(g))
	if ok {
		return &none{}, nil
	}
	if len(u.User.Groups) >= groupQuota {
		return nil, limit("Cannot exceed quota for GroupsPerUser: %d", groupQuota)
	}
	to := u.copy()
	to.User.Groups = slices.Insert(slices.Clone(u.User.Groups), i, lowerName(g))
	s.put(to)
	return &none{}, nil
}

func (s *Service) removeUserFromGroup(c *op.Call, in *iam.RemoveUserFromGroupInput) (*none, error) {
	g, err := s.must(c, groupKind, in.GroupName)
	if err != nil {
		return nil, err
	}
	u, err := s.must(c, userKind, in.UserName)
	if err != nil {
		return nil, err
	}
	if slices.Contains(u.User.Groups, lowerName(g)) {
		s.leave(u, lowerName(g), "")
	}
	return &none{}, nil
}

// leave takes a user out of a group, and puts it into the group "to" unless
// that is empty.
func (s *Service) leave(u *Entity, from, to string) {
	n := u.copy()
	n.User.Groups = slices.DeleteFunc(slices.Clone(u.User.Groups), func(g string) bool { return g == from })
	if to != "" {
		n.User.Groups = append(n.User.Groups, to)
		slices.Sort(n.User.Groups)
	}
	s.put(n)
}

func (s *Service) updateGroup(c *op.Call, in *iam.UpdateGroupInput) (*none, error) {
	g, err := s.must(c, groupKind, in.GroupName)
	if err != nil {
		return nil, err
	}
	members := s.members(g)
	if err := s.rename(g, in.NewPath, in.NewGroupName); err != nil {
		return nil, err
	}
	if to := strings.ToLower(str(in.NewGroupName)); to != "" && to != lowerName(g) {
		for _, u := range members {
			s.leave(u, lowerName(g), to)
		}
	}
	return &none{}, nil
}

func (s *Service) deleteGroup(c *op.Call, in *iam.DeleteGroupInput) (*none, error) {
	g, err := s.must(c, groupKind, in.GroupName)
	if err != nil {
		return nil, err
	}
	switch {
	case len(s.members(g)) > 0:
		return nil, conflict("Cannot delete entity, must remove users from group first.")
	case len(g.Inline) > 0:
		return nil, conflict("Cannot delete entity, must delete policies first.")
	case len(g.Attached) > 0:
		return nil, conflict("Cannot delete entity, must detach all policies first.")
	}
	s.remove(g)
	return &none{}, nil
}
