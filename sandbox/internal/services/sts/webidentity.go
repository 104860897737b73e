package sts

import (
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
)

func (s *Service) webIdentityRows() []op.Row {
	r := op.New("AssumeRoleWithWebIdentity", "STS API_AssumeRoleWithWebIdentity", op.Write, s.checkWebIdentity, s.assumeRoleWithWebIdentity)
	r.Secret = []string{"SecretAccessKey", "SessionToken", "WebIdentityToken"}
	r.ResourceTypes = []string{"AWS::IAM::Role"}
	r.Unsigned = "STS API_AssumeRoleWithWebIdentity: calling it does not require AWS credentials"
	return []op.Row{op.WithPrepare(r, s.prepareWebIdentity)}
}

// bearer is what is known of the caller of AssumeRoleWithWebIdentity.
type bearer struct {
	token          *webToken
	provider       *iam.Provider
	role           *iam.Entity
	keys           []op.Key
	tags           map[string]string
	transitive     []string
	sourceIdentity string
}

func (s *Service) prepareWebIdentity(c *op.Call, in *sts.AssumeRoleWithWebIdentityInput) error {
	err := first(
		refuse("ProviderId", in.ProviderId != nil),
		refuse("MinimumSessionTokenSize", in.MinimumSessionTokenSize != nil),
		required("roleArn", in.RoleArn),
		sessionName("roleSessionName", in.RoleSessionName, 64),
		required("webIdentityToken", in.WebIdentityToken),
	)
	if err != nil {
		return err
	}
	t, err := s.readToken(c.Context(), *in.WebIdentityToken)
	if err != nil {
		return err
	}
	c.Prepared = &bearer{token: t}
	return nil
}

// checkWebIdentity settles who the bearer is, in STS's order: the provider must
// be registered in the role's account, the signature its own, the audience one
// of the provider's clients, the times right. Only then is the trust policy
// asked.
func (s *Service) checkWebIdentity(c *op.Call, in *sts.AssumeRoleWithWebIdentityInput) ([]op.Check, error) {
	b := c.Prepared.(*bearer)
	t := b.token
	parts := strings.SplitN(*in.RoleArn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") {
		return nil, op.Errorf(400, "ValidationError", "Request ARN is invalid")
	}
	if b.provider = s.iam.Provider(parts[4], t.issuer); b.provider == nil {
		return nil, invalidToken("No OpenIDConnect provider found in your account for https://" + t.issuer)
	}
	if t.err != nil {
		return nil, t.err
	}
	if err := t.current(c.Now); err != nil {
		return nil, err
	}
	if !slices.Contains(b.provider.ClientIDs, t.audience) {
		return nil, invalidToken("Incorrect token audience")
	}
	refused := op.Errorf(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	if b.role = s.iam.RoleByARN(*in.RoleArn); b.role == nil {
		return nil, refused
	}
	if err := b.carry(); err != nil {
		return nil, err
	}
	b.keys = claimKeys(t.issuer, t.claims)
	// Source: IAM User Guide "AWS global condition context keys":
	// aws:FederatedProvider is there for the trust policy and in the session.
	keys := append([]op.Key{op.Single("sts:RoleSessionName", *in.RoleSessionName), op.Single("aws:FederatedProvider", b.provider.ARN())}, b.keys...)
	keys = append(keys, sessionKeys(b.tags, b.transitive, b.sourceIdentity)...)
	principal := &policy.Principal{Type: policy.WebIdentity, ARN: b.provider.ARN(), Account: b.provider.Account}
	resource := op.Resource{ARN: b.role.ARN(), Account: b.role.Account, Policy: b.role.Role.Trust.Policy(), Tags: b.role.TagMap()}
	checks := []op.Check{{Action: "sts:AssumeRoleWithWebIdentity"}}
	if len(b.tags) > 0 {
		checks = append(checks, op.Check{Action: "sts:TagSession"})
	}
	if b.sourceIdentity != "" {
		checks = append(checks, op.Check{Action: "sts:SetSourceIdentity"})
	}
	for i := range checks {
		checks[i].Resource, checks[i].Context, checks[i].Principal, checks[i].OnDeny = resource, keys, principal, refused
	}
	return checks, nil
}

// carry reads the session tags and the source identity in the token.
func (b *bearer) carry() error {
	var err error
	var known *op.Error
	if b.tags, b.transitive, err = claimTags(b.token.claims); errors.As(err, &known) {
		return known
	} else if err != nil {
		e := invalidToken("The session tags in the token are invalid: " + err.Error())
		e.Err = err
		return e
	}
	for k, v := range b.tags {
		if err := checkTag(k, v); err != nil {
			return err
		}
	}
	if v, ok := b.token.claims[oidc.SourceIdentityClaim].(string); ok {
		if err := optionalName("sourceIdentity", &v); err != nil {
			return err
		}
		b.sourceIdentity = v
	}
	return nil
}

func (s *Service) assumeRoleWithWebIdentity(c *op.Call, in *sts.AssumeRoleWithWebIdentityInput) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	b := c.Prepared.(*bearer)
	docs, packed, err := s.limits(b.role.Account, in.Policy, in.PolicyArns, b.tags)
	if err != nil {
		return nil, err
	}
	life, err := roleLife(in.DurationSeconds, b.role)
	if err != nil {
		return nil, err
	}
	x := roleSession(b.role, *in.RoleSessionName, "AssumeRoleWithWebIdentity", docs)
	x.Tags, x.TransitiveTagKeys, x.SourceIdentity = b.tags, b.transitive, b.sourceIdentity
	x.Federated = append(lasting(b.token.issuer, b.keys), op.Single("aws:FederatedProvider", b.provider.ARN()))
	credentials := s.issue(c, x, life)
	out := &sts.AssumeRoleWithWebIdentityOutput{
		//lint:ignore SA1019 clients of today read PackedPolicySize
		AssumedRoleUser: assumedUser(x), Credentials: credentials, PackedPolicySize: packed,
		Audience: aws.String(b.token.audience), Provider: aws.String(b.provider.ARN()),
		SubjectFromWebIdentityToken: aws.String(b.token.subject),
	}
	if b.sourceIdentity != "" {
		out.SourceIdentity = aws.String(b.sourceIdentity)
	}
	return out, nil
}
