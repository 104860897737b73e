package token

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

const (
	// MaxSize is the longest text that Read looks at, in bytes.
	MaxSize = 1 << 20
	// stsSize is the longest WebIdentityToken, in characters.
	// Source: STS API_AssumeRoleWithWebIdentity.
	stsSize = 20000
	// maxFlaws is how many names that come twice are listed: the first would do.
	maxFlaws = 10
)

// Token is the text of a signed token, taken apart. Nothing in it may be believed:
// Read verifies no signature. It is not changed once made.
type Token struct {
	// Header is the protected header, numbers as json.Number.
	Header map[string]any
	// Claims is the payload, numbers as json.Number. Where a name came twice the
	// last one is there, and Flaws says so.
	Claims map[string]any
	// Issuer is the claim iss. Empty: there is none, or it is no text.
	Issuer string
	// Flaws are what is wrong with the token's form. A token with flaws can be
	// read in more than one way, or by some verifiers only: judge nothing by it.
	Flaws diag.List

	parts     [3]string
	signature []byte
	size      int
}

// Read takes the text of a token apart; white space around it does not count. The
// errors are diagnostics that never quote the text; a token that can be read and
// is wrong is no error.
func Read(text string) (*Token, error) {
	if len(text) > MaxSize {
		return nil, unreadable("token-size", fmt.Sprintf("the text is longer than %d bytes", MaxSize),
			fmt.Sprintf("it was not read; AWS STS takes tokens of at most %d characters", stsSize), "give the token alone")
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, unreadable("token-empty", "there is no token: the text is empty", "", "check that the job's id_tokens or permissions ask for one, and that the variable is set")
	}
	if err := checkForm(text); err != nil {
		return nil, err
	}
	t := &Token{size: len(text)}
	copy(t.parts[:], strings.Split(text, "."))
	names := [...]string{"header", "payload", "signature"}
	var raw [3][]byte
	for i, part := range t.parts {
		var err error
		if raw[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return nil, notBase64(names[i], part)
		}
	}
	t.signature = raw[2]
	var err error
	var twice []string
	if t.Header, twice, err = object(raw[0], maxValues); err != nil {
		return nil, notObject("header", err)
	}
	t.duplicates("header", twice)
	if t.Claims, twice, err = object(raw[1], maxValues); err != nil {
		return nil, notObject("payload", err)
	}
	t.duplicates("payload", twice)
	t.Issuer, _ = t.Claims["iss"].(string)
	if t.size > stsSize {
		t.Flaws = append(t.Flaws, &diag.Diagnostic{Rule: "token-size",
			Summary: fmt.Sprintf("the token has %d characters, and AWS STS takes at most %d", t.size, stsSize),
			Why:     "STS refuses it before it looks inside",
			Fix:     "make the token smaller: fewer groups or custom claims in it"})
	}
	return t, nil
}

// checkForm tells what a text is that is not three parts joined by dots.
func checkForm(text string) error {
	dots := strings.Count(text, ".")
	switch {
	case strings.ContainsAny(text, " \t\r\n"):
		return unreadable("token-form", "there is white space inside the token", "a token is one word; it was wrapped, or there is text beside it", "join the lines, and give the token alone")
	case strings.HasPrefix(text, "{"):
		return unreadable("token-form", "this is JSON, not a token", "a token in compact form is three base64url parts joined by dots; only that form is taken by AWS STS", "give the token as the forge issued it")
	case dots == 4:
		return unreadable("token-encrypted", "this is an encrypted token (JWE, five parts)", "neither AWS STS nor this command can read it without its recipient's key", "give the signed ID token")
	case dots == 1:
		return unreadable("token-truncated", "the token has two parts of three", "it was cut off before its signature, or the signature was removed", "copy all of it")
	case dots != 2:
		return unreadable("token-form", fmt.Sprintf("this is no token: it has %d dots, and a token has two", dots), "a token in compact form is three base64url parts joined by dots", "give the token alone, a file that holds it, or - for standard input")
	}
	return nil
}

func (t *Token) duplicates(where string, names []string) {
	slices.Sort(names)
	for _, n := range slices.Compact(names) {
		if len(t.Flaws) == maxFlaws {
			return
		}
		t.Flaws = append(t.Flaws, &diag.Diagnostic{Rule: "token-duplicate",
			Summary: fmt.Sprintf("the %s has %s twice", where, shown(n, 60)),
			Why:     "one verifier reads the first, another the last: they check and use different tokens",
			Fix:     "no honest issuer writes this; take a fresh token"})
	}
}

func unreadable(rule, summary, why, fix string) error {
	return &diag.Diagnostic{Rule: rule, Summary: summary, Why: why, Fix: fix}
}

// notBase64 says what kind of wrong it is, and never with what characters.
func notBase64(name, part string) error {
	why := "it is not base64url; the token was altered or copied wrongly"
	switch {
	case strings.ContainsAny(part, "+/="):
		why = "it is base64 with +, / or =, where a token has base64url without padding"
	case len(part)%4 == 1:
		why = "no base64url text has this length: characters are missing"
	}
	return unreadable("token-base64", "the token's "+name+" cannot be decoded", why, "copy the token again, all of it")
}

func notObject(name string, err error) error {
	return unreadable("token-json", fmt.Sprintf("the token's %s %s", name, err), "it was altered or cut off, or it is no JSON Web Token", "copy the token again, all of it")
}
