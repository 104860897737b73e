package s3

import (
	"net/http"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// maxPolicyBytes is S3's limit of a bucket policy.
const maxPolicyBytes = 20 * 1024

type putPolicyInput struct {
	Bucket  string `rest:"label:bucket"`
	Confirm *bool  `rest:"header:x-amz-confirm-remove-self-bucket-access"`
	Body    []byte `rest:"payload"`
}

type policyOutput struct {
	ContentType string `rest:"header:Content-Type"`
	Body        []byte `rest:"payload"`
}

func (s *Service) policyRows() []op.Row {
	return []op.Row{
		op.New("GetBucketPolicy", "S3 API_GetBucketPolicy", op.Read,
			func(c *op.Call, in *bucketInput) ([]op.Check, error) {
				return s.policyChecks(c, in.Bucket, "s3:GetBucketPolicy")
			}, s.getPolicy),
		op.New("PutBucketPolicy", "S3 API_PutBucketPolicy", op.Write,
			func(c *op.Call, in *putPolicyInput) ([]op.Check, error) {
				return s.policyChecks(c, in.Bucket, "s3:PutBucketPolicy")
			}, s.putPolicy),
		op.New("DeleteBucketPolicy", "S3 API_DeleteBucketPolicy", op.Write,
			func(c *op.Call, in *bucketInput) ([]op.Check, error) {
				return s.policyChecks(c, in.Bucket, "s3:DeleteBucketPolicy")
			}, s.deletePolicy),
		op.New("GetBucketPolicyStatus", "S3 API_GetBucketPolicyStatus", op.Read,
			bucketChecks(s, "s3:GetBucketPolicyStatus"), s.getPolicyStatus),
	}
}

// policyChecks leaves the bucket's policy out for the root user of the owning
// account, whom no bucket policy can lock out of the policy itself.
//
// Source: S3 API_PutBucketPolicy: "the root principal in a bucket owner's AWS
// account can perform the GetBucketPolicy, PutBucketPolicy, and
// DeleteBucketPolicy API actions, even if their bucket policy explicitly denies".
func (s *Service) policyChecks(c *op.Call, bucket, action string) ([]op.Check, error) {
	b, err := s.bucket(c, bucket)
	if err != nil {
		return nil, err
	}
	check := s.onBucket(c, b, action)
	if c.Caller.Principal.Type == policy.Root && c.Caller.Account == b.Account {
		check.Resource.Policy = nil
	}
	return []op.Check{check}, nil
}

// ownAccount refuses callers of other accounts, however permitted.
//
// Source: S3 API_PutBucketPolicy, API_GetBucketPolicy, API_DeleteBucketPolicy.
func ownAccount(c *op.Call, b *Bucket) error {
	if c.Caller.Account == b.Account {
		return nil
	}
	return op.Errorf(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
}

func (s *Service) getPolicy(c *op.Call, in *bucketInput) (*policyOutput, error) {
	b := s.buckets.Get(in.Bucket)
	if err := ownAccount(c, b); err != nil {
		return nil, err
	}
	if b.Policy == "" {
		return nil, noPolicy(b)
	}
	return &policyOutput{ContentType: "application/json", Body: []byte(b.Policy)}, nil
}

func noPolicy(b *Bucket) error {
	return unset(b, "NoSuchBucketPolicy", "The bucket policy does not exist")
}

// unset is S3's answer to reading a configuration that a bucket has not.
func unset(b *Bucket, code, message string) error {
	return &op.Error{Status: http.StatusNotFound, Code: code, Message: message, Fields: [][2]string{{"BucketName", b.Name}}}
}

func (s *Service) putPolicy(c *op.Call, in *putPolicyInput) (*noContent, error) {
	b := s.buckets.Get(in.Bucket)
	if err := ownAccount(c, b); err != nil {
		return nil, err
	}
	compiled, err := s.compilePolicy(b, in.Body)
	if err != nil {
		return nil, err
	}
	if isPublic(compiled) && s.publicAccess(b).BlockPublicPolicy {
		return nil, op.Errorf(http.StatusForbidden, "AccessDenied",
			"User: %s is not authorized to perform: s3:PutBucketPolicy on resource: %q because public policies are blocked by the BlockPublicPolicy block public access setting.",
			c.Caller.Principal.ARN, b.ARN())
	}
	nb := *b
	nb.Policy, nb.PolicyIDs, nb.compiled = string(in.Body), compiled.Bindings(), compiled
	s.buckets.Put(b.Name, &nb)
	return deleted(), nil
}

func (s *Service) deletePolicy(c *op.Call, in *bucketInput) (*noContent, error) {
	b := s.buckets.Get(in.Bucket)
	if err := ownAccount(c, b); err != nil {
		return nil, err
	}
	nb := *b
	nb.Policy, nb.PolicyIDs, nb.compiled = "", nil, nil
	s.buckets.Put(b.Name, &nb)
	return deleted(), nil
}

type policyStatusOutput struct {
	Body struct {
		IsPublic bool `xml:"IsPublic"`
	} `rest:"xml:PolicyStatus"`
}

func (s *Service) getPolicyStatus(c *op.Call, in *bucketInput) (*policyStatusOutput, error) {
	b := s.buckets.Get(in.Bucket)
	if b.Policy == "" {
		return nil, noPolicy(b)
	}
	out := &policyStatusOutput{}
	out.Body.IsPublic = isPublic(b.compiled)
	return out, nil
}

func isPublic(p *policy.Policy) bool {
	public, _, _ := p.Public()
	return public
}
