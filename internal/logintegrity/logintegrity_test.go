package logintegrity_test

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
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/logintegrity"
	"github.com/strongroom-dev/strongroom/sandbox"
)

const (
	account  = sandbox.DefaultAccount
	region   = sandbox.DefaultRegion
	bucket   = "trail-logs"
	trailARN = "arn:aws:cloudtrail:" + region + ":" + account + ":trail/main"
	policy   = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::` + bucket + `"},
		{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::` + bucket + `/*"}]}`
)

type world struct {
	*testing.T
	sb    *sandbox.Sandbox
	s3    *s3.Client
	trail *cloudtrail.Client
	from  time.Time
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// open has a trail that delivered for three hours, in two regions.
func open(t *testing.T) *world {
	t.Helper()
	sb, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	cfg := sb.Config(sb.Credentials())
	w := &world{t, sb, s3.NewFromConfig(cfg), cloudtrail.NewFromConfig(cfg), sb.Now()}
	_, err = w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: region}})
	w.must(err)
	_, err = w.s3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(policy)})
	w.must(err)
	_, err = w.trail.CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{Name: aws.String("main"), S3BucketName: aws.String(bucket), IsMultiRegionTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true)})
	w.must(err)
	w.log(true)
	users := iam.NewFromConfig(cfg)
	for _, name := range []string{"ann", "ben", "cat"} {
		_, err = users.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
		w.must(err)
		_, err = w.s3.ListBuckets(t.Context(), nil)
		w.must(err)
		w.pass(time.Hour)
	}
	return w
}

func (w *world) log(on bool) {
	w.Helper()
	var err error
	if on {
		_, err = w.trail.StartLogging(w.Context(), &cloudtrail.StartLoggingInput{Name: aws.String("main")})
	} else {
		_, err = w.trail.StopLogging(w.Context(), &cloudtrail.StopLoggingInput{Name: aws.String("main")})
	}
	w.must(err)
}

func (w *world) pass(d time.Duration) {
	w.Helper()
	w.must(w.sb.Settle(w.Context()))
	w.must(w.sb.Advance(d))
	w.must(w.sb.Settle(w.Context()))
}

func (w *world) keys(kind, region string) (keys []string) {
	w.Helper()
	out, err := w.s3.ListObjectsV2(w.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: aws.String("AWSLogs/" + account + "/" + kind + "/" + region + "/")})
	w.must(err)
	for _, o := range out.Contents {
		keys = append(keys, *o.Key)
	}
	if len(keys) < 3 {
		w.Fatalf("delivered %q", keys)
	}
	return keys
}

func (w *world) delete(key string) {
	w.Helper()
	_, err := w.s3.DeleteObject(w.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: &key})
	w.must(err)
}

func (w *world) write(key, content string, metadata map[string]string) {
	w.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(content))
	w.must(err)
	w.must(z.Close())
	_, err = w.s3.PutObject(w.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(packed.Bytes()), Metadata: metadata})
	w.must(err)
}

// copyOver puts a copy of one object in another's place.
func (w *world) copyOver(from, to string) {
	w.Helper()
	_, err := w.s3.CopyObject(w.Context(), &s3.CopyObjectInput{Bucket: aws.String(bucket), Key: &to, CopySource: aws.String(bucket + "/" + from)})
	w.must(err)
}

func (w *world) validate() *logintegrity.Report {
	w.Helper()
	report, err := logintegrity.Validate(w.Context(), w.sb.Config(w.sb.Credentials()), logintegrity.Trail{Name: "main", HomeRegion: region, Account: account, Bucket: bucket},
		logintegrity.Window{From: w.from, To: w.sb.Now()})
	w.must(err)
	return report
}

// cli tells whether the AWS CLI finds something wrong in the trail's own region.
func (w *world) cli() (wrong bool, out string) {
	w.Helper()
	cmd := exec.CommandContext(w.Context(), "aws", "cloudtrail", "validate-logs", "--trail-arn", trailARN, "--verbose", "--region", region,
		"--start-time", w.from.UTC().Format(time.RFC3339), "--end-time", w.sb.Now().UTC().Format(time.RFC3339))
	unset := w.sb.EnvUnset()
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(unset, name)
	})
	cmd.Env = append(cmd.Env, w.sb.Env()...)
	cmd.WaitDelay = time.Second
	text, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(text), "Results requested") {
		w.Fatalf("%v\n%s", err, text)
	}
	return strings.Contains(string(text), "INVALID"), string(text)
}

func TestWhatCloudTrailDeliversIsValid(t *testing.T) {
	w := open(t)
	report := w.validate()
	if report.Digests < 6 || report.Logs < 6 || len(report.Findings) != 0 {
		t.Errorf("%+v", report)
	}
	if wrong, out := w.cli(); wrong {
		t.Errorf("the AWS CLI disagrees:\n%s", out)
	}
}

// Every way to tamper is found, at the object that was tampered with; the AWS
// CLI finds what it looks for as well.
func TestTampering(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(w *world, digests, logs []string) (object string)
		want logintegrity.Problem
		also bool // the AWS CLI finds it
	}{
		{"a log file is emptied", func(w *world, _, logs []string) string { w.write(logs[0], `{"Records":[]}`, nil); return logs[0] }, logintegrity.Changed, true},
		{"a log file is not a log file", func(w *world, _, logs []string) string {
			_, err := w.s3.PutObject(w.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &logs[0], Body: strings.NewReader("nothing")})
			w.must(err)
			return logs[0]
		}, logintegrity.Changed, true},
		{"a log file is deleted", func(w *world, _, logs []string) string { w.delete(logs[1]); return logs[1] }, logintegrity.Missing, true},
		{"a log file is replaced by another", func(w *world, _, logs []string) string { w.copyOver(logs[0], logs[1]); return logs[1] }, logintegrity.Changed, true},
		{"a digest is deleted", func(w *world, d, _ []string) string { w.delete(d[1]); return d[1] }, logintegrity.Missing, true},
		{"a digest is rewritten", func(w *world, d, _ []string) string {
			w.write(d[1], `{"logFiles":[]}`, map[string]string{"signature": "00", "signature-algorithm": "SHA256withRSA"})
			return d[1]
		}, logintegrity.Changed, true},
		{"a digest is another's copy", func(w *world, d, _ []string) string { w.copyOver(d[0], d[1]); return d[1] }, logintegrity.Changed, true},
		{"the newest digests are deleted", func(w *world, d, _ []string) string { w.delete(d[2]); w.delete(d[1]); return d[0] }, logintegrity.Ended, false},
		{"logging was off", func(w *world, d, _ []string) string {
			w.log(false)
			w.pass(90 * time.Minute)
			w.log(true)
			w.pass(61 * time.Minute)
			all := w.keys("CloudTrail-Digest", region)
			return all[len(all)-1]
		}, logintegrity.Restarted, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := open(t)
			object := c.do(w, w.keys("CloudTrail-Digest", region), w.keys("CloudTrail", region))
			var found []logintegrity.Finding
			for _, f := range w.validate().Findings {
				if f.Why == "" {
					t.Errorf("no reason: %+v", f)
				}
				f.Why = ""
				if f.Region == region {
					found = append(found, f)
				}
			}
			if d := cmp.Diff([]logintegrity.Finding{{Region: region, Object: object, Problem: c.want}}, found); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			if testing.Short() {
				return
			}
			if wrong, out := w.cli(); c.also && (!wrong || !strings.Contains(out, object)) {
				t.Errorf("the AWS CLI disagrees:\n%s", out)
			}
		})
	}
}

func TestNothingToValidateIsNoAnswer(t *testing.T) {
	w := open(t)
	_, err := logintegrity.Validate(t.Context(), w.sb.Config(w.sb.Credentials()), logintegrity.Trail{Name: "other", HomeRegion: region, Account: account, Bucket: bucket},
		logintegrity.Window{From: w.from, To: w.sb.Now()})
	if err == nil || !strings.Contains(err.Error(), "no digest file") {
		t.Errorf("got %v", err)
	}
}
