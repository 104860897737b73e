package modules_test

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/sandbox"
)

const watched = `
resource "aws_s3_bucket" "state" {
  bucket        = "acme-state"
  force_destroy = true
}

module "audit_logging" {
  source = "./baseline/audit-logging"

  name             = "acme"
  state_bucket_arn = aws_s3_bucket.state.arn
}

module "alerts" {
  source = "./baseline/alerts"

  name           = "acme"
  log_group_name = module.audit_logging.log_group_name
  emails         = ["security@example.com"]
}

output "key" {
  value = module.audit_logging.kms_key_arn
}
`

const (
	auditBucket = "acme-audit-" + sandbox.DefaultAccount
	auditTrail  = "arn:aws:cloudtrail:" + sandbox.DefaultRegion + ":" + sandbox.DefaultAccount + ":trail/acme-audit"
	alertsTopic = "arn:aws:sns:" + sandbox.DefaultRegion + ":" + sandbox.DefaultAccount + ":acme-alerts"
)

// room is an account with the trail and the alerts in it, made by plain commands of the
// engine by an administrator who is not the root user.
type room struct {
	*testing.T
	sb    *sandbox.Sandbox
	stack *stack
	key   string
}

func newRoom(t *testing.T) *room {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test has ended
	r := &room{T: t, sb: s}
	root := iam.NewFromConfig(s.Config(s.Credentials()))
	_, err = root.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("admin"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + sandbox.DefaultAccount + `:root"},"Action":"sts:AssumeRole"}}`)})
	r.must(err)
	_, err = root.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String("admin"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	r.must(err)
	r.stack = newStack(t, enginetest.First(t), s, watched, false)
	r.stack.environ = append(r.stack.environ, r.environ()...)
	r.stack.must("init", "-input=false")
	r.stack.must("apply", "-auto-approve")
	r.key = strings.Trim(strings.TrimSpace(r.stack.must("output", "key")), `"`)
	r.must(s.Settle(t.Context())) // the mail is on its way
	if mails := s.Mail(); len(mails) != 1 || mails[0].Confirm == "" {
		t.Fatalf("the subscriber is not asked: %+v", mails)
	}
	answer, err := s.HTTPClient().Get(s.Mail()[0].Confirm)
	r.must(err)
	r.must(answer.Body.Close())
	return r
}

func (r *room) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// admin is a session of the administrator's, of now: time passes in these tests.
func (r *room) admin() sandbox.Credentials {
	r.Helper()
	c, err := r.sb.Session("arn:aws:iam::"+sandbox.DefaultAccount+":role/admin", "test")
	r.must(err)
	return c
}

// environ makes tools work as the administrator.
func (r *room) environ() []string {
	c := r.admin()
	return []string{"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey, "AWS_SESSION_TOKEN=" + c.SessionToken}
}

func (r *room) s3(c sandbox.Credentials) *s3.Client { return s3.NewFromConfig(r.sb.Config(c)) }

// pass lets time go by, and waits for what AWS does meanwhile.
func (r *room) pass(d time.Duration) {
	r.Helper()
	r.must(r.sb.Advance(d))
	r.must(r.sb.Settle(r.Context()))
}

// files lists what the trail has delivered.
func (r *room) files(prefix string) (keys []string) {
	r.Helper()
	out, err := r.s3(r.admin()).ListObjectsV2(r.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(auditBucket), Prefix: aws.String("AWSLogs/" + sandbox.DefaultAccount + "/" + prefix)})
	r.must(err)
	for _, o := range out.Contents {
		keys = append(keys, *o.Key)
	}
	return keys
}

// validate is what a person runs to know that nothing was tampered with.
func (r *room) validate(from time.Time) (out string, ok bool) {
	r.Helper()
	cmd := exec.CommandContext(r.Context(), "aws", "cloudtrail", "validate-logs", "--trail-arn", auditTrail, "--verbose",
		"--start-time", from.UTC().Format(time.RFC3339), "--end-time", r.sb.Now().UTC().Format(time.RFC3339))
	unset := r.sb.EnvUnset()
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(unset, name)
	}), append(r.sb.Env(), r.environ()...)...)
	text, err := cmd.CombinedOutput()
	return string(text), err == nil
}

