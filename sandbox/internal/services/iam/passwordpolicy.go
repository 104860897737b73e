package iam

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
