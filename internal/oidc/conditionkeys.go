package oidc

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// providerClaims are the claims that STS turns into condition keys besides
// aud, sub and amr, by issuer.
// Source: Service Authorization Reference, AWS STS, condition keys; IAM User
// Guide, reference_policies_iam-condition-keys, "Available keys for AWS OIDC
// federation". GitLab's are those of gitlab.com alone: a self-managed GitLab
// shows its aud and sub only, and so does CircleCI but for the project.
var providerClaims = map[Kind][]string{
	KindGitHub:    {"actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository", "repository_id", "repository_owner_id", "workflow"},
	KindGitLab:    {"namespace_id", "project_id", "user_id", "user_login", "user_email", "user_access_level", "ref_protected", "pipeline_source", "runner_environment"},
	KindGoogle:    {"email", "oaud", "google/organization_number"},
	KindBuildkite: {"build_branch", "cluster_id", "cluster_name", "organization_id", "organization_slug", "pipeline_id", "pipeline_slug"},
	KindCircleCI:  {"oidc.circleci.com/project-id"},
	KindOracle:    {"rpst_id"},
}

// ClaimKeys lists the claims of an issuer's tokens that a trust policy can
// see; each is the condition key ISSUER:CLAIM. issuer may begin with
// "https://". Any other claim is a missing key: positive conditions on it are
// never met, negated ones always.
func ClaimKeys(issuer string) []string {
	return append([]string{"aud", "sub", "amr"}, providerClaims[KindOf(issuer)]...)
}

// Key is a condition key that STS makes of a claim.
type Key struct {
	// Name is ISSUER:CLAIM.
	Name string
	// Claim is the claim it is made of, as the token names it.
	Claim string
	// Values has one element for a single-valued key.
	Values []string
	// Multi marks a multivalued key.
	Multi bool
}

// ConditionKeys gives the condition keys that STS makes of a token's claims, in
// the order of ClaimKeys. claims is the payload as encoding/json decodes it into
// a map; issuer may begin with "https://". A claim that is absent, null or not a
// plain value gives no key.
func ConditionKeys(issuer string, claims map[string]any) []Key {
	issuer = strings.TrimPrefix(issuer, "https://")
	var keys []Key
	for _, name := range ClaimKeys(issuer) {
		key := Key{Name: issuer + ":" + name, Claim: name}
		values, many := ClaimValues(claims[name])
		switch {
		case name == "amr" && len(values) > 0:
			key.Values, key.Multi = values, true
		case name == "aud":
			aud, err := Audience(claims)
			if err != nil {
				continue
			}
			key.Values = []string{aud}
			if azp, ok := claims["azp"].(string); ok && azp != "" {
				key.Claim = "azp"
			}
		case name == "oaud":
			if values, _ = ClaimValues(claims["aud"]); len(values) != 1 {
				continue
			}
			key.Values, key.Claim = values, "aud"
		case len(values) == 1 && !many:
			key.Values = values
		default:
			continue
		}
		keys = append(keys, key)
	}
	return keys
}

// ErrNoAudience and ErrManyAudiences are what Audience answers for a token that
// does not name one client.
var (
	ErrNoAudience    = errors.New("the token has no aud")
	ErrManyAudiences = errors.New("the token has several audiences and no azp")
)

// Audience is the client that a token is for: the party it was issued to (azp)
// where it names one, else its aud. What AWS makes of several audiences without
// azp is not documented; they are ErrManyAudiences.
// Source: IAM User Guide, reference_policies_iam-condition-keys, "aud"; that it
// is so for every issuer, github.com/aws/aws-sdk-net issue 3071: a token with
// azp is an "Incorrect token audience" unless azp is one of the client IDs.
func Audience(claims map[string]any) (string, error) {
	audiences, _ := ClaimValues(claims["aud"])
	if len(audiences) == 0 {
		return "", ErrNoAudience
	}
	if azp, ok := claims["azp"].(string); ok && azp != "" {
		return azp, nil
	}
	if len(audiences) > 1 {
		return "", ErrManyAudiences
	}
	return audiences[0], nil
}

// ClaimValues reads a claim as strings; many tells a list from a plain value. A
// claim that is absent, null, an object or a nested list has none.
func ClaimValues(v any) (values []string, many bool) {
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
			one, nested := ClaimValues(e)
			if nested || len(one) != 1 {
				return nil, true
			}
			values = append(values, one[0])
		}
		return values, true
	}
	return nil, false
}
