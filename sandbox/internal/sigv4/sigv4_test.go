package sigv4_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const (
	key    = "AKIAEXAMPLEEXAMPLE00"
	secret = "not/a+real/secret"
)

func credential() *op.Credential {
	return &op.Credential{AccessKeyID: key, Secret: secret, Caller: &op.Caller{AccessKeyID: key}}
}

func session(expires time.Time) *op.Credential {
	c := credential()
	c.SessionToken = "the token"
	c.Caller.Session = &op.Session{Issued: now.Add(-time.Hour), Expires: expires}
	return c
}

var (
	s3  = sigv4.Target{Service: "s3", Regions: []string{"eu-west-2"}, S3: true}
	kms = sigv4.Target{Service: "kms", Regions: []string{"eu-west-2"}}
)

// request is one to be signed: received as a server sees it.
type request struct {
	method, url, body string
	header            http.Header
	hash              string // empty: that of the body
	creds             aws.Credentials
	at                time.Time
	service, region   string
	presign           bool
	options           []func(*v4.SignerOptions)
}

func (q request) sign(t testing.TB) *http.Request {
	t.Helper()
	req, err := http.NewRequest(q.method, q.url, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range q.header {
		req.Header[k] = v
	}
	if q.creds.AccessKeyID == "" {
		q.creds = aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: q.creds.SessionToken}
	}
	if q.hash == "" {
		sum := sha256.Sum256([]byte(q.body))
		q.hash = hex.EncodeToString(sum[:])
	}
	if q.at.IsZero() {
		q.at = now
	}
	if q.region == "" {
		q.region = "eu-west-2"
	}
	signer := v4.NewSigner(q.options...)
	if q.presign {
		signed, _, err := signer.PresignHTTP(context.Background(), q.creds, req, q.hash, q.service, q.region, q.at)
		if err != nil {
			t.Fatal(err)
		}
		if req, err = http.NewRequest(q.method, signed, strings.NewReader(q.body)); err != nil {
			t.Fatal(err)
		}
		for k, v := range q.header {
			req.Header[k] = v
		}
	} else {
		if q.service == "s3" {
			req.Header.Set("X-Amz-Content-Sha256", q.hash)
		}
		if err := signer.SignHTTP(context.Background(), q.creds, req, q.hash, q.service, q.region, q.at); err != nil {
			t.Fatal(err)
		}
	}
	return received(t, req)
}

// received sends the request over the wire and returns what a server reads.
func received(t testing.TB, req *http.Request) *http.Request {
	t.Helper()
	var b bytes.Buffer
	if err := req.Write(&b); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRequest("GET", "/", nil)
	got, err := http.ReadRequest(newReader(&b))
	if err != nil {
		t.Fatal(err)
	}
	got.RemoteAddr = w.RemoteAddr
	return got
}

func verify(t testing.TB, r *http.Request, target sigv4.Target, cred *op.Credential) ([]byte, error) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	claim, err := sigv4.Parse(r)
	if err != nil {
		return nil, err
	}
	if claim == nil {
		return nil, errors.New("unsigned")
	}
	var v sigv4.Verifier
	return v.Verify(r, claim, target, cred, body, now)
}

func s3Options(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }

