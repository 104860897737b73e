package s3

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Server-side encryption algorithms.
const (
	sseS3   = "AES256"
	sseKMS  = "aws:kms"
	sseDual = "aws:kms:dsse"
)

// bucketKeyLife is how long a bucket-level key serves new objects. S3 says
// "time-limited" and gives no figure.
const bucketKeyLife = time.Hour

// BucketKey is a bucket-level data key: KMS's blob, never the key itself.
type BucketKey struct {
	Blob []byte
	Made time.Time
}

// sseInput is what a request says of the encryption it wants.
type sseInput struct {
	Encryption string `rest:"header:x-amz-server-side-encryption"`
	KMSKeyID   string `rest:"header:x-amz-server-side-encryption-aws-kms-key-id"`
	BucketKey  *bool  `rest:"header:x-amz-server-side-encryption-bucket-key-enabled"`
	Context    string `rest:"header:x-amz-server-side-encryption-context"`
}

// context is the encryption context that the request adds to S3's own: base64 of a
// JSON object of strings. Nil: none.
//
// Source: S3 API_PutObject, x-amz-server-side-encryption-context. That S3's own key
// may not be among them is in UsingKMSEncryption: "you cannot use aws:s3:arn".
func (in *sseInput) context() (map[string]string, error) {
	if in.Context == "" {
		return nil, nil
	}
	malformed := invalidArgument("x-amz-server-side-encryption-context", in.Context, "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map")
	raw, err := base64.StdEncoding.DecodeString(in.Context)
	if err != nil {
		return nil, malformed
	}
	var m map[string]string
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, malformed
	}
	if _, own := m["aws:s3:arn"]; own {
		return nil, invalidArgument("x-amz-server-side-encryption-context", in.Context, "The encryption context key aws:s3:arn is reserved")
	}
	return m, nil
}

// conditionKeys of the encryption headers: as they were sent, and absent where
// the bucket's default decides, because policies are evaluated "before applying
// bucket encryption settings". The key's value is the header's own text, also
// when it is a bare ID or an alias: the guide has the policy name an ARN, and no
// page says that S3 resolves the header for the comparison.
//
// Source: S3 User Guide bucket-encryption (note) and UsingKMSEncryption,
// "Requiring SSE-KMS for writes"; Service Authorization Reference
// list_amazons3.
func (in *sseInput) conditionKeys(keys []op.Key) []op.Key {
	keys = present(keys, "s3:x-amz-server-side-encryption", in.Encryption)
	return present(keys, "s3:x-amz-server-side-encryption-aws-kms-key-id", in.KMSKeyID)
}

// sseOutput is what a response says of the encryption that was used.
type sseOutput struct {
	Encryption string `rest:"header:x-amz-server-side-encryption"`
	KMSKeyID   string `rest:"header:x-amz-server-side-encryption-aws-kms-key-id"`
	BucketKey  bool   `rest:"header:x-amz-server-side-encryption-bucket-key-enabled"`
}

func sseHeaders(e SSE) sseOutput {
	return sseOutput{Encryption: e.Algorithm, KMSKeyID: e.KeyARN, BucketKey: e.BucketKey}
}

// chooseSSE decides how a new object is encrypted: by the request's headers,
// else by the bucket's default. Headers that say aws:kms and name no key mean
// the AWS managed key, whatever key the bucket's default names. Key IDs and
// aliases are looked up in the requester's account, and so is aws/s3.
//
// Source: S3 API_PutObject (x-amz-server-side-encryption-aws-kms-key-id: "do
// not provide ..., Amazon S3 uses the AWS managed key (aws/s3)"); S3 User Guide
// bucket-encryption, "Using SSE-KMS encryption for cross-account operations";
// hashicorp/terraform-provider-aws issue 28821, where a default without a key
// took the writer's aws/s3.
func (s *Service) chooseSSE(c *op.Call, b *Bucket, in sseInput) (SSE, error) {
	e := SSE{Algorithm: in.Encryption}
	keyID := in.KMSKeyID
	if b.Encryption != nil && b.Encryption.BucketKey != nil {
		e.BucketKey = *b.Encryption.BucketKey
	}
	if in.BucketKey != nil {
		e.BucketKey = *in.BucketKey
	}
	switch {
	case in.Context != "" && in.Encryption != sseKMS && in.Encryption != sseDual:
		return e, op.Errorf(400, "InvalidArgument", "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms")
	case keyID != "" && in.Encryption != sseKMS && in.Encryption != sseDual:
		return e, op.Errorf(400, "InvalidArgument", "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms")
	case in.Encryption == "" && b.Encryption != nil:
		e.Algorithm, keyID = b.Encryption.Default.Algorithm, b.Encryption.Default.KeyID
	case in.Encryption == "":
		e.Algorithm = sseS3
	}
	switch e.Algorithm {
	case sseS3:
		e.BucketKey = false
		return e, nil
	case sseKMS:
	case sseDual:
		return e, notImplemented("the encryption %s", sseDual)
	default:
		return e, invalidArgument("x-amz-server-side-encryption", e.Algorithm, "The encryption method specified is not supported")
	}
	account, ok := requester(c)
	if !ok {
		return e, unsignedForKMS()
	}
	var err error
	if e.Context, err = in.context(); err != nil {
		return e, err
	}
	if keyID == "" {
		e.KeyARN, err = s.keys.AWSManagedKey(account, b.Region, "s3")
	} else {
		e.KeyARN, err = s.keys.KeyARN(account, b.Region, keyID)
	}
	return e, kmsError(err)
}

