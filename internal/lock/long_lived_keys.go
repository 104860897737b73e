package lock

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func noLongLivedKeys() *Lock {
	const user = "rehearsal-user"
	return &Lock{
		ID:       "no-long-lived-keys",
		Claim:    "No long-lived access key exists, and the automation cannot make one.",
		Enforced: "modules/automation-iam: OIDC instead of users; main.apply.tf: DenyLongLivedCredentials",
		Attacks: []Attack{{
			By: "a thief of stored keys", Request: "ListAccessKeys of every user of the account",
			Do: func(ctx context.Context, w *World) (Outcome, error) { return w.findKeys(ctx) },
		}, {
			By: "the apply role", Request: "CreateUser, the first step to an access key",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				creds, o, err := w.assume(ctx, w.ApplyRole, Token{})
				if err != nil || creds == nil {
					return o, orRefused(err, o)
				}
				client := iam.NewFromConfig(w.Config(creds))
				out, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("rehearsal-made-by-ci")})
				if err != nil {
					return w.judge(err, nil, accessDenied...)
				}
				if _, err := w.operatorIAM().DeleteUser(ctx, &iam.DeleteUserInput{UserName: out.User.UserName}); err != nil {
					return Outcome{}, err
				}
				return w.judge(nil, &out.ResultMetadata)
			},
		}},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			client := w.operatorIAM()
			if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(user)}); err != nil {
				return nil, err
			}
			key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String(user)})
			return func() error {
				var first error
				if key != nil {
					_, first = client.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String(user), AccessKeyId: key.AccessKey.AccessKeyId})
				}
				_, err := client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String(user)})
				return errors.Join(first, err)
			}, err
		},
	}
}

// findKeys looks for an access key as a thief would look for one to steal.
func (w *World) findKeys(ctx context.Context) (Outcome, error) {
	client, users := w.operatorIAM(), 0
	pages := iam.NewListUsersPaginator(client, &iam.ListUsersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return Outcome{}, err
		}
		for _, u := range page.Users {
			users++
			keys, err := client.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: u.UserName})
			if err != nil {
				return Outcome{}, err
			}
			if len(keys.AccessKeyMetadata) > 0 {
				return Outcome{Answer: "found", DecidedBy: fmt.Sprintf("user %s has %d access keys", *u.UserName, len(keys.AccessKeyMetadata))}, nil
			}
		}
	}
	return Outcome{Answer: "none found", Refused: true, DecidedBy: fmt.Sprintf("the account has %d users and no access key", users)}, nil
}
