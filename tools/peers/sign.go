package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

const region = "us-east-1"

// message is one HTTP request before it is signed.
type message struct {
	method, path, service, body string
	// header are further headers that are signed, in the order of their names;
	// names are lower-case.
	header [][2]string
}

// signed returns the bytes of the request with an Authorization header.
// Source: IAM User Guide "Create a signed AWS API request".
func (m message) signed(host string, k key, now time.Time) []byte {
	stamp := now.UTC().Format("20060102T150405Z")
	sum := hash(m.body)
	headers := [][2]string{{"host", host}, {"x-amz-content-sha256", sum}, {"x-amz-date", stamp}}
	headers = append(headers, m.header...) // the names that are used here sort behind
	var lines, names strings.Builder
	for i, h := range headers {
		fmt.Fprintf(&lines, "%s:%s\n", h[0], h[1])
		if i > 0 {
			names.WriteByte(';')
		}
		names.WriteString(h[0])
	}
	canonical := m.method + "\n" + m.path + "\n\n" + lines.String() + "\n" + names.String() + "\n" + sum
	scope := stamp[:8] + "/" + region + "/" + m.service + "/aws4_request"
	secret := []byte("AWS4" + k.secret)
	for _, part := range strings.Split(scope, "/") {
		secret = mac(secret, part)
	}
	signature := hex.EncodeToString(mac(secret, "AWS4-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+hash(canonical)))

	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", m.method, m.path)
	for _, h := range headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	fmt.Fprintf(&b, "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s\r\n", k.id, scope, names.String(), signature)
	fmt.Fprintf(&b, "User-Agent: strongroom-bench\r\nContent-Length: %d\r\n\r\n%s", len(m.body), m.body)
	return b.Bytes()
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return h.Sum(nil)
}
