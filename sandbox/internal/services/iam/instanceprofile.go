package iam

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// InstanceProfile holds at most one role. Its key is "ACCOUNT/lower-name".
type InstanceProfile struct {
	Account string
	Name    string
	Path    string
	ID      string
	Created time.Time
	Tags    []Tag `json:",omitempty"`
	// Role is the unique ID of the role; empty: none.
	Role string `json:",omitempty"`
}

// ARN of the instance profile.
func (p *InstanceProfile) ARN() string {
	return "arn:aws:iam::" + p.Account + ":instance-profile" + p.Path + p.Name
}

func (p *InstanceProfile) key() string { return p.Account + "/" + strings.ToLower(p.Name) }

func (s *Service) profileRows() []op.Row {
	return []op.Row{
		write("CreateInstanceProfile", "InstanceProfileName! Path Tags",
			func(c *op.Call, in *iam.CreateInstanceProfileInput) ([]op.Check, error) {
				p := InstanceProfile{Account: c.Caller.Account, Path: pathOr(in.Path), Name: str(in.InstanceProfileName)}
				return s.creating(c, "CreateInstanceProfile", "TagInstanceProfile", p.ARN(), in.Tags, nil), nil
			}, s.createProfile),
		read("GetInstanceProfile", "InstanceProfileName!",
			func(c *op.Call, in *iam.GetInstanceProfileInput) ([]op.Check, error) {
				return s.onProfile(c, "GetInstanceProfile", in.InstanceProfileName), nil
			},
			func(c *op.Call, in *iam.GetInstanceProfileInput) (*iam.GetInstanceProfileOutput, error) {
				p, err := s.mustProfile(c, in.InstanceProfileName)
				if err != nil {
					return nil, err
				}
				return &iam.GetInstanceProfileOutput{InstanceProfile: s.profileView(p)}, nil
			}),
		read("ListInstanceProfiles", "Marker MaxItems PathPrefix",
			func(c *op.Call, in *iam.ListInstanceProfilesInput) ([]op.Check, error) {
				return s.one(c, "ListInstanceProfiles", "arn:aws:iam::"+c.Caller.Account+":instance-profile"+prefixOr(in.PathPrefix), nil), nil
			}, s.listProfiles),
		read("ListInstanceProfilesForRole", "RoleName! Marker MaxItems",
			onRow(s, "ListInstanceProfilesForRole", roleKind, func(in *iam.ListInstanceProfilesForRoleInput) *string { return in.RoleName }), s.listProfilesForRole),
		// Source: Service Authorization Reference, IAM: the dependent action of
		// AddRoleToInstanceProfile is iam:PassRole.
		write("AddRoleToInstanceProfile", "InstanceProfileName! RoleName!",
			func(c *op.Call, in *iam.AddRoleToInstanceProfileInput) ([]op.Check, error) {
				checks := s.onProfile(c, "AddRoleToInstanceProfile", in.InstanceProfileName)
				return append(checks, s.on(c, "PassRole", roleKind, str(in.RoleName), op.Single("iam:PassedToService", "ec2.amazonaws.com"))...), nil
			}, s.addRoleToProfile),
		write("RemoveRoleFromInstanceProfile", "InstanceProfileName! RoleName!",
			func(c *op.Call, in *iam.RemoveRoleFromInstanceProfileInput) ([]op.Check, error) {
				return s.onProfile(c, "RemoveRoleFromInstanceProfile", in.InstanceProfileName), nil
			}, s.removeRoleFromProfile),
		write("DeleteInstanceProfile", "InstanceProfileName!",
			func(c *op.Call, in *iam.DeleteInstanceProfileInput) ([]op.Check, error) {
				return s.onProfile(c, "DeleteInstanceProfile", in.InstanceProfileName), nil
			},
			func(c *op.Call, in *iam.DeleteInstanceProfileInput) (*none, error) {
				p, err := s.mustProfile(c, in.InstanceProfileName)
				if err != nil {
					return nil, err
				}
				if p.Role != "" {
					return nil, conflict("Cannot delete entity, must remove roles from instance profile first.")
				}
				s.profiles.Delete(p.key())
				return &none{}, nil
			}),
	}
}

func (s *Service) profile(account, name string) *InstanceProfile {
	return s.profiles.Get(account + "/" + strings.ToLower(name))
}

