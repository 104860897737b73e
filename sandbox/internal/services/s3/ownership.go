package s3

import "github.com/strongroom-dev/strongroom/sandbox/internal/op"

// Object ownership settings.
const (
	ownerEnforced  = "BucketOwnerEnforced"
	ownerPreferred = "BucketOwnerPreferred"
	ownerWriter    = "ObjectWriter"
)

type ownershipConfig struct {
	Rules []ownershipRule `xml:"Rule"`
}

type ownershipRule struct {
	ObjectOwnership string `xml:"ObjectOwnership"`
}

type ownershipInput struct {
	Bucket string          `rest:"label:bucket"`
	Config ownershipConfig `rest:"xml:OwnershipControls"`
}

func (in *ownershipInput) bucketName() string { return in.Bucket }

type ownershipOutput struct {
	Config ownershipConfig `rest:"xml:OwnershipControls"`
}

func (s *Service) ownershipRows() []op.Row {
	return []op.Row{
		op.New("GetBucketOwnershipControls", "S3 API_GetBucketOwnershipControls", op.Read,
			bucketChecks(s, "s3:GetBucketOwnershipControls"), s.getOwnership),
		op.New("PutBucketOwnershipControls", "S3 API_PutBucketOwnershipControls", op.Write,
			func(c *op.Call, in *ownershipInput) ([]op.Check, error) {
				b, err := s.bucket(c, in.Bucket)
				if err != nil {
					return nil, err
				}
				var keys []op.Key
				if len(in.Config.Rules) > 0 {
					keys = present(nil, "s3:x-amz-object-ownership", in.Config.Rules[0].ObjectOwnership)
				}
				return []op.Check{s.onBucket(c, b, "s3:PutBucketOwnershipControls", keys...)}, nil
			}, s.putOwnership),
		op.New("DeleteBucketOwnershipControls", "S3 API_DeleteBucketOwnershipControls", op.Write,
			bucketChecks(s, "s3:PutBucketOwnershipControls"), s.deleteOwnership),
	}
}

func checkOwnership(o string) error {
	switch o {
	case ownerEnforced, ownerPreferred, ownerWriter:
		return nil
	}
	return malformedXML("ObjectOwnership is " + o)
}

func (s *Service) getOwnership(c *op.Call, in *bucketInput) (*ownershipOutput, error) {
	b := s.buckets.Get(in.Bucket)
	if b.Ownership == "" {
		return nil, unset(b, "OwnershipControlsNotFoundError", "The bucket ownership controls were not found")
	}
	return &ownershipOutput{ownershipConfig{[]ownershipRule{{b.Ownership}}}}, nil
}

func (s *Service) putOwnership(c *op.Call, in *ownershipInput) (*nothing, error) {
	if len(in.Config.Rules) != 1 {
		return nil, malformedXML("OwnershipControls must have exactly one Rule")
	}
	if err := checkOwnership(in.Config.Rules[0].ObjectOwnership); err != nil {
		return nil, err
	}
	nb := *s.buckets.Get(in.Bucket)
	nb.Ownership = in.Config.Rules[0].ObjectOwnership
	if nb.Ownership == ownerEnforced && nb.ACL != "" {
		// Source: S3 User Guide object-ownership-error-responses.
		return nil, op.Errorf(400, "InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
	}
	s.buckets.Put(nb.Name, &nb)
	return &nothing{}, nil
}

func (s *Service) deleteOwnership(c *op.Call, in *bucketInput) (*noContent, error) {
	nb := *s.buckets.Get(in.Bucket)
	nb.Ownership = ""
	s.buckets.Put(nb.Name, &nb)
	return deleted(), nil
}

// checkWriter refuses an ACL where they are disabled, the lists that let in others than
// the two owners, and callers who would own what they put and are no account: anonymous
// ones and AWS services.
//
// Source: S3 User Guide about-object-ownership and S3 API_PutObject: with ACLs
// disabled a bucket takes "only PUT requests that don't specify an ACL or PUT
// requests that specify bucket owner full control ACLs". "private" is refused
// too: aws-cloudformation/rain issue 388.
func checkWriter(c *op.Call, b *Bucket, acl string) error {
	switch {
	case b.Ownership == ownerEnforced:
		if acl == "" || acl == fullControl {
			return nil
		}
		return noACLs()
	case !objectACLs[acl]:
		return notImplemented("the canned ACL %q", acl)
	case b.newOwner(c, acl) == "":
		return notImplemented("objects owned by AWS services or by nobody: use the ownership %s", ownerEnforced)
	}
	return nil
}

// objectACLs are the canned lists of objects that are served.
var objectACLs = map[string]bool{"": true, "private": true, ownerReads: true, fullControl: true}

func noACLs() error {
	return op.Errorf(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
}
