package token

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// enterpriseServer is the path of a GitHub Enterprise Server's issuer.
// Source: GitHub Enterprise Server, "OpenID Connect reference".
const enterpriseServer = "/_services/token"

// Kind tells which forge issued the token, by its issuer and its claims.
func (t *Token) Kind() oidc.Kind {
	if u, err := url.Parse(t.Issuer); err == nil && u.Path == enterpriseServer {
		return oidc.KindGitHub
	}
	return oidc.KindOfToken(t.Issuer, t.Claims)
}

// Forge names what issued the token for a person: "GitLab.com", "the GitHub
// Enterprise Server at github.example.com".
func (t *Token) Forge() string {
	u, err := url.Parse(t.Issuer)
	if err != nil || t.Issuer == "" {
		return "an unnamed issuer"
	}
	host := shown(u.Host, 80)
	switch t.Kind() {
	case oidc.KindGitLab:
		if t.Issuer == oidc.GitLabIssuer {
			return "GitLab.com"
		}
		return "the self-managed GitLab at " + host
	case oidc.KindGitHub:
		switch {
		case t.Issuer == oidc.GitHubIssuer:
			return "GitHub Actions"
		case oidc.IsEnterprise(t.Issuer, oidc.GitHubIssuer):
			return "GitHub Actions for the enterprise " + shown(strings.TrimPrefix(u.Path, "/"), 80)
		case strings.HasSuffix(u.Host, ".ghe.com"):
			return "GitHub Enterprise Cloud with data residency, " + shown(strings.TrimPrefix(u.Host, "token.actions."), 80)
		}
		return "the GitHub Enterprise Server at " + host
	case oidc.KindGeneric:
		return "the OIDC issuer " + shown(strings.TrimPrefix(t.Issuer, "https://"), 120)
	}
	return t.Kind().String()
}

// issuerURL is the URL that an issuer's discovery document is found under. The
// error is a decided no: AWS registers no such issuer.
// Source: OpenID Connect Core 1.0, section 2, iss; IAM User Guide,
// id_roles_providers_create_oidc.
func issuerURL(issuer string) (*url.URL, error) {
	if issuer == "accounts.google.com" {
		issuer = "https://" + issuer
	}
	u, err := url.Parse(issuer)
	problem := ""
	switch {
	case issuer == "":
		problem = "the token has no iss"
	case err != nil:
		problem = "iss is no URL"
	case u.Scheme != "https":
		problem = "iss is no https URL"
	case u.Hostname() == "":
		problem = "iss names no host"
	case u.User != nil:
		problem = "iss holds a user name"
	case u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(issuer, "?#"):
		problem = "iss has a query or a fragment"
	default:
		return u, nil
	}
	return nil, diag.Refuse(&diag.Diagnostic{Rule: "token-issuer", Summary: problem, Found: foundIssuer(issuer),
		Why: "an issuer is an https URL of a host and perhaps a path; AWS STS looks its identity provider up by it, and reads the keys there",
		Fix: "take a token of the forge itself"})
}

func foundIssuer(issuer string) string {
	if issuer == "" {
		return ""
	}
	return fmt.Sprintf("iss = %s", shown(issuer, 120))
}
