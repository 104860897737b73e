package s3_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

func TestBucketLife(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	head, err := w.root.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String("room")})
	w.must(err)
	if aws.ToString(head.BucketRegion) != region {
		t.Errorf("got region %q, want %q", aws.ToString(head.BucketRegion), region)
	}
	loc, err := w.root.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: aws.String("room")})
	w.must(err)
	if loc.LocationConstraint != region {
		t.Errorf("got location %q, want %q", loc.LocationConstraint, region)
	}
	list, err := w.root.ListBuckets(ctx, nil)
	w.must(err)
	if len(list.Buckets) != 1 || *list.Buckets[0].Name != "room" || list.Buckets[0].CreationDate == nil {
		t.Errorf("got %v", list.Buckets)
	}
	w.put("room", "k", "v")
	_, err = w.root.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String("room")})
	w.wantCode(err, "BucketNotEmpty")
	_, err = w.root.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("room"), Key: aws.String("k")})
	w.must(err)
	_, err = w.root.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String("room")})
	w.must(err)
	_, err = w.root.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String("room")})
	if status(err) != 404 {
		t.Errorf("HEAD of a deleted bucket: got %d (%v), want 404", status(err), err)
	}
}

func TestCreateBucketRefusals(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("mine")
	here := &types.CreateBucketConfiguration{LocationConstraint: region}
	for _, tc := range []struct {
		name   string
		in     s3.CreateBucketInput
		client *s3.Client
		want   string
	}{
		{"again", s3.CreateBucketInput{Bucket: aws.String("mine"), CreateBucketConfiguration: here}, w.root, "BucketAlreadyOwnedByYou"},
		{"another account's name", s3.CreateBucketInput{Bucket: aws.String("mine"), CreateBucketConfiguration: here}, w.account("444455556666"), "BucketAlreadyExists"},
		{"upper case", s3.CreateBucketInput{Bucket: aws.String("Mine"), CreateBucketConfiguration: here}, w.root, "InvalidBucketName"},
		{"an address", s3.CreateBucketInput{Bucket: aws.String("10.0.0.1"), CreateBucketConfiguration: here}, w.root, "InvalidBucketName"},
		{"no location", s3.CreateBucketInput{Bucket: aws.String("other")}, w.root, "IllegalLocationConstraintException"},
		{"other location", s3.CreateBucketInput{Bucket: aws.String("other"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}}, w.root, "IllegalLocationConstraintException"},
		{"public", s3.CreateBucketInput{Bucket: aws.String("other"), ACL: types.BucketCannedACLPublicRead, CreateBucketConfiguration: here}, w.root, "InvalidBucketAclWithObjectOwnership"},
		{"us-east-1 from elsewhere", s3.CreateBucketInput{Bucket: aws.String("other"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "us-east-1"}}, w.root, "IllegalLocationConstraintException"},
		{"EU from elsewhere", s3.CreateBucketInput{Bucket: aws.String("other"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "EU"}}, w.root, "IllegalLocationConstraintException"},
		{"no such ownership", s3.CreateBucketInput{Bucket: aws.String("other"), ObjectOwnership: "Nobody", CreateBucketConfiguration: here}, w.root, "InvalidArgument"},
		{"object lock", s3.CreateBucketInput{Bucket: aws.String("other"), ObjectLockEnabledForBucket: aws.Bool(true), CreateBucketConfiguration: here}, w.root, "NotImplemented"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := tc.client.CreateBucket(ctx, &tc.in, func(o *s3.Options) { o.UsePathStyle = true })
			if got := code(err); got != tc.want {
				t.Errorf("got %q (%v), want %q", got, err, tc.want)
			}
		})
	}
}

// Source: S3 API_CreateBucket, Permissions: the ACL private asks for nothing
// more, another one does before it is refused.
func TestCreateBucketACLPermission(t *testing.T) {
	w := start(t, sandbox.Options{})
	c := w.user("ann", allow(`"s3:CreateBucket"`, `"*"`))
	for acl, want := range map[types.BucketCannedACL]string{types.BucketCannedACLPrivate: "", types.BucketCannedACLPublicRead: "AccessDenied"} {
		_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("acl-" + string(acl)), ACL: acl,
			CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: region}})
		if got := code(err); got != want {
			t.Errorf("%s: got %q, want %q", acl, got, want)
		}
	}
}

// Source: S3 User Guide Redirects; the SDK follows x-amz-bucket-region for
// HeadBucket only.
func TestWrongRegion(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	_, err := w.root.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("room")}, func(o *s3.Options) { o.Region = "us-east-1" })
	w.wantCode(err, "PermanentRedirect")
	if status(err) != 301 {
		t.Errorf("got status %d, want 301", status(err))
	}
}

