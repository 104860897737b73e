package sts

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
)

func (s *Service) assumeRows() []op.Row {
	r := op.New("AssumeRole", "STS API_AssumeRole", op.Write, s.checkAssumeRole, s.assumeRole)
	r.Secret = []string{"SecretAccessKey", "SessionToken", "TokenCode"}
	r.ResourceTypes = []string{"AWS::IAM::Role"}
	return []op.Row{op.WithPrepare(r, prepareAssumeRole)}
}

// assumption is what the checks of AssumeRole found out, for its handler.
type assumption struct {
	role           *iam.Entity
	mfa            *iam.MFA
	tags           map[string]string // those of the request and the transitive ones
	transitive     []string
	sourceIdentity string
	docs           []*iam.Document
	packed         *int32
	life           time.Duration
}

// roleChainLimit is the longest life of a role session made by another.
// Source: STS API_AssumeRole, "DurationSeconds".
const roleChainLimit = 3600

func prepareAssumeRole(_ *op.Call, in *sts.AssumeRoleInput) error {
	return first(
		refuse("ProvidedContexts", in.ProvidedContexts != nil),
		refuse("MinimumSessionTokenSize", in.MinimumSessionTokenSize != nil),
		required("roleArn", in.RoleArn),
		sessionName("roleSessionName", in.RoleSessionName, 64),
		optionalName("sourceIdentity", in.SourceIdentity),
		checkExternalID(in.ExternalId),
	)
}

func optionalName(member string, value *string) error {
	if value == nil {
		return nil
	}
	if strings.HasPrefix(strings.ToLower(*value), "aws:") {
		return op.Errorf(400, "ValidationError", "The source identity must not begin with aws:")
	}
	return sessionName(member, value, 64)
}

// checkExternalID: Source: STS API_AssumeRole, "ExternalId": 2 to 1224
// characters of [\w+=,.@:\/-].
func checkExternalID(id *string) error {
	if id == nil {
		return nil
	}
	if len(*id) < 2 || len(*id) > 1224 {
		return constraint("Value at 'externalId' failed to satisfy constraint: Member must have length between 2 and 1224")
	}
	for _, r := range *id {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_+=,.@:/-", r)) {
			return constraint("Value at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*")
		}
	}
	return nil
}

func denied(c *op.Call, action, resource string) error {
	return op.Errorf(403, "AccessDenied", "User: %s is not authorized to perform: %s on resource: %s", c.Caller.Principal.ARN, action, resource)
}

func (s *Service) checkAssumeRole(c *op.Call, in *sts.AssumeRoleInput) ([]op.Check, error) {
	arn := *in.RoleArn
	switch {
	case c.Caller.Principal.Type == policy.Root:
		return nil, op.Errorf(403, "AccessDenied", "Roles may not be assumed by root accounts.")
	case c.Caller.Principal.Type == policy.FederatedUser:
		// Source: STS API_GetFederationToken: only GetCallerIdentity is open.
		return nil, denied(c, "sts:AssumeRole", arn)
	case !strings.HasPrefix(arn, "arn:"):
		return nil, op.Errorf(400, "ValidationError", "%s is invalid", arn)
	}
	role := s.iam.RoleByARN(arn)
	if role == nil {
		return nil, denied(c, "sts:AssumeRole", arn)
	}
	a := &assumption{role: role}
	c.Prepared = a
	var err error
	if a.mfa, err = s.iam.CheckMFA(c, in.SerialNumber, in.TokenCode); err != nil {
		return nil, err
	}
	if err := a.carry(c, in); err != nil {
		return nil, err
	}
	inherited := ""
	if x := c.Caller.Session; x != nil {
		inherited = x.SourceIdentity
	}
	keys := a.context(in, inherited)
	resource := op.Resource{ARN: arn, Account: role.Account, Policy: role.Role.Trust.Policy(), Tags: role.TagMap()}
	checks := []op.Check{{Action: "sts:AssumeRole", Resource: resource, Context: keys}}
	if len(a.tags) > 0 {
		checks = append(checks, op.Check{Action: "sts:TagSession", Resource: resource, Context: keys})
	}
	if a.sourceIdentity != "" {
		checks = append(checks, op.Check{Action: "sts:SetSourceIdentity", Resource: resource, Context: keys})
	}
	return checks, nil
}

