package iam

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// PasswordPolicy is the account's password policy.
type PasswordPolicy struct {
	AllowUsersToChangePassword bool
	HardExpiry                 *bool
	MaxPasswordAge             *int32
	MinimumPasswordLength      int32
	PasswordReusePrevention    *int32
	RequireLowercaseCharacters bool
	RequireNumbers             bool
	RequireSymbols             bool
	RequireUppercaseCharacters bool
}

func (s *Service) passwordPolicyRows() []op.Row {
	return []op.Row{
		read("GetAccountPasswordPolicy", "", anyRow[iam.GetAccountPasswordPolicyInput](s, "GetAccountPasswordPolicy"), s.getPasswordPolicy),
		write("UpdateAccountPasswordPolicy", "AllowUsersToChangePassword HardExpiry MaxPasswordAge MinimumPasswordLength PasswordReusePrevention "+
			"RequireLowercaseCharacters RequireNumbers RequireSymbols RequireUppercaseCharacters",
			anyRow[iam.UpdateAccountPasswordPolicyInput](s, "UpdateAccountPasswordPolicy"), s.updatePasswordPolicy),
		write("DeleteAccountPasswordPolicy", "", anyRow[iam.DeleteAccountPasswordPolicyInput](s, "DeleteAccountPasswordPolicy"), s.deletePasswordPolicy),
	}
}

func (s *Service) getPasswordPolicy(c *op.Call, _ *iam.GetAccountPasswordPolicyInput) (*iam.GetAccountPasswordPolicyOutput, error) {
	p := s.accounts.Get(c.Caller.Account).Password
	if p == nil {
		return nil, noSuch("The Password Policy with domain name %s cannot be found.", c.Caller.Account)
	}
	return &iam.GetAccountPasswordPolicyOutput{PasswordPolicy: &types.PasswordPolicy{
		AllowUsersToChangePassword: p.AllowUsersToChangePassword, ExpirePasswords: p.MaxPasswordAge != nil, HardExpiry: p.HardExpiry,
		MaxPasswordAge: p.MaxPasswordAge, MinimumPasswordLength: aws.Int32(p.MinimumPasswordLength), PasswordReusePrevention: p.PasswordReusePrevention,
		RequireLowercaseCharacters: p.RequireLowercaseCharacters, RequireNumbers: p.RequireNumbers, RequireSymbols: p.RequireSymbols,
		RequireUppercaseCharacters: p.RequireUppercaseCharacters,
	}}, nil
}

// updatePasswordPolicy replaces the whole policy: what is not sent goes back to
// its default.
// Source: IAM API_UpdateAccountPasswordPolicy: "does not support partial updates".
func (s *Service) updatePasswordPolicy(c *op.Call, in *iam.UpdateAccountPasswordPolicyInput) (*none, error) {
	p := &PasswordPolicy{
		AllowUsersToChangePassword: in.AllowUsersToChangePassword, HardExpiry: in.HardExpiry, MaxPasswordAge: in.MaxPasswordAge,
		MinimumPasswordLength: 6, PasswordReusePrevention: in.PasswordReusePrevention,
		RequireLowercaseCharacters: in.RequireLowercaseCharacters, RequireNumbers: in.RequireNumbers,
		RequireSymbols: in.RequireSymbols, RequireUppercaseCharacters: in.RequireUppercaseCharacters,
	}
	if in.MinimumPasswordLength != nil {
		p.MinimumPasswordLength = *in.MinimumPasswordLength
	}
	return s.changeAccount(c, func(a *Account) { a.Password = p })
}

func (s *Service) deletePasswordPolicy(c *op.Call, _ *iam.DeleteAccountPasswordPolicyInput) (*none, error) {
	if s.accounts.Get(c.Caller.Account).Password == nil {
		return nil, noSuch("The account policy with name PasswordPolicy cannot be found.")
	}
	return s.changeAccount(c, func(a *Account) { a.Password = nil })
}

// symbols are the characters that count as non-alphanumeric.
// Source: IAM API_UpdateAccountPasswordPolicy, "RequireSymbols".
const symbols = `!@#$%^&*()_+-=[]{}|'`

// checkPassword holds a password to the account's policy, or to the default
// one: eight characters, three of the four kinds, not the account's name.
// Source: IAM User Guide, id_credentials_passwords_account-policy.
func (a *Account) checkPassword(password string) error {
	var lower, upper, digit, symbol bool
	for _, r := range password {
		lower = lower || unicode.IsLower(r)
		upper = upper || unicode.IsUpper(r)
		digit = digit || unicode.IsDigit(r)
		symbol = symbol || strings.ContainsRune(symbols, r)
	}
	n := int32(utf8.RuneCountInString(password))
	violation := func(what string) error {
		return op.Errorf(400, "PasswordPolicyViolation", "Password does not conform to the account password policy: %s", what)
	}
	p := a.Password
	if p == nil {
		kinds := 0
		for _, has := range []bool{lower, upper, digit, symbol} {
			if has {
				kinds++
			}
		}
		if n < 8 || kinds < 3 {
			return violation("it needs at least 8 characters of three kinds")
		}
		if password == a.Alias {
			return violation("it must not be the account's alias")
		}
		return nil
	}
	switch {
	case n < p.MinimumPasswordLength:
		return violation("it is too short")
	case p.RequireLowercaseCharacters && !lower:
		return violation("it needs a lowercase character")
	case p.RequireUppercaseCharacters && !upper:
		return violation("it needs an uppercase character")
	case p.RequireNumbers && !digit:
		return violation("it needs a number")
	case p.RequireSymbols && !symbol:
		return violation("it needs a symbol")
	}
	return nil
}
