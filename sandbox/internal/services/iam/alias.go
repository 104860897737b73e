package iam

import (
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) aliasRows() []op.Row {
	return []op.Row{
		write("CreateAccountAlias", "AccountAlias!", anyRow[iam.CreateAccountAliasInput](s, "CreateAccountAlias"), s.createAlias),
		write("DeleteAccountAlias", "AccountAlias!", anyRow[iam.DeleteAccountAliasInput](s, "DeleteAccountAlias"), s.deleteAlias),
		read("ListAccountAliases", "Marker MaxItems", anyRow[iam.ListAccountAliasesInput](s, "ListAccountAliases"), s.listAliases),
		write("SetSecurityTokenServicePreferences", "GlobalEndpointTokenVersion!", anyRow[iam.SetSecurityTokenServicePreferencesInput](s, "SetSecurityTokenServicePreferences"), s.setTokenVersion),
	}
}

func (s *Service) changeAccount(c *op.Call, change func(*Account)) (*none, error) {
	a := *s.accounts.Get(c.Caller.Account)
	change(&a)
	s.accounts.Put(a.ID, &a)
	return &none{}, nil
}

// createAlias: aliases are unique over all accounts, and an account has one: a
// new one takes the old one's place.
// Source: IAM User Guide, console_account-alias.
func (s *Service) createAlias(c *op.Call, in *iam.CreateAccountAliasInput) (*none, error) {
	for _, a := range s.accounts.From("") {
		if a.Alias == *in.AccountAlias {
			return nil, exists("The account alias %s already exists.", *in.AccountAlias)
		}
	}
	return s.changeAccount(c, func(a *Account) { a.Alias = *in.AccountAlias })
}

func (s *Service) deleteAlias(c *op.Call, in *iam.DeleteAccountAliasInput) (*none, error) {
	if s.accounts.Get(c.Caller.Account).Alias != *in.AccountAlias {
		return nil, noSuch("The account alias with name %s cannot be found.", *in.AccountAlias)
	}
	return s.changeAccount(c, func(a *Account) { a.Alias = "" })
}

func (s *Service) listAliases(c *op.Call, _ *iam.ListAccountAliasesInput) (*iam.ListAccountAliasesOutput, error) {
	out := &iam.ListAccountAliasesOutput{AccountAliases: []string{}}
	if a := s.accounts.Get(c.Caller.Account).Alias; a != "" {
		out.AccountAliases = append(out.AccountAliases, a)
	}
	return out, nil
}

func (s *Service) setTokenVersion(c *op.Call, in *iam.SetSecurityTokenServicePreferencesInput) (*none, error) {
	return s.changeAccount(c, func(a *Account) {
		a.Token = 1
		if in.GlobalEndpointTokenVersion == "v2Token" {
			a.Token = 2
		}
	})
}
