package oidc

import "strings"

// The issuers of the forges' public hosts.
const (
	GitLabIssuer = "https://gitlab.com"
	GitHubIssuer = "https://token.actions.githubusercontent.com"
)

// Kind is what is behind an issuer.
type Kind string

const (
	// KindGeneric is any OIDC issuer that nothing special is known of. A
	// self-managed GitLab is one, as far as its URL and AWS STS tell.
	KindGeneric Kind = "generic"
	// KindGitLab is GitLab; KindOf answers it for gitlab.com only.
	KindGitLab Kind = "gitlab"
	// KindGitHub is GitHub Actions, on github.com, for an enterprise with an issuer
	// of its own, or with data residency (ghe.com).
	KindGitHub Kind = "github"
	// KindGoogle, KindBuildkite, KindCircleCI and KindOracle are further issuers
	// that STS knows claims of.
	KindGoogle    Kind = "google"
	KindBuildkite Kind = "buildkite"
	KindCircleCI  Kind = "circleci"
	KindOracle    Kind = "oracle"
)

// String is the name that people know the kind by.
func (k Kind) String() string {
	switch k {
	case KindGitLab:
		return "GitLab"
	case KindGitHub:
		return "GitHub"
	case KindGoogle:
		return "Google"
	case KindBuildkite:
		return "Buildkite"
	case KindCircleCI:
		return "CircleCI"
	case KindOracle:
		return "Oracle Cloud"
	}
	return "an OIDC provider"
}

// KindOf tells what is behind an issuer, given with or without "https://".
// Source: Service Authorization Reference, AWS STS, condition keys: the issuers
// that its keys are listed for.
func KindOf(issuer string) Kind {
	issuer = strings.TrimPrefix(issuer, "https://")
	host, path, _ := strings.Cut(issuer, "/")
	switch {
	case host == "token.actions.githubusercontent.com" && !strings.Contains(path, "/"),
		strings.HasPrefix(host, "token.actions.") && strings.HasSuffix(host, ".ghe.com") && path == "",
		host == "github.com" && strings.HasPrefix(path, "enterprises/"):
		return KindGitHub
	case issuer == "gitlab.com":
		return KindGitLab
	case issuer == "accounts.google.com":
		return KindGoogle
	case issuer == "agent.buildkite.com":
		return KindBuildkite
	case host == "oidc.circleci.com" && strings.HasPrefix(path, "org/"):
		return KindCircleCI
	case strings.HasPrefix(host, "idcs-") && strings.HasSuffix(host, ".identity.oraclecloud.com"):
		return KindOracle
	}
	return KindGeneric
}

// KindOfToken is KindOf with the token's claims at hand, by which a self-managed
// GitLab and a GitHub Enterprise Server give themselves away.
func KindOfToken(issuer string, claims map[string]any) Kind {
	k := KindOf(issuer)
	if k != KindGeneric {
		return k
	}
	has := func(names ...string) bool {
		for _, n := range names {
			if _, ok := claims[n]; !ok {
				return false
			}
		}
		return true
	}
	switch {
	case has("project_path", "pipeline_source"):
		return KindGitLab
	case has("repository", "workflow_ref", "run_id"):
		return KindGitHub
	}
	return KindGeneric
}

// isSlug reports whether s can be the slug of a GitHub enterprise.
func isSlug(s string) bool {
	if s == "" || strings.HasPrefix(s, "-") {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
}

// IsEnterprise reports whether issuer is that of a GitHub enterprise: base with
// the enterprise's slug as its path.
func IsEnterprise(issuer, base string) bool {
	slug, ok := strings.CutPrefix(issuer, base+"/")
	return ok && isSlug(slug)
}
