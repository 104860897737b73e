package cloudtrail_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
)

const elsewhere = "175059541256"

// stateTrail is a trail with the data events of a bucket of states, its key, and a user
// of another account who may read and write there.
func stateTrail(t *testing.T) (w *world, key string, other aws.Config) {
	w = open(t)
	w.logGroup()
	w.create(toLogs)
	_, err := w.trail.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: aws.String("main"), EventSelectors: []types.EventSelector{{
		ReadWriteType: types.ReadWriteTypeAll, IncludeManagementEvents: aws.Bool(true),
		DataResources: []types.DataResource{{Type: aws.String("AWS::S3::Object"), Values: []string{"arn:aws:s3:::states/"}}}}}})
	w.must(err)
	_, err = w.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("states"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region}})
	w.must(err)
	_, err = w.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: aws.String("states"), VersioningConfiguration: &s3types.VersioningConfiguration{Status: "Enabled"}})
	w.must(err)
	root, err := w.sb.RootCredentials(elsewhere)
	w.must(err)
	admin := iam.NewFromConfig(w.sb.Config(root))
	_, err = admin.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("terraform")})
	w.must(err)
	_, err = admin.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("terraform"), PolicyName: aws.String("all"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","kms:*"],"Resource":"*"}]}`)})
	w.must(err)
	access, err := admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("terraform")})
	w.must(err)
	who := `"Principal":{"AWS":"arn:aws:iam::` + elsewhere + `:user/terraform"}`
	w.policy("states", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+who+`,"Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::states/development"}]}`)
	made, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{Policy: aws.String(keyPolicy(`,{"Effect":"Allow",` + who + `,"Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"*"}`))})
	w.must(err)
	cfg := w.sb.Config(sandbox.Credentials{AccessKeyID: *access.AccessKey.AccessKeyId, SecretAccessKey: *access.AccessKey.SecretAccessKey})
	cfg.Region = region
	return w, *made.KeyMetadata.Arn, cfg
}

// found are the records of one operation in the trail's log group, by a filter pattern.
func (w *world) found(pattern string) (list []audit.Event) {
	w.Helper()
	out, err := w.logs().FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("trail"), FilterPattern: &pattern})
	w.must(err)
	ids := map[string]bool{}
	for _, e := range out.Events {
		ids[*e.Message] = true
	}
	for _, e := range w.sent() {
		raw, err := e.MarshalJSON()
		w.must(err)
		if ids[strings.TrimSuffix(string(raw), "\n")] {
			list = append(list, e)
		}
	}
	return list
}