func (s *Service) mustProfile(c *op.Call, name *string) (*InstanceProfile, error) {
	if p := s.profile(c.Caller.Account, str(name)); p != nil {
		return p, nil
	}
	return nil, noSuch("Instance Profile %s cannot be found.", str(name))
}

func (s *Service) onProfile(c *op.Call, action string, name *string, keys ...op.Key) []op.Check {
	p := s.profile(c.Caller.Account, str(name))
	if p == nil {
		p = &InstanceProfile{Account: c.Caller.Account, Path: "/", Name: str(name)}
	}
	return s.one(c, action, p.ARN(), p.Tags, keys...)
}

func (s *Service) profileView(p *InstanceProfile) *types.InstanceProfile {
	v := &types.InstanceProfile{Arn: aws.String(p.ARN()), CreateDate: aws.Time(p.Created), InstanceProfileId: &p.ID,
		InstanceProfileName: &p.Name, Path: &p.Path, Tags: sdkTags(p.Tags), Roles: []types.Role{}}
	if role := s.byID(p.Role); role != nil {
		v.Roles = append(v.Roles, *s.role(role))
	}
	return v
}

func (s *Service) createProfile(c *op.Call, in *iam.CreateInstanceProfileInput) (*iam.CreateInstanceProfileOutput, error) {
	p := &InstanceProfile{Account: c.Caller.Account, Name: *in.InstanceProfileName, Path: pathOr(in.Path), Created: c.Now}
	if s.profiles.Get(p.key()) != nil {
		return nil, exists("Instance Profile %s already exists.", p.Name)
	}
	var err error
	if p.Tags, err = newTags(nil, in.Tags); err != nil {
		return nil, err
	}
	p.ID = UniqueID(c.Rand, "AIPA")
	s.profiles.Put(p.key(), p)
	return &iam.CreateInstanceProfileOutput{InstanceProfile: s.profileView(p)}, nil
}

func (s *Service) pageProfiles(account string, keep func(*InstanceProfile) bool, marker *string, max *int32) ([]types.InstanceProfile, bool, *string, error) {
	var all []*InstanceProfile
	for _, p := range s.profiles.Prefix(account + "/") {
		if keep(p) {
			all = append(all, p)
		}
	}
	items, more, next, err := page(all, marker, max, (*InstanceProfile).key)
	out := []types.InstanceProfile{}
	for _, p := range items {
		out = append(out, *s.profileView(p))
	}
	return out, more, next, err
}

func (s *Service) listProfiles(c *op.Call, in *iam.ListInstanceProfilesInput) (*iam.ListInstanceProfilesOutput, error) {
	items, more, next, err := s.pageProfiles(c.Caller.Account, func(p *InstanceProfile) bool { return strings.HasPrefix(p.Path, prefixOr(in.PathPrefix)) }, in.Marker, in.MaxItems)
	return &iam.ListInstanceProfilesOutput{InstanceProfiles: items, IsTruncated: more, Marker: next}, err
}

func (s *Service) listProfilesForRole(c *op.Call, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
	role, err := s.must(c, roleKind, in.RoleName)
	if err != nil {
		return nil, err
	}
	items, more, next, err := s.pageProfiles(c.Caller.Account, func(p *InstanceProfile) bool { return p.Role == role.ID }, in.Marker, in.MaxItems)
	return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: items, IsTruncated: more, Marker: next}, err
}

func (s *Service) addRoleToProfile(c *op.Call, in *iam.AddRoleToInstanceProfileInput) (*none, error) {
	p, err := s.mustProfile(c, in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	role, err := s.mutable(c, roleKind, in.RoleName)
	if err != nil {
		return nil, err
	}
	if p.Role != "" {
		return nil, limit("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	}
	to := *p
	to.Role = role.ID
	s.profiles.Put(to.key(), &to)
	return &none{}, nil
}

func (s *Service) removeRoleFromProfile(c *op.Call, in *iam.RemoveRoleFromInstanceProfileInput) (*none, error) {
	p, err := s.mustProfile(c, in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	role, err := s.must(c, roleKind, in.RoleName)
	if err != nil {
		return nil, err
	}
	if p.Role != role.ID {
		return nil, noSuch("The role %s is not in the instance profile %s.", role.Name, p.Name)
	}
	to := *p
	to.Role = ""
	s.profiles.Put(to.key(), &to)
	return &none{}, nil
}