// gunzip is what a delivered file says.
func gunzip(t *testing.T, body io.ReadCloser) string {
	t.Helper()
	defer func() { _ = body.Close() }() // it was read
	z, err := gzip.NewReader(body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// refused fails unless the error is a refusal with the code.
func (r *room) refused(what string, err error, code string) {
	r.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		r.Errorf("%s: %v, want %s", what, err, code)
	}
}

// alerts are the subscriber's mails that are no questions.
func (r *room) alerts() (texts []string) {
	for _, m := range r.sb.Mail() {
		if m.Confirm == "" {
			texts = append(texts, m.Subject+"\n"+m.Body)
		}
	}
	return texts
}

// The trail delivers into its bucket and log group, and nobody takes away, changes or adds
// what is there: not the administrator, not the root user, not another trail. What the
// bucket policy is taken off for, validation finds.
func TestTheLogsCannotBeEmptied(t *testing.T) {
	if testing.Short() {
		t.Skip("the engine needs half a minute")
	}
	t.Parallel()
	r := newRoom(t)
	from := r.sb.Now()
	_, err := r.s3(r.admin()).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("acme-state"), Key: aws.String("src/terraform.tfstate"), Body: strings.NewReader("{}")})
	r.must(err)
	for range 3 {
		r.pass(time.Hour)
	}
	trail := cloudtrail.NewFromConfig(r.sb.Config(r.admin()))
	status, err := trail.GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: aws.String(auditTrail)})
	r.must(err)
	if e := aws.ToString(status.LatestDeliveryError) + aws.ToString(status.LatestDigestDeliveryError) + aws.ToString(status.LatestCloudWatchLogsDeliveryError); e != "" || status.LatestCloudWatchLogsDeliveryTime == nil || !aws.ToBool(status.IsLogging) {
		t.Fatalf("the trail does not deliver: %q, to the log group at %v", e, status.LatestCloudWatchLogsDeliveryTime)
	}
	files, digests := r.files("CloudTrail/"), r.files("CloudTrail-Digest/")
	if len(files) == 0 || len(digests) == 0 {
		t.Fatalf("delivered: %q and %q", files, digests)
	}
	recorded := ""
	for _, name := range append(slices.Clone(files), digests...) {
		out, err := r.s3(r.admin()).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(auditBucket), Key: &name})
		r.must(err)
		if aws.ToString(out.SSEKMSKeyId) != r.key {
			t.Errorf("%s is under the key %q", name, aws.ToString(out.SSEKMSKeyId))
		}
		recorded += gunzip(t, out.Body)
	}
	if !strings.Contains(recorded, `"arn:aws:s3:::acme-state/src/terraform.tfstate"`) {
		t.Error("nobody knows who wrote the state")
	}
	if before, after, ok := strings.Cut(recorded, `"arn:aws:s3:::`+auditBucket+"/"); ok {
		t.Errorf("each delivery leads to the next: data events of the trail's own bucket, as in …%s*%s…", before[max(0, len(before)-1500):], after[:min(len(after), 500)])
	}
	if out, ok := r.validate(from); !ok || !strings.Contains(out, "log files valid") || strings.Contains(out, "INVALID") {
		t.Errorf("the logs do not validate:\n%s", out)
	}

	for name, c := range map[string]sandbox.Credentials{"administrator": r.admin(), "root user": r.sb.Credentials()} {
		r.attack(name, c, files[0], digests[0])
	}
	r.otherTrails()

	// Whoever may change the bucket policy may take it off. That is what the guard on CI is
	// for, and what the digests tell afterwards.
	admin := r.s3(r.admin())
	_, err = admin.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: aws.String(auditBucket)})
	r.must(err)
	_, err = admin.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(auditBucket), Key: &files[0]})
	r.must(err)
	if out, ok := r.validate(from); ok || !strings.Contains(out, files[0]+"\tINVALID: not found") {
		t.Errorf("a deleted log file is not found:\n%s", out)
	}
	r.stack.environ = append(r.stack.environ, r.environ()...)
	if out, code := r.stack.run("plan", "-detailed-exitcode"); code != 2 || !strings.Contains(out, "aws_s3_bucket_policy.audit will be created") {
		t.Errorf("a plan does not notice that the bucket policy is gone, exit status %d\n%s", code, out)
	}
}