// Who wrote which version of a state, under which key, is in the log group of the bucket's
// account, also where the writer is another account's.
// Source: S3 User Guide cloudtrail-logging-s3-info, "Object-level actions in cross-account
// scenarios"; CloudTrail User Guide "sharedEventID example" and "userIdentity element".
func TestObjectsTellWhoWroteEachVersion(t *testing.T) {
	w, key, user := stateTrail(t)
	other := s3Of(user)
	b, k := aws.String("states"), aws.String("development")
	put := func(c *s3.Client, arn string) string {
		in := &s3.PutObjectInput{Bucket: b, Key: k, Body: strings.NewReader("secret of the state"), Metadata: map[string]string{"note": "of-the-user"}}
		if arn != "" {
			in.ServerSideEncryption, in.SSEKMSKeyId, in.BucketKeyEnabled = "aws:kms", &arn, aws.Bool(true)
		}
		out, err := c.PutObject(ctx, in)
		w.must(err)
		return *out.VersionId
	}
	first, second := put(w.s3, ""), put(other, key)
	moved, err := w.s3.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: k, CopySource: aws.String("states/development?versionId=" + first), ServerSideEncryption: "aws:kms", SSEKMSKeyId: &key})
	w.must(err)
	_, err = w.s3.UpdateObjectEncryption(ctx, &s3.UpdateObjectEncryptionInput{Bucket: b, Key: k, VersionId: &first,
		ObjectEncryption: &s3types.ObjectEncryptionMemberSSEKMS{Value: s3types.SSEKMSEncryption{KMSKeyArn: &key}}})
	w.must(err)
	_, err = other.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k})
	w.must(err)
	_, err = other.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k})
	w.refused(err, "AccessDenied")
	gone, err := w.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k})
	w.must(err)
	w.pass(6 * time.Minute)

	puts := w.found(`{ $.eventName = "PutObject" && $.requestParameters.bucketName = "states" && $.requestParameters.key = "development" }`)
	if len(puts) != 2 {
		t.Fatalf("got %d records of PutObject, want 2: %v", len(puts), names(w.sent()))
	}
	files := 0
	for _, e := range w.records(region) {
		if e.EventName == "PutObject" && e.RequestParameters["bucketName"] == "states" && e.ResponseElements["x-amz-version-id"] != nil {
			files++
		}
	}
	if files != len(puts) {
		t.Errorf("the log files have %d records of PutObject, want %d", files, len(puts))
	}
	tell := func(e audit.Event, name string) string { v, _ := e.ResponseElements[name].(string); return v }
	if e := puts[0]; tell(e, "x-amz-version-id") != first || tell(e, "x-amz-server-side-encryption") != "AES256" || e.UserIdentity.Type != "Root" ||
		e.AdditionalEventData["SSEApplied"] != "Default_SSE_S3" || e.SharedEventID != "" {
		t.Errorf("the owner's: got %+v", e)
	}
	e := puts[1]
	if tell(e, "x-amz-version-id") != second || tell(e, "x-amz-server-side-encryption") != "aws:kms" || tell(e, "x-amz-server-side-encryption-aws-kms-key-id") != key ||
		tell(e, "x-amz-server-side-encryption-bucket-key-enabled") != "true" || e.RequestParameters["x-amz-server-side-encryption-aws-kms-key-id"] != key ||
		e.RequestParameters["Host"] != "states.s3."+region+".amazonaws.com" || e.AdditionalEventData["SSEApplied"] != "SSE_KMS" || e.AdditionalEventData["bytesTransferredIn"] == float64(0) {
		t.Errorf("another account's: got %+v", e)
	}
	if got := fmt.Sprint(e.RequestParameters, e.ResponseElements); strings.Contains(got, "secret") || strings.Contains(got, "of-the-user") {
		t.Errorf("the record holds what the user put: %s", got)
	}
	want := fmt.Sprint([]audit.Resource{{ARN: "arn:aws:s3:::states/development", Type: "AWS::S3::Object"}, {ARN: "arn:aws:s3:::states", AccountID: account, Type: "AWS::S3::Bucket"}})
	if got := fmt.Sprint(e.Resources); got != want || e.EventCategory != "Data" || e.ReadOnly {
		t.Errorf("got the resources %s, want %s", got, want)
	}
	// The two records of one request.
	var caller audit.Event
	for _, own := range w.sb.Events() {
		if own.RequestID == e.RequestID {
			caller = own
		}
	}
	if id := e.UserIdentity; id.Type != "AWSAccount" || id.AccountID != elsewhere || id.ARN != "" || id.UserName != "" || id.AccessKeyID != "" || id.PrincipalID != caller.UserIdentity.PrincipalID || id.PrincipalID == "" {
		t.Errorf("the owner learns %+v", id)
	}
	if caller.UserIdentity.UserName != "terraform" || caller.RecipientAccountID != elsewhere || e.RecipientAccountID != account ||
		caller.SharedEventID == "" || caller.SharedEventID != e.SharedEventID || caller.EventID == e.EventID {
		t.Errorf("got the caller's %+v and the owner's %+v", caller, e)
	}

	for name, check := range map[string]func(audit.Event) bool{
		"CopyObject": func(e audit.Event) bool {
			return e.RequestParameters["x-amz-copy-source"] == "states/development?versionId="+first && tell(e, "x-amz-version-id") == *moved.VersionId && tell(e, "x-amz-copy-source-version-id") == first
		},
		"UpdateObjectEncryption": func(e audit.Event) bool {
			return e.RequestParameters["versionId"] == first && strings.Contains(fmt.Sprint(e.RequestParameters["ObjectEncryption"]), key) && !e.ReadOnly
		},
		"GetObject": func(e audit.Event) bool {
			return e.ReadOnly && e.ResponseElements == nil && e.UserIdentity.AccountID == elsewhere && e.AdditionalEventData["bytesTransferredOut"] != float64(0)
		},
	} {
		if list := w.found(`{ $.eventName = "` + name + `" }`); len(list) != 1 || !check(list[0]) {
			t.Errorf("%s: got %+v", name, list)
		}
	}
	deletes := w.found(`{ $.eventName = "DeleteObject" }`)
	if len(deletes) != 2 || deletes[0].ErrorCode != "AccessDenied" || deletes[0].UserIdentity.AccountID != elsewhere || tell(deletes[1], "x-amz-version-id") != *gone.VersionId || tell(deletes[1], "x-amz-delete-marker") != "true" {
		t.Errorf("DeleteObject: got %+v", deletes)
	}
	for _, own := range w.sb.Events() {
		if own.EventName == "DeleteObject" && own.ErrorCode != "" && !strings.Contains(fmt.Sprint(own.Resources), "HIDDEN_DUE_TO_SECURITY_REASONS") {
			t.Errorf("who was refused learns whose the bucket is: %v", own.Resources)
		}
	}
}

