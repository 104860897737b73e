package sandbox_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// reader is an IAM user who is allowed by a policy of several statements, so
// that the benchmarks measure enforcement and not the root user's way past it.
func reader(b *testing.B, s *sandbox.Sandbox) sandbox.Credentials {
	b.Helper()
	root := iam.NewFromConfig(s.Config(s.Credentials()))
	if _, err := root.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("reader")}); err != nil {
		b.Fatal(err)
	}
	if _, err := root.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("reader"), PolicyName: aws.String("p"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":["kms:Sign","kms:GetPublicKey"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},
			{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::bench","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-2"}}},
			{"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}]}`)}); err != nil {
		b.Fatal(err)
	}
	out, err := root.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("reader")})
	if err != nil {
		b.Fatal(err)
	}
	return sandbox.Credentials{AccessKeyID: *out.AccessKey.AccessKeyId, SecretAccessKey: *out.AccessKey.SecretAccessKey}
}

// signed returns the bytes of one signed request to the endpoint.
func signed(b *testing.B, endpoint string, c sandbox.Credentials, service, method, path, body string, header http.Header) []byte {
	b.Helper()
	req, err := http.NewRequest(method, endpoint+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	sum := sha256.Sum256([]byte(body))
	req.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	creds := aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}
	if err := v4.NewSigner().SignHTTP(context.Background(), creds, req, hex.EncodeToString(sum[:]), service, "eu-west-2", time.Now()); err != nil {
		b.Fatal(err)
	}
	var raw bytes.Buffer
	if err := req.Write(&raw); err != nil {
		b.Fatal(err)
	}
	return raw.Bytes()
}

// audited are options with an audit log that is really written.
func audited(b *testing.B) sandbox.Options {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "audit.json"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() }) // after the sandbox, which started later
	return sandbox.Options{Audit: f}
}

// dialer opens a connection on which requests can be written.
type dialer func(s *sandbox.Sandbox) (net.Conn, error)

// plain is a connection to the endpoint.
func plain(s *sandbox.Sandbox) (net.Conn, error) {
	return net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
}

// proxied is a TLS connection to host through the proxy, as the CLI makes it.
func proxied(host string) dialer {
	return func(s *sandbox.Sandbox) (net.Conn, error) {
		conn, err := plain(s)
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(conn, "CONNECT "+host+":443 HTTP/1.1\r\nHost: "+host+":443\r\n\r\n"); err != nil {
			return nil, err
		}
		// The answer to CONNECT is all that comes before our handshake.
		if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("CONNECT %s: %v, %w", host, resp, err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(s.CAPEM())
		return tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: host}), nil
	}
}

// hammer sends the request b.N times over clients connections that stay open.
func hammer(b *testing.B, s *sandbox.Sandbox, dial dialer, clients int, method string, raw []byte) {
	b.Helper()
	var left, failed atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range clients {
		wg.Go(func() {
			conn, err := dial(s)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			r := bufio.NewReader(conn)
			req := &http.Request{Method: method}
			for left.Add(-1) >= 0 {
				if _, err := conn.Write(raw); err != nil {
					b.Error(err)
					return
				}
				resp, err := http.ReadResponse(r, req)
				if err != nil {
					b.Error(err)
					return
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					b.Error(err)
					return
				}
				if resp.StatusCode != http.StatusOK {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	if n := failed.Load(); n > 0 {
		b.Fatalf("%d of %d requests were refused", n, b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

// withBucket is a running sandbox with a bucket, and one who may list it.
func withBucket(b *testing.B) (*sandbox.Sandbox, sandbox.Credentials) {
	b.Helper()
	s := start(b, audited(b))
	client := s3.NewFromConfig(s.Config(s.Credentials()))
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("bench"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"}}); err != nil {
		b.Fatal(err)
	}
	return s, reader(b, s)
}

// BenchmarkHeadBucket4Clients is a signed, enforced and audited HeadBucket.
func BenchmarkHeadBucket4Clients(b *testing.B) {
	s, user := withBucket(b)
	hammer(b, s, plain, 4, http.MethodHead, signed(b, s.URL(), user, "s3", http.MethodHead, "/bench", "", nil))
}

// BenchmarkHeadBucket4ClientsTLS is the same through the proxy, to AWS's own
// host name.
func BenchmarkHeadBucket4ClientsTLS(b *testing.B) {
	s, user := withBucket(b)
	const host = "s3.eu-west-2.amazonaws.com"
	hammer(b, s, proxied(host), 4, http.MethodHead, signed(b, "https://"+host, user, "s3", http.MethodHead, "/bench", "", nil))
}

// BenchmarkKMSSign is one P-256 signature through the whole path.
func BenchmarkKMSSign(b *testing.B) {
	s := start(b, audited(b))
	key, err := kms.NewFromConfig(s.Config(s.Credentials())).CreateKey(ctx, &kms.CreateKeyInput{KeySpec: kmstypes.KeySpecEccNistP256, KeyUsage: kmstypes.KeyUsageTypeSignVerify})
	if err != nil {
		b.Fatal(err)
	}
	body := `{"KeyId":"` + *key.KeyMetadata.KeyId + `","Message":"aGVsbG8=","SigningAlgorithm":"ECDSA_SHA_256"}`
	raw := signed(b, s.URL(), reader(b, s), "kms", http.MethodPost, "/", body, http.Header{"X-Amz-Target": {"TrentService.Sign"}, "Content-Type": {"application/x-amz-json-1.1"}})
	hammer(b, s, plain, 1, http.MethodPost, raw)
}

// BenchmarkGetCallerIdentity4Clients is the dispatcher with next to no service.
func BenchmarkGetCallerIdentity4Clients(b *testing.B) {
	s := start(b, audited(b))
	raw := signed(b, s.URL(), reader(b, s), "sts", http.MethodPost, "/", "Action=GetCallerIdentity&Version=2011-06-15", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	hammer(b, s, plain, 4, http.MethodPost, raw)
}

// BenchmarkStart is a sandbox from nothing to its first answer, and its end.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s, err := sandbox.Start(ctx, sandbox.Options{})
		if err != nil {
			b.Fatal(err)
		}
		resp, err := http.Get(s.URL())
		if err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
