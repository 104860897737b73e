package s3

import (
	"fmt"
	"net/http"
	"regexp"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

type createBucketInput struct {
	Bucket    string                     `rest:"label:bucket"`
	ACL       string                     `rest:"header:x-amz-acl"`
	Ownership string                     `rest:"header:x-amz-object-ownership"`
	Config    *createBucketConfiguration `rest:"xml:CreateBucketConfiguration"`
}

type createBucketConfiguration struct {
	LocationConstraint string `xml:"LocationConstraint"`
	Tags               []Tag  `xml:"Tags>Tag"`
}

type createBucketOutput struct {
	Location string `rest:"header:Location"`
}

func (s *Service) bucketRows() []op.Row {
	list := op.New("ListBuckets", "S3 API_ListBuckets", op.Read, s.listBucketsChecks, s.listBuckets)
	return []op.Row{
		op.New("CreateBucket", "S3 API_CreateBucket", op.Write, s.createBucketChecks, s.createBucket),
		op.New("DeleteBucket", "S3 API_DeleteBucket", op.Write, bucketChecks(s, "s3:DeleteBucket"), s.deleteBucket),
		op.New("HeadBucket", "S3 API_HeadBucket", op.Read, s.headBucketChecks, s.headBucket),
		op.New("GetBucketLocation", "S3 API_GetBucketLocation", op.Read, s.locationChecks, s.getLocation),
		list,
	}
}

// named is implemented by inputs that name a bucket.
type named interface{ bucketName() string }

func (in *bucketInput) bucketName() string { return in.Bucket }

// bucketChecks declares one action on the bucket, without further keys.
func bucketChecks(s *Service, action string) func(*op.Call, *bucketInput) ([]op.Check, error) {
	return configChecks[*bucketInput](s, action)
}

// configChecks is bucketChecks for inputs that carry more than the name.
func configChecks[In named](s *Service, action string) func(*op.Call, In) ([]op.Check, error) {
	return func(c *op.Call, in In) ([]op.Check, error) {
		b, err := s.bucket(c, in.bucketName())
		if err != nil {
			return nil, err
		}
		return []op.Check{s.onBucket(c, b, action)}, nil
	}
}

var regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)

// newRegion is where a new bucket goes.
//
// Source: S3 API_CreateBucket, LocationConstraint; S3 API ErrorResponses.
func newRegion(c *op.Call, in *createBucketInput) (string, error) {
	want := ""
	if in.Config != nil {
		want = in.Config.LocationConstraint
	}
	if want == "EU" && (c.Region == "eu-west-1" || c.Region == "us-east-1") {
		want = "eu-west-1" // EU is its old name
	}
	a := callAddress(c)
	switch {
	case c.Region == "us-east-1" && (want == "us-east-1" || want != "" && !regionName.MatchString(want)):
		return "", &op.Error{Status: 400, Code: "InvalidLocationConstraint", Message: "The specified location-constraint is not valid",
			Fields: [][2]string{{"LocationConstraint", want}}}
	case want == "" && c.Region == "us-east-1":
		return c.Region, nil
	case want == "":
		return "", op.Errorf(400, "IllegalLocationConstraintException",
			"The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.")
	case want == c.Region, a.global && c.Region == "us-east-1":
		return want, nil
	}
	return "", op.Errorf(400, "IllegalLocationConstraintException",
		"The %s location constraint is incompatible for the region specific endpoint this request was sent to.", want)
}

func (s *Service) createBucketChecks(c *op.Call, in *createBucketInput) ([]op.Check, error) {
	if c.Caller.Account == "" {
		return nil, accessDenied()
	}
	if err := checkBucketName(in.Bucket); err != nil {
		return nil, err
	}
	on := func(action string, keys []op.Key) op.Check {
		return op.Check{
			Action: action, Context: keys,
			Resource: op.Resource{ARN: "arn:aws:s3:::" + in.Bucket, Account: c.Caller.Account},
		}
	}
	keys := requestKeys(c, c.Caller.Account)
	keys = present(keys, "s3:x-amz-acl", in.ACL)
	keys = present(keys, "s3:x-amz-object-ownership", in.Ownership)
	var tagged []op.Key
	if in.Config != nil {
		keys = present(keys, "s3:LocationConstraint", in.Config.LocationConstraint)
		tagged = requestTags(in.Config.Tags)
		keys = append(keys, tagged...)
	}
	checks := []op.Check{on("s3:CreateBucket", keys)}
	if in.Ownership != "" {
		checks = append(checks, on("s3:PutBucketOwnershipControls", keys))
	}
	if in.ACL != "" && in.ACL != "private" {
		// Source: S3 API_CreateBucket: "if you set the ACL to private, or if
		// you don't specify any ACLs, only the s3:CreateBucket permission".
		checks = append(checks, on("s3:PutBucketAcl", keys))
	}
	if len(tagged) > 0 {
		checks = append(checks, on("s3:TagResource", keys))
	}
	return checks, nil
}

