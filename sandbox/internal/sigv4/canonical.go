package sigv4

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// appendCanonical appends the canonical request.
func appendCanonical(b []byte, r *http.Request, c *Claim, uri, payload string) []byte {
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = append(b, uri...)
	b = append(b, '\n')
	b = append(b, canonicalQuery(r.URL.RawQuery, c.Presigned)...)
	b = append(b, '\n')
	for _, name := range c.SignedHeaders {
		b = append(b, name...)
		b = append(b, ':')
		b = appendHeader(b, r, name)
		b = append(b, '\n')
	}
	b = append(b, '\n')
	for i, name := range c.SignedHeaders {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, name...)
	}
	b = append(b, '\n')
	return append(b, payload...)
}

// uris returns the canonical paths that the signer may have used. S3 encodes
// once and never normalises; the others normalise and encode what is sent once
// more. Characters that a client left bare on the wire are signed encoded by
// some signers and bare by others: both name the same resource.
func uris(u *url.URL, s3 bool) []string {
	sent := u.EscapedPath()
	if sent == "" {
		sent = "/"
	}
	if s3 {
		return distinct(encode(u.Path, true), sent)
	}
	clean := path.Clean(sent)
	if strings.HasSuffix(sent, "/") && clean != "/" {
		clean += "/"
	}
	return distinct(encode(clean, true), clean, encode(sent, true))
}

func distinct(list ...string) []string {
	if list[0] == "" {
		list[0] = "/"
	}
	out := list[:1]
	for _, s := range list[1:] {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// canonicalQuery sorts by the encoded name, then the encoded value.
func canonicalQuery(raw string, presigned bool) string {
	if raw == "" {
		return ""
	}
	parts := strings.Split(raw, "&")
	out := make([][2]string, 0, len(parts))
	for _, part := range parts {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, value = unescape(name), unescape(value)
		if presigned && name == "X-Amz-Signature" {
			continue
		}
		out = append(out, [2]string{encode(name, false), encode(value, false)})
	}
	slices.SortFunc(out, func(a, b [2]string) int {
		if n := strings.Compare(a[0], b[0]); n != 0 {
			return n
		}
		return strings.Compare(a[1], b[1])
	})
	var s strings.Builder
	for i, p := range out {
		if i > 0 {
			s.WriteByte('&')
		}
		s.WriteString(p[0])
		s.WriteByte('=')
		s.WriteString(p[1])
	}
	return s.String()
}

func unescape(s string) string {
	if t, err := url.QueryUnescape(s); err == nil {
		return t
	}
	return s
}

const upperHex = "0123456789ABCDEF"

// encode percent-encodes all but the unreserved characters of RFC 3986.
func encode(s string, keepSlash bool) string {
	bare := func(ch byte) bool {
		return ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9' ||
			ch == '-' || ch == '_' || ch == '.' || ch == '~' || ch == '/' && keepSlash
	}
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		clean = bare(s[i])
	}
	if clean {
		return s
	}
	b := make([]byte, 0, len(s)+16)
	for i := range len(s) {
		if ch := s[i]; bare(ch) {
			b = append(b, ch)
		} else {
			b = append(b, '%', upperHex[ch>>4], upperHex[ch&15])
		}
	}
	return string(b)
}

// appendHeader appends a header's values, comma separated, each trimmed and
// with runs of spaces made one.
func appendHeader(b []byte, r *http.Request, name string) []byte {
	if name == "host" {
		return append(b, r.Host...)
	}
	values := r.Header[http.CanonicalHeaderKey(name)]
	if len(values) == 0 && name == "content-length" && r.ContentLength >= 0 {
		return strconv.AppendInt(b, r.ContentLength, 10)
	}
	if len(values) == 0 && name == "transfer-encoding" {
		values = r.TransferEncoding
	}
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFolded(b, strings.Trim(v, " \t"))
	}
	return b
}

func appendFolded(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] == ' ' && i > 0 && s[i-1] == ' ' {
			continue
		}
		b = append(b, s[i])
	}
	return b
}
