package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// How far a request's time may be from the sandbox's.
// Source: S3 API Reference "RequestTimeTooSkewed"; for the other services the
// limit that their "Signature expired" answers name: 15 min. of STS
// (github.com/aws/aws-cli issue 6676), which IAM is taken to be like, 5 min. of
// KMS (github.com/aws/aws-sdk-js-v3 issue 6400).
const (
	wideSkew = 15 * time.Minute
	skew     = 5 * time.Minute
)

// Target is where a request was addressed to.
type Target struct {
	// Service is the signing name, "s3".
	Service string
	// Regions that the credential scope may name; the first is the expected
	// one. Empty: any.
	Regions []string
	// S3 selects S3's canonical form and payload rules.
	S3 bool
	// Wide gives the request's time a quarter of an hour instead of five
	// minutes; S3 does so in any case.
	Wide bool
	// At is the time that sessions live in, where it is not that of the clients;
	// zero: it is.
	At time.Time
}

// Verifier checks signatures. The zero value is ready; it is safe for
// concurrent use.
type Verifier struct {
	mu   sync.RWMutex
	keys map[keyID]*signingKey
}

// Verify checks the claim of r against the credential and returns the payload
// with its framing removed. For aws-chunked payloads it moves the trailing
// headers to r.Header. cred is nil for an unknown key. It returns an *Error.
func (v *Verifier) Verify(r *http.Request, c *Claim, t Target, cred *op.Credential, body []byte, now time.Time) ([]byte, error) {
	if e := c.admit(t, cred, now); e != nil {
		e.Presigned = c.Presigned
		return nil, e
	}
	if t.S3 {
		if name := unsigned(r, c.SignedHeaders); name != "" {
			return nil, &Error{Reason: NotSigned, Presigned: c.Presigned, Fields: [][2]string{{"HeadersNotSigned", name}}}
		}
	}
	hash, e := payloadHash(r, c, t.S3, body)
	if e != nil {
		return nil, e
	}
	key := v.key(cred.Secret, c)
	matched := false
	buf := make([]byte, 0, 1024)
	for _, uri := range uris(r.URL, t.S3) {
		buf = appendCanonical(buf[:0], r, c, uri, hash)
		digest := sha256.Sum256(buf)
		if matched = key.signed(c.toSign(digest), c.signature); matched {
			break
		}
	}
	if !matched {
		return nil, &Error{Reason: BadSignature, Presigned: c.Presigned, Fields: [][2]string{{"AWSAccessKeyId", c.AccessKeyID}}}
	}
	return payload(r, body, &chain{key: key.bytes, claim: c}, hash, t.S3)
}

// Unsigned returns the payload of an anonymous request.
func Unsigned(r *http.Request, body []byte, s3 bool) ([]byte, error) {
	return payload(r, body, nil, r.Header.Get("X-Amz-Content-Sha256"), s3)
}

// admit checks all that needs no cryptography, in AWS's order: the form, the
// scope, the key, its token, the time.
func (c *Claim) admit(t Target, cred *op.Credential, now time.Time) *Error {
	if c.Service != t.Service {
		detail := fmt.Sprintf("Credential should be scoped to correct service: '%s'. ", t.Service)
		if t.S3 {
			detail = fmt.Sprintf("The authorization header is malformed; incorrect service \"%s\". This endpoint belongs to \"s3\".", c.Service)
		}
		return &Error{Reason: WrongService, Detail: detail}
	}
	if len(t.Regions) > 0 && !slices.Contains(t.Regions, c.Region) {
		detail := "Credential should be scoped to a valid region. "
		if t.S3 {
			detail = fmt.Sprintf("The authorization header is malformed; the region '%s' is wrong; expecting '%s'", c.Region, t.Regions[0])
		}
		return &Error{Reason: WrongRegion, Detail: detail, Fields: [][2]string{{"Region", t.Regions[0]}}}
	}
	switch {
	case cred == nil || cred.Inactive,
		cred.SessionToken != "" && c.Token == "": // a session's key alone is no key
		return &Error{Reason: UnknownKey, Fields: [][2]string{{"AWSAccessKeyId", c.AccessKeyID}}}
	case !hmac.Equal([]byte(cred.SessionToken), []byte(c.Token)):
		return &Error{Reason: BadToken}
	}
	at := t.At
	if at.IsZero() {
		at = now
	}
	if s := cred.Caller.Session; s != nil && !s.Expires.IsZero() && !at.Before(s.Expires) {
		return &Error{Reason: ExpiredToken}
	}
	return c.current(t.S3, t.Wide, now)
}

