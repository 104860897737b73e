package s3

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Keys lists the condition keys that a request carries exactly when AWS's
// would; those that end in "/*" have a tag's key behind the slash. The last
// group belongs to requests that are refused before they are authorised (SSE-C,
// grants in headers, object lock, access points, redirects): no request that
// gets further carries them.
//
// Source: Service Authorization Reference, list_amazons3.
func (s *Service) Keys() []string {
	return []string{
		"s3:authType", "s3:signatureversion", "s3:signatureAge", "s3:TlsVersion", "s3:ResourceAccount",
		"s3:x-amz-content-sha256", "s3:x-amz-acl", "s3:x-amz-copy-source", "s3:x-amz-metadata-directive",
		"s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id",
		"s3:x-amz-storage-class", "s3:x-amz-object-ownership", "s3:LocationConstraint",
		"s3:prefix", "s3:delimiter", "s3:max-keys", "s3:VersionId",
		"s3:if-match", "s3:if-none-match", "s3:ObjectCreationOperation",
		"s3:ExistingObjectTag/*", "s3:RequestObjectTag/*", "s3:RequestObjectTagKeys",

		"s3:x-amz-server-side-encryption-customer-algorithm", "s3:x-amz-website-redirect-location",
		"s3:x-amz-grant-full-control", "s3:x-amz-grant-read", "s3:x-amz-grant-read-acp", "s3:x-amz-grant-write",
		"s3:x-amz-grant-write-acp", "s3:object-lock-legal-hold", "s3:object-lock-mode",
		"s3:object-lock-remaining-retention-days", "s3:object-lock-retain-until-date", "s3:DataAccessPointArn",
		"s3:DataAccessPointAccount", "s3:AccessPointNetworkOrigin", "s3:AccessGrantsInstanceArn",
	}
}

// requestKeys are the condition keys that every S3 request has. Nothing is
// added for what the request does not carry.
func requestKeys(c *op.Call, account string) []op.Key {
	var keys []op.Key
	if account != "" {
		keys = append(keys, op.Single("s3:ResourceAccount", account))
	}
	query := c.HTTP.URL.Query()
	switch {
	case c.Caller.AccessKeyID == "":
	case query.Has("X-Amz-Signature"):
		keys = append(keys, op.Single("s3:authType", "REST-QUERY-STRING"), op.Single("s3:signatureversion", "AWS4-HMAC-SHA256"))
		if age, ok := signatureAge(c, query); ok {
			keys = append(keys, op.Single("s3:signatureAge", age))
		}
	default:
		keys = append(keys, op.Single("s3:authType", "REST-HEADER"), op.Single("s3:signatureversion", "AWS4-HMAC-SHA256"))
	}
	if v := c.HTTP.Header.Get("X-Amz-Content-Sha256"); v != "" {
		keys = append(keys, op.Single("s3:x-amz-content-sha256", v))
	}
	if t := c.HTTP.TLS; t != nil && t.Version >= 0x0301 {
		keys = append(keys, op.Single("s3:TlsVersion", "1."+itoa(int(t.Version)-0x0301)))
	}
	return keys
}

// signatureAge is the age of a presigned URL in milliseconds.
func signatureAge(c *op.Call, query url.Values) (string, bool) {
	t, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	if err != nil {
		return "", false
	}
	return strconv.FormatInt(max(c.Now.Sub(t).Milliseconds(), 0), 10), true
}

// present adds a single-valued key if there is a value.
func present(keys []op.Key, name, value string) []op.Key {
	if value == "" {
		return keys
	}
	return append(keys, op.Single(name, value))
}

// existing adds an object's tags as the policy sees them.
func existing(keys []op.Key, o *Object) []op.Key {
	if o == nil {
		return keys
	}
	for _, t := range o.Tags {
		keys = append(keys, op.Single("s3:ExistingObjectTag/"+t.Key, t.Value))
	}
	return keys
}

// requested adds the tags that a request sets.
func requested(keys []op.Key, tags []Tag) []op.Key {
	if len(tags) == 0 {
		return keys
	}
	names := make([]string, len(tags))
	for i, t := range tags {
		names[i] = t.Key
		keys = append(keys, op.Single("s3:RequestObjectTag/"+t.Key, t.Value))
	}
	return append(keys, op.Multi("s3:RequestObjectTagKeys", names...))
}

// resource is the target of a check on the bucket or on an object in it.
func (s *Service) resource(b *Bucket, arn string) op.Resource {
	return op.Resource{
		ARN: arn, Account: b.Account, Policy: b.compiled,
		RestrictPublic: s.publicAccess(b).RestrictPublicBuckets,
	}
}

