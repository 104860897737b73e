package secret

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Match is a secret that was found. It does not hold the secret.
type Match struct {
	// Format is the kind's stable name: "github-token".
	Format string
	// What says it in words: "a GitHub personal access token".
	What string
	// Prefix is what all secrets of the kind begin with, at most four characters of
	// it; "" for kinds without.
	Prefix string
	// Length is the secret's, in bytes.
	Length int
}

// Mask is how a secret is shown: its length, and what all of its kind begin with.
func Mask(m Match) string {
	if m.Prefix == "" {
		return fmt.Sprintf("(masked, %d characters)", m.Length)
	}
	return fmt.Sprintf("%s... (masked, %d characters)", m.Prefix, m.Length)
}

// Looks reports whether a text holds anything that looks like a secret by itself:
// a format or randomness.
func Looks(text string) bool { return len(Find(text)) > 0 || Random(text) > 0 }

// Find returns the secrets of well-known formats in a text, in its order, those in
// base64 and those that a name is written before ("PASSWORD=...") included.
func Find(text string) []Match { return find(text, 0) }

// depth is how often base64 in base64 is looked into.
const depth = 2

func find(text string, level int) []Match {
	if len(text) < 8 {
		return nil
	}
	f := finder{text: text}
	for i := 0; i < len(text); {
		if next := f.at(i); next > i {
			i = next
			continue
		}
		i++
	}
	if strings.Contains(text, "://") {
		f.addresses()
	}
	f.private()
	f.atlas()
	f.entra()
	f.assignments()
	f.headers()
	if level < depth {
		f.encoded(level)
	}
	return f.found
}

type finder struct {
	text  string
	found []Match
}

func (f *finder) add(format, what, prefix string, length int) {
	if len(prefix) > 4 {
		prefix = prefix[:4]
	}
	f.found = append(f.found, Match{format, what, prefix, length})
}

// at looks for a secret that begins at i, and returns where it ends.
func (f *finder) at(i int) int {
	candidates := byFirst[f.text[i]]
	if f.text[i] != 'e' && candidates == nil || i > 0 && word[f.text[i-1]] && f.text[i] != '$' {
		return i
	}
	rest := f.text[i:]
	for _, c := range candidates {
		if !strings.HasPrefix(rest, c.prefix) {
			continue
		}
		end := len(c.prefix)
		// What is too long is not followed to its end: there may be many beginnings.
		for end < len(rest) && c.body[rest[end]] && (c.max == 0 || end <= len(c.prefix)+c.max) {
			end++
		}
		n := end - len(c.prefix)
		// A longer run of the same characters is something else, and so is a prefix
		// with words after it: key-of-the-front-door.
		if n < c.min || c.max > 0 && (n > c.max || end < len(rest) && word[rest[end]]) || repeats(rest[len(c.prefix):end]) {
			continue
		}
		f.add(c.id, c.what, c.prefix, end)
		return i + end
	}
	if end := jwt(rest); end > 0 {
		f.add("jwt", "a signed token (JWT)", "eyJ", end)
		return i + end
	}
	return i
}

// repeats reports whether a text is one character over and over, as in examples.
func repeats(s string) bool {
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			return false
		}
	}
	return len(s) > 1
}

// maxHeader is how far the first part of a token is looked for.
const maxHeader = 4096

// jwt returns the length of the JSON Web Token that a text begins with. Source:
// RFC 7519: three parts, the first of which is a JSON object with "alg".
func jwt(s string) int {
	if !strings.HasPrefix(s, "eyJ") {
		return 0
	}
	header, _, ok := strings.Cut(s[:min(len(s), maxHeader)], ".")
	if !ok {
		return 0
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(header, "="))
	var head struct{ Alg string }
	if err != nil || json.Unmarshal(raw, &head) != nil || head.Alg == "" || strings.EqualFold(head.Alg, "none") {
		return 0
	}
	end := len(header)
	for end < len(s) && dotted[s[end]] {
		end++
	}
	parts := strings.SplitN(s[:end], ".", 6)
	if len(parts) != 3 && len(parts) != 5 || len(parts[2]) < 16 {
		return 0
	}
	return end
}

// addresses finds addresses with a password in them. Source: RFC 3986, userinfo.
func (f *finder) addresses() {
	rest := f.text
	for {
		i := strings.Index(rest, "://")
		if i < 0 {
			return
		}
		rest = rest[i+3:]
		end := strings.IndexFunc(rest, func(r rune) bool {
			return r == '/' || r == '?' || r == '#' || r == '"' || r == '<' || unicode.IsSpace(r)
		})
		if end < 0 {
			end = len(rest)
		}
		at := strings.LastIndexByte(rest[:end], '@')
		if at < 0 {
			at = f.unescaped(rest, end)
		}
		if at < 0 {
			continue
		}
		_, password, ok := strings.Cut(rest[:at], ":")
		if plain, err := url.PathUnescape(password); err == nil {
			password = plain
		}
		if ok && password != "" && !reference(password) && !Placeholder(password) {
			f.add("url-password", "an address with a password in it", "", len(password))
		}
	}
}

// unescaped returns where the user and password of a database's address end that has a
// slash, a question mark or a hash in its password, which ought to be escaped; -1: it has
// none. end is where that character stands.
func (f *finder) unescaped(rest string, end int) int {
	scheme := strings.ToLower(f.text[max(0, len(f.text)-len(rest)-3-12) : len(f.text)-len(rest)-3])
	database := false
	for _, s := range []string{"postgres", "postgresql", "mysql", "mongodb", "mongodb+srv", "redis", "rediss", "amqp", "amqps"} {
		database = database || strings.HasSuffix(scheme, s)
	}
	_, port, ok := strings.Cut(rest[:end], ":")
	if !database || !ok || strings.Trim(port, "0123456789") == "" || end == len(rest) || !strings.ContainsRune("/?#", rune(rest[end])) {
		return -1
	}
	rest = rest[:min(len(rest), end+256)]
	if space := strings.IndexFunc(rest, func(r rune) bool { return r == '"' || r == '<' || unicode.IsSpace(r) }); space >= 0 {
		rest = rest[:space]
	}
	return strings.LastIndexByte(rest, '@')
}