func TestSignaturesOfTheSDK(t *testing.T) {
	for _, q := range []request{
		{method: "POST", url: "https://kms.eu-west-2.amazonaws.com/", body: `{"KeyId":"x"}`, service: "kms"},
		{method: "POST", url: "https://kms.eu-west-2.amazonaws.com/a//b/../c%20d/", body: `{}`, service: "kms"},
		{method: "POST", url: "http://127.0.0.1:4567/", service: "kms", header: http.Header{"X-Odd": {"  a   b  ", "c"}}},
		{method: "GET", url: "https://kms.eu-west-2.amazonaws.com/?b=2&a=1&a=%2F&c&d=x+y", service: "kms"},
		{method: "GET", url: "https://b.s3.eu-west-2.amazonaws.com/a/b%20c/%C3%BC/..//d", service: "s3", options: []func(*v4.SignerOptions){s3Options}},
		{method: "GET", url: "https://s3.eu-west-2.amazonaws.com/b/k(1)!'*;=@&$,+:", service: "s3", options: []func(*v4.SignerOptions){s3Options}},
		{method: "PUT", url: "https://b.s3.eu-west-2.amazonaws.com/k?x-id=PutObject", body: "data", service: "s3", header: http.Header{"X-Amz-Acl": {"private"}}, options: []func(*v4.SignerOptions){s3Options}},
		{method: "PUT", url: "https://b.s3.eu-west-2.amazonaws.com/k", body: "data", hash: "UNSIGNED-PAYLOAD", service: "s3", options: []func(*v4.SignerOptions){s3Options}},
		{method: "GET", url: "https://b.s3.eu-west-2.amazonaws.com/?list-type=2&prefix=env%3A%2F&a-b=1&a%2Fb=2", service: "s3", options: []func(*v4.SignerOptions){s3Options}},
		{method: "GET", url: "https://b.s3.eu-west-2.amazonaws.com/k?X-Amz-Expires=60&versionId=x", hash: "UNSIGNED-PAYLOAD", service: "s3", presign: true, options: []func(*v4.SignerOptions){s3Options}},
		{method: "PUT", url: "https://b.s3.eu-west-2.amazonaws.com/k?X-Amz-Expires=60", body: "data", hash: "UNSIGNED-PAYLOAD", service: "s3", presign: true, options: []func(*v4.SignerOptions){s3Options}},
		{method: "GET", url: "https://kms.eu-west-2.amazonaws.com/?Action=x", service: "kms", presign: true},
	} {
		target := kms
		if q.service == "s3" {
			target = s3
		}
		body, err := verify(t, q.sign(t), target, credential())
		if err != nil || string(body) != q.body {
			t.Errorf("%s %s: %q, %v", q.method, q.url, body, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	plain := request{method: "POST", url: "https://kms.eu-west-2.amazonaws.com/", body: `{}`, service: "kms"}
	object := request{method: "PUT", url: "https://b.s3.eu-west-2.amazonaws.com/k", body: "data", service: "s3", options: []func(*v4.SignerOptions){s3Options}}
	link := request{method: "GET", url: "https://b.s3.eu-west-2.amazonaws.com/k?X-Amz-Expires=60", hash: "UNSIGNED-PAYLOAD", service: "s3", presign: true, options: []func(*v4.SignerOptions){s3Options}}
	at := func(q request, d time.Duration) request { q.at = now.Add(d); return q }
	scoped := func(q request, service, region string) request { q.service, q.region = service, region; return q }
	token := func(q request, token string) request { q.creds.SessionToken = token; return q }
	inactive := credential()
	inactive.Inactive = true
	query := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			q := r.URL.Query()
			q.Set(name, value)
			r.URL.RawQuery = q.Encode()
		}
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, tt := range []struct {
		name   string
		q      request
		target sigv4.Target
		cred   *op.Credential
		change func(*http.Request)
		want   sigv4.Reason
	}{
		{"unknown key", plain, kms, nil, nil, sigv4.UnknownKey},
		{"inactive key", plain, kms, inactive, nil, sigv4.UnknownKey},
		{"other secret", plain, kms, &op.Credential{Secret: "x", Caller: &op.Caller{}}, nil, sigv4.BadSignature},
		{"other body", plain, kms, credential(), func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("{ }")) }, sigv4.BadSignature},
		{"other method", plain, kms, credential(), func(r *http.Request) { r.Method = "PUT" }, sigv4.BadSignature},
		{"other path", plain, kms, credential(), func(r *http.Request) { r.URL.Path = "/x" }, sigv4.BadSignature},
		{"other host", plain, kms, credential(), func(r *http.Request) { r.Host = "sts.amazonaws.com" }, sigv4.BadSignature},
		{"more query", plain, kms, credential(), query("x", "y"), sigv4.BadSignature},
		{"other service", scoped(plain, "sts", ""), kms, credential(), nil, sigv4.WrongService},
		{"other region", scoped(plain, "kms", "us-east-1"), kms, credential(), nil, sigv4.WrongRegion},
		{"old", at(plain, -6*time.Minute), kms, credential(), nil, sigv4.Skewed},
		{"early", at(plain, 6*time.Minute), kms, credential(), nil, sigv4.Skewed},
		{"old for S3", at(object, -16*time.Minute), s3, credential(), nil, sigv4.Skewed},
		{"token without session", token(plain, "the token"), kms, credential(), nil, sigv4.BadToken},
		{"session without token", plain, kms, session(now.Add(time.Hour)), nil, sigv4.UnknownKey},
		{"other token", token(plain, "another"), kms, session(now.Add(time.Hour)), nil, sigv4.BadToken},
		{"expired session", token(plain, "the token"), kms, session(now), nil, sigv4.ExpiredToken},
		{"S3 body", object, s3, credential(), func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("evil")) }, sigv4.BadPayloadHash},
		{"S3 unsigned header", object, s3, credential(), set("X-Amz-Acl", "public-read"), sigv4.NotSigned},
		{"S3 no hash", object, s3, credential(), func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") }, sigv4.NoPayloadHash},
		{"presigned too late", at(link, -61*time.Second), s3, credential(), nil, sigv4.Expired},
		{"presigned for the future", at(link, 16*time.Minute), s3, credential(), nil, sigv4.Expired},
		{"presigned other key", link, s3, credential(), func(r *http.Request) { r.URL.Path = "/other" }, sigv4.BadSignature},
		{"presigned longer life", link, s3, credential(), query("X-Amz-Expires", "600"), sigv4.BadSignature},
		{"presigned for eight days", link, s3, credential(), query("X-Amz-Expires", "691200"), sigv4.BadExpires},
		{"presigned and signed", link, s3, credential(), set("Authorization", "AWS4-HMAC-SHA256 Credential=a"), sigv4.TwoSchemes},
		{"signature version 2", plain, kms, credential(), set("Authorization", "AWS AKIA:abc="), sigv4.Unsupported},
		{"no credential", plain, kms, credential(), set("Authorization", "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00"), sigv4.Malformed},
		{"date of another day", plain, kms, credential(), set("X-Amz-Date", "20261122T120000Z"), sigv4.Malformed},
	} {
		r := tt.q.sign(t)
		if tt.change != nil {
			tt.change(r)
		}
		_, err := verify(t, r, tt.target, tt.cred)
		var e *sigv4.Error
		if !errors.As(err, &e) || e.Reason != tt.want {
			t.Errorf("%s: %v, want reason %d", tt.name, err, tt.want)
			continue
		}
		for _, d := range []sigv4.Dialect{sigv4.S3, sigv4.JSON, sigv4.Query} {
			if a := e.For(d); a.Status < 400 || a.Status > 499 || a.Code == "" || a.Message == "" || strings.Contains(a.Message, secret) {
				t.Errorf("%s in dialect %d: %+v", tt.name, d, a)
			}
		}
	}
}

