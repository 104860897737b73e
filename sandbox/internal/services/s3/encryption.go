package s3

import "github.com/strongroom-dev/strongroom/sandbox/internal/op"

// EncryptionRule is a bucket's default encryption, as it was put.
type EncryptionRule struct {
	Default   *EncryptionDefault `xml:"ApplyServerSideEncryptionByDefault"`
	Blocked   *BlockedEncryption `xml:"BlockedEncryptionTypes,omitempty"`
	BucketKey *bool              `xml:"BucketKeyEnabled,omitempty"`
}

// EncryptionDefault names algorithm and key.
type EncryptionDefault struct {
	Algorithm string `xml:"SSEAlgorithm"`
	// KeyID as it was put: an ID, an alias or an ARN; empty: the AWS managed key.
	KeyID string `xml:"KMSMasterKeyID,omitempty"`
}

// BlockedEncryption lists the encryption types that uploads may not use.
type BlockedEncryption struct {
	Types []string `xml:"EncryptionType"`
}

type encryptionConfig struct {
	Rules []EncryptionRule `xml:"Rule"`
}

type encryptionInput struct {
	Bucket string           `rest:"label:bucket"`
	Config encryptionConfig `rest:"xml:ServerSideEncryptionConfiguration"`
}

func (in *encryptionInput) bucketName() string { return in.Bucket }

type encryptionOutput struct {
	Config encryptionConfig `rest:"xml:ServerSideEncryptionConfiguration"`
}

func (s *Service) encryptionRows() []op.Row {
	return []op.Row{
		op.New("GetBucketEncryption", "S3 API_GetBucketEncryption", op.Read,
			bucketChecks(s, "s3:GetEncryptionConfiguration"), s.getEncryption),
		op.New("PutBucketEncryption", "S3 API_PutBucketEncryption", op.Write,
			configChecks[*encryptionInput](s, "s3:PutEncryptionConfiguration"), s.putEncryption),
		op.New("DeleteBucketEncryption", "S3 API_DeleteBucketEncryption", op.Write,
			bucketChecks(s, "s3:PutEncryptionConfiguration"), s.deleteEncryption),
	}
}

// getEncryption never answers "not found": a bucket without a configuration
// has SSE-S3.
//
// Source: S3 User Guide default-bucket-encryption.
func (s *Service) getEncryption(c *op.Call, in *bucketInput) (*encryptionOutput, error) {
	rule := s.buckets.Get(in.Bucket).Encryption
	if rule == nil {
		off := false
		rule = &EncryptionRule{Default: &EncryptionDefault{Algorithm: sseS3}, BucketKey: &off}
	}
	return &encryptionOutput{encryptionConfig{[]EncryptionRule{*rule}}}, nil
}

// putEncryption keeps the key as it was written: S3 does not look it up until
// an object is put.
func (s *Service) putEncryption(c *op.Call, in *encryptionInput) (*nothing, error) {
	if len(in.Config.Rules) != 1 {
		return nil, malformedXML("ServerSideEncryptionConfiguration must have exactly one Rule")
	}
	rule := in.Config.Rules[0]
	if rule.Default == nil {
		rule.Default = &EncryptionDefault{Algorithm: sseS3}
	}
	switch rule.Default.Algorithm {
	case sseS3:
		if rule.Default.KeyID != "" {
			return nil, &op.Error{Status: 400, Code: "InvalidArgument", Fields: [][2]string{{"ArgumentName", "ApplyServerSideEncryptionByDefault"}},
				Message: "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"}
		}
	case sseKMS:
	case sseDual:
		return nil, notImplemented("the algorithm %s", sseDual)
	default:
		return nil, malformedXML("SSEAlgorithm is neither AES256 nor aws:kms")
	}
	if rule.Blocked != nil {
		for _, t := range rule.Blocked.Types {
			if t != "SSE-C" && t != "NONE" {
				return nil, malformedXML("EncryptionType is neither SSE-C nor NONE")
			}
		}
	}
	if rule.BucketKey == nil {
		off := false
		rule.BucketKey = &off
	}
	nb := *s.buckets.Get(in.Bucket)
	nb.Encryption = &rule
	s.buckets.Put(nb.Name, &nb)
	return &nothing{}, nil
}

func (s *Service) deleteEncryption(c *op.Call, in *bucketInput) (*noContent, error) {
	nb := *s.buckets.Get(in.Bucket)
	nb.Encryption = nil
	s.buckets.Put(nb.Name, &nb)
	return deleted(), nil
}
