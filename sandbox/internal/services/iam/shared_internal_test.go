package iam

import (
	"fmt"
	"testing"
)

// Source: IAM User Guide, id_roles_providers_oidc_secure-by-default: a shared
// provider's trust policy must evaluate the provider's claim.
func TestSharedIssuers(t *testing.T) {
	const azure = "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d"
	for _, tc := range []struct {
		issuer, condition string
		taken             bool
	}{
		{"gitlab.com", `{}`, false},
		{"gitlab.com", `{"StringEquals":{"gitlab.com:aud":"sts.amazonaws.com"}}`, false},
		{"gitlab.com", `{"StringLike":{"gitlab.com:sub":"*"}}`, false},
		{"gitlab.com", `{"StringNotEquals":{"gitlab.com:sub":"x"}}`, false},
		{"gitlab.com", `{"StringEqualsIfExists":{"gitlab.com:sub":"x"}}`, false},
		{"gitlab.com", `{"StringLike":{"GitLab.com:sub":["project_path:group/*"]}}`, true},
		{"gitlab.example.com", `{}`, true},
		{"token.actions.githubusercontent.com", `{"StringEquals":{"token.actions.githubusercontent.com:repository":"o/r"}}`, false},
		{"token.actions.githubusercontent.com", `{"StringEquals":{"token.actions.githubusercontent.com:job_workflow_ref":"o/r"}}`, true},
		{"token.actions.githubusercontent.com/slug", `{}`, false},
		{"token.actions.githubusercontent.com/slug", `{"StringLike":{"token.actions.githubusercontent.com/slug:sub":"repo:*"}}`, true},
		{"api.pulumi.com/oidc", `{"StringEquals":{"api.pulumi.com/oidc:sub":"x"}}`, false},
		{"api.pulumi.com/oidc", `{"StringEquals":{"api.pulumi.com/oidc:aud":"x"}}`, true},
		{azure, `{"StringEquals":{"` + azure + `:aud":"x"}}`, false},
		{azure, `{"StringEquals":{"sts:RoleSessionName":"MicrosoftSentinel_x"}}`, true},
		{"tokens.cloud.shisho.dev", `{}`, false},
		{"oidc.circleci.com/org/o", `{}`, true},
	} {
		doc := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/%s"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":%s}]}`, tc.issuer, tc.condition)
		if err := checkSharedIssuers(doc); (err == nil) != tc.taken {
			t.Errorf("%s with %s: got %v, want taken %t", tc.issuer, tc.condition, err, tc.taken)
		}
	}
}
