package iam

import (
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Keys lists the condition keys that the service fills in itself.
func (s *Service) Keys() []string {
	return []string{"iam:PolicyARN", "iam:PermissionsBoundary", "iam:ResourceTag/*", "iam:AWSServiceName", "iam:AssociatedResourceArn", "iam:PassedToService"}
}

// one is the check of an operation on a single resource in the caller's
// account.
// Source: Service Authorization Reference, IAM, resource types: only users and
// roles have iam:ResourceTag besides aws:ResourceTag.
func (s *Service) one(c *op.Call, action, arn string, tags []Tag, keys ...op.Key) []op.Check {
	m := tagMap(tags)
	if _, k, _, ok := splitARN(arn); ok && (k == string(userKind) || k == string(roleKind)) {
		for name, v := range m {
			keys = append(keys, op.Single("iam:ResourceTag/"+name, v))
		}
	}
	return []op.Check{{
		Action:   "iam:" + action,
		Resource: op.Resource{ARN: arn, Account: c.Caller.Account, Tags: m},
		Context:  keys,
	}}
}

// any is the check of an operation without resource types.
func (s *Service) any(c *op.Call, action string) []op.Check {
	return []op.Check{{Action: "iam:" + action, Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}
}

// anyRow is any as a row's checks.
func anyRow[In any](s *Service, action string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, _ *In) ([]op.Check, error) { return s.any(c, action), nil }
}

// on is the check of an operation on a user, group or role. One that does not
// exist is checked by the ARN it would have without a path.
func (s *Service) on(c *op.Call, action string, k kind, name string, keys ...op.Key) []op.Check {
	if e := s.entity(c.Caller.Account, k, name); e != nil {
		if e.Boundary != "" && boundaryKey[action] {
			keys = append(keys, op.Single("iam:PermissionsBoundary", e.Boundary))
		}
		return s.one(c, action, e.ARN(), e.Tags, keys...)
	}
	return s.one(c, action, "arn:aws:iam::"+c.Caller.Account+":"+string(k)+"/"+name, nil, keys...)
}

// boundaryKey lists the actions that see the boundary which their user or role
// has; CreateUser, CreateRole and Put...PermissionsBoundary see the one that
// they would set.
// Source: Service Authorization Reference, IAM, condition keys of each action.
var boundaryKey = map[string]bool{
	"AttachRolePolicy": true, "AttachUserPolicy": true,
	"DeleteRolePermissionsBoundary": true, "DeleteUserPermissionsBoundary": true,
	"DeleteRolePolicy": true, "DeleteUserPolicy": true,
	"DetachRolePolicy": true, "DetachUserPolicy": true,
	"PutRolePolicy": true, "PutUserPolicy": true,
	"DeleteRole": true, "GetRole": true, "UpdateAssumeRolePolicy": true,
	"UpdateRole": true, "UpdateRoleDescription": true,
}

// onRow is on as a row's checks.
func onRow[In any](s *Service, action string, k kind, name func(*In) *string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, in *In) ([]op.Check, error) { return s.on(c, action, k, str(name(in))), nil }
}

// must finds a user, group or role, or answers NoSuchEntity.
func (s *Service) must(c *op.Call, k kind, name *string) (*Entity, error) {
	if e := s.entity(c.Caller.Account, k, str(name)); e != nil {
		return e, nil
	}
	return nil, noSuch("The %s with name %s cannot be found.", k, str(name))
}

// mutable is must for changes that only a service may make to its
// service-linked role.
func (s *Service) mutable(c *op.Call, k kind, name *string) (*Entity, error) {
	e, err := s.must(c, k, name)
	if err == nil && e.serviceLinked() {
		return nil, op.Errorf(400, "UnmodifiableEntity", "Cannot perform the operation on the protected role '%s' - this role is only modifiable by AWS", e.Name)
	}
	return e, err
}