// private finds private keys as PEM. Source: RFC 7468, RFC 4880.
func (f *finder) private() {
	rest := f.text
	for {
		i := strings.Index(rest, "-----BEGIN ")
		if i < 0 {
			return
		}
		rest = rest[i:]
		label, _, ok := strings.Cut(rest[len("-----BEGIN "):], "-----")
		if !ok || len(label) > 64 {
			rest = rest[1:]
			continue
		}
		end := strings.Index(rest, "-----END ")
		if end < 0 {
			end = len(rest)
		}
		if strings.Contains(label, "PRIVATE KEY") && end > 60 {
			f.add("private-key", "a private key", "", end)
		}
		rest = rest[max(end, 11):]
	}
}

// atlas finds tokens of HCP Terraform. Source: HCP Terraform "API tokens".
func (f *finder) atlas() {
	const middle = ".atlasv1."
	rest := f.text
	for {
		i := strings.Index(rest, middle)
		if i < 0 {
			return
		}
		from, to := i, i+len(middle)
		for from > 0 && letters[rest[from-1]] {
			from--
		}
		for to < len(rest) && base64URL[rest[to]] {
			to++
		}
		if i-from >= 10 && to-i-len(middle) >= 40 {
			f.add("terraform-token", "a token of HCP Terraform", "", to-from)
		}
		rest = rest[to:]
	}
}

// entra finds secrets of Microsoft Entra applications: three characters, a digit, "Q~"
// and 31 to 34 more. Source: Microsoft Purview "Microsoft Entra client secret".
func (f *finder) entra() {
	for at := 0; ; {
		i := strings.Index(f.text[at:], "Q~")
		if i < 0 {
			return
		}
		i += at
		at = i + 2
		to := at
		for to < len(f.text) && (dotted[f.text[to]] && f.text[to] != '=' || f.text[to] == '~') && to-at <= 34 {
			to++
		}
		if i >= 4 && f.text[i-1] >= '0' && f.text[i-1] <= '9' && (i == 4 || !word[f.text[i-5]]) && to-at >= 31 && to-at <= 34 && !repeats(f.text[at:to]) {
			f.add("entra-secret", "a secret of a Microsoft Entra application", "", to-i+4)
			at = to
		}
	}
}

// headers finds Authorization headers. Source: RFC 7617, RFC 6750.
func (f *finder) headers() {
	for _, scheme := range []string{"Basic ", "Bearer "} {
		rest := f.text
		for {
			i := strings.Index(rest, scheme)
			if i < 0 {
				break
			}
			before := rest[:i]
			rest = rest[i+len(scheme):]
			end := 0
			for end < len(rest) && (dotted[rest[end]] || base64Std[rest[end]]) {
				end++
			}
			token := rest[:end]
			if before != "" && word[before[len(before)-1]] || len(token) < 8 || reference(token) || Placeholder(token) {
				continue
			}
			if scheme == "Basic " {
				if raw, err := base64.StdEncoding.DecodeString(token); err != nil || !strings.Contains(string(raw), ":") || !printable(raw) {
					continue
				}
			} else if len(token) < 16 || !strings.ContainsAny(token, "0123456789") || jwt(token) > 0 {
				continue
			}
			f.add("authorization-header", "an Authorization header", "", len(token))
		}
	}
}

// encoded looks into base64: text, private keys as DER.
func (f *finder) encoded(level int) {
	for _, run := range runs(f.text, base64Std, 24) {
		raw, ok := decoded(run)
		if !ok {
			continue
		}
		if derKey(raw) {
			f.add("private-key", "a private key", "", len(run))
			continue
		}
		raw = unzipped(raw)
		if printable(raw) {
			f.found = append(f.found, find(string(raw), level+1)...)
		}
	}
}

// maxUnzipped is how much of what is compressed is looked at.
const maxUnzipped = 1 << 20

// unzipped is what gzip holds, as user data is often written; other bytes are
// themselves.
func unzipped(raw []byte) []byte {
	if len(raw) < 3 || raw[0] != 0x1f || raw[1] != 0x8b {
		return raw
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return raw
	}
	text, err := io.ReadAll(io.LimitReader(z, maxUnzipped))
	if err != nil {
		return raw
	}
	return text
}

// derKey reports whether DER is a private key.
func derKey(raw []byte) bool {
	if len(raw) < 32 || raw[0] != 0x30 {
		return false
	}
	if _, err := x509.ParsePKCS8PrivateKey(raw); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(raw); err == nil {
		return true
	}
	_, err := x509.ParseECPrivateKey(raw)
	return err == nil
}

// decoded is base64 of the usual alphabet, padded or not.
func decoded(run string) ([]byte, bool) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(run, "="))
	return raw, err == nil
}

// printable reports whether bytes are text.
func printable(raw []byte) bool {
	if len(raw) == 0 || !utf8.Valid(raw) {
		return false
	}
	for _, r := range string(raw) {
		if !unicode.IsPrint(r) && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
	}
	return true
}

// runs returns the longest pieces of a text made of a class, of at least min
// characters.
func runs(text string, c *class, min int) []string {
	var list []string
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && c[text[end]] {
			end++
		}
		if end-i >= min {
			list = append(list, text[i:end])
		}
		i = end + 1
	}
	return list
}