func (c *Claim) current(s3, wide bool, now time.Time) *Error {
	limit, minutes := skew, "5"
	if s3 || wide || c.Presigned {
		limit, minutes = wideSkew, "15"
	}
	if c.Time.After(now.Add(limit)) {
		if s3 && c.Presigned {
			return &Error{Reason: Expired, Detail: "Request is not yet valid"}
		}
		e := &Error{Reason: Skewed, Fields: c.skewFields(now)}
		if !s3 {
			e.Detail = fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %s min.)",
				c.stamp, now.Add(limit).UTC().Format(isoBasic), now.UTC().Format(isoBasic), minutes)
		}
		return e
	}
	if c.Presigned && s3 {
		switch {
		case c.Expires == 0:
			return &Error{Reason: BadExpires}
		case now.After(c.Time.Add(c.Expires)):
			return &Error{Reason: Expired, Fields: [][2]string{
				{"X-Amz-Expires", fmt.Sprint(int(c.Expires.Seconds()))},
				{"Expires", c.Time.Add(c.Expires).Format("2006-01-02T15:04:05Z")},
				{"ServerTime", now.UTC().Format("2006-01-02T15:04:05Z")}}}
		}
		return nil
	}
	if c.Time.Before(now.Add(-limit)) {
		e := &Error{Reason: Skewed, Fields: c.skewFields(now)}
		if !s3 {
			e.Detail = fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %s min.)",
				c.stamp, now.Add(-limit).UTC().Format(isoBasic), now.UTC().Format(isoBasic), minutes)
		}
		return e
	}
	return nil
}

func (c *Claim) skewFields(now time.Time) [][2]string {
	return [][2]string{{"RequestTime", c.stamp}, {"ServerTime", now.UTC().Format("2006-01-02T15:04:05Z")}, {"MaxAllowedSkewMilliseconds", "900000"}}
}

// unsigned returns the first x-amz- header that the signature leaves open.
// Source: S3 API Reference "Signature Calculations": any x-amz-* header must be signed.
func unsigned(r *http.Request, signed []string) string {
	for name := range r.Header {
		if len(name) > 6 && strings.EqualFold(name[:6], "x-amz-") {
			if !slices.ContainsFunc(signed, func(s string) bool { return isLower(s, name) }) {
				return strings.ToLower(name)
			}
		}
	}
	return ""
}

// isLower reports whether lower is the name in lower case. Letters beyond ASCII
// are none in a header's name, and equal to nothing else.
func isLower(lower, name string) bool {
	if len(lower) != len(name) {
		return false
	}
	for i := range len(name) {
		ch := name[i]
		if ch >= 'A' && ch <= 'Z' {
			ch += 'a' - 'A'
		}
		if ch != lower[i] {
			return false
		}
	}
	return true
}

func (c *Claim) toSign(digest [32]byte) []byte {
	b := make([]byte, 0, 192)
	b = append(b, algorithm+"\n"...)
	b = append(b, c.stamp...)
	b = append(b, '\n')
	for _, part := range [...]string{c.Date, c.Region, c.Service} {
		b = append(b, part...)
		b = append(b, '/')
	}
	b = append(b, "aws4_request\n"...)
	return hex.AppendEncode(b, digest[:])
}
