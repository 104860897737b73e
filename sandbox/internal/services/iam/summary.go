package iam

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) accountRows() []op.Row {
	return []op.Row{
		read("GetAccountSummary", "", anyRow[iam.GetAccountSummaryInput](s, "GetAccountSummary"), s.getAccountSummary),
		read("GetAccountAuthorizationDetails", "Filter Marker MaxItems", anyRow[iam.GetAccountAuthorizationDetailsInput](s, "GetAccountAuthorizationDetails"), s.getAuthorizationDetails),
		write("GenerateCredentialReport", "", anyRow[iam.GenerateCredentialReportInput](s, "GenerateCredentialReport"), s.generateReport),
		read("GetCredentialReport", "", anyRow[iam.GetCredentialReportInput](s, "GetCredentialReport"), s.getReport),
	}
}

func flag(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// getAccountSummary counts what the account has, next to its quotas.
// Source: IAM API_GetAccountSummary; the quotas are those of
// reference_iam-quotas.
func (s *Service) getAccountSummary(c *op.Call, _ *iam.GetAccountSummaryInput) (*iam.GetAccountSummaryOutput, error) {
	account := c.Caller.Account
	a := s.accounts.Get(account)
	m := map[string]int32{
		"UsersQuota": 5000, "GroupsQuota": 300, "RolesQuota": 1000, "PoliciesQuota": 1500, "InstanceProfilesQuota": 1000,
		"ServerCertificatesQuota": 20, "ServerCertificates": 0, "PolicyVersionsInUseQuota": 10000,
		"UserPolicySizeQuota": 2048, "GroupPolicySizeQuota": 5120, "RolePolicySizeQuota": 10240, "AssumeRolePolicySizeQuota": trustSize,
		"PolicySizeQuota": managedSize, "VersionsPerPolicyQuota": versionQuota, "GroupsPerUserQuota": groupQuota, "AccessKeysPerUserQuota": keyQuota,
		"SigningCertificatesPerUserQuota": 2, "AttachedPoliciesPerUserQuota": attachQuota, "AttachedPoliciesPerGroupQuota": attachQuota,
		"AttachedPoliciesPerRoleQuota": attachQuota, "AccountPasswordPresent": 0, "AccountSigningCertificatesPresent": 0,
		"AccountAccessKeysPresent": flag(len(a.RootKeys) > 0), "GlobalEndpointTokenVersion": max(a.Token, 1),
		"Users": 0, "Groups": 0, "Roles": 0, "Policies": 0, "PolicyVersionsInUse": 0, "InstanceProfiles": 0, "Providers": 0,
		"MFADevices": 0, "MFADevicesInUse": 0, "AccountMFAEnabled": 0,
	}
	for _, e := range s.entities.Prefix(account + "/") {
		m[e.Kind.title()+"s"]++
	}
	for _, p := range s.policies.Prefix(account + "/") {
		m["Policies"]++
		m["PolicyVersionsInUse"] += int32(len(p.Versions))
	}
	for range s.profiles.Prefix(account + "/") {
		m["InstanceProfiles"]++
	}
	for range s.providers.Prefix(account + "/") {
		m["Providers"]++
	}
	for _, d := range s.listDevices(account) {
		m["MFADevices"]++
		m["MFADevicesInUse"] += flag(d.Owner != "")
		if d.Owner == account {
			m["AccountMFAEnabled"] = 1
		}
	}
	return &iam.GetAccountSummaryOutput{SummaryMap: m}, nil
}

// detail is one entry of GetAccountAuthorizationDetails, whose page runs over
// users, groups, roles and policies together.
type detail struct {
	key    string
	entity *Entity
	policy *ManagedPolicy
}

func (s *Service) getAuthorizationDetails(c *op.Call, in *iam.GetAccountAuthorizationDetailsInput) (*iam.GetAccountAuthorizationDetailsOutput, error) {
	want := func(t types.EntityType) bool { return len(in.Filter) == 0 || slices.Contains(in.Filter, t) }
	var all []detail
	for _, e := range s.entities.Prefix(c.Caller.Account + "/") {
		if want(types.EntityType(e.Kind.title())) {
			all = append(all, detail{key: "1/" + e.key(), entity: e})
		}
	}
	for _, p := range s.visible(c.Caller.Account, types.PolicyScopeTypeAll) {
		kind := types.EntityTypeLocalManagedPolicy
		if p.Account == "aws" {
			kind = types.EntityTypeAWSManagedPolicy
			// Source: IAM API_GetAccountAuthorizationDetails: of AWS's policies
			// those in use.
			if attached, boundary := s.uses(c.Caller.Account, p.ARN()); attached+boundary == 0 {
				continue
			}
		}
		if want(kind) {
			all = append(all, detail{key: "2/" + p.ARN(), policy: p})
		}
	}
	items, more, next, err := page(all, in.Marker, in.MaxItems, func(d detail) string { return d.key })
	if err != nil {
		return nil, err
	}
	out := &iam.GetAccountAuthorizationDetailsOutput{IsTruncated: more, Marker: next, GroupDetailList: []types.GroupDetail{},
		RoleDetailList: []types.RoleDetail{}, UserDetailList: []types.UserDetail{}, Policies: []types.ManagedPolicyDetail{}}
	for _, d := range items {
		switch e := d.entity; {
		case e == nil:
			out.Policies = append(out.Policies, s.policyDetail(c, d.policy))
		case e.Kind == groupKind:
			out.GroupDetailList = append(out.GroupDetailList, types.GroupDetail{Arn: aws.String(e.ARN()), GroupId: &e.ID, GroupName: &e.Name, Path: &e.Path,
				CreateDate: &e.Created, GroupPolicyList: inlineDetails(e), AttachedManagedPolicies: s.attachedTo(e, nil)})
		case e.Kind == userKind:
			u := types.UserDetail{Arn: aws.String(e.ARN()), UserId: &e.ID, UserName: &e.Name, Path: &e.Path, CreateDate: &e.Created,
				UserPolicyList: inlineDetails(e), AttachedManagedPolicies: s.attachedTo(e, nil), PermissionsBoundary: attachedBoundary(e), Tags: sdkTags(e.Tags), GroupList: []string{}}
			for _, g := range s.groupsOf(e) {
				u.GroupList = append(u.GroupList, g.Name)
			}
			out.UserDetailList = append(out.UserDetailList, u)
		default:
			out.RoleDetailList = append(out.RoleDetailList, s.roleDetail(e))
		}
	}
	return out, nil
}

func (s *Service) roleDetail(e *Entity) types.RoleDetail {
	profiles, _, _, _ := s.pageProfiles(e.Account, func(p *InstanceProfile) bool { return p.Role == e.ID }, nil, nil)
	return types.RoleDetail{Arn: aws.String(e.ARN()), RoleId: &e.ID, RoleName: &e.Name, Path: &e.Path, CreateDate: &e.Created,
		AssumeRolePolicyDocument: encoded(s.read(e.Role.Trust)), RolePolicyList: inlineDetails(e), AttachedManagedPolicies: s.attachedTo(e, nil),
		PermissionsBoundary: attachedBoundary(e), Tags: sdkTags(e.Tags), InstanceProfileList: profiles, RoleLastUsed: &types.RoleLastUsed{}}
}

func inlineDetails(e *Entity) []types.PolicyDetail {
	out := []types.PolicyDetail{}
	for _, i := range e.Inline {
		out = append(out, types.PolicyDetail{PolicyName: aws.String(i.Name), PolicyDocument: encoded(i.Doc.Text)})
	}
	return out
}

func (s *Service) policyDetail(c *op.Call, p *ManagedPolicy) types.ManagedPolicyDetail {
	v := s.policyView(c, p)
	d := types.ManagedPolicyDetail{Arn: v.Arn, AttachmentCount: v.AttachmentCount, CreateDate: v.CreateDate, DefaultVersionId: v.DefaultVersionId,
		Description: v.Description, IsAttachable: v.IsAttachable, Path: v.Path, PermissionsBoundaryUsageCount: v.PermissionsBoundaryUsageCount,
		PolicyId: v.PolicyId, PolicyName: v.PolicyName, UpdateDate: v.UpdateDate, PolicyVersionList: []types.PolicyVersion{}}
	for i := range slices.Backward(p.Versions) {
		d.PolicyVersionList = append(d.PolicyVersionList, p.versionView(&p.Versions[i], true))
	}
	return d
}