// attack tries everything that would make the log files less than they are.
func (r *room) attack(who string, c sandbox.Credentials, file, digest string) {
	r.Helper()
	ctx, client, bucket := r.Context(), r.s3(c), aws.String(auditBucket)
	versions, err := client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: bucket, Prefix: &file})
	r.must(err)
	put := func(key string, change func(*s3.PutObjectInput)) error {
		in := &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader("forged"), ACL: s3types.ObjectCannedACLBucketOwnerFullControl}
		change(in)
		_, err := client.PutObject(ctx, in)
		return err
	}
	rightKey := func(in *s3.PutObjectInput) {
		in.ServerSideEncryption, in.SSEKMSKeyId = s3types.ServerSideEncryptionAwsKms, &r.key
	}
	for what, attempt := range map[string]func() error{
		"deletes a log file": func() error {
			_, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: &file})
			return err
		},
		"deletes a digest": func() error {
			_, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: &digest})
			return err
		},
		"deletes a version": func() error {
			_, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: &file, VersionId: versions.Versions[0].VersionId})
			return err
		},
		"lets everything expire": func() error {
			_, err := client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: bucket, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: []s3types.LifecycleRule{{
				ID: aws.String("all"), Status: s3types.ExpirationStatusEnabled, Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &s3types.LifecycleExpiration{Days: aws.Int32(1)},
			}}}})
			return err
		},
		"deletes the bucket": func() error {
			_, err := client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket})
			return err
		},
		"writes over a log file": func() error { return put(file, rightKey) },
		"adds a digest":          func() error { return put(digest+"1", rightKey) },
		"adds a file under the bucket's default": func() error {
			return put("AWSLogs/"+sandbox.DefaultAccount+"/CloudTrail/1", func(*s3.PutObjectInput) {})
		},
		"adds a file elsewhere in the bucket": func() error { return put("notes.txt", rightKey) },
	} {
		err := attempt()
		r.refused(who+" "+what, err, "AccessDenied")
	}
	several, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &s3types.Delete{Objects: []s3types.ObjectIdentifier{{Key: &file}, {Key: &digest}}}})
	r.must(err)
	if len(several.Deleted) > 0 || len(several.Errors) != 2 {
		r.Errorf("%s deletes several at once: %+v", who, several.Deleted)
	}
	plain := s3.NewFromConfig(r.sb.Config(c), func(o *s3.Options) {
		o.BaseEndpoint = aws.String("http://s3." + sandbox.DefaultRegion + ".amazonaws.com")
		o.UsePathStyle = true
	})
	_, err = plain.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: &file})
	r.refused(who+" reads a log file over plain http", err, "AccessDenied")
}

// otherTrails tries to write into the bucket by way of CloudTrail: as another trail, of
// this account and of another, and as this one without its key.
func (r *room) otherTrails() {
	r.Helper()
	trail := cloudtrail.NewFromConfig(r.sb.Config(r.admin()))
	_, err := trail.CreateTrail(r.Context(), &cloudtrail.CreateTrailInput{Name: aws.String("other"), S3BucketName: aws.String(auditBucket), KmsKeyId: &r.key})
	r.refused("another trail of the account", err, "InsufficientS3BucketPolicyException")
	stranger, err := r.sb.RootCredentials("444455556666")
	r.must(err)
	_, err = cloudtrail.NewFromConfig(r.sb.Config(stranger)).CreateTrail(r.Context(), &cloudtrail.CreateTrailInput{Name: aws.String("acme-audit"), S3BucketName: aws.String(auditBucket)})
	r.refused("another account's trail", err, "InsufficientS3BucketPolicyException")
	other, err := kms.NewFromConfig(r.sb.Config(r.admin())).CreateKey(r.Context(), &kms.CreateKeyInput{Policy: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + sandbox.DefaultAccount + `:root"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"` + auditTrail + `"}}}]}`)})
	r.must(err)
	for what, key := range map[string]string{"without its key": "", "under another key": *other.KeyMetadata.Arn} {
		_, err := trail.UpdateTrail(r.Context(), &cloudtrail.UpdateTrailInput{Name: aws.String(auditTrail), KmsKeyId: &key})
		r.refused("the trail "+what, err, "InsufficientS3BucketPolicyException")
	}
}

