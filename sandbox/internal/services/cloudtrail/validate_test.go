package cloudtrail_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// validate runs the AWS CLI's validation of the trail main.
func (w *world) validate(from, to time.Time, region string) (out string, ok bool) {
	w.Helper()
	cmd := exec.CommandContext(w.Context(), "aws", "cloudtrail", "validate-logs", "--trail-arn", mainARN, "--verbose", "--region", region,
		"--start-time", from.UTC().Format(time.RFC3339), "--end-time", to.UTC().Format(time.RFC3339))
	unset := w.sb.EnvUnset()
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(unset, name)
	})
	cmd.Env = append(cmd.Env, w.sb.Env()...)
	text, err := cmd.CombinedOutput()
	return string(text), err == nil
}

// What is delivered is what the AWS CLI accepts, and it finds what was changed and what
// was deleted.
func TestValidateLogs(t *testing.T) {
	w := open(t)
	from := w.sb.Now()
	w.bucket(logs)
	key := w.key()
	w.create(func(in *cloudtrail.CreateTrailInput) { in.KmsKeyId = &key })
	for range 3 {
		_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("u" + w.sb.Now().Format("150405"))})
		w.must(err)
		_, err = w.s3.ListBuckets(ctx, nil)
		w.must(err)
		w.pass(time.Hour)
	}
	to := w.sb.Now()
	digests := w.keys("AWSLogs/" + account + "/CloudTrail-Digest/" + region + "/")
	files := w.keys("AWSLogs/" + account + "/CloudTrail/" + region + "/")
	if len(digests) < 3 || len(files) < 3 {
		t.Fatalf("delivered %q and %q", digests, files)
	}
	for _, r := range []string{region, "us-east-1"} {
		out, ok := w.validate(from, to, r)
		if !ok || !strings.Contains(out, "digest files valid") || !strings.Contains(out, "log files valid") || strings.Contains(out, "INVALID") {
			t.Errorf("%s: %v\n%s", r, ok, out)
		}
	}
	head, err := w.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(logs), Key: &files[0]})
	w.must(err)
	if aws.ToString(head.SSEKMSKeyId) != key {
		t.Errorf("a log file is encrypted by %q", aws.ToString(head.SSEKMSKeyId))
	}
	read := func(key string) []byte {
		out, err := w.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(logs), Key: &key})
		w.must(err)
		defer out.Body.Close()
		var b bytes.Buffer
		_, err = b.ReadFrom(out.Body)
		w.must(err)
		return b.Bytes()
	}
	write := func(key string, content []byte) {
		_, err := w.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(logs), Key: &key, Body: bytes.NewReader(content)})
		w.must(err)
	}
	found := func(what, want string) {
		t.Helper()
		if out, ok := w.validate(from, to, region); ok || !strings.Contains(out, want) {
			t.Errorf("%s is not found:\n%s", what, out)
		}
	}
	original := read(files[0])
	var forged bytes.Buffer
	z := gzip.NewWriter(&forged)
	_, err = z.Write([]byte(`{"Records":[]}`))
	w.must(err)
	w.must(z.Close())
	write(files[0], forged.Bytes())
	found("a changed log file", files[0]+"\tINVALID: hash value doesn't match")
	write(files[0], original)
	if out, ok := w.validate(from, to, region); !ok {
		t.Errorf("the original does not validate:\n%s", out)
	}
	_, err = w.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(logs), Key: &files[1]})
	w.must(err)
	found("a deleted log file", files[1]+"\tINVALID: not found")
	write(files[1], forged.Bytes())
	found("a log file put in a deleted one's place", files[1]+"\tINVALID: hash value doesn't match")
	write(digests[1], forged.Bytes())
	found("a digest that is not signed", digests[1])
	_, err = w.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(logs), Key: &digests[1]})
	w.must(err)
	found("a deleted digest", digests[1]+"\tINVALID: not found")
}
