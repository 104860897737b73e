package sigv4

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	isoBasic  = "20060102T150405Z"
)

// Claim is what a request says about its signature. Nothing in it is verified.
type Claim struct {
	AccessKeyID string
	// Date (YYYYMMDD), Region and Service are the credential scope.
	Date, Region, Service string
	// SignedHeaders are lower-case and sorted.
	SignedHeaders []string
	// Time of signing.
	Time time.Time
	// Token is the session token; empty: none was sent.
	Token string
	// Presigned: the claim came in the query; Expires is then its life.
	Presigned bool
	Expires   time.Duration

	signature []byte
	stamp     string
}

// Parse reads the claim of a request; nil without error for an unsigned one.
func Parse(r *http.Request) (*Claim, error) {
	auth := r.Header.Get("Authorization")
	var q url.Values
	if strings.Contains(r.URL.RawQuery, "Signature") || strings.Contains(r.URL.RawQuery, "X-Amz-") {
		q = r.URL.Query()
	}
	presigned := q.Has("X-Amz-Algorithm") || q.Has("X-Amz-Credential") || q.Has("X-Amz-Signature")
	version2 := q.Has("AWSAccessKeyId") && q.Has("Signature")
	switch {
	case auth != "" && (presigned || version2):
		return nil, &Error{Reason: TwoSchemes}
	case version2:
		return nil, &Error{Reason: Unsupported, Presigned: true}
	case presigned:
		return parseQuery(q)
	case auth == "" && r.Header["Authorization"] == nil:
		return nil, nil
	}
	return parseHeader(r, auth)
}

func parseHeader(r *http.Request, auth string) (*Claim, error) {
	if len(r.Header["Authorization"]) > 1 {
		return nil, &Error{Reason: TwoSchemes}
	}
	rest, ok := strings.CutPrefix(auth, algorithm+" ")
	if !ok {
		return nil, &Error{Reason: Unsupported}
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		k, v, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := parts[k]; !ok || twice {
			return nil, &Error{Reason: Malformed}
		}
		parts[k] = v
	}
	c := &Claim{Token: r.Header.Get("X-Amz-Security-Token"), stamp: r.Header.Get("X-Amz-Date")}
	if c.stamp == "" { // the Date header is the other allowed place
		t, err := http.ParseTime(r.Header.Get("Date"))
		if err != nil {
			return nil, &Error{Reason: Malformed, Detail: "AWS authentication requires a valid Date or x-amz-date header"}
		}
		c.stamp = t.UTC().Format(isoBasic)
	}
	return c, c.fill(parts["Credential"], parts["SignedHeaders"], parts["Signature"])
}

func parseQuery(q url.Values) (*Claim, error) {
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"} {
		if len(q[name]) != 1 || q[name][0] == "" {
			return nil, &Error{Reason: Malformed, Presigned: true, Detail: "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."}
		}
	}
	if q.Get("X-Amz-Algorithm") != algorithm {
		return nil, &Error{Reason: Unsupported, Presigned: true}
	}
	c := &Claim{Presigned: true, Token: q.Get("X-Amz-Security-Token"), stamp: q.Get("X-Amz-Date")}
	// Services other than S3 do not look at X-Amz-Expires; their limit is a
	// quarter of an hour. Source: github.com/aws/aws-sdk-go issue 2167.
	if len(q["X-Amz-Expires"]) > 0 {
		n, err := strconv.Atoi(q.Get("X-Amz-Expires"))
		if err != nil || n < 1 || n > 604800 {
			return nil, &Error{Reason: BadExpires, Presigned: true}
		}
		c.Expires = time.Duration(n) * time.Second
	}
	return c, c.fill(q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders"), q.Get("X-Amz-Signature"))
}

// fill sets the parts that both forms have in common.
func (c *Claim) fill(credential, signed, signature string) error {
	malformed := func(detail string) error {
		return &Error{Reason: Malformed, Presigned: c.Presigned, Detail: detail}
	}
	scope := strings.Split(credential, "/")
	if len(scope) < 5 || scope[len(scope)-1] != "aws4_request" {
		return malformed("The Credential is malformed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".")
	}
	n := len(scope)
	c.AccessKeyID = strings.Join(scope[:n-4], "/")
	c.Date, c.Region, c.Service = scope[n-4], scope[n-3], scope[n-2]
	t, err := time.Parse(isoBasic, c.stamp)
	if err != nil {
		return malformed("The date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
	}
	if c.Time = t.UTC(); c.stamp[:8] != c.Date {
		return malformed("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.")
	}
	c.SignedHeaders = strings.Split(strings.ToLower(signed), ";")
	slices.Sort(c.SignedHeaders)
	if c.signature, err = hex.DecodeString(signature); err != nil || len(c.signature) != 32 {
		return malformed("The Signature is not 64 hexadecimal digits.")
	}
	if !slices.Contains(c.SignedHeaders, "host") {
		return malformed("'Host' must be a 'SignedHeader' in the AWS Authorization.")
	}
	return nil
}

func (c *Claim) scope() string { return c.Date + "/" + c.Region + "/" + c.Service + "/aws4_request" }
