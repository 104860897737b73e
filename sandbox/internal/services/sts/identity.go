package sts

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
)

func (s *Service) identityRows() []op.Row {
	who := op.New("GetCallerIdentity", "STS API_GetCallerIdentity", op.Read, nil, s.getCallerIdentity)
	who.Public = "STS API_GetCallerIdentity: no permissions are required, and an explicit deny has no effect"
	info := op.New("GetAccessKeyInfo", "STS API_GetAccessKeyInfo", op.Read,
		func(c *op.Call, _ *sts.GetAccessKeyInfoInput) ([]op.Check, error) {
			return []op.Check{{Action: "sts:GetAccessKeyInfo", Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}, nil
		}, s.getAccessKeyInfo)
	info = op.WithPrepare(info, func(c *op.Call, in *sts.GetAccessKeyInfoInput) error {
		return first(required("accessKeyId", in.AccessKeyId), sessionMay(c, "GetAccessKeyInfo"))
	})
	return []op.Row{who, info}
}

func (s *Service) getCallerIdentity(c *op.Call, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{
		Account: aws.String(c.Caller.Account),
		Arn:     aws.String(c.Caller.Principal.ARN),
		UserId:  aws.String(UserID(c.Caller)),
	}, nil
}

// UserID is the caller's aws:userid.
// Source: IAM User Guide, reference_policies_variables, "Principal key values".
func UserID(c *op.Caller) string {
	switch c.Principal.Type {
	case policy.AssumedRole:
		return c.Session.IssuerID + ":" + c.Session.Name
	case policy.FederatedUser:
		return c.Account + ":" + c.Session.Name
	}
	return c.Principal.ID
}

// sessionMay keeps a user's temporary credentials away from the operations of
// STS that they may not call.
// Source: STS API_GetSessionToken ("you cannot call any STS API except
// AssumeRole or GetCallerIdentity") and API_GetFederationToken ("except
// GetCallerIdentity").
func sessionMay(c *op.Call, operation string) error {
	if x := c.Caller.Session; x != nil && (x.Source == "GetSessionToken" || x.Source == "GetFederationToken") {
		return op.Errorf(403, "AccessDenied", "Cannot call %s with session credentials", operation)
	}
	return nil
}

func (s *Service) getAccessKeyInfo(_ *op.Call, in *sts.GetAccessKeyInfoInput) (*sts.GetAccessKeyInfoOutput, error) {
	account, ok := s.iam.KeyAccount(*in.AccessKeyId)
	if !ok {
		account, ok = iam.KeyIDAccount(*in.AccessKeyId)
	}
	if !ok {
		return nil, constraint("Value at 'accessKeyId' failed to satisfy constraint: Member must be an access key ID")
	}
	return &sts.GetAccessKeyInfoOutput{Account: aws.String(account)}, nil
}