// The codes that the provider takes for "not set": facts of aws_s3_bucket's
// read, and S3's API reference.
func TestUnset(t *testing.T) {
	w := start(t, sandbox.Options{})
	b := aws.String("room")
	w.bucket(*b)
	_, err := w.root.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: b})
	w.must(err)
	_, err = w.root.DeleteBucketOwnershipControls(ctx, &s3.DeleteBucketOwnershipControlsInput{Bucket: b})
	w.must(err)
	for want, call := range map[string]func() error{
		"NoSuchTagSet":               func() error { _, err := w.root.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: b}); return err },
		"NoSuchBucketPolicy":         func() error { _, err := w.root.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: b}); return err },
		"NoSuchCORSConfiguration":    func() error { _, err := w.root.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: b}); return err },
		"NoSuchWebsiteConfiguration": func() error { _, err := w.root.GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: b}); return err },
		"NoSuchLifecycleConfiguration": func() error {
			_, err := w.root.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: b})
			return err
		},
		"ReplicationConfigurationNotFoundError": func() error {
			_, err := w.root.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: b})
			return err
		},
		"ObjectLockConfigurationNotFoundError": func() error {
			_, err := w.root.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: b})
			return err
		},
		"NoSuchPublicAccessBlockConfiguration": func() error {
			_, err := w.root.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: b})
			return err
		},
		"OwnershipControlsNotFoundError": func() error {
			_, err := w.root.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: b})
			return err
		},
	} {
		err := call()
		w.wantCode(err, want)
		if status(err) != 404 {
			t.Errorf("%s: got status %d, want 404", want, status(err))
		}
	}
	acl, err := w.root.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: b})
	w.must(err)
	if len(acl.Grants) != 1 || acl.Grants[0].Permission != types.PermissionFullControl || acl.Grants[0].Grantee.Type != types.TypeCanonicalUser {
		t.Errorf("got grants %v", acl.Grants)
	}
	enc, err := w.root.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: b})
	w.must(err)
	if a := enc.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm; a != types.ServerSideEncryptionAes256 {
		t.Errorf("got default encryption %q, want AES256", a)
	}
	pay, err := w.root.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: b})
	w.must(err)
	if pay.Payer != types.PayerBucketOwner {
		t.Errorf("got payer %q", pay.Payer)
	}
}

// What is not implemented is refused by name, and never treated as a plain
// object or bucket call.
func TestNotImplementedByName(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	b := aws.String("room")
	for name, call := range map[string]func() error{
		"s3:PutBucketWebsite": func() error {
			_, err := w.root.PutBucketWebsite(ctx, &s3.PutBucketWebsiteInput{Bucket: b, WebsiteConfiguration: &types.WebsiteConfiguration{IndexDocument: &types.IndexDocument{Suffix: aws.String("i")}}})
			return err
		},
		"s3:PutObjectRetention": func() error {
			_, err := w.root.PutObjectRetention(ctx, &s3.PutObjectRetentionInput{Bucket: b, Key: aws.String("k"), Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeGovernance}})
			return err
		},
		"x-amz-object-lock-mode": func() error {
			in := putInput("room", "k", "v")
			in.ObjectLockMode = types.ObjectLockModeGovernance
			_, err := w.root.PutObject(ctx, in)
			return err
		},
		"x-amz-website-redirect-location": func() error {
			in := putInput("room", "k", "v")
			in.WebsiteRedirectLocation = aws.String("/x")
			_, err := w.root.PutObject(ctx, in)
			return err
		},
	} {
		err := call()
		w.wantCode(err, "NotImplemented")
		if err != nil && !strings.Contains(err.Error(), name) {
			t.Errorf("the refusal %q does not name %q", err, name)
		}
		if strings.HasPrefix(name, "s3:") && w.sb.Unknown()[name] != 1 {
			t.Errorf("counted as unknown: %v, want %s", w.sb.Unknown(), name)
		}
	}
	list, err := w.root.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: b})
	w.must(err)
	if len(list.Contents) != 0 {
		t.Errorf("a refused call left %d objects", len(list.Contents))
	}
}

func TestLifecycleRoundTrip(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	days := func(n int32) *int32 { return &n }
	in := &s3.PutBucketLifecycleConfigurationInput{Bucket: aws.String("room"),
		TransitionDefaultMinimumObjectSize: types.TransitionDefaultMinimumObjectSizeAllStorageClasses128k,
		LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{
			ID: aws.String("old"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")},
			Transitions:                    []types.Transition{{Days: days(180), StorageClass: "GLACIER"}, {Days: days(90), StorageClass: "STANDARD_IA"}},
			NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: days(90)},
			AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: days(7)},
		}}}}
	_, err := w.root.PutBucketLifecycleConfiguration(ctx, in)
	w.must(err)
	out, err := w.root.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: in.Bucket})
	w.must(err)
	if out.TransitionDefaultMinimumObjectSize != in.TransitionDefaultMinimumObjectSize {
		t.Errorf("got minimum %q", out.TransitionDefaultMinimumObjectSize)
	}
	r := out.Rules[0]
	if len(r.Transitions) != 2 || *r.Transitions[0].Days != 180 || *r.Transitions[1].Days != 90 {
		t.Errorf("the transitions came back as %v", r.Transitions)
	}
	if r.Filter == nil || r.Filter.Prefix == nil || *r.Filter.Prefix != "" {
		t.Errorf("the filter came back as %+v", r.Filter)
	}
	if *r.NoncurrentVersionExpiration.NoncurrentDays != 90 || *r.AbortIncompleteMultipartUpload.DaysAfterInitiation != 7 {
		t.Errorf("got %+v", r)
	}
	in.LifecycleConfiguration.Rules[0].NoncurrentVersionExpiration.NoncurrentDays = days(0)
	_, err = w.root.PutBucketLifecycleConfiguration(ctx, in)
	w.wantCode(err, "InvalidArgument")
}
