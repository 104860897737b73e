package iam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) policyRows() []op.Row {
	return []op.Row{
		write("CreatePolicy", "PolicyName! PolicyDocument! Description Path Tags",
			func(c *op.Call, in *iam.CreatePolicyInput) ([]op.Check, error) {
				arn := "arn:aws:iam::" + c.Caller.Account + ":policy" + pathOr(in.Path) + str(in.PolicyName)
				return s.creating(c, "CreatePolicy", "TagPolicy", arn, in.Tags, nil), nil
			}, s.createPolicy),
		read("GetPolicy", "PolicyArn!", onPolicy(s, "GetPolicy", func(in *iam.GetPolicyInput) *string { return in.PolicyArn }), s.getPolicy),
		read("ListPolicies", "Marker MaxItems OnlyAttached PathPrefix PolicyUsageFilter Scope",
			anyRow[iam.ListPoliciesInput](s, "ListPolicies"), s.listPolicies),
		write("DeletePolicy", "PolicyArn!", onPolicy(s, "DeletePolicy", func(in *iam.DeletePolicyInput) *string { return in.PolicyArn }), s.deletePolicy),
		write("CreatePolicyVersion", "PolicyArn! PolicyDocument! SetAsDefault",
			onPolicy(s, "CreatePolicyVersion", func(in *iam.CreatePolicyVersionInput) *string { return in.PolicyArn }), s.createPolicyVersion),
		read("GetPolicyVersion", "PolicyArn! VersionId!",
			onPolicy(s, "GetPolicyVersion", func(in *iam.GetPolicyVersionInput) *string { return in.PolicyArn }), s.getPolicyVersion),
		read("ListPolicyVersions", "PolicyArn! Marker MaxItems",
			onPolicy(s, "ListPolicyVersions", func(in *iam.ListPolicyVersionsInput) *string { return in.PolicyArn }), s.listPolicyVersions),
		write("SetDefaultPolicyVersion", "PolicyArn! VersionId!",
			onPolicy(s, "SetDefaultPolicyVersion", func(in *iam.SetDefaultPolicyVersionInput) *string { return in.PolicyArn }), s.setDefaultPolicyVersion),
		write("DeletePolicyVersion", "PolicyArn! VersionId!",
			onPolicy(s, "DeletePolicyVersion", func(in *iam.DeletePolicyVersionInput) *string { return in.PolicyArn }), s.deletePolicyVersion),
		read("ListEntitiesForPolicy", "PolicyArn! EntityFilter Marker MaxItems PathPrefix PolicyUsageFilter",
			onPolicy(s, "ListEntitiesForPolicy", func(in *iam.ListEntitiesForPolicyInput) *string { return in.PolicyArn }), s.listEntitiesForPolicy),
	}
}

// Source: IAM User Guide, reference_iam-quotas.
const (
	managedSize  = 6144
	versionQuota = 5
)

func onPolicy[In any](s *Service, action string, arn func(*In) *string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, in *In) ([]op.Check, error) {
		var tags []Tag
		if p := s.ownPolicy(c, arn(in)); p != nil {
			tags = p.Tags
		}
		return s.one(c, action, str(arn(in)), tags), nil
	}
}

// ownPolicy finds a managed policy of the caller's account or of AWS.
func (s *Service) ownPolicy(c *op.Call, arn *string) *ManagedPolicy {
	if p := s.managed(str(arn)); p != nil && (p.Account == c.Caller.Account || p.Account == "aws") {
		return p
	}
	return nil
}

func (s *Service) mustPolicy(c *op.Call, arn *string) (*ManagedPolicy, error) {
	if p := s.ownPolicy(c, arn); p != nil {
		return p, nil
	}
	if awsManagedARN(str(arn)) {
		return nil, s.attachable(c.Caller.Account, str(arn))
	}
	if _, k, _, ok := splitARN(str(arn)); !ok || k != "policy" {
		return nil, invalid("Value '%s' at 'policyArn' failed to satisfy constraint: Member must be the ARN of a policy", str(arn))
	}
	return nil, noSuch("Policy %s was not found.", str(arn))
}

// changePolicy puts a changed copy of a policy of the account.
func (s *Service) changePolicy(c *op.Call, arn *string, change func(*ManagedPolicy) error) error {
	p, err := s.mustPolicy(c, arn)
	if err != nil {
		return err
	}
	if p.Account == "aws" {
		return op.Errorf(403, "AccessDenied", "Cannot modify the AWS managed policy %s", *arn)
	}
	to := *p
	to.Versions = slices.Clone(p.Versions)
	if err := change(&to); err != nil {
		return err
	}
	s.policies.Put(to.key(), &to)
	return nil
}

// uses counts the entities that a policy is attached to, and those whose
// boundary it is.
func (s *Service) uses(account, arn string) (attached, boundary int32) {
	for _, e := range s.entities.Prefix(account + "/") {
		if slices.Contains(e.Attached, arn) {
			attached++
		}
		if e.Boundary == arn {
			boundary++
		}
	}
	return attached, boundary
}

