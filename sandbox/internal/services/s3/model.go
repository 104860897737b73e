package s3

import (
	"fmt"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
)

// Bucket is a bucket with all its configuration. Its key is its name, which is
// one namespace for all accounts.
type Bucket struct {
	Name    string
	Account string
	Region  string
	Created time.Time
	// ServiceKey encrypts the bucket's SSE-S3 objects.
	ServiceKey []byte
	// Versioning is "", "Enabled" or "Suspended".
	Versioning string
	// Policy is the bucket policy as it was put, empty if there is none.
	Policy string `json:",omitempty"`
	// PolicyIDs are the unique IDs of the principals that the policy names, by
	// ARN, as they were when it was saved.
	PolicyIDs map[string]string `json:",omitempty"`
	// Public is the bucket's public access block; nil: none is set.
	Public *PublicAccessBlock `json:",omitempty"`
	// Ownership is the object ownership setting; empty: the rule was deleted,
	// which means ObjectWriter.
	Ownership string `json:",omitempty"`
	// Encryption is the default encryption; nil: SSE-S3.
	Encryption *EncryptionRule `json:",omitempty"`
	Lifecycle  *Lifecycle      `json:",omitempty"`
	// LifecycleMinimum is the x-amz-transition-default-minimum-object-size.
	LifecycleMinimum string `json:",omitempty"`
	// Logging is where access logs go; nil: nowhere.
	Logging *Logging `json:",omitempty"`
	// ACL is the canned access control list; empty: private.
	ACL  string `json:",omitempty"`
	Tags []Tag  `json:",omitempty"`

	compiled *policy.Policy
}

// Loaded compiles the policy after the record was read from disk.
func (b *Bucket) Loaded() error {
	if b.Policy == "" {
		return nil
	}
	p, err := policy.Parse(b.Name, []byte(b.Policy), policy.Resource)
	if err != nil {
		return fmt.Errorf("the bucket policy of %s: %w", b.Name, err)
	}
	b.compiled, err = p.ResolvePrincipals(func(arn string) (string, bool) {
		id, ok := b.PolicyIDs[arn]
		return id, ok
	})
	return err
}

// ARN of the bucket.
func (b *Bucket) ARN() string { return "arn:aws:s3:::" + b.Name }

// ObjectARN of a key in the bucket.
func (b *Bucket) ObjectARN(key string) string { return b.ARN() + "/" + key }

// Object is one version of an object, or a delete marker.
type Object struct {
	Bucket, Key string
	// VersionID is "null" for versions made while versioning was not enabled.
	VersionID string
	// Order grows with each version of the key: the highest is the latest.
	Order        uint64
	DeleteMarker bool `json:",omitempty"`
	Modified     time.Time
	// Owner is the 12-digit account ID that owned the object when it was put: see
	// Bucket.owner.
	Owner string
	// ACL is the canned access control list; empty: private.
	ACL  string `json:",omitempty"`
	Size int64
	ETag string `json:",omitempty"` // without quotes
	// Blob is the key of the ciphertext; empty for a delete marker.
	Blob     string `json:",omitempty"`
	SSE      SSE
	Headers  ObjectHeaders
	Meta     map[string]string `json:",omitempty"`
	Tags     []Tag             `json:",omitempty"`
	Checksum Checksum
	// Parts are those of a multipart upload, in order; nil for a plain object.
	Parts []Part `json:",omitempty"`
}

// ObjectHeaders are the headers that S3 keeps and gives back.
type ObjectHeaders struct {
	CacheControl       string `rest:"header:Cache-Control" json:",omitempty"`
	ContentDisposition string `rest:"header:Content-Disposition" json:",omitempty"`
	ContentEncoding    string `rest:"header:Content-Encoding" json:",omitempty"`
	ContentLanguage    string `rest:"header:Content-Language" json:",omitempty"`
	ContentType        string `rest:"header:Content-Type" json:",omitempty"`
	Expires            string `rest:"header:Expires" json:",omitempty"`
	StorageClass       string `rest:"header:X-Amz-Storage-Class" json:",omitempty"`
}

// SSE says how an object is encrypted.
type SSE struct {
	// Algorithm is "AES256" or "aws:kms".
	Algorithm string
	// KeyARN is the KMS key's; empty for AES256.
	KeyARN string `json:",omitempty"`
	// Context is the encryption context that the request added; nil: none.
	Context map[string]string `json:",omitempty"`
	// BucketKey: the data key is wrapped by a bucket-level key.
	BucketKey bool `json:",omitempty"`
	// DataKey is the KMS blob, of the object's data key or of the
	// bucket-level key.
	DataKey []byte `json:",omitempty"`
	// Wrapped is the object's data key under the bucket-level key.
	Wrapped []byte `json:",omitempty"`
}

// Checksum is an object's or a part's checksum.
type Checksum struct {
	// Algorithm is "CRC32", "CRC32C", "CRC64NVME", "SHA1" or "SHA256".
	Algorithm string `json:",omitempty"`
	// Value is base64, with "-N" for a composite checksum of N parts.
	Value string `json:",omitempty"`
	// Type is "FULL_OBJECT" or "COMPOSITE".
	Type string `json:",omitempty"`
}

// Blob is ciphertext. It never changes.
type Blob struct {
	// Sealed is a nonce and AES-256-GCM's output.
	Sealed []byte
}

// Upload is a multipart upload that is neither completed nor aborted.
type Upload struct {
	Bucket, Key, ID string
	Initiated       time.Time
	Initiator       Owner
	Owner, ACL      string
	SSE             SSE
	Headers         ObjectHeaders
	Meta            map[string]string `json:",omitempty"`
	Tags            []Tag             `json:",omitempty"`
	// Found is the mark of the key's latest version when the upload began.
	Found string `json:",omitempty"`
	// Encryption and KMSKeyID are the headers as they were sent, for the
	// condition keys of the parts.
	Encryption, KMSKeyID string
	// Checksum has the algorithm and type that were asked for; an empty
	// algorithm: none was, and S3 keeps a CRC64NVME of the whole.
	Checksum Checksum
}

// Part of a multipart upload, or of the object it became.
type Part struct {
	Number   int
	Size     int64
	ETag     string
	Modified time.Time
	Blob     string `json:",omitempty"`
	Checksum Checksum
}

// Account is the S3 configuration of an account.
type Account struct {
	Public *PublicAccessBlock `json:",omitempty"`
}
