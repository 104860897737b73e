package oidc

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// Names of the claims that carry more than who the bearer is.
// Source: IAM User Guide, id_session-tags, "Passing session tags using
// AssumeRoleWithWebIdentity", and id_credentials_temp_control-access_monitor.
const (
	TagsClaim           = "https://aws.amazon.com/tags"
	SourceIdentityClaim = "https://aws.amazon.com/source_identity"
)

// SessionTags reads the session tags that an issuer puts into a token, and which
// of them are transitive, as the token writes them. Nil tags: it carries none.
// The error says what STS would not take.
func SessionTags(claims map[string]any) (tags map[string]string, transitive []string, err error) {
	raw, ok := claims[TagsClaim]
	if !ok {
		return nil, nil, nil
	}
	block, ok := raw.(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("the claim %s is not an object", TagsClaim)
	}
	principal, _ := block["principal_tags"].(map[string]any)
	for k, v := range principal {
		values, _ := ClaimValues(v)
		if len(values) != 1 {
			return nil, nil, fmt.Errorf("the session tag %q needs exactly one value", k)
		}
		if tags == nil {
			tags = map[string]string{}
		}
		tags[k] = values[0]
	}
	transitive, _ = ClaimValues(block["transitive_tag_keys"])
	return tags, transitive, nil
}

// tagText is compiled when a token has tags: its tables are large.
var tagText = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`) })

// CheckTag refuses a session tag that STS would not take.
// Source: STS API_Tag.
func CheckTag(key, value string) error {
	switch {
	case key == "" || utf8.RuneCountInString(key) > 128 || !tagText().MatchString(key):
		return fmt.Errorf("the key of session tag %.300q is not 1 to 128 letters, digits, blanks and _.:/=+-@", key)
	case utf8.RuneCountInString(value) > 256 || !tagText().MatchString(value):
		return fmt.Errorf("the value of session tag %.300q is not up to 256 letters, digits, blanks and _.:/=+-@", key)
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return fmt.Errorf("the key of session tag %.300q begins with aws:, which is reserved", key)
	}
	return nil
}