func (s *Service) policyView(c *op.Call, p *ManagedPolicy) *types.Policy {
	attached, boundary := s.uses(c.Caller.Account, p.ARN())
	v := &types.Policy{
		Arn: aws.String(p.ARN()), PolicyName: aws.String(p.Name), PolicyId: aws.String(p.ID), Path: aws.String(p.Path),
		CreateDate: aws.Time(p.Created), UpdateDate: aws.Time(p.Updated), DefaultVersionId: versionID(p.Default),
		AttachmentCount: aws.Int32(attached), PermissionsBoundaryUsageCount: aws.Int32(boundary), IsAttachable: true,
		Tags: sdkTags(p.Tags),
	}
	if p.Description != "" {
		v.Description = aws.String(p.Description)
	}
	return v
}

func versionID(n int) *string { return aws.String(fmt.Sprintf("v%d", n)) }

func managedDocument(p *ManagedPolicy, text string) (*Document, error) {
	if size(text) > managedSize {
		return nil, limit("Cannot exceed quota for PolicySize: %d", managedSize)
	}
	return document(p.ARN(), text, identityKind)
}

func (s *Service) createPolicy(c *op.Call, in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	p := &ManagedPolicy{Account: c.Caller.Account, Name: *in.PolicyName, Path: pathOr(in.Path), Description: str(in.Description),
		Created: c.Now, Updated: c.Now, Default: 1}
	if s.policies.Get(p.key()) != nil {
		return nil, exists("A policy called %s already exists. Duplicate names are not allowed.", p.Name)
	}
	doc, err := managedDocument(p, *in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	if p.Tags, err = newTags(nil, in.Tags); err != nil {
		return nil, err
	}
	p.ID = UniqueID(c.Rand, "ANPA")
	p.Versions = []PolicyVersion{{Number: 1, Created: c.Now, Doc: doc}}
	s.policies.Put(p.key(), p)
	return &iam.CreatePolicyOutput{Policy: s.policyView(c, p)}, nil
}

func (s *Service) getPolicy(c *op.Call, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	p, err := s.mustPolicy(c, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &iam.GetPolicyOutput{Policy: s.policyView(c, p)}, nil
}

// visible lists the policies of the account and those of AWS, by ARN.
func (s *Service) visible(account string, scope types.PolicyScopeType) []*ManagedPolicy {
	var out []*ManagedPolicy
	if scope != types.PolicyScopeTypeAws {
		for _, p := range s.policies.Prefix(account + "/") {
			out = append(out, p)
		}
	}
	if scope != types.PolicyScopeTypeLocal {
		for _, p := range s.aws {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *ManagedPolicy) int { return strings.Compare(a.ARN(), b.ARN()) })
	return out
}

func (s *Service) listPolicies(c *op.Call, in *iam.ListPoliciesInput) (*iam.ListPoliciesOutput, error) {
	all := slices.DeleteFunc(s.visible(c.Caller.Account, in.Scope), func(p *ManagedPolicy) bool {
		if !strings.HasPrefix(p.Path, prefixOr(in.PathPrefix)) {
			return true
		}
		attached, boundary := s.uses(c.Caller.Account, p.ARN())
		switch in.PolicyUsageFilter {
		case types.PolicyUsageTypePermissionsPolicy:
			return in.OnlyAttached && attached == 0
		case types.PolicyUsageTypePermissionsBoundary:
			return boundary == 0
		}
		return in.OnlyAttached && attached+boundary == 0
	})
	items, more, next, err := page(all, in.Marker, in.MaxItems, (*ManagedPolicy).ARN)
	if err != nil {
		return nil, err
	}
	out := &iam.ListPoliciesOutput{Policies: []types.Policy{}, IsTruncated: more, Marker: next}
	for _, p := range items {
		v := *s.policyView(c, p)
		// Source: IAM API_ListPolicies: the list leaves out Description and Tags.
		v.Description, v.Tags = nil, nil
		out.Policies = append(out.Policies, v)
	}
	return out, nil
}

func (s *Service) deletePolicy(c *op.Call, in *iam.DeletePolicyInput) (*none, error) {
	p, err := s.mustPolicy(c, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	attached, boundary := s.uses(c.Caller.Account, p.ARN())
	switch {
	case p.Account == "aws":
		return nil, op.Errorf(403, "AccessDenied", "Cannot delete the AWS managed policy %s", *in.PolicyArn)
	case attached+boundary > 0:
		return nil, conflict("Cannot delete a policy attached to entities.")
	case len(p.Versions) > 1:
		return nil, conflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	}
	s.policies.Delete(p.key())
	return &none{}, nil
}

func (p *ManagedPolicy) versionView(v *PolicyVersion, withDocument bool) types.PolicyVersion {
	out := types.PolicyVersion{VersionId: versionID(v.Number), IsDefaultVersion: v.Number == p.Default, CreateDate: aws.Time(v.Created)}
	if withDocument {
		out.Document = encoded(v.Doc.Text)
	}
	return out
}

func (s *Service) createPolicyVersion(c *op.Call, in *iam.CreatePolicyVersionInput) (*iam.CreatePolicyVersionOutput, error) {
	var out types.PolicyVersion
	err := s.changePolicy(c, in.PolicyArn, func(p *ManagedPolicy) error {
		if len(p.Versions) >= versionQuota {
			return limit("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", versionQuota)
		}
		doc, err := managedDocument(p, *in.PolicyDocument)
		if err != nil {
			return err
		}
		p.Last = max(p.Last, p.Versions[len(p.Versions)-1].Number) + 1
		p.Versions = append(p.Versions, PolicyVersion{Number: p.Last, Created: c.Now, Doc: doc})
		p.Updated = c.Now
		if in.SetAsDefault {
			p.Default = p.Last
		}
		out = p.versionView(p.version(p.Last), false)
		return nil
	})
	return &iam.CreatePolicyVersionOutput{PolicyVersion: &out}, err
}

// findVersion finds a version by its ID, "v3".
func (p *ManagedPolicy) findVersion(id *string) (*PolicyVersion, error) {
	n, _ := versionNumber(str(id))
	if v := p.version(n); v != nil {
		return v, nil
	}
	return nil, noSuch("Policy %s version %s does not exist or is not attachable.", p.ARN(), str(id))
}

func (s *Service) getPolicyVersion(c *op.Call, in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	p, err := s.mustPolicy(c, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := p.findVersion(in.VersionId)
	if err != nil {
		return nil, err
	}
	out := p.versionView(v, true)
	return &iam.GetPolicyVersionOutput{PolicyVersion: &out}, nil
}

func (s *Service) listPolicyVersions(c *op.Call, in *iam.ListPolicyVersionsInput) (*iam.ListPolicyVersionsOutput, error) {
	p, err := s.mustPolicy(c, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	all := []types.PolicyVersion{}
	for i := range slices.Backward(p.Versions) {
		all = append(all, p.versionView(&p.Versions[i], false))
	}
	items, more, next, err := page(all, in.Marker, in.MaxItems, func(v types.PolicyVersion) string { return *v.VersionId })
	return &iam.ListPolicyVersionsOutput{Versions: items, IsTruncated: more, Marker: next}, err
}

func (s *Service) setDefaultPolicyVersion(c *op.Call, in *iam.SetDefaultPolicyVersionInput) (*none, error) {
	return &none{}, s.changePolicy(c, in.PolicyArn, func(p *ManagedPolicy) error {
		v, err := p.findVersion(in.VersionId)
		if err == nil {
			p.Default, p.Updated = v.Number, c.Now
		}
		return err
	})
}

func (s *Service) deletePolicyVersion(c *op.Call, in *iam.DeletePolicyVersionInput) (*none, error) {
	return &none{}, s.changePolicy(c, in.PolicyArn, func(p *ManagedPolicy) error {
		v, err := p.findVersion(in.VersionId)
		if err != nil {
			return err
		}
		if v.Number == p.Default {
			return conflict("Cannot delete the default version of a policy.")
		}
		n := v.Number
		// Numbers are never given again.
		p.Last = max(p.Last, p.Versions[len(p.Versions)-1].Number)
		p.Versions = slices.DeleteFunc(p.Versions, func(v PolicyVersion) bool { return v.Number == n })
		return nil
	})
}

func (s *Service) listEntitiesForPolicy(c *op.Call, in *iam.ListEntitiesForPolicyInput) (*iam.ListEntitiesForPolicyOutput, error) {
	p, err := s.mustPolicy(c, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	var all []*Entity
	for _, e := range s.entities.Prefix(c.Caller.Account + "/") {
		attached, boundary := slices.Contains(e.Attached, p.ARN()), e.Boundary == p.ARN()
		switch in.PolicyUsageFilter {
		case types.PolicyUsageTypePermissionsPolicy:
			boundary = false
		case types.PolicyUsageTypePermissionsBoundary:
			attached = false
		}
		if (attached || boundary) && strings.HasPrefix(e.Path, prefixOr(in.PathPrefix)) && (in.EntityFilter == "" || string(in.EntityFilter) == e.Kind.title()) {
			all = append(all, e)
		}
	}
	items, more, next, err := page(all, in.Marker, in.MaxItems, (*Entity).key)
	if err != nil {
		return nil, err
	}
	out := &iam.ListEntitiesForPolicyOutput{PolicyGroups: []types.PolicyGroup{}, PolicyRoles: []types.PolicyRole{}, PolicyUsers: []types.PolicyUser{}, IsTruncated: more, Marker: next}
	for _, e := range items {
		switch e.Kind {
		case groupKind:
			out.PolicyGroups = append(out.PolicyGroups, types.PolicyGroup{GroupId: &e.ID, GroupName: &e.Name})
		case roleKind:
			out.PolicyRoles = append(out.PolicyRoles, types.PolicyRole{RoleId: &e.ID, RoleName: &e.Name})
		default:
			out.PolicyUsers = append(out.PolicyUsers, types.PolicyUser{UserId: &e.ID, UserName: &e.Name})
		}
	}
	return out, nil
}