// onBucket is a check of an action on the bucket.
func (s *Service) onBucket(c *op.Call, b *Bucket, action string, keys ...op.Key) op.Check {
	return op.Check{
		Action: action, Resource: s.resource(b, b.ARN()),
		Context: append(requestKeys(c, b.Account), keys...),
	}
}

// onObject is a check of an action on a key of the bucket.
func (s *Service) onObject(c *op.Call, b *Bucket, action, key string, keys ...op.Key) op.Check {
	return op.Check{
		Action: action, Resource: s.resource(b, b.ObjectARN(key)),
		Context: append(requestKeys(c, b.Account), keys...),
	}
}

// bucket finds the bucket that a request names. Its errors come before any
// authorisation, as S3's do: a bucket that is not there, one in another
// region, one whose owner is not the expected one.
func (s *Service) bucket(c *op.Call, name string) (*Bucket, error) {
	b, err := s.bucketAnywhere(c, name)
	if err != nil {
		return nil, err
	}
	c.Owner = b.Account
	switch {
	case b.Region == c.Region:
	case !roams(c):
		return nil, wrongRegion(b)
	case c.Caller.AccessKeyID != "":
		return nil, wrongScope(c, b)
	default:
		c.Region = b.Region // where the request has come to
	}
	return b, nil
}

// roams reports whether the host is BUCKET.s3.amazonaws.com, a name that leads
// to the region of its bucket, or leaves the region open altogether.
//
// Source: S3 User Guide VirtualHosting, "Requests to the global endpoint".
func roams(c *op.Call) bool {
	a := callAddress(c)
	return a.global && a.hosted || c.Anywhere
}

func (s *Service) bucketAnywhere(c *op.Call, name string) (*Bucket, error) {
	b := s.buckets.Get(name)
	if b == nil {
		return nil, &op.Error{Status: http.StatusNotFound, Code: "NoSuchBucket",
			Message: "The specified bucket does not exist", Fields: [][2]string{{"BucketName", name}}}
	}
	if err := expectOwner(c, "X-Amz-Expected-Bucket-Owner", b); err != nil {
		return nil, err
	}
	return b, nil
}

// expectOwner refuses a bucket that is not owned by the account in the header.
//
// Source: S3 User Guide bucket-owner-condition.
func expectOwner(c *op.Call, header string, b *Bucket) error {
	want := c.HTTP.Header.Get(header)
	if want == "" || want == b.Account {
		return nil
	}
	if len(want) != 12 || strings.Trim(want, "0123456789") != "" {
		return op.Errorf(http.StatusBadRequest, "InvalidBucketOwnerAWSAccountID", "The value of the expected bucket owner parameter must be an AWS account ID.")
	}
	return accessDenied()
}

func accessDenied() *op.Error {
	return op.Errorf(http.StatusForbidden, "AccessDenied", "Access Denied")
}

// wrongRegion is S3's answer to a request at another region's endpoint.
//
// Source: S3 User Guide Redirects.
func wrongRegion(b *Bucket) *op.Error {
	return &op.Error{
		Status: http.StatusMovedPermanently, Code: "PermanentRedirect",
		Message: "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
		Fields:  [][2]string{{"Endpoint", b.Name + ".s3." + b.Region + ".amazonaws.com"}, {"Bucket", b.Name}},
		Header:  map[string]string{"X-Amz-Bucket-Region": b.Region},
	}
}

// wrongScope is the answer of the bucket's region to a request that was signed
// for another one.
//
// Source: S3 API ErrorResponses, AuthorizationHeaderMalformed; the region in
// the body and in the header: aws/aws-sdk-java-v2 pull request 4425.
func wrongScope(c *op.Call, b *Bucket) *op.Error {
	e := &op.Error{
		Status: http.StatusBadRequest, Code: "AuthorizationHeaderMalformed",
		Message: "The authorization header is malformed; the region '" + c.Region + "' is wrong; expecting '" + b.Region + "'",
		Fields:  [][2]string{{"Region", b.Region}},
		Header:  map[string]string{"X-Amz-Bucket-Region": b.Region},
	}
	if c.HTTP.URL.Query().Has("X-Amz-Signature") {
		e.Code = "AuthorizationQueryParametersError"
		e.Message = "Error parsing the X-Amz-Credential parameter; the region '" + c.Region + "' is wrong; expecting '" + b.Region + "'"
	}
	return e
}

// via is the service name that KMS sees for a bucket's requests.
func via(b *Bucket) string { return "s3." + b.Region + ".amazonaws.com" }
