package sts

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) identityRows() []op.Row {
	who := op.New("GetCallerIdentity", "STS API_GetCallerIdentity", op.Read, nil, s.getCallerIdentity)
	who.Public = "STS API_GetCallerIdentity: no permissions are required, and an explicit deny has no effect"
	return []op.Row{who}
}

func (s *Service) getCallerIdentity(c *op.Call, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	if c.Caller.Principal.Type == policy.Anonymous {
		return nil, op.Errorf(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	return &sts.GetCallerIdentityOutput{
		Account: aws.String(c.Caller.Account),
		Arn:     aws.String(c.Caller.Principal.ARN),
		UserId:  aws.String(userID(c.Caller)),
	}, nil
}

// userID is the caller's aws:userid.
// Source: IAM User Guide, reference_policies_variables, "Principal key values".
func userID(c *op.Caller) string {
	switch c.Principal.Type {
	case policy.AssumedRole:
		return c.Session.IssuerID + ":" + c.Session.Name
	case policy.FederatedUser:
		return c.Account + ":" + c.Session.Name
	}
	return c.Principal.ID
}
