package kms

import (
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) grantRows() []op.Row {
	return []op.Row{
		keyOp[sdk.CreateGrantInput, sdk.CreateGrantOutput]{
			name: "CreateGrant", access: op.Write, reach: byKey, secret: []string{"GrantToken", "GrantTokens"},
			id:  func(in *sdk.CreateGrantInput) *string { return in.KeyId },
			ask: s.askCreateGrant,
			do:  s.createGrant,
		}.row(s),
		keyOp[sdk.ListGrantsInput, sdk.ListGrantsOutput]{
			name: "ListGrants", reach: byKey,
			id: func(in *sdk.ListGrantsInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.ListGrantsInput, _ *key) (ask, error) {
				if in.GranteeServicePrincipal != nil {
					return ask{}, unsupported("grants to service principals (GranteeServicePrincipal)")
				}
				return ask{keys: grantForAWS}, pageArgs(in.Limit, 100)
			},
			do: s.listGrants,
		}.row(s),
		keyOp[sdk.RevokeGrantInput, sdk.RevokeGrantOutput]{
			name: "RevokeGrant", access: op.Write, reach: byKey,
			id: func(in *sdk.RevokeGrantInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.RevokeGrantInput, _ *key) (ask, error) {
				if in.GrantId == nil {
					return ask{}, missing("GrantId")
				}
				return ask{keys: grantForAWS}, nil
			},
			do: func(_ *op.Call, in *sdk.RevokeGrantInput, k *key) (*sdk.RevokeGrantOutput, error) {
				g := s.grants.Get(k.row() + "/" + *in.GrantId)
				if g == nil {
					return nil, noSuchGrant(*in.GrantId)
				}
				if err := dryRun(in.DryRun); err != nil {
					return nil, err
				}
				s.grants.Delete(g.row())
				return &sdk.RevokeGrantOutput{}, nil
			},
		}.row(s),
	}
}

// grantForAWS says that no AWS service makes the call: the sandbox's services
// create no grants.
var grantForAWS = []op.Key{op.Single("kms:GrantIsForAWSResource", "false")}

func noSuchGrant(id string) error {
	return fail("NotFoundException", "Grant %s does not exist", id)
}

func (s *Service) askCreateGrant(c *op.Call, in *sdk.CreateGrantInput, k *key) (ask, error) {
	if err := validGrant(in, k); err != nil {
		return ask{}, err
	}
	want := grantOf(in)
	operations := make([]string, len(in.Operations))
	for i, o := range in.Operations {
		operations[i] = string(o)
	}
	keys := append(slices.Clone(grantForAWS),
		op.Single("kms:GranteePrincipal", *in.GranteePrincipal),
		op.Multi("kms:GrantOperations", operations...))
	if in.RetiringPrincipal != nil {
		keys = append(keys, op.Single("kms:RetiringPrincipal", *in.RetiringPrincipal))
	}
	context := want.Equals
	switch {
	case want.Equals != nil:
		keys = append(keys, op.Single("kms:GrantConstraintType", "EncryptionContextEquals"))
	case want.Subset != nil:
		keys = append(keys, op.Single("kms:GrantConstraintType", "EncryptionContextSubset"))
		context = want.Subset
	}
	return ask{
		keys: keys, context: context, tokens: in.GrantTokens,
		grant: func(g *grant) bool { return g.delegates(want) },
	}, nil
}

// validGrant refuses what KMS or the sandbox cannot grant.
//
// Source: KMS API_CreateGrant.
func validGrant(in *sdk.CreateGrantInput, k *key) error {
	switch {
	case in.GranteeServicePrincipal != nil:
		return unsupported("grants to service principals (GranteeServicePrincipal)")
	case in.RetiringServicePrincipal != nil:
		return unsupported("grants that service principals retire (RetiringServicePrincipal)")
	case in.GranteePrincipal == nil:
		return missing("GranteePrincipal")
	case len(in.Operations) == 0:
		return missing("Operations")
	case in.Name != nil && (*in.Name == "" || len(*in.Name) > 256):
		return length("Name", len(*in.Name), 1, 256)
	}
	can := grantable(k.Spec, k.Usage)
	for _, o := range in.Operations {
		if err := oneOf("Operations", o, o.Values()); err != nil {
			return err
		}
		if !slices.Contains(can, o) {
			return invalid("Grant operation %s is not supported by %s, a key of spec %s and usage %s", o, k.ARN(), k.Spec, k.Usage)
		}
	}
	if in.Constraints == nil {
		return nil
	}
	equals, part := in.Constraints.EncryptionContextEquals, in.Constraints.EncryptionContextSubset
	switch {
	case in.Constraints.SourceArn != nil:
		return unsupported("the grant constraint SourceArn")
	case len(equals) > 0 && len(part) > 0:
		return unsupported("a grant with both EncryptionContextEquals and EncryptionContextSubset")
	case (len(equals) > 0 || len(part) > 0) && !k.symmetric():
		return invalid("Encryption context constraints are valid only in a grant for a symmetric encryption KMS key")
	case len(equals) > 8 || len(part) > 8:
		return invalid("A grant constraint can have at most 8 encryption context pairs")
	}
	return nil
}