// kmsError gives an error of KMS the form in which S3 passes it on: a refusal
// is S3's own, everything else keeps its message under a longer code.
//
// Source: observed on AWS (KMS.NotFoundException, KMS.DisabledException and
// KMS.KMSInvalidStateException with status 400); AWS Knowledge Center
// s3-troubleshoot-403.
func kmsError(err error) error {
	var e *op.Error
	if !errors.As(err, &e) {
		return err
	}
	passed := *e
	switch passed.Code {
	case "AccessDenied", "AccessDeniedException":
		passed.Status, passed.Code = http.StatusForbidden, "AccessDenied"
	default:
		passed.Code = "KMS." + passed.Code
	}
	return &passed
}

// requester is the account that keys are looked up in: the caller's, or that of the
// resource that an AWS service calls for. Anonymous callers have none.
func requester(c *op.Call) (account string, ok bool) {
	if b := c.Caller.Behalf; b != nil && c.Caller.Principal.Type == policy.Service {
		return b.Account, true
	}
	return c.Caller.Account, c.Caller.Account != ""
}

// encryptionContext is what S3 binds a data key to, besides what the request adds.
//
// Source: S3 User Guide UsingKMSEncryption and bucket-key.
func encryptionContext(b *Bucket, key string, e SSE) map[string]string {
	arn := b.ObjectARN(key)
	if e.BucketKey {
		arn = b.ARN()
	}
	all := map[string]string{"aws:s3:arn": arn}
	maps.Copy(all, e.Context)
	return all
}

// keyChecks is what the caller must be allowed at KMS; none for SSE-S3. A
// bucket key does not spare the caller the check: S3 asks KMS at least once
// for each requester, and the sandbox asks every time. Writing needs no right
// to decrypt. Choice s3-bucket-key-writes.
func (s *Service) keyChecks(c *op.Call, b *Bucket, action, key string, e SSE) ([]op.Check, error) {
	if e.Algorithm != sseKMS {
		return nil, nil
	}
	if _, ok := requester(c); !ok {
		return nil, unsignedForKMS()
	}
	check, err := s.keys.Check(c, action, e.KeyARN, encryptionContext(b, key, e), via(b))
	if err != nil {
		return nil, kmsError(err)
	}
	if e.BucketKey && action == "kms:GenerateDataKey" {
		// S3 makes the object's key from the bucket-level key that it has.
		check.Silent = s.cachedBucketKey(c, bucketKeyID(c, b, e.KeyARN, e.Context)) != nil
	}
	return []op.Check{check}, nil
}

// unsignedForKMS is the answer to anonymous requests for what KMS protects.
//
// Source: AWS Knowledge Center s3-kms-signature-version-error.
func unsignedForKMS() error {
	return op.Errorf(400, "InvalidArgument", "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.")
}

// secureForKMS refuses SSE-KMS over plain HTTP. HEAD reads no bytes and passes.
//
// Source: S3 API_CreateMultipartUpload: "All GET and PUT requests for an object
// protected by KMS fail if you don't make them by using SSL"; the wording:
// AWS Knowledge Center s3-kms-signature-version-error. That the code is
// InvalidArgument is an inference from the other error of that page.
func secureForKMS(c *op.Call, e SSE) error {
	if e.Algorithm != sseKMS || c.Secure {
		return nil
	}
	return op.Errorf(400, "InvalidArgument", "Requests specifying Server Side Encryption with AWS KMS managed keys must be made over a secure connection.")
}

// newDataKey returns the key that an object's bytes are sealed with, and e
// with all that is needed to find the key again.
func (s *Service) newDataKey(c *op.Call, b *Bucket, key string, e SSE) ([]byte, SSE, error) {
	if e.Algorithm != sseKMS {
		return b.ServiceKey, e, nil
	}
	if err := secureForKMS(c, e); err != nil {
		return nil, e, err
	}
	encctx := encryptionContext(b, key, e)
	if !e.BucketKey {
		plain, blob, err := s.keys.GenerateDataKey(c, e.KeyARN, encctx)
		e.DataKey = blob
		return plain, e, kmsError(err)
	}
	outer, blob, err := s.bucketKey(c, b, e.KeyARN, encctx)
	if err != nil {
		return nil, e, kmsError(err)
	}
	plain, err := randomBytes(c, 32)
	if err != nil {
		return nil, e, err
	}
	e.DataKey = blob
	e.Wrapped, err = seal(c, outer, plain, "bucket key")
	return plain, e, err
}

