package trust

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
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
	// Policy is the trust policy, as policy.Parse makes it of kind policy.Trust.
	// Never nil.
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
	// BadIssuer: the token's iss is not an https URL.
	BadIssuer Obstacle = "bad-issuer"
	// NoSubject: the token has no sub.
	NoSubject Obstacle = "no-subject"
	// NoAudience: the token names no audience.
	NoAudience Obstacle = "no-audience"
	// ManyAudiences: the token names several and no azp. What AWS does with it is
	// not documented; the sandbox refuses it.
	ManyAudiences Obstacle = "many-audiences"
	// NoProvider: the account has no identity provider for the issuer.
	NoProvider Obstacle = "no-provider"
	// WrongAudience: the provider's client list does not hold the audience.
	WrongAudience Obstacle = "wrong-audience"
	// BadTags: the session tags or the source identity in the token are not ones
	// that STS takes.
	BadTags Obstacle = "bad-tags"
)

// Verdict is what STS answers to AssumeRoleWithWebIdentity.
type Verdict struct {
	// Admitted tells whether a session is given; with Depends, whether one is
	// given in some circumstances.
	Admitted bool
	// Obstacle is what refused the token before its policy; Clear: none did.
	Obstacle Obstacle
	// Action that the policy refused: sts:AssumeRoleWithWebIdentity, or
	// sts:TagSession or sts:SetSourceIdentity for a token that carries such. Empty:
	// none.
	Action string
	// Decision of the trust policy on the action that was refused, or else on
	// sts:AssumeRoleWithWebIdentity. The zero Decision if Obstacle is not Clear.
	Decision policy.Decision
	// Depends are the condition keys that the answer hangs on and that neither
	// the token nor the role tells, such as aws:SourceIp. Nil: it hangs on none.
	Depends []string
}

// Decide answers as STS would: the token's form, the provider, the audience,
// then the trust policy.
//
// Source: STS API_AssumeRoleWithWebIdentity; IAM User Guide,
// id_roles_providers_create_oidc. The order of the obstacles is the sandbox's.
func (r *Role) Decide(t *Presented) Verdict {
	if o := r.obstacle(t); o != Clear {
		return Verdict{Obstacle: o}
	}
	set, req := r.Request(t)
	v := decide(set, req, t)
	if unknown := unknownKeys(r.Policy); len(unknown) > 0 {
		best, worst := bounds(r.Policy)
		b, w := decide(&policy.Set{Resource: best}, req, t), decide(&policy.Set{Resource: worst}, req, t)
		if b.Admitted && !w.Admitted {
			v.Admitted, v.Depends = true, unknown
		}
	}
	return v
}

func decide(set *policy.Set, req *policy.Request, t *Presented) Verdict {
	var v Verdict
	for i, action := range t.actions() {
		req.Action = action
		d := set.Decide(req)
		if i == 0 {
			v.Decision = d
		}
		if d.Verdict != policy.Allow {
			return Verdict{Action: action, Decision: d}
		}
	}
	v.Admitted = true
	return v
}

const assumeAction = "sts:AssumeRoleWithWebIdentity"

