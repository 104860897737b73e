package s3_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// statePolicy is what a state bucket refuses: plain HTTP, anything but
// SSE-KMS, any other key, no key named.
func statePolicy(arn string) string {
	deny := func(sid, condition string) string {
		return `{"Sid":"` + sid + `","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::room/*","Condition":` + condition + `}`
	}
	return `{"Version":"2012-10-17","Statement":[` + strings.Join([]string{
		`{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::room","arn:aws:s3:::room/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`,
		deny("KMS", `{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}`),
		deny("Key", `{"StringNotEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"`+arn+`"}}`),
	}, ",") + `]}`
}

func TestEncryptionVerdicts(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.versioned("room")
	mine, other := w.key(), w.key()
	w.policy("room", statePolicy(mine))
	full := w.user("full", allow(`["s3:*","kms:*"]`, `"*"`))
	noKMS := w.user("nokms", allow(`"s3:*"`, `"*"`))
	encrypt := w.user("encrypt", allow(`["s3:*","kms:GenerateDataKey"]`, `"*"`))
	for _, tc := range []struct {
		name   string
		client *s3.Client
		sse    types.ServerSideEncryption
		key    string
		http   bool
		want   string
	}{
		{"right", full, "aws:kms", mine, false, ""},
		{"plain HTTP", full, "aws:kms", mine, true, "AccessDenied"},
		{"no header", full, "", "", false, "AccessDenied"},
		{"AES256", full, "AES256", "", false, "AccessDenied"},
		{"no key named", full, "aws:kms", "", false, "AccessDenied"},
		{"another key", full, "aws:kms", other, false, "AccessDenied"},
		{"the root user too", w.root, "AES256", "", false, "AccessDenied"},
		{"no kms:GenerateDataKey", noKMS, "aws:kms", mine, false, "AccessDenied"},
		{"kms:GenerateDataKey alone writes", encrypt, "aws:kms", mine, false, ""},
		{"dual layer", full, "aws:kms:dsse", mine, false, "AccessDenied"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := putInput("room", "state", "the state")
			in.ServerSideEncryption = tc.sse
			if tc.key != "" {
				in.SSEKMSKeyId = &tc.key
			}
			out, err := tc.client.PutObject(ctx, in, func(o *s3.Options) { o.EndpointOptions.DisableHTTPS = tc.http })
			if got := code(err); got != tc.want {
				t.Fatalf("got %q (%v), want %q", got, err, tc.want)
			}
			if err == nil && (out.ServerSideEncryption != "aws:kms" || *out.SSEKMSKeyId != mine || strings.Contains(*out.ETag, "-")) {
				t.Errorf("got %q %q", out.ServerSideEncryption, aws.ToString(out.SSEKMSKeyId))
			}
		})
	}
	if body, err := read(full, "room", "state"); body != "the state" {
		t.Errorf("got %q, %v", body, err)
	}
	_, err := read(noKMS, "room", "state")
	w.wantCode(err, "AccessDenied")
	_, err = read(encrypt, "room", "state")
	w.wantCode(err, "AccessDenied")
	// HEAD needs no key, unless it asks for the checksum.
	_, err = noKMS.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("room"), Key: aws.String("state")})
	w.must(err)
	_, err = noKMS.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("room"), Key: aws.String("state"), ChecksumMode: types.ChecksumModeEnabled})
	if status(err) != 403 {
		t.Errorf("HEAD with checksum: got %v, want 403", err)
	}
	// A multipart upload is judged by the headers it was created with.
	up, err := full.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String("room"), Key: aws.String("big"), ServerSideEncryption: "aws:kms", SSEKMSKeyId: &mine})
	w.must(err)
	part := &s3.UploadPartInput{Bucket: aws.String("room"), Key: aws.String("big"), UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("x")}
	_, err = full.UploadPart(ctx, part)
	w.must(err)
	part.Body = strings.NewReader("x")
	_, err = encrypt.UploadPart(ctx, part)
	w.wantCode(err, "AccessDenied")
}

