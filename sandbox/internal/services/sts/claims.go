package sts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// providerClaims are the claims that STS turns into condition keys besides
// aud, sub and amr, by issuer.
// Source: Service Authorization Reference, AWS STS, condition keys; IAM User
// Guide, reference_policies_iam-condition-keys, "Available keys for AWS OIDC
// federation". GitLab's are those of gitlab.com alone: a self-managed GitLab
// shows its aud and sub only, and so does CircleCI but for the project.
var providerClaims = map[string][]string{
	"github":    {"actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository", "repository_id", "repository_owner_id", "workflow"},
	"gitlab":    {"namespace_id", "project_id", "user_id", "user_login", "user_email", "user_access_level", "ref_protected", "pipeline_source", "runner_environment"},
	"google":    {"email", "oaud", "google/organization_number"},
	"buildkite": {"build_branch", "cluster_id", "cluster_name", "organization_id", "organization_slug", "pipeline_id", "pipeline_slug"},
	"circleci":  {"oidc.circleci.com/project-id"},
}

// providerOf names the provider behind an issuer, without "https://"; empty:
// one that STS knows nothing special about.
func providerOf(issuer string) string {
	host, path, _ := strings.Cut(issuer, "/")
	switch {
	case host == "token.actions.githubusercontent.com" && strings.Count(path, "/") == 0,
		strings.HasPrefix(host, "token.actions.") && strings.HasSuffix(host, ".ghe.com") && path == "":
		return "github"
	case issuer == "gitlab.com":
		return "gitlab"
	case issuer == "accounts.google.com":
		return "google"
	case issuer == "agent.buildkite.com":
		return "buildkite"
	case host == "oidc.circleci.com" && strings.HasPrefix(path, "org/"):
		return "circleci"
	}
	return ""
}

// ClaimKeys lists the claims of an issuer's tokens that a trust policy can
// see; each is the condition key ISSUER:CLAIM. issuer may begin with
// "https://". Any other claim is a missing key: positive conditions on it are
// never met, negated ones always.
func ClaimKeys(issuer string) []string {
	return append([]string{"aud", "sub", "amr"}, providerClaims[providerOf(strings.TrimPrefix(issuer, "https://"))]...)
}

// Claims gives the condition keys that STS makes of a token's claims. claims
// is the payload as encoding/json decodes it into a map; issuer may begin with
// "https://". A claim that is absent, null or not a plain value gives no key.
func Claims(issuer string, claims map[string]any) []op.Key {
	issuer = strings.TrimPrefix(issuer, "https://")
	var keys []op.Key
	for _, name := range ClaimKeys(issuer) {
		values, many := claimValues(claims[name])
		switch {
		case name == "amr" && len(values) > 0:
			keys = append(keys, op.Multi(issuer+":amr", values...))
		case name == "aud":
			if aud, err := audience(claims); err == nil {
				keys = append(keys, op.Single(issuer+":aud", aud))
			}
		case name == "oaud":
			if aud, _ := claimValues(claims["aud"]); len(aud) == 1 {
				keys = append(keys, op.Single(issuer+":oaud", aud[0]))
			}
		case len(values) == 1 && !many:
			keys = append(keys, op.Single(issuer+":"+name, values[0]))
		}
	}
	return keys
}

// claimValues reads a claim as strings; many tells a list from a plain value.
func claimValues(v any) (values []string, many bool) {
	switch v := v.(type) {
	case string:
		return []string{v}, false
	case bool:
		return []string{strconv.FormatBool(v)}, false
	case json.Number:
		return []string{v.String()}, false
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}, false
	case []any:
		for _, e := range v {
			one, nested := claimValues(e)
			if nested || len(one) != 1 {
				return nil, true
			}
			values = append(values, one[0])
		}
		return values, true
	}
	return nil, false
}

// lasting picks the keys that the session keeps.
// Source: IAM User Guide, reference_policies_iam-condition-keys, "Available
// in session": aud, sub and amr are, the provider's own claims are not.
func lasting(issuer string, keys []op.Key) []op.Key {
	var out []op.Key
	for _, k := range keys {
		if slices.Contains([]string{issuer + ":aud", issuer + ":sub", issuer + ":amr"}, k.Name) {
			out = append(out, k)
		}
	}
	return out
}

// claimTags reads the session tags that an issuer puts into a token.
// Source: IAM User Guide, id_session-tags, "Passing session tags using
// AssumeRoleWithWebIdentity".
func claimTags(claims map[string]any) (tags map[string]string, transitive []string, err error) {
	raw, ok := claims["https://aws.amazon.com/tags"]
	if !ok {
		return nil, nil, nil
	}
	block, ok := raw.(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("the claim https://aws.amazon.com/tags is not an object")
	}
	principal, _ := block["principal_tags"].(map[string]any)
	for k, v := range principal {
		values, _ := claimValues(v)
		if len(values) != 1 {
			return nil, nil, fmt.Errorf("the session tag %q needs exactly one value", k)
		}
		if tags == nil {
			tags = map[string]string{}
		}
		tags[k] = values[0]
	}
	keys, _ := claimValues(block["transitive_tag_keys"])
	transitive, err = transitiveKeys(keys, tags)
	return tags, transitive, err
}
