package s3

import (
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// PublicAccessBlock is the four settings, of a bucket or of an account.
type PublicAccessBlock struct {
	BlockPublicAcls       bool `xml:"BlockPublicAcls"`
	IgnorePublicAcls      bool `xml:"IgnorePublicAcls"`
	BlockPublicPolicy     bool `xml:"BlockPublicPolicy"`
	RestrictPublicBuckets bool `xml:"RestrictPublicBuckets"`
}

type publicAccessInput struct {
	Bucket string            `rest:"label:bucket"`
	Config PublicAccessBlock `rest:"xml:PublicAccessBlockConfiguration"`
}

func (in *publicAccessInput) bucketName() string { return in.Bucket }

type publicAccessOutput struct {
	Config PublicAccessBlock `rest:"xml:PublicAccessBlockConfiguration"`
}

// accountInput is S3 Control's: the account is in the host and in a header.
type accountInput struct {
	Host   string `rest:"label:account"`
	Header string `rest:"header:x-amz-account-id"`
}

type accountPublicAccessInput struct {
	accountInput
	Config PublicAccessBlock `rest:"xml:PublicAccessBlockConfiguration"`
}

func (s *Service) publicAccessRows() []op.Row {
	return []op.Row{
		op.New("GetBucketPublicAccessBlock", "S3 API_GetPublicAccessBlock", op.Read,
			bucketChecks(s, "s3:GetBucketPublicAccessBlock"), s.getPublicAccess),
		op.New("PutBucketPublicAccessBlock", "S3 API_PutPublicAccessBlock", op.Write,
			configChecks[*publicAccessInput](s, "s3:PutBucketPublicAccessBlock"), s.putPublicAccess),
		op.New("DeleteBucketPublicAccessBlock", "S3 API_DeletePublicAccessBlock", op.Write,
			bucketChecks(s, "s3:PutBucketPublicAccessBlock"), s.deletePublicAccess),
		op.New("GetPublicAccessBlock", "S3 Control API_control_GetPublicAccessBlock", op.Read,
			func(c *op.Call, in *accountInput) ([]op.Check, error) {
				return accountChecks(c, in, "s3:GetAccountPublicAccessBlock")
			}, s.getAccountPublicAccess),
		op.New("PutPublicAccessBlock", "S3 Control API_control_PutPublicAccessBlock", op.Write,
			func(c *op.Call, in *accountPublicAccessInput) ([]op.Check, error) {
				return accountChecks(c, &in.accountInput, "s3:PutAccountPublicAccessBlock")
			}, s.putAccountPublicAccess),
		op.New("DeletePublicAccessBlock", "S3 Control API_control_DeletePublicAccessBlock", op.Write,
			func(c *op.Call, in *accountInput) ([]op.Check, error) {
				return accountChecks(c, in, "s3:PutAccountPublicAccessBlock")
			}, s.deleteAccountPublicAccess),
	}
}

// publicAccess is what applies to a bucket: each setting of its own or of its
// account.
//
// Source: S3 User Guide access-control-block-public-access.
func (s *Service) publicAccess(b *Bucket) PublicAccessBlock {
	var p PublicAccessBlock
	if b.Public != nil {
		p = *b.Public
	}
	if a := s.accounts.Get(b.Account); a != nil && a.Public != nil {
		p.BlockPublicAcls = p.BlockPublicAcls || a.Public.BlockPublicAcls
		p.IgnorePublicAcls = p.IgnorePublicAcls || a.Public.IgnorePublicAcls
		p.BlockPublicPolicy = p.BlockPublicPolicy || a.Public.BlockPublicPolicy
		p.RestrictPublicBuckets = p.RestrictPublicBuckets || a.Public.RestrictPublicBuckets
	}
	return p
}

func (s *Service) getPublicAccess(c *op.Call, in *bucketInput) (*publicAccessOutput, error) {
	b := s.buckets.Get(in.Bucket)
	if b.Public == nil {
		return nil, unset(b, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
	}
	return &publicAccessOutput{*b.Public}, nil
}

func (s *Service) putPublicAccess(c *op.Call, in *publicAccessInput) (*nothing, error) {
	nb := *s.buckets.Get(in.Bucket)
	nb.Public = &in.Config
	s.buckets.Put(nb.Name, &nb)
	return &nothing{}, nil
}

func (s *Service) deletePublicAccess(c *op.Call, in *bucketInput) (*noContent, error) {
	nb := *s.buckets.Get(in.Bucket)
	nb.Public = nil
	s.buckets.Put(nb.Name, &nb)
	return deleted(), nil
}

// accountChecks refuses a host and a header that name different accounts, and
// accounts that are not the caller's.
func accountChecks(c *op.Call, in *accountInput, action string) ([]op.Check, error) {
	switch {
	case in.Header == "" && in.Host == "":
		return nil, op.Errorf(400, "InvalidRequest", "Missing required header for this request: x-amz-account-id")
	case in.Header == "":
		in.Header = in.Host
	case in.Host != "" && in.Host != in.Header:
		return nil, op.Errorf(400, "InvalidRequest", "The account ID of the host does not match the header x-amz-account-id.")
	}
	if in.Header != c.Caller.Account {
		return nil, accessDenied()
	}
	return []op.Check{{
		Action: action, Context: requestKeys(c, in.Header),
		Resource: op.Resource{ARN: "*", Account: in.Header},
	}}, nil
}

func (s *Service) getAccountPublicAccess(c *op.Call, in *accountInput) (*publicAccessOutput, error) {
	a := s.accounts.Get(in.Header)
	if a == nil || a.Public == nil {
		return nil, &op.Error{Status: 404, Code: "NoSuchPublicAccessBlockConfiguration",
			Message: "The public access block configuration was not found", Fields: [][2]string{{"AccountId", in.Header}}}
	}
	return &publicAccessOutput{*a.Public}, nil
}

func (s *Service) putAccountPublicAccess(c *op.Call, in *accountPublicAccessInput) (*nothing, error) {
	s.accounts.Put(in.Header, &Account{Public: &in.Config})
	return &nothing{}, nil
}

func (s *Service) deleteAccountPublicAccess(c *op.Call, in *accountInput) (*noContent, error) {
	s.accounts.Delete(in.Header)
	return deleted(), nil
}
