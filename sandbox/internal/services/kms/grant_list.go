package kms

import (
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// entry is the grant as the list operations show it. Its token is not shown.
func (g *grant) entry() types.GrantListEntry {
	e := types.GrantListEntry{
		GrantId: &g.ID, KeyId: &g.KeyARN, CreationDate: &g.Issued, Operations: g.Operations,
		GranteePrincipal: &g.Grantee.ARN, IssuingAccount: new(rootARN(g.Issuer)),
	}
	if g.Name != "" {
		e.Name = &g.Name
	}
	if g.Retiring.ARN != "" {
		e.RetiringPrincipal = &g.Retiring.ARN
	}
	if g.Equals != nil || g.Subset != nil {
		e.Constraints = &types.GrantConstraints{EncryptionContextEquals: g.Equals, EncryptionContextSubset: g.Subset}
	}
	return e
}

func (s *Service) listGrants(_ *op.Call, in *sdk.ListGrantsInput, k *key) (*sdk.ListGrantsOutput, error) {
	list := []types.GrantListEntry{}
	for _, g := range s.grants.Prefix(k.row() + "/") {
		if in.GrantId != nil && g.ID != *in.GrantId || in.GranteePrincipal != nil && g.Grantee.ARN != *in.GranteePrincipal {
			continue
		}
		list = append(list, g.entry())
	}
	page, next, err := paged(list, func(e types.GrantListEntry) string { return *e.GrantId }, in.Limit, 50, in.Marker)
	return &sdk.ListGrantsOutput{Grants: page, NextMarker: next, Truncated: next != nil}, err
}

func (s *Service) retireRows() []op.Row {
	retire := op.New("RetireGrant", "KMS API_RetireGrant", op.Write, s.retireChecks, s.retire)
	retire.Secret = []string{"GrantToken"}
	retire.ResourceTypes = []string{"AWS::KMS::Key"}
	return []op.Row{
		retire,
		op.New("ListRetirableGrants", "KMS API_ListRetirableGrants", op.Read,
			func(c *op.Call, in *sdk.ListRetirableGrantsInput) ([]op.Check, error) {
				switch {
				case in.RetiringServicePrincipal != nil:
					return nil, unsupported("grants that service principals retire (RetiringServicePrincipal)")
				case in.RetiringPrincipal == nil:
					return nil, missing("RetiringPrincipal")
				case !strings.Contains(*in.RetiringPrincipal, ":"+c.Caller.Account+":"):
					return nil, noForeignKey(c, "kms:ListRetirableGrants", "resource: "+*in.RetiringPrincipal)
				}
				// Source: KMS API_ListRetirableGrants: "The authorized resource
				// is the retiring principal specified in the request."
				checks := anyResource(c, "ListRetirableGrants")
				checks[0].Resource.ARN = *in.RetiringPrincipal
				return checks, pageArgs(in.Limit, 100)
			}, s.listRetirable),
	}
}

// listRetirable covers the keys of every account in the Region.
func (s *Service) listRetirable(c *op.Call, in *sdk.ListRetirableGrantsInput) (*sdk.ListRetirableGrantsOutput, error) {
	list := []types.GrantListEntry{}
	for _, g := range s.grants.Prefix("") {
		if k := s.keys.Get(g.KeyRow); k == nil || k.gone(c.Now) || k.Region != c.Region || g.Retiring.ARN != *in.RetiringPrincipal {
			continue
		}
		list = append(list, g.entry())
	}
	slices.SortFunc(list, func(a, b types.GrantListEntry) int { return strings.Compare(*a.GrantId, *b.GrantId) })
	page, next, err := paged(list, func(e types.GrantListEntry) string { return *e.GrantId }, in.Limit, 50, in.Marker)
	return &sdk.ListRetirableGrantsOutput{Grants: page, NextMarker: next, Truncated: next != nil}, err
}

// retiring finds the grant and key that a RetireGrant names: by its token, or
// by key ARN and grant ID.
func (s *Service) retiring(c *op.Call, in *sdk.RetireGrantInput) (*grant, *key, error) {
	if in.GrantToken != nil {
		if in.GrantId != nil || in.KeyId != nil {
			return nil, nil, invalid("You must specify either a grant token, or a grant ID and a key ID, but not both")
		}
		g := s.granted("", *in.GrantToken)
		if g == nil {
			return nil, nil, fail("InvalidGrantTokenException", "Grant token is invalid")
		}
		k := s.keys.Get(g.KeyRow)
		if k == nil || k.gone(c.Now) || k.Region != c.Region {
			return nil, nil, fail("InvalidGrantTokenException", "Grant token is invalid")
		}
		return g, k, nil
	}
	if in.GrantId == nil || in.KeyId == nil {
		return nil, nil, invalid("You must specify either a grant token, or a grant ID and a key ID")
	}
	t, err := s.target(c, "kms:RetireGrant", in.KeyId, byKey)
	if err != nil {
		return nil, nil, err
	}
	g := s.grants.Get(t.row() + "/" + *in.GrantId)
	if g == nil {
		return nil, nil, noSuchGrant(*in.GrantId)
	}
	return g, t.key, nil
}

// retireChecks asks the grant, not the key policy, which has no say here. The
// retiring principal and a grantee with RetireGrant need no permission. The
// account that created the grant, or that is the retiring principal, may, and
// may let its IAM users.
//
// Source: KMS Developer Guide, "Retiring and revoking grants".
func (s *Service) retireChecks(c *op.Call, in *sdk.RetireGrantInput) ([]op.Check, error) {
	g, k, err := s.retiring(c, in)
	if err != nil {
		return nil, err
	}
	check, err := s.check(c, target{key: k}, ask{action: "RetireGrant"})
	if err != nil {
		return nil, err
	}
	check.Grant = ""
	caller := &c.Caller.Principal
	mayRetire := slices.Contains(g.Operations, types.GrantOperationRetireGrant) && g.Grantee.is(caller)
	if g.Retiring.is(caller) && g.Retiring.ARN != "" || mayRetire {
		check.Grant = g.ID
	}
	backup := c.Caller.Account == g.Issuer || c.Caller.Account == k.Account ||
		g.Retiring.ARN == rootARN(c.Caller.Account)
	check.Resource.Policy = nil
	if caller.Type != policy.Anonymous && backup {
		check.Resource.Account, check.Resource.Policy = c.Caller.Account, delegation(c.Caller.Account)
	}
	return []op.Check{check}, nil
}

func (s *Service) retire(c *op.Call, in *sdk.RetireGrantInput) (*sdk.RetireGrantOutput, error) {
	g, _, err := s.retiring(c, in)
	if err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	s.grants.Delete(g.row())
	return &sdk.RetireGrantOutput{}, nil
}
