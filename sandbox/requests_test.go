package sandbox_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

func bucket(t testing.TB, s *sandbox.Sandbox, name string) *s3.Client {
	t.Helper()
	client := s3.NewFromConfig(s.Config(s.Credentials()))
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(name),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"}}); err != nil {
		t.Fatal(err)
	}
	return client
}

func TestUploadsByEverySchemeOfTheSDK(t *testing.T) {
	s := start(t, sandbox.Options{})
	bucket(t, s, "uploads")
	want := strings.Repeat("0123456789", 30_000)
	for name, change := range map[string]func(*s3.Options){
		"https, trailing checksum": func(*s3.Options) {},
		"https, path style":        func(o *s3.Options) { o.UsePathStyle = true },
		"https, checksum off":      func(o *s3.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired },
		"http, signed payload":     func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = aws.String(s.URL()), true },
		"http, real name":          func(o *s3.Options) { o.EndpointOptions.DisableHTTPS = true },
	} {
		client := s3.NewFromConfig(s.Config(s.Credentials()), change)
		// A plain reader, so that the SDK cannot look ahead.
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("uploads"), Key: aws.String("a b/ü+%"), Body: bytes.NewReader([]byte(want)),
			ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256})
		if err != nil {
			t.Errorf("%s: put: %v", name, err)
			continue
		}
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("uploads"), Key: aws.String("a b/ü+%"), ChecksumMode: s3types.ChecksumModeEnabled})
		if err != nil {
			t.Errorf("%s: get: %v", name, err)
			continue
		}
		got, err := io.ReadAll(out.Body)
		out.Body.Close()
		if err != nil || string(got) != want || aws.ToString(out.ContentEncoding) != "" {
			t.Errorf("%s: %d bytes back, %v, Content-Encoding %q", name, len(got), err, aws.ToString(out.ContentEncoding))
		}
	}
}

func TestPresignedAndAnonymous(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	s := start(t, sandbox.Options{Clock: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
	client := bucket(t, s, "links")
	if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("links"), Key: aws.String("k"), Body: strings.NewReader("hello")}); err != nil {
		t.Fatal(err)
	}
	link, err := s3.NewPresignClient(client).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("links"), Key: aws.String("k")}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	get := func(url string) (int, string) {
		t.Helper()
		resp, err := s.HTTPClient().Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if status, body := get(link.URL); status != http.StatusOK || body != "hello" {
		t.Errorf("the link: %d %s", status, body)
	}
	if status, body := get(strings.Replace(link.URL, "/k?", "/other?", 1)); status != http.StatusForbidden || !strings.Contains(body, "SignatureDoesNotMatch") {
		t.Errorf("the link for another key: %d %s", status, body)
	}
	if status, body := get("https://links.s3.eu-west-2.amazonaws.com/k"); status != http.StatusForbidden || !strings.Contains(body, "<Code>AccessDenied</Code>") {
		t.Errorf("anonymous: %d %s", status, body)
	}
	mu.Lock()
	now = now.Add(2 * time.Minute)
	mu.Unlock()
	if status, body := get(link.URL); status != http.StatusForbidden || !strings.Contains(body, "Request has expired") {
		t.Errorf("the link after its time: %d %s", status, body)
	}
	mu.Lock()
	now = now.Add(20 * time.Minute)
	mu.Unlock()
	_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("links"), Key: aws.String("k")})
	if code(err) != "RequestTimeTooSkewed" {
		t.Errorf("a clock that is off: %v", err)
	}
	var anonymous, queries int
	for _, e := range s.Events() {
		if e.UserIdentity.AccountID == "ANONYMOUS_PRINCIPAL" {
			anonymous++
		}
		if e.AdditionalEventData["AuthenticationMethod"] == "QueryString" {
			queries++
		}
	}
	if anonymous != 1 || queries != 3 {
		t.Errorf("%d anonymous and %d presigned events, want 1 and 3", anonymous, queries)
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	s := start(t, sandbox.Options{})
	client := bucket(t, s, "crowd")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			key := aws.String(strings.Repeat("k", i+1))
			for range 5 {
				if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("crowd"), Key: key, Body: strings.NewReader("x")}); err != nil {
					t.Error(err)
				}
				if _, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("crowd"), Key: key}); err != nil {
					t.Error(err)
				}
				_ = s.Events()
			}
		})
	}
	wg.Wait()
	if n := len(s.Events()); n != 1+8*5*2 {
		t.Errorf("%d events, want %d", n, 1+8*5*2)
	}
}
