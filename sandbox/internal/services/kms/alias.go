package kms

import (
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// alias is an alias under its account and Region. The key lists it as well,
// because every check on the key carries kms:ResourceAliases.
type alias struct {
	Name, KeyID      string
	Created, Updated time.Time
}

// awsAlias begins the names that only AWS gives.
const awsAlias = "alias/aws/"

// maxAliases is the quota of aliases of a key.
//
// Source: KMS Developer Guide, "Resource quotas".
const maxAliases = 50

func (s *Service) aliasRows() []op.Row {
	rows := []op.Row{
		op.New("CreateAlias", "KMS API_CreateAlias", op.Write,
			func(c *op.Call, in *sdk.CreateAliasInput) ([]op.Check, error) {
				if err := newAliasName(in.AliasName); err != nil {
					return nil, err
				}
				return s.aliasChecks(c, "CreateAlias", *in.AliasName, in.TargetKeyId)
			}, s.createAlias),
		op.New("UpdateAlias", "KMS API_UpdateAlias", op.Write, s.updateAliasChecks, s.updateAlias),
		op.New("DeleteAlias", "KMS API_DeleteAlias", op.Write,
			func(c *op.Call, in *sdk.DeleteAliasInput) ([]op.Check, error) {
				a, err := s.aliasNamed(c, in.AliasName)
				if err != nil {
					return nil, err
				}
				return s.aliasChecks(c, "DeleteAlias", a.Name, &a.KeyID)
			}, s.deleteAlias),
	}
	for i := range rows {
		rows[i].ResourceTypes = []string{"AWS::KMS::Alias", "AWS::KMS::Key"}
	}
	return append(rows, op.New("ListAliases", "KMS API_ListAliases", op.Read,
		func(c *op.Call, in *sdk.ListAliasesInput) ([]op.Check, error) {
			return anyResource(c, "ListAliases"), pageArgs(in.Limit, 100)
		}, s.listAliases))
}

// newAliasName refuses what cannot be a customer's alias name.
func newAliasName(name *string) error {
	switch {
	case name == nil:
		return missing("AliasName")
	case !strings.HasPrefix(*name, "alias/"):
		return invalid(`Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`)
	case strings.HasPrefix(*name, awsAlias):
		return fail("NotAuthorizedException", "")
	case strings.HasSuffix(*name, "/"):
		return fail("InvalidAliasNameException", "Alias must not end with '/'")
	}
	if err := length("AliasName", len(*name), 1, 256); err != nil {
		return err
	}
	for _, r := range *name {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("/_-", r):
		default:
			return constraint("'"+*name+"'", "AliasName", "satisfy regular expression pattern: ^[a-zA-Z0-9/_-]+$")
		}
	}
	return nil
}

// aliasChecks ask for the action on the alias, which IAM policies decide, and
// on the key, where the key policy has its say.
//
// Source: KMS Developer Guide, "Controlling access to aliases"; the alias has
// no condition keys: "AWS KMS permissions".
func (s *Service) aliasChecks(c *op.Call, action, name string, keyID *string) ([]op.Check, error) {
	t, err := s.target(c, "kms:"+action, keyID, ownKey)
	if err != nil {
		return nil, err
	}
	onKey, err := s.check(c, t, ask{action: action})
	onAlias := op.Check{
		Action:   "kms:" + action,
		Resource: op.Resource{ARN: aliasARN(c.Caller.Account, c.Region, name), Account: c.Caller.Account},
	}
	return []op.Check{onAlias, onKey}, err
}

// aliasNamed returns the alias, which must exist with its key.
func (s *Service) aliasNamed(c *op.Call, name *string) (*alias, error) {
	if name == nil {
		return nil, missing("AliasName")
	}
	if !strings.HasPrefix(*name, "alias/") {
		return nil, invalid(`Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`)
	}
	if s.aliased(c, c.Caller.Account, c.Region, *name) == nil {
		return nil, noSuchAlias(aliasARN(c.Caller.Account, c.Region, *name))
	}
	return s.aliases.Get(rowKey(c.Caller.Account, c.Region, *name)), nil
}

func (s *Service) createAlias(c *op.Call, in *sdk.CreateAliasInput) (*sdk.CreateAliasOutput, error) {
	t, err := s.target(c, "kms:CreateAlias", in.TargetKeyId, ownKey)
	if err != nil {
		return nil, err
	}
	if s.aliased(c, c.Caller.Account, c.Region, *in.AliasName) != nil {
		return nil, fail("AlreadyExistsException", "An alias with the name %s already exists",
			aliasARN(c.Caller.Account, c.Region, *in.AliasName))
	}
	s.sweep(c)
	if err := s.attach(c, *in.AliasName, t.key); err != nil {
		return nil, err
	}
	s.aliases.Put(rowKey(c.Caller.Account, c.Region, *in.AliasName),
		&alias{Name: *in.AliasName, KeyID: t.ID, Created: c.Now, Updated: c.Now})
	return &sdk.CreateAliasOutput{}, nil
}