// Source: the "15 min." and "5 min." of the services' own refusals; that only
// S3 looks at X-Amz-Expires.
func TestHowFarAClockMayBeOff(t *testing.T) {
	wide := kms
	wide.Wide = true
	plain := request{method: "POST", url: "https://kms.eu-west-2.amazonaws.com/", body: `{}`, service: "kms"}
	link := request{method: "GET", url: "https://kms.eu-west-2.amazonaws.com/?Action=x&X-Amz-Expires=60", service: "kms", presign: true}
	for _, tt := range []struct {
		name   string
		q      request
		by     time.Duration
		target sigv4.Target
		detail string
	}{
		{"five minutes", plain, -5 * time.Minute, kms, ""},
		{"more than five", plain, -5*time.Minute - time.Second, kms, "Signature expired: 20261121T115459Z is now earlier than 20261121T115500Z (20261121T120000Z - 5 min.)"},
		{"a quarter of an hour", plain, -15 * time.Minute, wide, ""},
		{"more than a quarter", plain, -15*time.Minute - time.Second, wide, "Signature expired: 20261121T114459Z is now earlier than 20261121T114500Z (20261121T120000Z - 15 min.)"},
		{"ahead", plain, 15*time.Minute + time.Second, wide, "Signature not yet current: 20261121T121501Z is still later than 20261121T121500Z (20261121T120000Z + 15 min.)"},
		{"a link past its X-Amz-Expires", link, -15 * time.Minute, wide, ""},
		{"an old link", link, -16 * time.Minute, wide, "Signature expired: 20261121T114400Z is now earlier than 20261121T114500Z (20261121T120000Z - 15 min.)"},
	} {
		tt.q.at = now.Add(tt.by)
		_, err := verify(t, tt.q.sign(t), tt.target, credential())
		var e *sigv4.Error
		if errors.As(err, &e) != (tt.detail != "") || e != nil && e.For(sigv4.Query).Message != tt.detail {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.detail)
		}
	}
}

func TestSessionsAreAccepted(t *testing.T) {
	q := request{method: "POST", url: "https://kms.eu-west-2.amazonaws.com/", service: "kms", creds: aws.Credentials{SessionToken: "the token"}}
	if _, err := verify(t, q.sign(t), kms, session(now.Add(time.Second))); err != nil {
		t.Error(err)
	}
	q = request{method: "GET", url: "https://b.s3.eu-west-2.amazonaws.com/k?X-Amz-Expires=60", hash: "UNSIGNED-PAYLOAD", service: "s3", presign: true,
		creds: aws.Credentials{SessionToken: "the token"}, options: []func(*v4.SignerOptions){s3Options}}
	if _, err := verify(t, q.sign(t), s3, session(now.Add(time.Second))); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AKIA/20261121/eu-west-2/kms/aws4_request, SignedHeaders=host, Signature="+strings.Repeat("0", 64), "", "20261121T120000Z", "4;chunk-signature=00\r\nabcd\r\n0\r\n\r\n")
	f.Add("", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20261121%2Feu-west-2%2Fs3%2Faws4_request&X-Amz-Date=20261121T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature="+strings.Repeat("0", 64), "", "")
	f.Fuzz(func(t *testing.T, auth, query, date, body string) {
		r := &http.Request{Method: "PUT", Host: "b.s3.eu-west-2.amazonaws.com", URL: &url.URL{Path: "/" + query, RawQuery: query}, Header: http.Header{}}
		r.Header.Set("X-Amz-Date", date)
		r.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		r.Header.Set("X-Amz-Decoded-Content-Length", "4")
		r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
		if auth != "" {
			r.Header.Set("Authorization", auth)
		}
		if payload, err := sigv4.Unsigned(r.Clone(context.Background()), []byte(body), true); err == nil && len(payload) != 4 {
			t.Errorf("a chunked body of %d bytes was taken for 4", len(payload))
		}
		claim, err := sigv4.Parse(r)
		if err != nil || claim == nil {
			return
		}
		var v sigv4.Verifier
		for _, target := range []sigv4.Target{{Service: claim.Service, S3: true}, {Service: claim.Service}} {
			if _, err := v.Verify(r.Clone(context.Background()), claim, target, credential(), []byte(body), claim.Time); err == nil {
				t.Error("a made-up signature was accepted")
			}
		}
	})
}
