package trust

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// Role is a role that tokens are presented to.
type Role struct {
	// Name is how the answer calls it: the role's name, or the file of its policy.
	Name string
	// ARN of the role. Empty: unknown; Account then places it.
	ARN string
	// Account is the 12-digit ID of the account that holds the role and its
	// identity providers. Empty: that of ARN, or else of the first provider that
	// Policy trusts.
	Account string
	// Policy is the trust policy, of kind policy.Trust. Never nil.
	Policy *policy.Policy
	// Clients are the client IDs (audiences) of the account's identity providers,
	// by issuer without "https://". Nil: not known, and every audience passes; an
	// issuer that is not in it has no provider there.
	Clients map[string][]string
	// Writes tells a role that may change things, which merge request and fork
	// pipelines should not reach. False: it only reads, or nothing is known.
	Writes bool
}

// Presented is a token as STS sees it: its issuer and its claims, the signature
// and the times taken to be good.
type Presented struct {
	// Issuer is the iss claim, with "https://".
	Issuer string
	// Claims as encoding/json decodes them into a map, with or without UseNumber.
	Claims map[string]any
	// Session is the RoleSessionName that the pipeline asks for. Empty: "session".
	Session string
}

// Obstacle is what stands between a token and a role before the trust policy is
// asked.
type Obstacle string

const (
	// Clear means that the trust policy decides.
	Clear Obstacle = ""
	// NoProvider: the account has no identity provider for the issuer.
	NoProvider Obstacle = "no-provider"
	// WrongAudience: the provider's client list does not hold the audience.
	WrongAudience Obstacle = "wrong-audience"
	// NoAudience: the token names none, or several without azp.
	NoAudience Obstacle = "no-audience"
	// NoSubject: the token has no sub.
	NoSubject Obstacle = "no-subject"
)

// Verdict is what STS answers to AssumeRoleWithWebIdentity.
type Verdict struct {
	// Admitted tells whether a session is given.
	Admitted bool
	// Obstacle is what refused the token before its policy; Clear: none did.
	Obstacle Obstacle
	// Decision of the trust policy. The zero Decision if Obstacle is not Clear.
	Decision policy.Decision
}

// Decide answers as STS would: the provider, the audience, then the trust policy.
//
// Source: STS API_AssumeRoleWithWebIdentity; IAM User Guide,
// id_roles_providers_create_oidc. The order of the obstacles is the sandbox's.
func (r *Role) Decide(t *Presented) Verdict {
	if o := r.obstacle(t); o != Clear {
		return Verdict{Obstacle: o}
	}
	set, req := r.Request(t)
	d := set.Decide(req)
	return Verdict{Admitted: d.Verdict == policy.Allow, Decision: d}
}

func (r *Role) obstacle(t *Presented) Obstacle {
	issuer := strings.TrimPrefix(t.Issuer, "https://")
	clients, ok := r.Clients[issuer]
	if r.Clients != nil && !ok {
		return NoProvider
	}
	audience, err := oidc.Audience(t.Claims)
	if err != nil {
		return NoAudience
	}
	if sub, _ := t.Claims["sub"].(string); sub == "" {
		return NoSubject
	}
	if r.Clients != nil && !slices.Contains(clients, audience) {
		return WrongAudience
	}
	return Clear
}

// Request is the request for a session as the policy engine is asked it, and the
// set that decides it: the trust policy alone, for nobody has signed.
func (r *Role) Request(t *Presented) (*policy.Set, *policy.Request) {
	issuer := strings.TrimPrefix(t.Issuer, "https://")
	account := r.account()
	provider := "arn:aws:iam::" + account + ":oidc-provider/" + issuer
	session := t.Session
	if session == "" {
		session = "session"
	}
	var c policy.Context
	c.Set("sts:RoleSessionName", session)
	c.Set("aws:FederatedProvider", provider)
	for _, k := range oidc.ConditionKeys(issuer, t.Claims) {
		if k.Multi {
			c.SetMulti(k.Name, k.Values...)
		} else {
			c.Set(k.Name, k.Values[0])
		}
	}
	role := r.ARN
	if role == "" {
		role = "arn:aws:iam::" + account + ":role/unnamed"
	}
	return &policy.Set{Resource: r.Policy}, &policy.Request{
		Principal:       &policy.Principal{Type: policy.WebIdentity, ARN: provider, Account: account},
		Action:          "sts:AssumeRoleWithWebIdentity",
		Resource:        role,
		ResourceAccount: account,
		Context:         &c,
	}
}

// placeholder stands for an account that nothing tells: a trust policy without a
// provider admits no token, whatever the account.
const placeholder = "123456789012"

// account is the role's, as far as it is known.
func (r *Role) account() string {
	if r.Account != "" {
		return r.Account
	}
	if parts := strings.SplitN(r.ARN, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	for _, p := range r.Policy.FederatedPrincipals() {
		if parts := strings.SplitN(p, ":", 6); len(parts) == 6 && strings.HasPrefix(parts[5], "oidc-provider/") {
			return parts[4]
		}
	}
	return placeholder
}