// attach adds the name to the key's aliases.
func (s *Service) attach(c *op.Call, name string, k *key) error {
	if err := k.kept(); err != nil {
		return err
	}
	if k.Service != "" {
		return fail("NotAuthorizedException", "") // AWS managed keys keep their own alias only
	}
	if len(k.Aliases) >= maxAliases {
		return fail("LimitExceededException", "Cannot create more than %d aliases per key", maxAliases)
	}
	k = k.edit(c.Now)
	k.Aliases = append(k.Aliases, name)
	slices.Sort(k.Aliases)
	s.put(k)
	return nil
}

func (s *Service) detach(c *op.Call, name string, k *key) {
	k = k.edit(c.Now)
	k.Aliases = slices.DeleteFunc(k.Aliases, func(a string) bool { return a == name })
	s.put(k)
}

// updateAliasChecks ask for the permission on the alias, on the key it leaves
// and on the key it comes to.
//
// Source: KMS API_UpdateAlias, Required permissions.
func (s *Service) updateAliasChecks(c *op.Call, in *sdk.UpdateAliasInput) ([]op.Check, error) {
	if err := newAliasName(in.AliasName); err != nil {
		return nil, err
	}
	a, err := s.aliasNamed(c, in.AliasName)
	if err != nil {
		return nil, err
	}
	checks, err := s.aliasChecks(c, "UpdateAlias", a.Name, &a.KeyID)
	if err != nil {
		return nil, err
	}
	t, err := s.target(c, "kms:UpdateAlias", in.TargetKeyId, ownKey)
	if err != nil {
		return nil, err
	}
	onTarget, err := s.check(c, t, ask{action: "UpdateAlias"})
	return append(checks, onTarget), err
}

// updateAlias moves an alias between keys of one type and usage.
func (s *Service) updateAlias(c *op.Call, in *sdk.UpdateAliasInput) (*sdk.UpdateAliasOutput, error) {
	a, err := s.aliasNamed(c, in.AliasName)
	if err != nil {
		return nil, err
	}
	t, err := s.target(c, "kms:UpdateAlias", in.TargetKeyId, ownKey)
	if err != nil {
		return nil, err
	}
	old := s.live(c, c.Caller.Account, c.Region, a.KeyID)
	if err := t.kept(); err != nil {
		return nil, err
	}
	if old.symmetric() != t.symmetric() || old.Usage != t.Usage {
		return nil, invalid("Alias %s cannot be changed from %s to %s. The key types and key usages must be the same.", a.Name, old.ARN(), t.ARN())
	}
	if old.ID != t.ID {
		if err := s.attach(c, a.Name, t.key); err != nil {
			return nil, err
		}
		s.detach(c, a.Name, old)
	}
	moved := *a
	moved.KeyID, moved.Updated = t.ID, c.Now
	s.aliases.Put(rowKey(c.Caller.Account, c.Region, a.Name), &moved)
	return &sdk.UpdateAliasOutput{}, nil
}

func (s *Service) deleteAlias(c *op.Call, in *sdk.DeleteAliasInput) (*sdk.DeleteAliasOutput, error) {
	a, err := s.aliasNamed(c, in.AliasName)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(a.Name, awsAlias) {
		return nil, fail("NotAuthorizedException", "")
	}
	s.detach(c, a.Name, s.live(c, c.Caller.Account, c.Region, a.KeyID))
	s.aliases.Delete(rowKey(c.Caller.Account, c.Region, a.Name))
	return &sdk.DeleteAliasOutput{}, nil
}

// listAliases includes the alias that AWS predefines for S3, without a target
// as long as its key was never used. Those of services that the sandbox does
// not have are left out.
func (s *Service) listAliases(c *op.Call, in *sdk.ListAliasesInput) (*sdk.ListAliasesOutput, error) {
	var only *key
	if in.KeyId != nil {
		t, err := s.target(c, "kms:ListAliases", in.KeyId, ownKey)
		if err != nil {
			return nil, err
		}
		only = t.key
	}
	var list []types.AliasListEntry
	for _, a := range s.aliases.Prefix(rowKey(c.Caller.Account, c.Region, "")) {
		k := s.live(c, c.Caller.Account, c.Region, a.KeyID)
		if k == nil || only != nil && k.ID != only.ID {
			continue
		}
		list = append(list, types.AliasListEntry{
			AliasName: &a.Name, AliasArn: new(aliasARN(c.Caller.Account, c.Region, a.Name)), TargetKeyId: &a.KeyID,
			CreationDate: &a.Created, LastUpdatedDate: &a.Updated,
		})
	}
	if name := awsAlias + "s3"; only == nil && s.aliases.Get(rowKey(c.Caller.Account, c.Region, name)) == nil {
		list = append(list, types.AliasListEntry{AliasName: &name, AliasArn: new(aliasARN(c.Caller.Account, c.Region, name))})
		slices.SortFunc(list, func(a, b types.AliasListEntry) int { return strings.Compare(*a.AliasName, *b.AliasName) })
	}
	page, next, err := paged(list, func(e types.AliasListEntry) string { return *e.AliasName }, in.Limit, 50, in.Marker)
	return &sdk.ListAliasesOutput{Aliases: page, NextMarker: next, Truncated: next != nil}, err
}