// What S3 asks of KMS is in the trail of the key's account.
// Source: S3 User Guide UsingKMSEncryption, "Auditing Amazon S3 encryption".
func TestKeysTellWhoUsedThem(t *testing.T) {
	w, key, user := stateTrail(t)
	other := s3Of(user)
	b, k := aws.String("states"), aws.String("development")
	put := func(bucketKey bool) error {
		_, err := other.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: k, Body: strings.NewReader("x"), ServerSideEncryption: "aws:kms", SSEKMSKeyId: &key, BucketKeyEnabled: &bucketKey})
		return err
	}
	w.must(put(false))
	_, err := other.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k})
	w.must(err)
	w.must(put(true))
	w.must(put(true))                                                                                                 // with the bucket-level key that S3 has
	_, err = kms.NewFromConfig(user).GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &key, KeySpec: "AES_256"}) // by itself
	w.must(err)
	_, err = other.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: k, Body: strings.NewReader("x"), ServerSideEncryption: "aws:kms", SSEKMSKeyId: &key, IfNoneMatch: aws.String("*")})
	w.refused(err, "PreconditionFailed") // before KMS is asked
	_, err = w.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &key})
	w.must(err)
	w.refused(put(false), "KMS.DisabledException")
	_, err = w.kms.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &key})
	w.must(err)
	_, err = w.kms.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, Policy: aws.String(keyPolicy(""))})
	w.must(err)
	_, err = other.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k})
	w.refused(err, "AccessDenied")
	_, err = kms.NewFromConfig(user).GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &key, KeySpec: "AES_256"})
	w.refused(err, "AccessDeniedException")
	w.pass(6 * time.Minute)
	var got []string
	for _, e := range w.found(`{ $.eventSource = "kms.amazonaws.com" && $.userIdentity.accountId = "` + elsewhere + `" }`) {
		by := "fas.s3.amazonaws.com"
		if e.RequestParameters["encryptionContext"] == nil {
			by = ""
		}
		if e.UserIdentity.Type != "AWSAccount" || e.UserIdentity.InvokedBy != by || e.UserIdentity.ARN != "" || !e.ManagementEvent || len(e.Resources) != 1 || e.Resources[0].ARN != key || e.SharedEventID == "" {
			t.Errorf("got %+v", e)
		}
		context, _ := e.RequestParameters["encryptionContext"].(map[string]any)
		got = append(got, strings.TrimSpace(fmt.Sprint(e.EventName, " ", strings.TrimPrefix(fmt.Sprint(context["aws:s3:arn"]), "arn:aws:s3:::"), " ", e.ErrorCode)))
	}
	want := "GenerateDataKey states/development, Decrypt states/development, GenerateDataKey states, GenerateDataKey <nil>, GenerateDataKey states/development DisabledException"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
	// The event history of both accounts has them.
	for who, credentials := range map[string]func() (sandbox.Credentials, error){
		account:   func() (sandbox.Credentials, error) { return w.sb.Credentials(), nil },
		elsewhere: func() (sandbox.Credentials, error) { return w.sb.RootCredentials(elsewhere) },
	} {
		c, err := credentials()
		w.must(err)
		cfg := w.sb.Config(c)
		cfg.Region = region
		out, err := cloudtrail.NewFromConfig(cfg).LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: aws.String("Decrypt")}}})
		w.must(err)
		// What KMS denies is told to the caller's account alone.
		if want := map[string]int{account: 1, elsewhere: 2}[who]; len(out.Events) != want {
			t.Errorf("%s: %d events of Decrypt, want %d", who, len(out.Events), want)
		}
	}
}