// bucketKey returns the caller's current bucket-level key, a new one if there
// is none or it is too old.
func (s *Service) bucketKey(c *op.Call, b *Bucket, keyARN string, encctx map[string]string) (plain, blob []byte, err error) {
	id := bucketKeyID(c, b, keyARN, encctx)
	if k := s.cachedBucketKey(c, id); k != nil {
		plain, err = s.keys.Decrypt(c, keyARN, k.Blob, encctx)
		return plain, k.Blob, err
	}
	plain, blob, err = s.keys.GenerateDataKey(c, keyARN, encctx)
	if err == nil {
		s.bucketKeys.Put(id, &BucketKey{Blob: blob, Made: c.Now})
	}
	return plain, blob, err
}

// bucketKeyID is where a caller's bucket-level key is kept. Source: S3 User Guide bucket-key:
// S3 asks KMS "at least once per requester", and for each encryption context that is added.
func bucketKeyID(c *op.Call, b *Bucket, keyARN string, encctx map[string]string) string {
	id := b.Name + sep + keyARN + sep + c.Caller.Principal.ARN
	for _, name := range slices.Sorted(maps.Keys(encctx)) {
		if name != "aws:s3:arn" {
			id += sep + name + sep + encctx[name]
		}
	}
	return id
}

// cachedBucketKey is a bucket-level key that still serves; nil: there is none.
func (s *Service) cachedBucketKey(c *op.Call, id string) *BucketKey {
	if k := s.bucketKeys.Get(id); k != nil && c.Now.Sub(k.Made) < bucketKeyLife && !c.Now.Before(k.Made) {
		return k
	}
	return nil
}

// noteSSE tells the audit record how the object is encrypted, and who chose that.
//
// Source: S3 User Guide bucket-encryption-tracking, SSEApplied.
func noteSSE(c *op.Call, e SSE, in sseInput) {
	applied := "SSE_S3"
	if e.Algorithm == sseKMS {
		applied = "SSE_KMS"
	}
	if in.Encryption == "" {
		applied = "Default_" + applied
	}
	c.Annotate("SSEApplied", applied)
}

// dataKey finds the key of an object or upload again.
func (s *Service) dataKey(c *op.Call, b *Bucket, key string, e SSE) ([]byte, error) {
	if e.Algorithm != sseKMS {
		return b.ServiceKey, nil
	}
	if err := secureForKMS(c, e); err != nil {
		return nil, err
	}
	plain, err := s.keys.Decrypt(c, e.KeyARN, e.DataKey, encryptionContext(b, key, e))
	if err != nil {
		return nil, kmsError(err)
	}
	if !e.BucketKey {
		return plain, nil
	}
	return unseal(plain, e.Wrapped, "bucket key")
}

// putBlob seals a body and stores it. It returns the blob's ID.
func (s *Service) putBlob(c *op.Call, key, body []byte) (string, error) {
	id, err := randomID(c, 32)
	if err != nil {
		return "", err
	}
	sealed, err := seal(c, key, body, id)
	if err != nil {
		return "", err
	}
	s.blobs.Put(id, &Blob{Sealed: sealed})
	return id, nil
}

func (s *Service) openBlob(key []byte, id string) ([]byte, error) {
	blob := s.blobs.Get(id)
	if blob == nil {
		return nil, fmt.Errorf("s3: the blob %s is gone", id)
	}
	return unseal(key, blob.Sealed, id)
}

// seal encrypts with AES-256-GCM under a random nonce, which comes first.
func seal(c *op.Call, key, plain []byte, label string) ([]byte, error) {
	g, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, g.NonceSize(), g.NonceSize()+len(plain)+g.Overhead())
	if _, err := io.ReadFull(c.Rand, sealed); err != nil {
		return nil, fmt.Errorf("s3: read randomness: %w", err)
	}
	return g.Seal(sealed, sealed, plain, []byte(label)), nil
}

func unseal(key, sealed []byte, label string) ([]byte, error) {
	g, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < g.NonceSize() {
		return nil, errors.New("s3: the ciphertext is too short")
	}
	plain, err := g.Open(nil, sealed[:g.NonceSize()], sealed[g.NonceSize():], []byte(label))
	if err != nil {
		return nil, fmt.Errorf("s3: the ciphertext does not open: %w", err)
	}
	return plain, nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	return cipher.NewGCM(block)
}