// grantOf is the grant that the request describes, without its identity.
func grantOf(in *sdk.CreateGrantInput) *grant {
	g := &grant{Operations: slices.Clone(in.Operations)}
	slices.Sort(g.Operations)
	g.Operations = slices.Compact(g.Operations)
	if in.Constraints != nil {
		if len(in.Constraints.EncryptionContextEquals) > 0 {
			g.Equals = in.Constraints.EncryptionContextEquals
		}
		if len(in.Constraints.EncryptionContextSubset) > 0 {
			g.Subset = in.Constraints.EncryptionContextSubset
		}
	}
	if in.Name != nil {
		g.Name = *in.Name
	}
	return g
}

func (s *Service) createGrant(c *op.Call, in *sdk.CreateGrantInput, k *key) (*sdk.CreateGrantOutput, error) {
	if err := k.enabled(); err != nil {
		return nil, err
	}
	g := grantOf(in)
	var err error
	if g.Grantee, err = s.partyOf(*in.GranteePrincipal); err != nil {
		return nil, err
	}
	if in.RetiringPrincipal != nil {
		if g.Retiring, err = s.partyOf(*in.RetiringPrincipal); err != nil {
			return nil, err
		}
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	g.KeyARN, g.KeyRow, g.Issued, g.Issuer = k.ARN(), k.row(), c.Now, c.Caller.Account
	if same := s.sameGrant(g); same != nil {
		g = same
	} else {
		if g.ID, err = newGrantID(c); err != nil {
			return nil, err
		}
		s.grants.Put(g.row(), g)
	}
	return &sdk.CreateGrantOutput{GrantId: &g.ID, GrantToken: new(g.token())}, nil
}

// sameGrant finds the grant that a request with a Name repeats.
//
// Source: KMS API_CreateGrant, Name: a retry returns the same grant ID.
func (s *Service) sameGrant(n *grant) *grant {
	if n.Name == "" {
		return nil
	}
	for _, g := range s.grants.Prefix(n.KeyRow + "/") {
		if g.Name == n.Name && g.Issuer == n.Issuer && g.Grantee == n.Grantee && g.Retiring == n.Retiring &&
			slices.Equal(g.Operations, n.Operations) && sameContext(g.Equals, n.Equals) && sameContext(g.Subset, n.Subset) {
			return g
		}
	}
	return nil
}

func sameContext(a, b map[string]string) bool {
	return string(canonical(a)) == string(canonical(b))
}

// partyOf binds a principal's ARN to who has it now. Accounts and sessions have
// no ID.
//
// Source: KMS API_CreateGrant, GranteePrincipal and InvalidArnException.
func (s *Service) partyOf(arn string) (party, error) {
	if accountID(arn) {
		arn = rootARN(arn)
	}
	bad := fail("InvalidArnException", "ARN does not refer to a valid principal: %s", arn)
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || part[0] != "arn" || part[1] != "aws" || part[3] != "" || !accountID(part[4]) {
		return party{}, bad
	}
	kind, name, _ := strings.Cut(part[5], "/")
	switch part[2] + ":" + kind {
	case "iam:root":
		if part[5] == "root" {
			return party{ARN: arn}, nil
		}
	case "sts:assumed-role":
		if role, session, ok := strings.Cut(name, "/"); ok && role != "" && session != "" {
			return party{ARN: arn}, nil
		}
	case "sts:federated-user":
		if name != "" {
			return party{ARN: arn}, nil
		}
	case "iam:user", "iam:role":
		if id, ok := s.principals.ResolvePrincipal(arn); ok {
			return party{ARN: arn, ID: id}, nil
		}
	}
	return party{}, bad
}