// Source: S3 User Guide UsingKMSEncryption and bucket-key: the encryption
// context is the object's ARN, with a bucket key the bucket's.
func TestEncryptionContext(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	arn := w.key()
	put := func(c *s3.Client, bucketKey bool) string {
		in := putInput("room", "k", "v")
		in.ServerSideEncryption, in.SSEKMSKeyId, in.BucketKeyEnabled = "aws:kms", &arn, &bucketKey
		out, err := c.PutObject(ctx, in)
		if err == nil && aws.ToBool(out.BucketKeyEnabled) != bucketKey {
			t.Errorf("the response says bucket key %v, want %v", aws.ToBool(out.BucketKeyEnabled), bucketKey)
		}
		return code(err)
	}
	bound := func(name, context string) *s3.Client {
		return w.user(name, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Allow","Action":"kms:*","Resource":"*",
			"Condition":{"StringEquals":{"kms:EncryptionContext:aws:s3:arn":"`+context+`","kms:ViaService":"s3.`+region+`.amazonaws.com"}}}]}`)
	}
	object, bucket := bound("object", "arn:aws:s3:::room/k"), bound("bucket", "arn:aws:s3:::room")
	for _, tc := range []struct {
		client    *s3.Client
		bucketKey bool
		want      string
	}{{object, false, ""}, {object, true, "AccessDenied"}, {bucket, true, ""}, {bucket, false, "AccessDenied"}} {
		if got := put(tc.client, tc.bucketKey); got != tc.want {
			t.Errorf("bucket key %v: got %q, want %q", tc.bucketKey, got, tc.want)
		}
	}
	// The bucket's default decides where the request says nothing.
	_, err := w.root.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: aws.String("room"), ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{BucketKeyEnabled: aws.Bool(true), ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms", KMSMasterKeyID: &arn}}}}})
	w.must(err)
	out := w.put("room", "default", "v")
	if out.ServerSideEncryption != "aws:kms" || *out.SSEKMSKeyId != arn || !aws.ToBool(out.BucketKeyEnabled) {
		t.Errorf("got %+v", out)
	}
	// A disabled key closes the object, also to root.
	_, err = w.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &arn})
	w.must(err)
	_, err = read(w.root, "room", "default")
	w.wantCode(err, "KMS.DisabledException")
}

// Source: S3 API_GetObject, "Permissions".
func TestMissingKeyVerdict(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	for _, tc := range []struct{ name, actions, want string }{
		{"both", `["s3:GetObject","s3:ListBucket"]`, "NoSuchKey"},
		{"get", `"s3:GetObject"`, "AccessDenied"},
		{"list", `"s3:ListBucket"`, "AccessDenied"},
	} {
		_, err := read(w.user(tc.name, allow(tc.actions, `"*"`)), "room", "none")
		w.wantCode(err, tc.want)
	}
}

func TestActionPerOperation(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.versioned("room")
	v := w.put("room", "k", "v").VersionId
	b, k := aws.String("room"), aws.String("k")
	for _, tc := range []struct {
		action, resource string
		call             func(c *s3.Client) error
	}{
		{"s3:GetObjectVersion", "room/k", func(c *s3.Client) error {
			_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k, VersionId: v})
			return err
		}},
		{"s3:ListBucket", "room", func(c *s3.Client) error { _, err := c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: b}); return err }},
		{"s3:ListBucketVersions", "room", func(c *s3.Client) error {
			_, err := c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b})
			return err
		}},
		{"s3:GetLifecycleConfiguration", "room", func(c *s3.Client) error {
			_, err := c.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: b})
			if code(err) == "NoSuchLifecycleConfiguration" {
				return nil
			}
			return err
		}},
		{"s3:PutEncryptionConfiguration", "room", func(c *s3.Client) error {
			_, err := c.DeleteBucketEncryption(ctx, &s3.DeleteBucketEncryptionInput{Bucket: b})
			return err
		}},
		{"s3:PutBucketPublicAccessBlock", "room", func(c *s3.Client) error {
			_, err := c.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: b})
			return err
		}},
		{"s3:DeleteObjectVersion", "room/k", func(c *s3.Client) error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k, VersionId: v})
			return err
		}},
	} {
		t.Run(tc.action, func(t *testing.T) {
			name := strings.ReplaceAll(tc.action, ":", "-")
			broad := w.user(name+"-not", statement("Allow", `"s3:*"`, `"*"`, "")[:len(statement("Allow", `"s3:*"`, `"*"`, ""))-2]+
				`,{"Effect":"Deny","Action":"`+tc.action+`","Resource":"*"}]}`)
			if err := tc.call(broad); status(err) != 403 {
				t.Errorf("all but the action: got %v, want 403", err)
			}
			if err := tc.call(w.user(name, allow(`"`+tc.action+`"`, `"arn:aws:s3:::`+tc.resource+`"`))); err != nil {
				t.Errorf("the action alone: %v", err)
			}
		})
	}
}

// Each key of a batch is allowed or refused by itself.
func TestDeleteObjectsAuthorisesEachKey(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	for _, k := range []string{"open/1", "open/2", "shut/1"} {
		w.put("room", k, "v")
	}
	user := w.user("u", allow(`"s3:DeleteObject"`, `"arn:aws:s3:::room/open/*"`))
	out, err := user.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: aws.String("room"), Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: aws.String("open/1")}, {Key: aws.String("shut/1")}, {Key: aws.String("open/2")}, {Key: aws.String("open/absent")}}}})
	w.must(err)
	if len(out.Deleted) != 3 || len(out.Errors) != 1 || *out.Errors[0].Key != "shut/1" || *out.Errors[0].Code != "AccessDenied" {
		t.Errorf("got %d deleted, errors %+v", len(out.Deleted), out.Errors)
	}
	if body, err := read(w.root, "room", "shut/1"); body != "v" {
		t.Errorf("the refused key is gone: %v", err)
	}
	out, err = w.root.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: aws.String("room"), Delete: &types.Delete{Quiet: aws.Bool(true), Objects: []types.ObjectIdentifier{
		{Key: aws.String("open/1")}, {Key: aws.String("shut/1"), VersionId: aws.String("no version")}}}})
	w.must(err)
	if len(out.Deleted) != 0 || len(out.Errors) != 1 || *out.Errors[0].Code != "NoSuchVersion" {
		t.Errorf("quiet: got %d deleted, errors %+v; want the error alone", len(out.Deleted), out.Errors)
	}
	_, err = w.user("none", "").DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: aws.String("room"), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("shut/1")}}}})
	w.must(err) // 200 with an error entry, as S3 answers
}

func TestConditionKeys(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.versioned("room")
	b := aws.String("room")
	in := putInput("room", "k", "v")
	in.Tagging = aws.String("team=red")
	_, err := w.root.PutObject(ctx, in)
	w.must(err)
	list := func(prefix *string) func(*s3.Client) error {
		return func(c *s3.Client) error {
			_, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: b, Prefix: prefix})
			return err
		}
	}
	get := func(c *s3.Client) error { _, err := read(c, "room", "k"); return err }
	put := func(edit func(*s3.PutObjectInput)) func(*s3.Client) error {
		return func(c *s3.Client) error {
			in := putInput("room", "new", "v")
			edit(in)
			_, err := c.PutObject(ctx, in)
			return err
		}
	}
	for i, tc := range []struct {
		actions, condition string
		call               func(*s3.Client) error
		want               string
	}{
		{`"s3:ListBucket"`, `{"StringEquals":{"s3:prefix":"env:/"}}`, list(aws.String("env:/")), ""},
		{`"s3:ListBucket"`, `{"StringEquals":{"s3:prefix":"env:/"}}`, list(aws.String("env:")), "AccessDenied"},
		{`"s3:ListBucket"`, `{"StringEquals":{"s3:prefix":"env:/"}}`, list(nil), "AccessDenied"},
		{`"s3:ListBucket"`, `{"Null":{"s3:prefix":"true"}}`, list(nil), ""},
		{`"s3:GetObject"`, `{"StringEquals":{"s3:ExistingObjectTag/team":"red"}}`, get, ""},
		{`"s3:GetObject"`, `{"StringEquals":{"s3:ExistingObjectTag/team":"blue"}}`, get, "AccessDenied"},
		{`"s3:GetObject"`, `{"StringEquals":{"s3:authType":"REST-HEADER","s3:signatureversion":"AWS4-HMAC-SHA256"}}`, get, ""},
		{`"s3:GetObject"`, `{"NumericGreaterThanEquals":{"s3:TlsVersion":"1.2"}}`, get, ""},
		{`"s3:GetObject"`, `{"NumericLessThan":{"s3:TlsVersion":"1.2"}}`, get, "AccessDenied"},
		{`"s3:GetObject"`, `{"StringEquals":{"s3:ResourceAccount":"` + sandbox.DefaultAccount + `"}}`, get, ""},
		{`["s3:PutObject","s3:PutObjectTagging"]`, `{"StringEquals":{"s3:RequestObjectTag/team":"red"}}`, put(func(in *s3.PutObjectInput) { in.Tagging = aws.String("team=red") }), ""},
		{`["s3:PutObject","s3:PutObjectTagging"]`, `{"StringEquals":{"s3:RequestObjectTag/team":"red"}}`, put(func(in *s3.PutObjectInput) { in.Tagging = aws.String("team=blue") }), "AccessDenied"},
		{`"s3:PutObject"`, `{"Null":{"s3:RequestObjectTagKeys":"true"}}`, put(func(in *s3.PutObjectInput) { in.Tagging = aws.String("team=blue") }), "AccessDenied"},
		{`"s3:PutObject"`, `{"Null":{"s3:x-amz-server-side-encryption":"true"}}`, put(func(*s3.PutObjectInput) {}), ""},
		{`"s3:PutObject"`, `{"StringEquals":{"s3:x-amz-server-side-encryption":"AES256"}}`, put(func(*s3.PutObjectInput) {}), "AccessDenied"},
		{`"s3:PutObject"`, `{"Null":{"s3:if-none-match":"false"}}`, put(func(in *s3.PutObjectInput) { in.Key, in.IfNoneMatch = aws.String("once"), aws.String("*") }), ""},
		{`"s3:PutObject"`, `{"Null":{"s3:if-none-match":"false"}}`, put(func(*s3.PutObjectInput) {}), "AccessDenied"},
		{`"s3:PutObject"`, `{"StringEquals":{"s3:x-amz-storage-class":"STANDARD_IA"}}`, put(func(in *s3.PutObjectInput) { in.StorageClass = types.StorageClassStandardIa }), ""},
		{`"s3:PutObject"`, `{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}`, put(func(in *s3.PutObjectInput) { in.ACL = types.ObjectCannedACLBucketOwnerFullControl }), "AccessDenied"},
		{`["s3:PutObject","s3:PutObjectAcl"]`, `{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}`, put(func(in *s3.PutObjectInput) { in.ACL = types.ObjectCannedACLBucketOwnerFullControl }), ""},
	} {
		c := w.user("u"+strings.Repeat("i", i), statement("Allow", tc.actions, `"*"`, `,"Condition":`+tc.condition))
		if got := code(tc.call(c)); got != tc.want {
			t.Errorf("%s %s: got %q, want %q", tc.actions, tc.condition, got, tc.want)
		}
	}
}

func TestBucketPolicyValidation(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	_, err := w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}`)})
	w.must(err)
	doc := func(principal, action, resource, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":` + action + `,"Resource":` + resource + condition + `}]}`
	}
	const account, objects = `{"AWS":"111122223333"}`, `"arn:aws:s3:::room/*"`
	for _, tc := range []struct{ doc, want, message string }{
		{doc(account, `"s3:GetObject"`, objects, ""), "", ""},
		{doc(`{"AWS":"arn:aws:iam::111122223333:role/r"}`, `"s3:GetObject"`, objects, ""), "", ""},
		{doc(account, `"s3:*"`, `["arn:aws:s3:::room","arn:aws:s3:::room/*"]`, ""), "", ""},
		{`["no"]`, "MalformedPolicy", "first byte must be '{'"},
		{`{}`, "MalformedPolicy", "Missing required field Statement"},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::room/*"}]}`, "MalformedPolicy", "Missing required field Principal"},
		{doc(account, `"s3:GetObject"`, `"arn:aws:s3:::other/*"`, ""), "MalformedPolicy", "Policy has invalid resource"},
		{doc(account, `"s3:GetObject"`, `"arn:aws:s3:::roommate/*"`, ""), "MalformedPolicy", "Policy has invalid resource"},
		{doc(account, `"s3:GetObject"`, `"arn:aws:s3:::room"`, ""), "MalformedPolicy", "Action does not apply to any resource"},
		{doc(account, `"s3:ListBucket"`, objects, ""), "MalformedPolicy", "Action does not apply to any resource"},
		{doc(account, `"s3:GetObjekt"`, objects, ""), "MalformedPolicy", "Policy has invalid action"},
		{doc(account, `"kms:Decrypt"`, objects, ""), "MalformedPolicy", "Policy has invalid action"},
		{doc(`{"AWS":"arn:aws:iam::111122223333:role/absent"}`, `"s3:GetObject"`, objects, ""), "MalformedPolicy", "Invalid principal in policy"},
		{doc(`{"AWS":"arn:aws:iam::111122223333:role/*"}`, `"s3:GetObject"`, objects, ""), "MalformedPolicy", "Invalid principal in policy"},
		{doc(account, `"s3:GetObject"`, objects, `,"Condition":{"StringEquals":{"s3:nonsense":"x"}}`), "MalformedPolicy", "invalid condition key"},
		{doc(account, `"s3:GetObject"`, objects, `,"Condition":{"StringEquals":{"s3:prefix":"x"}}`), "MalformedPolicy", "Conditions do not apply"},
		{doc(`"*"`, `"s3:GetObject"`, objects, ""), "AccessDenied", "BlockPublicPolicy"},
	} {
		_, err := w.root.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("room"), Policy: &tc.doc})
		if code(err) != tc.want || (err != nil && !strings.Contains(err.Error(), tc.message)) {
			t.Errorf("%s\n got %v, want %q with %q", tc.doc, err, tc.want, tc.message)
		}
	}
}

// A role that is deleted and made again is not the one that was named.
func TestPolicyBindsPrincipal(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	w.put("room", "k", "v")
	first := w.user("ann", "")
	w.policy("room", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/ann"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::room/*"}]}`)
	if body, err := read(first, "room", "k"); body != "v" {
		t.Fatalf("the user that the policy names: %v", err)
	}
	keys, err := w.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("ann")})
	w.must(err)
	_, err = w.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("ann"), AccessKeyId: keys.AccessKeyMetadata[0].AccessKeyId})
	w.must(err)
	_, err = w.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("ann")})
	w.must(err)
	_, err = read(w.user("ann", ""), "room", "k")
	w.wantCode(err, "AccessDenied")
}

// Source: S3 API_PutBucketPolicy: no bucket policy locks the owner's root out
// of the policy.
func TestRootKeepsThePolicy(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	admin := w.user("admin", allow(`"s3:*"`, `"*"`))
	w.policy("room", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::room","arn:aws:s3:::room/*"]}]}`)
	_, err := admin.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: aws.String("room")})
	w.wantCode(err, "AccessDenied")
	_, err = w.root.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("room")})
	w.wantCode(err, "AccessDenied")
	_, err = w.root.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String("room")})
	w.must(err)
	_, err = w.root.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: aws.String("room")})
	w.must(err)
}

func TestCrossAccount(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	w.put("room", "k", "v")
	other := w.account("444455556666")
	_, err := read(other, "room", "k")
	w.wantCode(err, "AccessDenied")
	w.policy("room", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":["s3:GetObject","s3:PutObject","s3:*BucketPolicy"],"Resource":["arn:aws:s3:::room/*","arn:aws:s3:::room"]}]}`)
	if body, err := read(other, "room", "k"); body != "v" {
		t.Errorf("got %v", err)
	}
	_, err = other.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String("room")})
	w.wantCode(err, "MethodNotAllowed")
	in := putInput("room", "theirs", "v")
	in.ExpectedBucketOwner = aws.String("444455556666")
	_, err = other.PutObject(ctx, in)
	w.wantCode(err, "AccessDenied")
}

// RestrictPublicBuckets: a public policy lets in nobody from outside.
func TestRestrictPublicBuckets(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("room")
	w.put("room", "k", "v")
	b := aws.String("room")
	block := func(restrict bool) {
		_, err := w.root.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: b, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{RestrictPublicBuckets: &restrict}})
		w.must(err)
	}
	block(false)
	w.policy("room", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::room/*"}]}`)
	anonymous := s3.NewFromConfig(w.config(sandbox.Credentials{}), func(o *s3.Options) { o.Credentials = aws.AnonymousCredentials{} })
	st, err := w.root.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: b})
	w.must(err)
	if !*st.PolicyStatus.IsPublic {
		t.Error("the policy is not seen as public")
	}
	if body, err := read(anonymous, "room", "k"); body != "v" {
		t.Errorf("anonymous read of a public bucket: %v", err)
	}
	block(true)
	_, err = read(anonymous, "room", "k")
	w.wantCode(err, "AccessDenied")
	if body, err := read(w.root, "room", "k"); body != "v" {
		t.Errorf("the owner's account: %v", err)
	}
}

// Source: S3 API_GetObject and API_HeadObject, x-amz-tagging-count.
func TestTheNumberOfTagsIsForThoseWhoMayReadThem(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.bucket("tags")
	in := putInput("tags", "k", "text")
	in.Tagging = aws.String("a=1&b=2")
	_, err := w.root.PutObject(t.Context(), in)
	w.must(err)
	for name, tt := range map[string]struct {
		actions string
		want    int32
	}{"reads": {`"s3:GetObject"`, 0}, "tags": {`["s3:GetObject","s3:GetObjectTagging"]`, 2}} {
		c := w.user(name, allow(tt.actions, `"*"`))
		got, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: in.Bucket, Key: in.Key})
		w.must(err)
		if n := aws.ToInt32(got.TagCount); n != tt.want {
			t.Errorf("%s: GetObject tells of %d tags, want %d", name, n, tt.want)
		}
		head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: in.Bucket, Key: in.Key})
		w.must(err)
		if n := aws.ToInt32(head.TagCount); n != tt.want {
			t.Errorf("%s: HeadObject tells of %d tags, want %d", name, n, tt.want)
		}
	}
}