// carry works out tags and source identity: those of the request, and what a
// role session hands on to the next.
// Source: IAM User Guide, id_session-tags, "Chaining roles with session tags";
// id_credentials_temp_control-access_monitor, "source identity ... persists".
// That tags which are only handed on need sts:TagSession too, and the refusals'
// codes, is how AWS answered in public experiments with such chains.
func (a *assumption) carry(c *op.Call, in *sts.AssumeRoleInput) error {
	tags, err := requestTags(in.Tags)
	if err != nil {
		return err
	}
	if a.transitive, err = transitiveKeys(in.TransitiveTagKeys, tags); err != nil {
		return err
	}
	a.sourceIdentity = aws.ToString(in.SourceIdentity)
	if x := c.Caller.Session; x != nil && x.Source != "GetSessionToken" {
		for _, k := range x.TransitiveTagKeys {
			for own := range tags {
				if strings.EqualFold(own, k) {
					return op.Errorf(400, "InvalidParameterValue", "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
				}
			}
		}
		if tags == nil && len(x.TransitiveTagKeys) > 0 {
			tags = map[string]string{}
		}
		for _, k := range x.TransitiveTagKeys {
			tags[k] = x.Tags[k]
			a.transitive = append(a.transitive, k)
		}
		if x.SourceIdentity != "" {
			if a.sourceIdentity != "" && a.sourceIdentity != x.SourceIdentity {
				return op.Errorf(400, "ValidationError", "The source identity is already set for this assume role session")
			}
			a.sourceIdentity = x.SourceIdentity
		}
	}
	a.tags = tags
	return nil
}

// context is what the trust policy and the caller's policies can see. inherited
// is the source identity of the calling session.
// Source: Service Authorization Reference, AWS STS, AssumeRole.
func (a *assumption) context(in *sts.AssumeRoleInput, inherited string) []op.Key {
	keys := []op.Key{op.Single("sts:RoleSessionName", *in.RoleSessionName)}
	if in.ExternalId != nil {
		keys = append(keys, op.Single("sts:ExternalId", *in.ExternalId))
	}
	// One that is handed on is in aws:SourceIdentity alone.
	// Source: IAM User Guide "AWS global condition context keys",
	// aws:SourceIdentity: sts:SourceIdentity is there when it is first set.
	initial := aws.ToString(in.SourceIdentity)
	if initial == inherited {
		initial = ""
	}
	keys = append(keys, sessionKeys(a.tags, a.transitive, initial)...)
	if a.mfa != nil {
		// The code in the request counts as MFA for the trust policy.
		// Source: IAM User Guide, id_credentials_mfa_configure-api-require.
		keys = append(keys, op.Single("aws:MultiFactorAuthPresent", "true"), op.Single("aws:MultiFactorAuthAge", "0"))
	}
	for k, v := range a.role.TagMap() {
		keys = append(keys, op.Single("iam:ResourceTag/"+k, v))
	}
	return keys
}

// sessionKeys are the condition keys of what a session will carry.
func sessionKeys(tags map[string]string, transitive []string, sourceIdentity string) []op.Key {
	var keys []op.Key
	if len(tags) > 0 {
		names := slices.Sorted(maps.Keys(tags))
		for _, k := range names {
			keys = append(keys, op.Single("aws:RequestTag/"+k, tags[k]))
		}
		keys = append(keys, op.Multi("aws:TagKeys", names...))
	}
	if len(transitive) > 0 {
		keys = append(keys, op.Multi("sts:TransitiveTagKeys", transitive...))
	}
	if sourceIdentity != "" {
		keys = append(keys, op.Single("sts:SourceIdentity", sourceIdentity))
	}
	return keys
}

func (s *Service) assumeRole(c *op.Call, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	a := c.Prepared.(*assumption)
	var err error
	if a.docs, a.packed, err = s.limits(a.role.Account, in.Policy, in.PolicyArns, a.tags); err != nil {
		return nil, err
	}
	if a.life, err = roleLife(in.DurationSeconds, a.role); err != nil {
		return nil, err
	}
	if x := c.Caller.Session; x != nil && c.Caller.Principal.Type == policy.AssumedRole && a.life > roleChainLimit*time.Second {
		return nil, op.Errorf(400, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	x := roleSession(a.role, *in.RoleSessionName, "AssumeRole", a.docs)
	x.Tags, x.TransitiveTagKeys, x.SourceIdentity = a.tags, a.transitive, a.sourceIdentity
	// The session itself does not count as one with MFA.
	// Source: IAM User Guide, id_credentials_mfa_configure-api-require: "the
	// temporary credentials returned by AssumeRole do not include MFA
	// information in the context".
	s.iam.UseMFA(a.mfa)
	credentials := s.issue(c, x, a.life)
	//lint:ignore SA1019 clients of today read PackedPolicySize
	out := &sts.AssumeRoleOutput{AssumedRoleUser: assumedUser(x), Credentials: credentials, PackedPolicySize: a.packed}
	if a.sourceIdentity != "" {
		out.SourceIdentity = aws.String(a.sourceIdentity)
	}
	return out, nil
}

// roleLife applies the role's own maximum.
func roleLife(asked *int32, role *iam.Entity) (time.Duration, error) {
	life, err := lifetime(asked, 3600, 900, 43200)
	if err == nil && life > time.Duration(role.Role.MaxSession)*time.Second {
		return 0, op.Errorf(400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return life, err
}

// roleSession begins a session of the role.
func roleSession(role *iam.Entity, name, source string, limits []*iam.Document) *iam.Session {
	return &iam.Session{
		Account: role.Account, Type: policy.AssumedRole,
		ARN:    "arn:aws:sts::" + role.Account + ":assumed-role/" + role.Name + "/" + name,
		Issuer: role.ARN(), IssuerID: role.ID, ServiceLinked: role.Role.Service != "",
		Source: source, Name: name, Limits: limits,
	}
}

func assumedUser(x *iam.Session) *types.AssumedRoleUser {
	return &types.AssumedRoleUser{Arn: aws.String(x.ARN), AssumedRoleId: aws.String(x.IssuerID + ":" + x.Name)}
}
