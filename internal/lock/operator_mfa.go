package lock

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/internal/room"
)

// without is why locks of a concern do not apply to a room.
func without(concern string) func(w *World) string {
	return func(w *World) string {
		if why := withoutBaseline(w); why != "" {
			return why
		}
		if !w.Room.Baseline.Has(concern) {
			return "the spec leaves out " + concern
		}
		return ""
	}
}

// asPerson is an attempt with the access key of a person, who has MFA and may or
// may not use it.
func asPerson(who func(w *World) *Person, do func(ctx context.Context, w *World, p *Person, key *aws.Credentials) (Outcome, error)) func(context.Context, *World) (Outcome, error) {
	return func(ctx context.Context, w *World) (o Outcome, err error) {
		p := who(w)
		key, takeAway, err := p.Key(ctx)
		if err != nil {
			return Outcome{}, err
		}
		defer func() { err = errors.Join(err, takeAway()) }()
		return do(ctx, w, p, &key)
	}
}

func insider(w *World) *Person  { return w.Person }
func stranger(w *World) *Person { return w.Stranger }

// becomeOperator assumes the operator's role; serial and code are empty: without MFA.
func (w *World) becomeOperator(ctx context.Context, as *aws.Credentials, serial, code string) (*aws.Credentials, Outcome, error) {
	in := &sts.AssumeRoleInput{RoleArn: aws.String(w.Room.OperatorRoleARN()), RoleSessionName: aws.String(sessionName)}
	if code != "" {
		in.SerialNumber, in.TokenCode = &serial, &code
	}
	out, err := sts.NewFromConfig(w.Config(as)).AssumeRole(ctx, in)
	if err != nil {
		o, err := w.judge(err, nil, accessDenied...)
		return nil, o, err
	}
	o, err := w.judge(nil, &out.ResultMetadata)
	return &aws.Credentials{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken,
	}, o, err
}

// withCode shows the code together with the request.
func withCode(ctx context.Context, w *World, p *Person, key *aws.Credentials) (Outcome, error) {
	code, err := w.Code(ctx, p)
	if err != nil {
		return Outcome{}, err
	}
	_, o, err := w.becomeOperator(ctx, key, p.Serial, code)
	return o, err
}

// aged signs in with a code, waits, and then becomes operator with that session.
func aged(wait func(bound time.Duration) time.Duration) func(context.Context, *World, *Person, *aws.Credentials) (Outcome, error) {
	return func(ctx context.Context, w *World, p *Person, key *aws.Credentials) (Outcome, error) {
		code, err := w.Code(ctx, p)
		if err != nil {
			return Outcome{}, err
		}
		out, err := sts.NewFromConfig(w.Config(key)).GetSessionToken(ctx, &sts.GetSessionTokenInput{
			SerialNumber: &p.Serial, TokenCode: &code, DurationSeconds: aws.Int32(int32(24 * time.Hour / time.Second)),
		})
		if err != nil {
			return Outcome{}, err
		}
		if err := w.Advance(ctx, wait(time.Duration(w.Room.Baseline.Operator.MFAMaxAge)*time.Second)); err != nil {
			return Outcome{}, err
		}
		session := aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}
		_, o, err := w.becomeOperator(ctx, &session, "", "")
		return o, err
	}
}

func operatorMFA() *Lock {
	return &Lock{
		ID:       "operator-mfa",
		Claim:    "Nobody becomes operator without a second factor used recently, and nobody of another account.",
		Enforced: "modules/baseline/operator-role/main.role.tf: PeopleWithFreshMFA",
		Without:  without(room.OperatorRole),
		Controls: []Attack{{
			By: "a person of the account", Request: "AssumeRole of the operator's role, with the code of this moment",
			Do: asPerson(insider, withCode),
		}, {
			By: "a person of the account", Request: "the same with a session whose code is just young enough",
			Do: asPerson(insider, aged(func(bound time.Duration) time.Duration { return bound - 2*time.Second })),
		}},
		Attacks: []Attack{{
			By: "a person of the account", Request: "AssumeRole of the operator's role with an access key and no code",
			Do: asPerson(insider, func(ctx context.Context, w *World, _ *Person, key *aws.Credentials) (Outcome, error) {
				_, o, err := w.becomeOperator(ctx, key, "", "")
				return o, err
			}),
		}, {
			By: "a person of the account", Request: "the same with a session without MFA",
			Do: asPerson(insider, func(ctx context.Context, w *World, _ *Person, key *aws.Credentials) (Outcome, error) {
				out, err := sts.NewFromConfig(w.Config(key)).GetSessionToken(ctx, nil)
				if err != nil {
					return Outcome{}, err
				}
				session := aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}
				_, o, err := w.becomeOperator(ctx, &session, "", "")
				return o, err
			}),
		}, {
			By: "a person of the account", Request: "the same with a session whose code is a second too old",
			Do: asPerson(insider, aged(func(bound time.Duration) time.Duration { return bound + time.Second })),
		}, {
			By: "an administrator of another account", Request: "AssumeRole of the operator's role, with a code of their own",
			Do: asPerson(stranger, withCode),
		}, {
			By: "a role of the account with every right", Request: "AssumeRole of the operator's role",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				_, o, err := w.becomeOperator(ctx, &w.Operator, "", "")
				return o, err
			},
		}},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.editTrustPolicy(ctx, w.Room.OperatorRoleARN(), func(s map[string]any) map[string]any {
				delete(s, "Condition")
				return s
			})
		},
	}
}