// actions are what the policy must allow.
// Source: IAM User Guide, id_session-tags, "Permissions required to add session
// tags", and id_credentials_temp_control-access_monitor.
func (t *Presented) actions() []string {
	actions := []string{assumeAction}
	if tags, _, err := oidc.SessionTags(t.Claims); err == nil && len(tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if t.sourceIdentity() != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	return actions
}

func (t *Presented) sourceIdentity() string {
	s, _ := t.Claims[oidc.SourceIdentityClaim].(string)
	return s
}

func (t *Presented) subject() string {
	s, _ := t.Claims["sub"].(string)
	return s
}

// issuer is the token's issuer as condition keys have it.
func (t *Presented) issuer() string { return strings.TrimPrefix(t.Issuer, "https://") }

func (r *Role) obstacle(t *Presented) Obstacle {
	if !strings.HasPrefix(t.Issuer, "https://") && t.Issuer != "accounts.google.com" || t.issuer() == "" {
		return BadIssuer
	}
	if t.subject() == "" {
		return NoSubject
	}
	audience, err := oidc.Audience(t.Claims)
	switch {
	case errors.Is(err, oidc.ErrManyAudiences):
		return ManyAudiences
	case err != nil:
		return NoAudience
	}
	clients, ok := r.Clients[t.issuer()]
	if r.Clients != nil && !ok {
		return NoProvider
	}
	if r.Clients != nil && !slices.Contains(clients, audience) {
		return WrongAudience
	}
	if _, _, err := t.tags(); err != nil {
		return BadTags
	}
	if s, ok := t.Claims[oidc.SourceIdentityClaim].(string); ok && (!sourceIdentity.MatchString(s) || strings.HasPrefix(strings.ToLower(s), "aws:")) {
		return BadTags
	}
	return Clear
}

// Source: STS API_AssumeRole, "SourceIdentity".
var sourceIdentity = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{2,64}$`)

// tags are the session tags in the token and the transitive ones among them, by
// the names that the tags have.
func (t *Presented) tags() (tags map[string]string, transitive []string, err error) {
	tags, keys, err := oidc.SessionTags(t.Claims)
	if err != nil {
		return nil, nil, err
	}
	names := slices.Sorted(maps.Keys(tags))
	for _, n := range names {
		if err := oidc.CheckTag(n, tags[n]); err != nil {
			return nil, nil, err
		}
	}
	for _, k := range keys {
		n := len(transitive)
		for _, name := range names {
			if strings.EqualFold(name, k) {
				transitive = append(transitive, name)
			}
		}
		if len(transitive) == n {
			return nil, nil, fmt.Errorf("the transitive tag %q is not one of the session tags", k)
		}
	}
	return tags, transitive, nil
}

// Request is the request for a session as the policy engine is asked it, and the
// set that decides it: the trust policy alone, for nobody has signed.
func (r *Role) Request(t *Presented) (*policy.Set, *policy.Request) {
	account, role := r.account(), r.ARN
	provider := r.providerARN(t)
	if role == "" {
		role = "arn:aws:iam::" + account + ":role/unnamed"
	}
	return &policy.Set{Resource: r.Policy}, &policy.Request{
		Principal:       &policy.Principal{Type: policy.WebIdentity, ARN: provider, Account: account},
		Action:          assumeAction,
		Resource:        role,
		ResourceAccount: account,
		Context:         r.context(t),
	}
}

// providerARN is the role's account's identity provider for the token's issuer.
func (r *Role) providerARN(t *Presented) string {
	return "arn:" + r.partition() + ":iam::" + r.account() + ":oidc-provider/" + t.issuer()
}

// shownARN is providerARN for a person: an account that is not known is not made
// up.
func (r *Role) shownARN(t *Presented) string {
	if r.account() == placeholder {
		return "arn:" + r.partition() + ":iam::ACCOUNT:oidc-provider/" + t.issuer()
	}
	return r.providerARN(t)
}

// context holds what STS knows when it asks the trust policy.
// Source: IAM User Guide, reference_policies_condition-keys: which global keys
// an unsigned request has; aws:FederatedProvider is there for the trust policy.
func (r *Role) context(t *Presented) *policy.Context {
	c := &policy.Context{}
	session := t.Session
	if session == "" {
		session = "session"
	}
	c.Set("sts:RoleSessionName", session)
	c.Set("aws:FederatedProvider", r.providerARN(t))
	c.Set("aws:ResourceAccount", r.account())
	c.Set("aws:SecureTransport", "true") // STS has no endpoint without TLS
	c.Set("aws:ViaAWSService", "false")
	for _, k := range oidc.ConditionKeys(t.issuer(), t.Claims) {
		if k.Multi {
			c.SetMulti(k.Name, k.Values...)
		} else {
			c.Set(k.Name, k.Values[0])
		}
	}
	tags, transitive, _ := t.tags()
	if len(tags) > 0 {
		names := slices.Sorted(maps.Keys(tags))
		for _, n := range names {
			c.Set("aws:RequestTag/"+n, tags[n])
		}
		c.SetMulti("aws:TagKeys", names...)
	}
	if len(transitive) > 0 {
		c.SetMulti("sts:TransitiveTagKeys", transitive...)
	}
	if s := t.sourceIdentity(); s != "" {
		c.Set("sts:SourceIdentity", s)
	}
	return c
}

// placeholder stands for an account that nothing tells: a trust policy without a
// provider admits no token, whatever the account.
const placeholder = "123456789012"

// account is the role's, as far as it is known.
func (r *Role) account() string {
	if r.Account != "" {
		return r.Account
	}
	if account := r.known(4); account != "" {
		return account
	}
	return placeholder
}

// partition is the role's: aws, aws-cn, aws-us-gov.
func (r *Role) partition() string {
	if partition := r.known(1); partition != "" {
		return partition
	}
	return "aws"
}

// known is a part of the role's ARN, or else of the first provider's that its
// policy trusts.
func (r *Role) known(part int) string {
	if parts := strings.SplitN(r.ARN, ":", 6); len(parts) == 6 {
		return parts[part]
	}
	for _, p := range r.Policy.FederatedPrincipals() {
		if parts := strings.SplitN(p, ":", 6); len(parts) == 6 && strings.HasPrefix(parts[5], "oidc-provider/") {
			return parts[part]
		}
	}
	return ""
}
