package sts

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
)

func (s *Service) sessionTokenRows() []op.Row {
	session := op.New("GetSessionToken", "STS API_GetSessionToken", op.Write, s.checkGetSessionToken, s.getSessionToken)
	session.Secret = []string{"SecretAccessKey", "SessionToken", "TokenCode"}
	federation := op.New("GetFederationToken", "STS API_GetFederationToken", op.Write, s.checkGetFederationToken, s.getFederationToken)
	federation.Secret = []string{"SecretAccessKey", "SessionToken"}
	return []op.Row{op.WithPrepare(session, prepareSessionToken), op.WithPrepare(federation, prepareFederationToken)}
}

// longTerm refuses callers with temporary credentials.
// Source: STS API_GetSessionToken and API_GetFederationToken: they are called
// with the long-term credentials of a user or of the root user.
func longTerm(c *op.Call, operation string) error {
	if c.Caller.Session != nil {
		return op.Errorf(403, "AccessDenied", "Cannot call %s with session credentials", operation)
	}
	return nil
}

func prepareSessionToken(c *op.Call, in *sts.GetSessionTokenInput) error {
	if err := refuse("MinimumSessionTokenSize", in.MinimumSessionTokenSize != nil); err != nil {
		return err
	}
	return longTerm(c, "GetSessionToken")
}

// checkGetSessionToken asks for nothing that must be allowed, yet an explicit
// deny counts.
// Source: STS API_GetSessionToken, "no permissions are required for users to
// perform this operation"; IAM User Guide, reference_policies_examples_aws_my-
// sec-creds-self-manage, whose Deny leaves sts:GetSessionToken out.
func (s *Service) checkGetSessionToken(c *op.Call, in *sts.GetSessionTokenInput) ([]op.Check, error) {
	mfa, err := s.iam.CheckMFA(c, in.SerialNumber, in.TokenCode)
	if err != nil {
		return nil, err
	}
	c.Prepared = mfa
	return []op.Check{{Action: "sts:GetSessionToken", Grant: "no permission is needed",
		Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}, nil
}

// rootLife is the longest session of the root user.
// Source: STS API_GetSessionToken, "DurationSeconds".
const rootLife = 3600

func (s *Service) getSessionToken(c *op.Call, in *sts.GetSessionTokenInput) (*sts.GetSessionTokenOutput, error) {
	byDefault := int32(43200)
	if c.Caller.Principal.Type == policy.Root {
		byDefault = rootLife
	}
	life, err := lifetime(in.DurationSeconds, byDefault, 900, 129600)
	if err != nil {
		return nil, err
	}
	if c.Caller.Principal.Type == policy.Root && life.Seconds() > rootLife {
		return nil, op.Errorf(400, "ValidationError", "The requested DurationSeconds exceeds the session limit of 1 hour for root credentials")
	}
	p := c.Caller.Principal
	x := &iam.Session{Account: p.Account, Type: p.Type, ARN: p.ARN, Issuer: p.ARN, IssuerID: p.ID, Source: "GetSessionToken"}
	if mfa, _ := c.Prepared.(*iam.MFA); mfa != nil {
		x.MFA, x.MFAAt = true, c.Now
		s.iam.UseMFA(mfa)
	}
	return &sts.GetSessionTokenOutput{Credentials: s.issue(c, x, life)}, nil
}

func prepareFederationToken(c *op.Call, in *sts.GetFederationTokenInput) error {
	return first(
		refuse("MinimumSessionTokenSize", in.MinimumSessionTokenSize != nil),
		// Source: STS API_GetFederationToken, "Name": 2 to 32 characters.
		sessionName("name", in.Name, 32),
		longTerm(c, "GetFederationToken"),
	)
}

// checkGetFederationToken: the resource is the federated user.
// Source: IAM User Guide, id_credentials_temp_control-access_enable-create.
func (s *Service) checkGetFederationToken(c *op.Call, in *sts.GetFederationTokenInput) ([]op.Check, error) {
	tags, err := requestTags(in.Tags)
	if err != nil {
		return nil, err
	}
	resource := op.Resource{ARN: federatedARN(c, in), Account: c.Caller.Account}
	keys := sessionKeys(tags, nil, "")
	checks := []op.Check{{Action: "sts:GetFederationToken", Resource: resource, Context: keys}}
	if len(tags) > 0 {
		checks = append(checks, op.Check{Action: "sts:TagSession", Resource: resource, Context: keys})
	}
	return checks, nil
}

func federatedARN(c *op.Call, in *sts.GetFederationTokenInput) string {
	return "arn:aws:sts::" + c.Caller.Account + ":federated-user/" + aws.ToString(in.Name)
}

func (s *Service) getFederationToken(c *op.Call, in *sts.GetFederationTokenInput) (*sts.GetFederationTokenOutput, error) {
	tags, err := requestTags(in.Tags)
	if err != nil {
		return nil, err
	}
	p := c.Caller.Principal
	docs, packed, err := s.limits(p.Account, in.Policy, in.PolicyArns, tags)
	if err != nil {
		return nil, err
	}
	if docs == nil {
		none, err := iam.LimitDocument(iam.NothingDocument)
		if err != nil {
			return nil, err
		}
		docs = []*iam.Document{none}
	}
	byDefault, most := int32(43200), int32(129600)
	if p.Type == policy.Root {
		byDefault = rootLife
	}
	life, err := lifetime(in.DurationSeconds, byDefault, 900, most)
	if err != nil {
		return nil, err
	}
	if p.Type == policy.Root && life.Seconds() > rootLife {
		return nil, op.Errorf(400, "ValidationError", "The requested DurationSeconds exceeds the session limit of 1 hour for root credentials")
	}
	x := &iam.Session{Account: p.Account, Type: policy.FederatedUser, ARN: federatedARN(c, in), Issuer: p.ARN, IssuerID: p.ID,
		Source: "GetFederationToken", Name: *in.Name, Tags: tags, Limits: docs}
	credentials := s.issue(c, x, life)
	return &sts.GetFederationTokenOutput{
		//lint:ignore SA1019 clients of today read PackedPolicySize
		Credentials: credentials, PackedPolicySize: packed,
		FederatedUser: &types.FederatedUser{Arn: aws.String(x.ARN), FederatedUserId: aws.String(x.Account + ":" + x.Name)},
	}, nil
}
