package token

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

const (
	// maxUnknown is how much is shown of a claim that nobody documents, in bytes.
	maxUnknown = 512
	// maxName is how much is shown of a name.
	maxName = 100
)

// Header is a member of the token's header.
type Header struct {
	Name string `json:"name"`
	// Value as text. Keys and certificates are not shown.
	Value string `json:"value"`
}

// newHeader keeps what may be shown: a key that the token brings along is none of
// anyone's business.
func newHeader(name string, v any) Header {
	values, _ := oidc.ClaimValues(v)
	switch {
	case name == "jwk" || name == "x5c" || values == nil:
		return Header{clip(name), "(not shown)"}
	}
	return Header{clip(name), clip(strings.Join(values, ", "))}
}

// Claim is a claim of the payload.
type Claim struct {
	Name string `json:"name"`
	// Group is one of who, where, ref, environment, times, other.
	Group string `json:"group"`
	// Value as the token has it, a long one of an undocumented claim excepted: the
	// beginning of its JSON as text, with Truncated set.
	Value     any  `json:"value"`
	Truncated bool `json:"truncated"`
	// Meaning in a few words. Empty: the issuer does not document the claim.
	Meaning string `json:"meaning"`
	// Key is the condition key that STS makes of it. Empty: none, and a condition
	// on it sees a missing key.
	Key string `json:"condition_key"`
}

// claims lists the payload by group, in the order that its issuer documents.
func (r *Report) claims(t *Token) {
	keyOf := map[string]string{}
	for _, k := range r.Keys {
		if keyOf[k.Claim] == "" || !strings.HasSuffix(k.Name, ":oaud") {
			keyOf[k.Claim] = k.Name
		}
	}
	for name, v := range t.Claims {
		v = r.withholdIn(v)
		m, known := meaningOf(r.Kind, name)
		c := Claim{Name: clip(r.withhold(name)), Group: m.group, Value: v, Meaning: m.text, Key: r.withhold(keyOf[name])}
		if text, err := json.Marshal(v); !known && (err != nil || len(text) > maxUnknown) {
			c.Value, c.Truncated = head(string(text), maxUnknown), true
		}
		r.Claims = append(r.Claims, c)
	}
	slices.SortFunc(r.Claims, func(a, b Claim) int {
		if d := slices.Index(groups, a.Group) - slices.Index(groups, b.Group); d != 0 {
			return d
		}
		if d := order(r.Kind, a.Name) - order(r.Kind, b.Name); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
}

// clip bounds a text that a stranger chose.
func clip(s string) string {
	if len(s) <= maxName*2 {
		return s
	}
	return head(s, maxName*2) + "…"
}

// head is the beginning of a text, of at most n bytes, in whole runes.
func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
