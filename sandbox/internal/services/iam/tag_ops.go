package iam

import (
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// taggable is a noun that has tags: how to check, find and change it.
type taggable struct {
	// check adds the keys to the check on the named resource.
	check func(c *op.Call, action string, name *string, keys ...op.Key) []op.Check
	// tags finds the resource's tags.
	tags func(c *op.Call, name *string) ([]Tag, error)
	// set stores new tags on the resource that tags found.
	set func(c *op.Call, name *string, tags []Tag)
}

func (s *Service) taggableEntity(k kind) taggable {
	return taggable{
		check: func(c *op.Call, action string, name *string, keys ...op.Key) []op.Check {
			return s.on(c, action, k, str(name), keys...)
		},
		tags: func(c *op.Call, name *string) ([]Tag, error) {
			e, err := s.must(c, k, name)
			if err != nil {
				return nil, err
			}
			return e.Tags, nil
		},
		set: func(c *op.Call, name *string, tags []Tag) {
			to := s.entity(c.Caller.Account, k, str(name)).copy()
			to.Tags = tags
			s.put(to)
		},
	}
}

func (s *Service) taggablePolicy() taggable {
	return taggable{
		check: func(c *op.Call, action string, arn *string, keys ...op.Key) []op.Check {
			var tags []Tag
			if p := s.ownPolicy(c, arn); p != nil {
				tags = p.Tags
			}
			return s.one(c, action, str(arn), tags, keys...)
		},
		tags: func(c *op.Call, arn *string) ([]Tag, error) {
			p, err := s.mustPolicy(c, arn)
			if err != nil {
				return nil, err
			}
			return p.Tags, nil
		},
		set: func(c *op.Call, arn *string, tags []Tag) {
			to := *s.ownPolicy(c, arn)
			to.Tags = tags
			s.policies.Put(to.key(), &to)
		},
	}
}

func (s *Service) taggableProvider() taggable {
	return taggable{
		check: func(c *op.Call, action string, arn *string, keys ...op.Key) []op.Check {
			var tags []Tag
			if p := s.providerByARN(c, arn); p != nil {
				tags = p.Tags
			}
			return s.one(c, action, str(arn), tags, keys...)
		},
		tags: func(c *op.Call, arn *string) ([]Tag, error) {
			p, err := s.mustProvider(c, arn)
			if err != nil {
				return nil, err
			}
			return p.Tags, nil
		},
		set: func(c *op.Call, arn *string, tags []Tag) {
			to := *s.providerByARN(c, arn)
			to.Tags = tags
			s.providers.Put(to.key(), &to)
		},
	}
}

func (s *Service) taggableDevice() taggable {
	return taggable{
		check: func(c *op.Call, action string, serial *string, keys ...op.Key) []op.Check {
			var tags []Tag
			if d := s.devices.Get(c.Caller.Account + "/" + str(serial)); d != nil {
				tags = d.Tags
			}
			return s.one(c, action, str(serial), tags, keys...)
		},
		tags: func(c *op.Call, serial *string) ([]Tag, error) {
			d, err := s.mustDevice(c, serial)
			if err != nil {
				return nil, err
			}
			return d.Tags, nil
		},
		set: func(c *op.Call, serial *string, tags []Tag) {
			to := *s.devices.Get(c.Caller.Account + "/" + *serial)
			to.Tags = tags
			s.devices.Put(to.key(), &to)
		},
	}
}

func (s *Service) taggableProfile() taggable {
	return taggable{
		check: s.onProfile,
		tags: func(c *op.Call, name *string) ([]Tag, error) {
			p, err := s.mustProfile(c, name)
			if err != nil {
				return nil, err
			}
			return p.Tags, nil
		},
		set: func(c *op.Call, name *string, tags []Tag) {
			to := *s.profile(c.Caller.Account, *name)
			to.Tags = tags
			s.profiles.Put(to.key(), &to)
		},
	}
}

// tagRow, untagRow and listTagsRow make the three operations of a noun.
func tagRow[In any](t taggable, action, member string, read func(*In) (*string, []types.Tag)) op.Row {
	return write(action, member+"! Tags!",
		func(c *op.Call, in *In) ([]op.Check, error) {
			name, tags := read(in)
			return t.check(c, action, name, tagKeys(tags)...), nil
		},
		func(c *op.Call, in *In) (*none, error) {
			name, add := read(in)
			old, err := t.tags(c, name)
			if err != nil {
				return nil, err
			}
			tags, err := newTags(old, add)
			if err != nil {
				return nil, err
			}
			if name != nil && awsManagedARN(*name) {
				return nil, op.Errorf(403, "AccessDenied", "Cannot modify the AWS managed policy %s", *name)
			}
			t.set(c, name, tags)
			return &none{}, nil
		})
}

func untagRow[In any](t taggable, action, member string, read func(*In) (*string, []string)) op.Row {
	return write(action, member+"! TagKeys!",
		func(c *op.Call, in *In) ([]op.Check, error) {
			name, keys := read(in)
			return t.check(c, action, name, op.Multi("aws:TagKeys", keys...)), nil
		},
		func(c *op.Call, in *In) (*none, error) {
			name, keys := read(in)
			old, err := t.tags(c, name)
			if err != nil {
				return nil, err
			}
			if name != nil && awsManagedARN(*name) {
				return nil, op.Errorf(403, "AccessDenied", "Cannot modify the AWS managed policy %s", *name)
			}
			t.set(c, name, withoutTags(old, keys))
			return &none{}, nil
		})
}

func listTagsRow[In, Out any](t taggable, action, member string, split func(*In) (name, marker *string, max *int32), join func([]types.Tag, bool, *string) *Out) op.Row {
	return read(action, member+"! Marker MaxItems",
		func(c *op.Call, in *In) ([]op.Check, error) {
			name, _, _ := split(in)
			return t.check(c, action, name), nil
		},
		func(c *op.Call, in *In) (*Out, error) {
			name, marker, max := split(in)
			tags, err := t.tags(c, name)
			if err != nil {
				return nil, err
			}
			items, more, next, err := page(sdkTags(tags), marker, max, func(t types.Tag) string { return *t.Key })
			return join(items, more, next), err
		})
}

func (s *Service) tagRows() []op.Row {
	user, role := s.taggableEntity(userKind), s.taggableEntity(roleKind)
	pol, prov, dev, prof := s.taggablePolicy(), s.taggableProvider(), s.taggableDevice(), s.taggableProfile()
	return []op.Row{
		tagRow(user, "TagUser", "UserName", func(in *iam.TagUserInput) (*string, []types.Tag) { return in.UserName, in.Tags }),
		tagRow(role, "TagRole", "RoleName", func(in *iam.TagRoleInput) (*string, []types.Tag) { return in.RoleName, in.Tags }),
		tagRow(pol, "TagPolicy", "PolicyArn", func(in *iam.TagPolicyInput) (*string, []types.Tag) { return in.PolicyArn, in.Tags }),
		tagRow(prov, "TagOpenIDConnectProvider", "OpenIDConnectProviderArn", func(in *iam.TagOpenIDConnectProviderInput) (*string, []types.Tag) {
			return in.OpenIDConnectProviderArn, in.Tags
		}),
		tagRow(dev, "TagMFADevice", "SerialNumber", func(in *iam.TagMFADeviceInput) (*string, []types.Tag) { return in.SerialNumber, in.Tags }),
		tagRow(prof, "TagInstanceProfile", "InstanceProfileName", func(in *iam.TagInstanceProfileInput) (*string, []types.Tag) { return in.InstanceProfileName, in.Tags }),

		untagRow(user, "UntagUser", "UserName", func(in *iam.UntagUserInput) (*string, []string) { return in.UserName, in.TagKeys }),
		untagRow(role, "UntagRole", "RoleName", func(in *iam.UntagRoleInput) (*string, []string) { return in.RoleName, in.TagKeys }),
		untagRow(pol, "UntagPolicy", "PolicyArn", func(in *iam.UntagPolicyInput) (*string, []string) { return in.PolicyArn, in.TagKeys }),
		untagRow(prov, "UntagOpenIDConnectProvider", "OpenIDConnectProviderArn", func(in *iam.UntagOpenIDConnectProviderInput) (*string, []string) {
			return in.OpenIDConnectProviderArn, in.TagKeys
		}),
		untagRow(dev, "UntagMFADevice", "SerialNumber", func(in *iam.UntagMFADeviceInput) (*string, []string) { return in.SerialNumber, in.TagKeys }),
		untagRow(prof, "UntagInstanceProfile", "InstanceProfileName", func(in *iam.UntagInstanceProfileInput) (*string, []string) { return in.InstanceProfileName, in.TagKeys }),

		listTagsRow(user, "ListUserTags", "UserName", func(in *iam.ListUserTagsInput) (*string, *string, *int32) { return in.UserName, in.Marker, in.MaxItems },
			func(t []types.Tag, more bool, next *string) *iam.ListUserTagsOutput {
				return &iam.ListUserTagsOutput{Tags: t, IsTruncated: more, Marker: next}
			}),
		listTagsRow(role, "ListRoleTags", "RoleName", func(in *iam.ListRoleTagsInput) (*string, *string, *int32) { return in.RoleName, in.Marker, in.MaxItems },
			func(t []types.Tag, more bool, next *string) *iam.ListRoleTagsOutput {
				return &iam.ListRoleTagsOutput{Tags: t, IsTruncated: more, Marker: next}
			}),
		listTagsRow(pol, "ListPolicyTags", "PolicyArn", func(in *iam.ListPolicyTagsInput) (*string, *string, *int32) {
			return in.PolicyArn, in.Marker, in.MaxItems
		},
			func(t []types.Tag, more bool, next *string) *iam.ListPolicyTagsOutput {
				return &iam.ListPolicyTagsOutput{Tags: t, IsTruncated: more, Marker: next}
			}),
		listTagsRow(prov, "ListOpenIDConnectProviderTags", "OpenIDConnectProviderArn", func(in *iam.ListOpenIDConnectProviderTagsInput) (*string, *string, *int32) {
			return in.OpenIDConnectProviderArn, in.Marker, in.MaxItems
		}, func(t []types.Tag, more bool, next *string) *iam.ListOpenIDConnectProviderTagsOutput {
			return &iam.ListOpenIDConnectProviderTagsOutput{Tags: t, IsTruncated: more, Marker: next}
		}),
		listTagsRow(dev, "ListMFADeviceTags", "SerialNumber", func(in *iam.ListMFADeviceTagsInput) (*string, *string, *int32) {
			return in.SerialNumber, in.Marker, in.MaxItems
		},
			func(t []types.Tag, more bool, next *string) *iam.ListMFADeviceTagsOutput {
				return &iam.ListMFADeviceTagsOutput{Tags: t, IsTruncated: more, Marker: next}
			}),
		listTagsRow(prof, "ListInstanceProfileTags", "InstanceProfileName", func(in *iam.ListInstanceProfileTagsInput) (*string, *string, *int32) {
			return in.InstanceProfileName, in.Marker, in.MaxItems
		}, func(t []types.Tag, more bool, next *string) *iam.ListInstanceProfileTagsOutput {
			return &iam.ListInstanceProfileTagsOutput{Tags: t, IsTruncated: more, Marker: next}
		}),
	}
}
