package lock

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// orRefused is the error of an attack whose first step, which must succeed,
// was refused.
func orRefused(err error, o Outcome) error {
	if err != nil {
		return err
	}
	if o.Refused {
		return fmt.Errorf("an honest token was refused (%s, %s), so there is nothing to attack with", o.Answer, o.DecidedBy)
	}
	return errors.New("no credentials came back")
}

// exchange is an attempt to assume a role with a token.
func exchange(by, request string, role func(*World) string, token func(*World) Token) Attack {
	return Attack{By: by, Request: request, Do: func(ctx context.Context, w *World) (Outcome, error) {
		_, o, err := w.assume(ctx, role(w), token(w))
		return o, err
	}}
}

func planRole(w *World) string  { return w.PlanRole }
func applyRole(w *World) string { return w.ApplyRole }
func honest(*World) Token       { return Token{} }

// honestApply is the control of all locks on tokens.
func honestApply() Attack {
	return exchange("a pipeline of the room's own branch", "AssumeRoleWithWebIdentity of the apply role", applyRole, honest)
}

// subjects changes a trust policy's condition on the token's subject to a
// pattern.
func subjects(pattern string) func(map[string]any) map[string]any {
	return func(s map[string]any) map[string]any {
		conditions, _ := s["Condition"].(map[string]any)
		for operator, block := range conditions {
			keys, _ := block.(map[string]any)
			for key := range keys {
				if strings.HasSuffix(key, ":sub") {
					delete(keys, key)
					if len(keys) == 0 {
						delete(conditions, operator)
					}
					like, _ := conditions["StringLike"].(map[string]any)
					if like == nil {
						like = map[string]any{}
					}
					like[key] = pattern
					conditions["StringLike"] = like
					return s
				}
			}
		}
		return s
	}
}

func otherProject() *Lock {
	stranger := func(w *World) Token { return Token{Project: w.Project + "-fork"} }
	return &Lock{
		ID:       "other-project",
		Claim:    "Only pipelines of the room's own project can become the automation roles.",
		Enforced: "modules/automation-iam/main.provider.tf: the condition on the token's sub",
		Controls: []Attack{honestApply()},
		Attacks: []Attack{
			exchange("a pipeline of a project whose name begins the same", "AssumeRoleWithWebIdentity of the plan role", planRole, stranger),
			exchange("a pipeline of a project whose name begins the same", "AssumeRoleWithWebIdentity of the apply role", applyRole, stranger),
			exchange("a pipeline of another group", "AssumeRoleWithWebIdentity of the plan role", planRole,
				func(w *World) Token { return Token{Project: "mallory/" + nameOf(w.Project)} }),
		},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.editTrustPolicy(ctx, w.PlanRole, subjects("*"+nameOf(w.Project)+"*"))
		},
	}
}

func branchForApply() *Lock {
	branch := func(*World) Token { return Token{Branch: "feature/unreviewed"} }
	return &Lock{
		ID:       "branch-for-apply",
		Claim:    "A branch that nobody reviewed can plan, but not apply.",
		Enforced: "modules/automation-iam/main.provider.tf: the apply role's condition on the token's sub",
		Controls: []Attack{
			honestApply(),
			exchange("a pipeline of an unreviewed branch", "AssumeRoleWithWebIdentity of the plan role", planRole, branch),
		},
		Attacks: []Attack{
			exchange("a pipeline of an unreviewed branch", "AssumeRoleWithWebIdentity of the apply role", applyRole, branch),
		},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.editTrustPolicy(ctx, w.ApplyRole, subjects("*"+w.Project+":*"))
		},
	}
}

func wrongAudience() *Lock {
	other := func(*World) Token { return Token{Audience: "https://vault.example.com"} }
	return &Lock{
		ID:       "wrong-audience",
		Claim:    "A token that was issued for somebody else opens nothing here.",
		Enforced: "modules/automation-iam/main.provider.tf: client_id_list and the condition on aud",
		Controls: []Attack{honestApply()},
		Attacks: []Attack{
			exchange("a service that was handed the pipeline's token for itself", "AssumeRoleWithWebIdentity of the plan role", planRole, other),
			exchange("a service that was handed the pipeline's token for itself", "AssumeRoleWithWebIdentity of the apply role", applyRole, other),
		},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			client := w.operatorIAM()
			list, err := client.ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{})
			if err != nil {
				return nil, err
			}
			if len(list.OpenIDConnectProviderList) != 1 {
				return nil, fmt.Errorf("the account has %d OIDC providers, want 1", len(list.OpenIDConnectProviderList))
			}
			arn, audience := list.OpenIDConnectProviderList[0].Arn, aws.String(other(w).Audience)
			_, err = client.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: audience})
			if err != nil {
				return nil, err
			}
			trust, err := w.editTrustPolicy(ctx, w.ApplyRole, func(s map[string]any) map[string]any {
				conditions, _ := s["Condition"].(map[string]any)
				equals, _ := conditions["StringEquals"].(map[string]any)
				for key := range equals {
					if strings.HasSuffix(key, ":aud") {
						delete(equals, key)
					}
				}
				if len(equals) == 0 {
					delete(conditions, "StringEquals")
				}
				return s
			})
			return func() error {
				_, err := client.RemoveClientIDFromOpenIDConnectProvider(ctx, &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: audience})
				if trust != nil {
					err = errors.Join(err, trust())
				}
				return err
			}, err
		},
	}
}

func falseTokens() *Lock {
	token := func(f Fault) func(*World) Token { return func(*World) Token { return Token{Fault: f} } }
	return &Lock{
		ID:       "false-tokens",
		Claim:    "A token that the forge did not sign, or that is past its time, opens nothing.",
		Enforced: "modules/automation-iam/main.provider.tf: the OIDC provider; STS checks the signature against the issuer's keys",
		Controls: []Attack{honestApply()},
		Attacks: []Attack{
			exchange("a forger with a key of their own", "AssumeRoleWithWebIdentity with a forged token", applyRole, token(Forged)),
			exchange("a finder of an old job log", "AssumeRoleWithWebIdentity with an expired token", applyRole, token(Expired)),
			exchange("a reader of the JOSE specification", "AssumeRoleWithWebIdentity with an alg: none token", applyRole, token(Unsigned)),
		},
		// No policy of ours can switch STS's check off: the mutation is a forge
		// that signs for whoever asks.
		TakeOff: func(_ context.Context, w *World) (func() error, error) {
			mint := w.Token
			w.Token = func(t Token) (string, error) {
				t.Fault = Honest
				return mint(t)
			}
			return func() error { w.Token = mint; return nil }, nil
		},
	}
}
