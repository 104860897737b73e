package sigv4_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

func newReader(b *bytes.Buffer) *bufio.Reader { return bufio.NewReader(b) }

// The example of S3's own documentation, with its credentials and signatures.
// Source: S3 API Reference "Transferring Payload in Multiple Chunks" and
// "... Trailing headers".
const (
	docKey    = "AKIAIOSFODNN7EXAMPLE"
	docSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

var docTime = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)

func docRequest(hash, signed, seed string, extra http.Header) *http.Request {
	r, err := http.NewRequest("PUT", "https://s3.amazonaws.com/examplebucket/chunkObject.txt", nil)
	if err != nil {
		panic(err) // the URL is a constant
	}
	r.Header = http.Header{
		"X-Amz-Date": {"20130524T000000Z"}, "X-Amz-Storage-Class": {"REDUCED_REDUNDANCY"},
		"X-Amz-Content-Sha256": {hash}, "Content-Encoding": {"aws-chunked"}, "X-Amz-Decoded-Content-Length": {"66560"},
		"Authorization": {"AWS4-HMAC-SHA256 Credential=" + docKey + "/20130524/us-east-1/s3/aws4_request,SignedHeaders=" + signed + ",Signature=" + seed},
	}
	for k, v := range extra {
		r.Header[k] = v
	}
	return r
}

func plainChunks() (*http.Request, string) {
	r := docRequest("STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
		"content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
		"4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9", http.Header{"Content-Length": {"66824"}})
	return r, chunk(65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648") +
		chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497") +
		chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9")
}

func trailerChunks() (*http.Request, string) {
	r := docRequest("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
		"content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
		"106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e", http.Header{"X-Amz-Trailer": {"x-amz-checksum-crc32c"}})
	return r, chunk(65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2") +
		chunk(1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7") +
		strings.TrimSuffix(chunk(0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"), "\r\n") +
		"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
}

func chunk(n int, signature string) string {
	return fmt.Sprintf("%x;chunk-signature=%s\r\n%s\r\n", n, signature, strings.Repeat("a", n))
}

func verifyDoc(r *http.Request, body string) ([]byte, error) {
	claim, err := sigv4.Parse(r)
	if err != nil {
		return nil, err
	}
	var v sigv4.Verifier
	cred := &op.Credential{AccessKeyID: docKey, Secret: docSecret, Caller: &op.Caller{}}
	return v.Verify(r, claim, sigv4.Target{Service: "s3", Regions: []string{"us-east-1"}, S3: true}, cred, []byte(body), docTime)
}

func TestDocumentedChunks(t *testing.T) {
	want := strings.Repeat("a", 66560)
	r, body := plainChunks()
	got, err := verifyDoc(r, body)
	if err != nil || string(got) != want || r.Header.Get("Content-Encoding") != "" {
		t.Errorf("signed chunks: %d bytes, %v, Content-Encoding %q", len(got), err, r.Header.Get("Content-Encoding"))
	}
	r, body = trailerChunks()
	got, err = verifyDoc(r, body)
	if err != nil || string(got) != want || r.Header.Get("X-Amz-Checksum-Crc32c") != "sOO8/Q==" {
		t.Errorf("signed trailer: %d bytes, %v, checksum %q", len(got), err, r.Header.Get("X-Amz-Checksum-Crc32c"))
	}
}

func TestBrokenChunks(t *testing.T) {
	for _, tt := range []struct {
		name    string
		request func() (*http.Request, string)
		old, by string
		want    sigv4.Reason
	}{
		{"a byte of the first chunk", plainChunks, "\r\naa", "\r\nab", sigv4.BadSignature},
		{"a signature", plainChunks, "ad80c", "ad80d", sigv4.BadSignature},
		{"the last signature", plainChunks, "b6c6e", "b6c6f", sigv4.BadSignature},
		{"no signature", plainChunks, ";chunk-signature=0055", ";x=0055", sigv4.BadSignature},
		{"a longer size", plainChunks, "400;", "401;", sigv4.BadSignature},
		{"no end", plainChunks, "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n", "", sigv4.BadChunk},
		{"trailer value", trailerChunks, "sOO8/Q==", "sOO8/R==", sigv4.BadSignature},
		{"trailer name", trailerChunks, "crc32c:", "crc32:", sigv4.BadChunk},
		{"trailer signature", trailerChunks, "d81f82", "d81f83", sigv4.BadSignature},
		{"trailer gone", trailerChunks, "x-amz-checksum-crc32c:sOO8/Q==\r\n", "", sigv4.BadSignature},
		{"more after the trailer", trailerChunks, "ca17fe2e435\r\n\r\n", "ca17fe2e435\r\n\r\nx", sigv4.BadChunk},
	} {
		r, body := tt.request()
		if !strings.Contains(body, tt.old) {
			t.Fatalf("%s: the body does not hold %q", tt.name, tt.old)
		}
		_, err := verifyDoc(r, strings.Replace(body, tt.old, tt.by, 1))
		var e *sigv4.Error
		if !errors.As(err, &e) || e.Reason != tt.want {
			t.Errorf("%s: %v, want reason %d", tt.name, err, tt.want)
		}
	}
}

func TestUnsignedTrailers(t *testing.T) {
	for _, tt := range []struct {
		name, trailer, length, body string
		ok                          bool
	}{
		{"whole", "x-amz-checksum-crc32", "4", "4\r\nabcd\r\n0\r\nx-amz-checksum-crc32:7YLNEQ==\r\n\r\n", true},
		{"two chunks", "x-amz-checksum-crc32", "4", "2\r\nab\r\n2\r\ncd\r\n0\r\nx-amz-checksum-crc32:7YLNEQ==\r\n\r\n", true},
		{"wrong length", "x-amz-checksum-crc32", "3", "4\r\nabcd\r\n0\r\nx-amz-checksum-crc32:7YLNEQ==\r\n\r\n", false},
		{"no length", "x-amz-checksum-crc32", "", "4\r\nabcd\r\n0\r\nx-amz-checksum-crc32:7YLNEQ==\r\n\r\n", false},
		{"another header", "x-amz-acl", "4", "4\r\nabcd\r\n0\r\nx-amz-acl:public-read\r\n\r\n", false},
		{"not announced", "", "4", "4\r\nabcd\r\n0\r\nx-amz-checksum-crc32:7YLNEQ==\r\n\r\n", false},
		{"cut short", "x-amz-checksum-crc32", "4", "4\r\nabcd\r\n", false},
		{"negative", "x-amz-checksum-crc32", "4", "-4\r\nabcd\r\n0\r\n\r\n", false},
	} {
		r, err := http.NewRequest("PUT", "https://b.s3.eu-west-2.amazonaws.com/k", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"X-Amz-Content-Sha256": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, "Content-Encoding": {"gzip,aws-chunked"}}
		if tt.trailer != "" {
			r.Header.Set("X-Amz-Trailer", tt.trailer)
		}
		if tt.length != "" {
			r.Header.Set("X-Amz-Decoded-Content-Length", tt.length)
		}
		got, err := sigv4.Unsigned(r, []byte(tt.body), true)
		if ok := err == nil; ok != tt.ok {
			t.Errorf("%s: %q, %v, want ok %t", tt.name, got, err, tt.ok)
		}
		if tt.ok && (string(got) != "abcd" || r.Header.Get("X-Amz-Checksum-Crc32") != "7YLNEQ==" || r.Header.Get("Content-Encoding") != "gzip") {
			t.Errorf("%s: %q, headers %v", tt.name, got, r.Header)
		}
	}
}
