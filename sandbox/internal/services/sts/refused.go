package sts

import (
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// refusedRows are operations that exist on AWS and are refused by name here.
func refusedRows() []op.Row {
	saml := refused[sts.AssumeRoleWithSAMLInput, sts.AssumeRoleWithSAMLOutput]("AssumeRoleWithSAML", "the sandbox has no SAML providers")
	saml.Unsigned = "STS API_AssumeRoleWithSAML: calling it does not require AWS credentials"
	return []op.Row{
		saml,
		refused[sts.AssumeRootInput, sts.AssumeRootOutput]("AssumeRoot", "the sandbox has no centralized root access"),
		refused[sts.GetWebIdentityTokenInput, sts.GetWebIdentityTokenOutput]("GetWebIdentityToken", "the sandbox issues no outbound identity tokens"),
		refused[sts.GetDelegatedAccessTokenInput, sts.GetDelegatedAccessTokenOutput]("GetDelegatedAccessToken", "the sandbox has no delegation requests"),
	}
}

func refused[In, Out any](name, why string) op.Row {
	r := op.New(name, "STS API_"+name, op.Read, nil, func(*op.Call, *In) (*Out, error) {
		return nil, op.Errorf(400, "NotImplemented", "the sandbox does not implement sts:%s: %s", name, why)
	})
	r.Public = "it only ever refuses"
	r.Secret = []string{"SAMLAssertion", "TradeInToken"}
	return r
}
