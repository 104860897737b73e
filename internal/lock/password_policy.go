package lock

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/internal/room"
)

// withPassword gives a new user a console password, and removes the user.
func withPassword(password string) func(context.Context, *World) (Outcome, error) {
	return func(ctx context.Context, w *World) (o Outcome, err error) {
		client, name := w.operatorIAM(), aws.String("rehearsal-with-password")
		if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: name}); err != nil {
			return Outcome{}, err
		}
		defer func() {
			_, e := client.DeleteUser(context.WithoutCancel(ctx), &iam.DeleteUserInput{UserName: name})
			err = errors.Join(err, e)
		}()
		out, err := client.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: name, Password: &password})
		if err != nil {
			return w.judge(err, nil, "PasswordPolicyViolation")
		}
		o, err = w.judge(nil, &out.ResultMetadata)
		_, e := client.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: name})
		return o, errors.Join(err, e)
	}
}

// The passwords are examples, of users that live for one request. What is wrong
// with each but the first, IAM's own default policy would take.
func passwordPolicy() *Lock {
	return &Lock{
		ID:       "password-policy",
		Claim:    "A console password is 14 characters long at least, and of every kind.",
		Enforced: "modules/baseline/account-hardening/main.account.tf: aws_iam_account_password_policy",
		Without:  without(room.AccountHardening),
		Controls: []Attack{{By: "the operator", Request: "CreateLoginProfile with a long password of every kind", Do: withPassword("Rehearsal-of-2026, long enough")}},
		Attacks: []Attack{
			{By: "the operator", Request: "CreateLoginProfile with 13 characters", Do: withPassword("Rehearsal-26!")},
			{By: "the operator", Request: "CreateLoginProfile without a digit", Do: withPassword("Rehearsal-of-something")},
			{By: "the operator", Request: "CreateLoginProfile without a symbol", Do: withPassword("RehearsalOfTwenty26x")},
			{By: "the operator", Request: "CreateLoginProfile without an upper-case letter", Do: withPassword("rehearsal-of-2026-x")},
			{By: "the operator", Request: "CreateLoginProfile without a lower-case letter", Do: withPassword("REHEARSAL-OF-2026-X")},
		},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			was, err := w.operatorIAM().GetAccountPasswordPolicy(ctx, nil)
			if err != nil {
				return nil, err
			}
			p := was.PasswordPolicy
			_, err = w.operatorIAM().DeleteAccountPasswordPolicy(ctx, nil)
			return func() error {
				in := &iam.UpdateAccountPasswordPolicyInput{
					AllowUsersToChangePassword: p.AllowUsersToChangePassword, HardExpiry: p.HardExpiry, MaxPasswordAge: p.MaxPasswordAge,
					MinimumPasswordLength: p.MinimumPasswordLength, PasswordReusePrevention: p.PasswordReusePrevention,
					RequireLowercaseCharacters: p.RequireLowercaseCharacters, RequireNumbers: p.RequireNumbers,
					RequireSymbols: p.RequireSymbols, RequireUppercaseCharacters: p.RequireUppercaseCharacters,
				}
				_, err := w.operatorIAM().UpdateAccountPasswordPolicy(ctx, in)
				return err
			}, err
		},
	}
}
