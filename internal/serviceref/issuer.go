package serviceref

import "strings"

// issuerKey finds the keys that STS makes of any OIDC issuer's tokens: ISSUER:aud,
// ISSUER:sub and ISSUER:amr, and Google's email. The reference lists further claims
// for the issuers that AWS knows, and leaves these out for most of them.
// Source: IAM User Guide, reference_policies_iam-condition-keys, "Available
// keys for AWS OIDC federation"; that amr is multivalued: Amazon Cognito
// Developer Guide, role-trust-and-permissions.
func issuerKey(name string) (*Key, bool) {
	issuer, claim, ok := strings.Cut(name, ":")
	if !ok || !isIssuer(issuer) {
		return nil, false
	}
	multi := false
	switch claim = lower(claim); claim {
	case "aud", "sub":
	case "amr":
		multi = true
	case "email":
		if lower(issuer) != "accounts.google.com" {
			return nil, false
		}
	default:
		return nil, false
	}
	return &Key{Name: issuer + ":" + claim, Type: "String", Multi: multi, Services: []string{"sts"}}, true
}

// isIssuer reports whether text can be an issuer's URL without "https://": a
// host with a dot in it, and perhaps a path. IAM takes no port, query or
// fragment in a provider's URL. Source: IAM API Reference,
// CreateOpenIDConnectProvider, Url.
func isIssuer(text string) bool {
	host, path, _ := strings.Cut(text, "/")
	labels := strings.Split(host, ".")
	if len(labels) < 2 {
		return false
	}
	for _, l := range labels {
		if l == "" || strings.Trim(lower(l), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	for i := 0; i < len(path); i++ {
		if c := path[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`*?#"<>\^`+"`{|}", c) >= 0 {
			return false
		}
	}
	return true
}