// What the root user does is told once, and so is a finding; what others do is not told.
func TestEachAlertIsToldOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("the engine needs half a minute")
	}
	t.Parallel()
	r := newRoom(t)
	r.pass(time.Hour) // what the root user did to make the administrator was not recorded yet
	if got := r.alerts(); len(got) != 0 {
		t.Fatalf("alerts before anything happened: %q", got)
	}
	told := func(what string, want ...string) {
		t.Helper()
		before := len(r.alerts())
		r.pass(time.Hour)
		got := r.alerts()[before:]
		if len(got) != len(want) {
			t.Errorf("%s: %d alerts, want %d: %q", what, len(got), len(want), got)
			return
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("%s: the alert does not say %q: %s", what, want[i], got[i])
			}
		}
	}
	buckets := func(c sandbox.Credentials) {
		t.Helper()
		_, err := r.s3(c).ListBuckets(t.Context(), nil)
		r.must(err)
	}
	buckets(r.admin())
	told("an administrator's call")
	buckets(r.sb.Credentials())
	told("a call of the root user's", "acme-root-api-call")
	for range 3 {
		buckets(r.sb.Credentials())
	}
	told("three calls of the root user's at once", "acme-root-api-call")
	signIn := func(name string) {
		t.Helper()
		r.must(r.sb.Record("", "us-east-1", fmt.Appendf(nil, `{"userIdentity": {"type": "Root", "principalId": %[1]q, "arn": "arn:aws:iam::%[1]s:root", "accountId": %[1]q},
			"eventSource": "signin.amazonaws.com", "eventName": %[2]q, "eventType": "AwsConsoleSignIn", "responseElements": {%[2]q: "Success"}}`, sandbox.DefaultAccount, name)))
	}
	signIn("CheckMfa")
	signIn("ConsoleLogin")
	told("a sign-in of the root user's with MFA", "acme-root-sign-in")
	finding := func(severity string) {
		t.Helper()
		r.must(r.sb.Emit("", "", fmt.Appendf(nil, `{"source": "aws.guardduty", "detail-type": "GuardDuty Finding", "detail": {"id": "f1", "type": "Recon:EC2/Portscan", "severity": %s}}`, severity)))
	}
	finding("6.9")
	told("a finding of 6.9")
	finding("7")
	told("a finding of 7", "Portscan")

	// Nobody else raises alerts, or hears them in the clear.
	topic := sns.NewFromConfig(r.sb.Config(r.admin()), func(o *sns.Options) {
		o.BaseEndpoint = aws.String("http://sns." + sandbox.DefaultRegion + ".amazonaws.com")
	})
	_, err := topic.Publish(t.Context(), &sns.PublishInput{TopicArn: aws.String(alertsTopic), Message: aws.String("all is well")})
	r.refused("publishing over plain http", err, "AuthorizationError")
	stranger, err := r.sb.RootCredentials("444455556666")
	r.must(err)
	_, err = sns.NewFromConfig(r.sb.Config(stranger)).Publish(t.Context(), &sns.PublishInput{TopicArn: aws.String(alertsTopic), Message: aws.String("all is well")})
	r.refused("publishing from another account", err, "AuthorizationError")
	if lost := r.sb.Undelivered(); len(lost) > 0 {
		t.Errorf("not delivered: %+v", lost)
	}
}
