package iam

import (
	"strings"
	"time"
)

// Provider is an OIDC identity provider. Its key is "ACCOUNT/url".
type Provider struct {
	Account string
	// URL without "https://", as it ends the ARN.
	URL         string
	ClientIDs   []string `json:",omitempty"`
	Thumbprints []string `json:",omitempty"`
	Created     time.Time
	Tags        []Tag `json:",omitempty"`
}

// ARN of the provider.
func (p *Provider) ARN() string { return "arn:aws:iam::" + p.Account + ":oidc-provider/" + p.URL }

func (p *Provider) key() string { return p.Account + "/" + p.URL }

// Provider finds the account's OIDC provider for an issuer URL, with or
// without "https://"; nil: none is registered.
func (s *Service) Provider(account, issuer string) *Provider {
	return s.providers.Get(account + "/" + providerURL(issuer))
}

// providerURL takes the scheme off an issuer URL.
func providerURL(url string) string { return strings.TrimPrefix(url, "https://") }