func (s *Service) createBucket(c *op.Call, in *createBucketInput) (*createBucketOutput, error) {
	region, err := newRegion(c, in)
	if err != nil {
		return nil, err
	}
	if in.Ownership == "" {
		in.Ownership = ownerEnforced
	}
	if checkOwnership(in.Ownership) != nil {
		return nil, &op.Error{Status: 400, Code: "InvalidArgument", Message: "Invalid x-amz-object-ownership header: " + in.Ownership,
			Fields: [][2]string{{"ArgumentName", "x-amz-object-ownership"}}}
	}
	if in.ACL != "" && in.ACL != "private" {
		if in.Ownership == ownerEnforced {
			return nil, op.Errorf(400, "InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
		}
		if in.ACL != logDelivery {
			return nil, notImplemented("the canned ACL %q", in.ACL)
		}
	}
	var tags []Tag
	if in.Config != nil {
		tags = in.Config.Tags
	}
	if err := checkTags(tags, maxBucketTags); err != nil {
		return nil, err
	}
	out := &createBucketOutput{Location: "/" + in.Bucket}
	if region != "us-east-1" {
		out.Location = "http://" + in.Bucket + ".s3.amazonaws.com/"
	}
	if b := s.buckets.Get(in.Bucket); b != nil {
		switch {
		case b.Account != c.Caller.Account:
			return nil, &op.Error{Status: http.StatusConflict, Code: "BucketAlreadyExists", Fields: [][2]string{{"BucketName", in.Bucket}},
				Message: "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."}
		case b.Region == "us-east-1" && region == "us-east-1" && len(tags) == 0:
			// Source: S3 API_CreateBucket, BucketAlreadyOwnedByYou: us-east-1
			// answers 200 for legacy compatibility and keeps the bucket. Not
			// with tags, as observed on AWS.
			return out, nil
		}
		return nil, &op.Error{Status: http.StatusConflict, Code: "BucketAlreadyOwnedByYou", Fields: [][2]string{{"BucketName", in.Bucket}},
			Message: "Your previous request to create the named bucket succeeded and you already own it."}
	}
	key, err := randomBytes(c, 32)
	if err != nil {
		return nil, err
	}
	s.buckets.Put(in.Bucket, &Bucket{
		Name: in.Bucket, Account: c.Caller.Account, Region: region, Created: c.Now,
		ServiceKey: key, Ownership: in.Ownership, Tags: tags, ACL: canned(in.ACL),
		// New buckets block all public access, since April 2023.
		// Source: S3 User Guide create-bucket-faq.
		Public: &PublicAccessBlock{true, true, true, true},
	})
	return out, nil
}

func (s *Service) deleteBucket(c *op.Call, in *bucketInput) (*noContent, error) {
	for range s.objects.Prefix(in.Bucket + sep) {
		return nil, &op.Error{Status: http.StatusConflict, Code: "BucketNotEmpty", Fields: [][2]string{{"BucketName", in.Bucket}},
			Message: "The bucket you tried to delete is not empty" + s.versionsHint(in.Bucket)}
	}
	for range s.uploads.Prefix(in.Bucket + sep) {
		// S3 deletes a bucket whose only content are unfinished uploads.
		for _, u := range s.bucketUploads(in.Bucket) {
			s.dropUpload(u)
		}
		break
	}
	s.buckets.Delete(in.Bucket)
	return deleted(), nil
}

func (s *Service) versionsHint(bucket string) string {
	if s.buckets.Get(bucket).Versioning == "" {
		return ""
	}
	return ". You must delete all versions in the bucket."
}

type headBucketOutput struct {
	Region      string `rest:"header:x-amz-bucket-region"`
	ARN         string `rest:"header:x-amz-bucket-arn"`
	AccessPoint string `rest:"header:x-amz-access-point-alias"`
	ContentType string `rest:"header:Content-Type"`
}

// regionHint is what a refused HeadBucket tells of the bucket.
type regionHint string

// headBucketChecks leaves the region for EncodeError.
//
// Source: S3 API_HeadBucket: "regardless of the permissions on the bucket, you
// will receive a response header with the correct bucket location".
func (s *Service) headBucketChecks(c *op.Call, in *bucketInput) ([]op.Check, error) {
	b, err := s.bucket(c, in.Bucket)
	if err != nil {
		return nil, err
	}
	c.Prepared = regionHint(b.Region)
	return []op.Check{s.onBucket(c, b, "s3:ListBucket")}, nil
}

func (s *Service) headBucket(c *op.Call, in *bucketInput) (*headBucketOutput, error) {
	b := s.buckets.Get(in.Bucket)
	return &headBucketOutput{Region: b.Region, ARN: b.ARN(), AccessPoint: "false", ContentType: "application/xml"}, nil
}

func (s *Service) locationChecks(c *op.Call, in *bucketInput) ([]op.Check, error) {
	b, err := s.bucketAnywhere(c, in.Bucket)
	if err != nil {
		return nil, err
	}
	return []op.Check{s.onBucket(c, b, "s3:GetBucketLocation")}, nil
}

type locationOutput struct {
	Body struct {
		Region string `xml:",chardata"`
	} `rest:"xml:LocationConstraint"`
}

func (s *Service) getLocation(c *op.Call, in *bucketInput) (*locationOutput, error) {
	out := &locationOutput{}
	if r := s.buckets.Get(in.Bucket).Region; r != "us-east-1" {
		out.Body.Region = r
	}
	return out, nil
}

type listBucketsInput struct {
	MaxBuckets *int   `rest:"query:max-buckets"`
	Token      string `rest:"query:continuation-token"`
	Prefix     string `rest:"query:prefix"`
	Region     string `rest:"query:bucket-region"`
}

type listedBucket struct {
	Name         string `xml:"Name"`
	CreationDate string `xml:"CreationDate"`
	Region       string `xml:"BucketRegion,omitempty"`
	ARN          string `xml:"BucketArn,omitempty"`
}

type listBucketsOutput struct {
	Body struct {
		Owner   Owner          `xml:"Owner"`
		Buckets []listedBucket `xml:"Buckets>Bucket"`
		Prefix  string         `xml:"Prefix,omitempty"`
		Token   string         `xml:"ContinuationToken,omitempty"`
	} `rest:"xml:ListAllMyBucketsResult"`
}

func (s *Service) listBucketsChecks(c *op.Call, in *listBucketsInput) ([]op.Check, error) {
	if c.Caller.Account == "" {
		return nil, accessDenied()
	}
	return []op.Check{{
		Action: "s3:ListAllMyBuckets", Context: requestKeys(c, ""),
		Resource: op.Resource{ARN: "*", Account: c.Caller.Account},
	}}, nil
}

func (s *Service) listBuckets(c *op.Call, in *listBucketsInput) (*listBucketsOutput, error) {
	limit := 10000
	if in.MaxBuckets != nil {
		if limit = *in.MaxBuckets; limit < 1 || limit > 10000 {
			return nil, invalidArgument("max-buckets", itoa(limit), "the value must be between 1 and 10000")
		}
	}
	after := ""
	if in.Token != "" {
		var err error
		if after, err = openToken(in.Token); err != nil {
			return nil, err
		}
	}
	out := &listBucketsOutput{}
	out.Body.Owner, out.Body.Prefix = ownerOf(c.Caller.Account), in.Prefix
	out.Body.Buckets = []listedBucket{}
	paged := in.MaxBuckets != nil || in.Region != "" || in.Token != ""
	for name, b := range s.buckets.Prefix(in.Prefix) {
		if b.Account != c.Caller.Account || name <= after || (in.Region != "" && b.Region != in.Region) {
			continue
		}
		if len(out.Body.Buckets) == limit {
			out.Body.Token = sealToken(out.Body.Buckets[limit-1].Name)
			break
		}
		l := listedBucket{Name: name, CreationDate: timestamp(b.Created), ARN: b.ARN()}
		if paged {
			l.Region = b.Region
		}
		out.Body.Buckets = append(out.Body.Buckets, l)
	}
	return out, nil
}

func invalidArgument(name, value, why string) *op.Error {
	return &op.Error{Status: 400, Code: "InvalidArgument", Message: fmt.Sprintf("%s: %s", name, why),
		Fields: [][2]string{{"ArgumentName", name}, {"ArgumentValue", value}}}
}

// notImplemented refuses what the sandbox's S3 does not do, by name.
func notImplemented(format string, args ...any) *op.Error {
	return op.Errorf(400, "NotImplemented", "the sandbox's S3 does not implement %s", fmt.Sprintf(format, args...))
}

func requestTags(tags []Tag) []op.Key {
	if len(tags) == 0 {
		return nil
	}
	var keys []op.Key
	names := make([]string, len(tags))
	for i, t := range tags {
		names[i] = t.Key
		keys = append(keys, op.Single("aws:RequestTag/"+t.Key, t.Value))
	}
	return append(keys, op.Multi("aws:TagKeys", names...))
}

// sep separates the parts of a store key. It sorts before every other
// character, so that "a" comes before "a-b" as S3 lists them.
const sep = "\x00"
