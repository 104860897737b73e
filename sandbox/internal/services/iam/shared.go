package iam

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// sharedIssuers are OIDC issuers that serve many customers, with the claims of
// which a trust policy must evaluate one. A claim with a colon is a whole
// condition key.
// Source: IAM User Guide, id_roles_providers_oidc_secure-by-default, table of
// shared identity providers; the same issuers are in the EnforceTrustedOIDCTenant
// statements of AWS's own data perimeter examples. That GitHub's list has two
// entries is IAM's own error message of 2026.
//
// Whether IAM sees through set operators (ForAnyValue:StringLike), as this
// does, is not documented.
var sharedIssuers = map[string][]string{
	"token.actions.githubusercontent.com":                  {"sub", "job_workflow_ref"},
	"oidc-configuration.audit-log.githubusercontent.com":   {"sub"},
	"vstoken.actions.githubusercontent.com":                {"sub"},
	"gitlab.com":                                           {"sub"},
	"agent.buildkite.com":                                  {"sub"},
	"oidc.codefresh.io":                                    {"sub"},
	"studio.datachain.ai/api":                              {"sub"},
	"app.terraform.io":                                     {"sub"},
	"scalr.io":                                             {"sub"},
	"tokens.cloud.shisho.dev":                              {"sub"},
	"proidc.upbound.io":                                    {"sub"},
	"api.pulumi.com/oidc":                                  {"aud"},
	"sandboxes.cloud":                                      {"aud"},
	"oidc.vercel.com":                                      {"aud"},
	"cognito-identity.amazonaws.com":                       {"aud"},
	"sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d": {"sts:RoleSessionName"},
	"rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7": {"sub"},
	"rh-oidc.s3.us-east-1.amazonaws.com/23e3sd27sju1hoou6ohfs68vbno607tr": {"sub"},
	"rh-oidc.s3.us-east-1.amazonaws.com/23ne21h005qjl3n33d8dui5dlrmv2tmg": {"sub"},
	"rh-oidc.s3.us-east-1.amazonaws.com/24jrf12m5dj7ljlfb4ta2frhrcoadm26": {"sub"},
	"oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb":         {"sub"},
	"oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu":         {"sub"},
}

// claimKey is the condition key of a required claim.
func claimKey(issuer, claim string) string {
	if strings.Contains(claim, ":") {
		return claim
	}
	return issuer + ":" + claim
}

// checkSharedIssuers applies the identity-provider controls to a trust policy
// that already parses: each statement that lets a shared issuer's tokens in
// must narrow one of the required claims.
func checkSharedIssuers(text string) error {
	var doc struct{ Statement oneOrMore[trustStatement] }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return Malformed(err)
	}
	for _, st := range doc.Statement {
		if st.Effect != "Allow" {
			continue
		}
		for _, principal := range st.Principal.Federated {
			issuer := principal
			if _, url, ok := strings.Cut(principal, ":oidc-provider/"); ok {
				issuer = url
			}
			claims, ok := sharedClaims(issuer)
			if !ok || st.narrows(issuer, claims) {
				continue
			}
			var keys []string
			for _, c := range claims {
				keys = append(keys, claimKey(issuer, c))
			}
			return op.Errorf(400, "MalformedPolicyDocument",
				"Trust policy with trusted principal %s must evaluate, using StringEquals, StringLike or StringEqualsIgnoreCase, %s which is not scoped to all.",
				principal, strings.Join(keys, " or "))
		}
	}
	return nil
}

func sharedClaims(issuer string) ([]string, bool) {
	if c, ok := sharedIssuers[issuer]; ok {
		return c, true
	}
	host, _, _ := strings.Cut(issuer, "/")
	if host == "token.actions.githubusercontent.com" {
		return sharedIssuers[host], true
	}
	return nil, false
}

type trustStatement struct {
	Effect    string
	Principal federated
	Condition map[string]map[string]oneOrMore[any]
}

// federated is a Principal element of which only Federated matters here; the
// string "*" is none.
type federated struct{ Federated oneOrMore[string] }

func (f *federated) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return nil
	}
	type plain federated
	return json.Unmarshal(b, (*plain)(f))
}

// narrows tells whether a positive string condition limits one of the claims
// to something. Set operators are seen through.
func (st *trustStatement) narrows(issuer string, claims []string) bool {
	for operator, block := range st.Condition {
		if i := strings.IndexByte(operator, ':'); i >= 0 {
			operator = operator[i+1:]
		}
		if !slices.ContainsFunc([]string{"StringEquals", "StringLike", "StringEqualsIgnoreCase"}, func(o string) bool { return strings.EqualFold(o, operator) }) {
			continue
		}
		for key, values := range block {
			if !slices.ContainsFunc(claims, func(c string) bool { return strings.EqualFold(key, claimKey(issuer, c)) }) || len(values) == 0 {
				continue
			}
			if !slices.ContainsFunc(values, toAll) {
				return true
			}
		}
	}
	return false
}

// toAll tells whether a condition value lets every claim through.
func toAll(v any) bool {
	s, ok := v.(string)
	return ok && strings.Contains(s, "*") && strings.Trim(s, "*?") == ""
}

// oneOrMore is IAM's "one value or a list of them".
type oneOrMore[T any] []T

func (o *oneOrMore[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(o))
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*o = oneOrMore[T]{one}
	return nil
}
