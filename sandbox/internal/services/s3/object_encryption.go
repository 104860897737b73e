package s3

import (
	"regexp"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

type updateEncryptionInput struct {
	objectInput
	Encryption objectEncryption `rest:"xml:ObjectEncryption"`
}

// objectEncryption is a union: one of its members is there. S3 takes the first alone;
// it has an answer of its own to the others.
type objectEncryption struct {
	KMS  *kmsEncryption `xml:"SSE-KMS"`
	S3   *struct{}      `xml:"SSE-S3"`
	Dual *struct{}      `xml:"DSSE-KMS"`
	C    *struct{}      `xml:"SSE-C"`
}

type kmsEncryption struct {
	KeyARN    string `xml:"KMSKeyArn"`
	BucketKey string `xml:"BucketKeyEnabled"`
}

func (s *Service) updateEncryptionRows() []op.Row {
	row := op.New("UpdateObjectEncryption", "S3 API_UpdateObjectEncryption", op.Write, s.updateEncryptionChecks, s.updateEncryption)
	row.Asks, row.Data = missingKeyReason, true
	return []op.Row{row}
}

// fullKeyARN is the form that a key must have: neither an ID nor an alias.
//
// Source: S3 API_SSEKMSEncryption, KMSKeyArn.
var fullKeyARN = regexp.MustCompile(`^arn:aws[-a-z0-9]*:kms:[-a-z0-9]*:[0-9]+:key/.+$`)

// target is the encryption that the request asks for.
//
// Source: S3 API_UpdateObjectEncryption, "Errors": each message.
func (in *updateEncryptionInput) target(old SSE) (SSE, error) {
	refuse := func(message string) error { return op.Errorf(400, "InvalidRequest", "%s", message) }
	e := SSE{Algorithm: sseKMS, Context: old.Context}
	k := in.Encryption.KMS
	switch {
	case in.Encryption.Dual != nil || in.Encryption.C != nil:
		return e, refuse("The UpdateObjectEncryption operation doesn't support updating the encryption type to DSSE-KMS or SSE-C. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.")
	case k == nil || in.Encryption.S3 != nil:
		return e, refuse("Requests that modify an object encryption configuration require a valid new encryption type. Valid values are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.")
	case k.KeyARN == "":
		return e, refuse("Requests that modify an object's encryption type to SSE-KMS require an AWS KMS key Amazon Resource Name (ARN). Modify the request to specify a KMS key ARN, and then try again.")
	case !fullKeyARN.MatchString(k.KeyARN):
		return e, refuse("Requests that modify an object's encryption type to SSE-KMS require a valid AWS KMS key Amazon Resource Name (ARN). Confirm that you have a correctly formatted KMS key ARN in your request, and then try again.")
	}
	switch k.BucketKey {
	case "true":
		e.BucketKey = true
	case "", "false":
	default:
		return e, refuse("The BucketKeyEnabled value isn't valid. Valid values are true or false. Modify the request to specify a valid value, and then try again.")
	}
	e.KeyARN = k.KeyARN
	return e, nil
}

// updateEncryptionChecks asks for the operation on the object, for the new key, and for the
// key that the object has: the pages name the actions together and do not say which key
// needs which. Here the new key needs all that could wrap a data key, the former one what
// unwraps it; the first of each is what the sandbox calls and records. ReEncryptFrom and ReEncryptTo are KMS's two halves of kms:ReEncrypt*. That
// the condition keys carry aws:kms and the ARN is an inference: the request has no headers.
// Choice s3-update-encryption-keys.
//
// The first editions of the page asked for s3:PutObject too. Those since the summer of 2026
// do not. Choice s3-update-encryption-put.
//
// Source: S3 API_UpdateObjectEncryption, "Permissions"; Service Authorization Reference,
// list_amazons3: the action's condition keys, and that versions have no action of their own.
func (s *Service) updateEncryptionChecks(c *op.Call, in *updateEncryptionInput) ([]op.Check, error) {
	b, err := s.bucket(c, in.Bucket)
	if err != nil {
		return nil, err
	}
	if err := checkVersionID(in.VersionID); err != nil {
		return nil, err
	}
	o := s.version(in.Bucket, in.Key, in.VersionID)
	var keys []op.Key
	if k := in.Encryption.KMS; k != nil {
		keys = present(append(keys, op.Single("s3:x-amz-server-side-encryption", sseKMS)), "s3:x-amz-server-side-encryption-aws-kms-key-id", k.KeyARN)
	}
	checks := []op.Check{s.onObject(c, b, "s3:UpdateObjectEncryption", in.Key, existing(keys, o)...)}
	if o == nil || o.DeleteMarker {
		return checks, nil
	}
	e, err := in.target(o.SSE)
	if err != nil || keyAccount(e.KeyARN) != b.Account {
		return checks, nil // the handler refuses it
	}
	for _, ask := range []struct {
		sse     SSE
		actions []string
	}{
		{o.SSE, []string{"kms:Decrypt", "kms:ReEncryptFrom"}},
		{e, []string{"kms:GenerateDataKey", "kms:Encrypt", "kms:Decrypt", "kms:ReEncryptTo"}},
	} {
		for _, action := range ask.actions {
			kms, err := s.keyChecks(c, b, action, in.Key, ask.sse)
			if err != nil {
				return deferred(checks, err)
			}
			for i := range kms {
				kms[i].Silent = kms[i].Silent || action != ask.actions[0]
				if action == "kms:ReEncryptFrom" || action == "kms:ReEncryptTo" {
					kms[i].Context = append(kms[i].Context, op.Single("kms:ReEncryptOnSameKey", same(o.SSE.KeyARN == e.KeyARN)))
				}
			}
			checks = append(checks, kms...)
		}
	}
	return checks, nil
}

func same(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// keyAccount is the account in a key's ARN.
func keyAccount(arn string) string {
	if part := strings.SplitN(arn, ":", 6); len(part) == 6 {
		return part[4]
	}
	return ""
}

// updateEncryption seals the object's bytes under a new data key of the key that is asked
// for. Everything else stays as it is: version, time, ETag, checksums, metadata, tags.
//
// AWS wraps the data key anew and leaves the bytes alone. Nobody can tell the difference:
// the former key is not needed any longer either way.
func (s *Service) updateEncryption(c *op.Call, in *updateEncryptionInput) (*nothing, error) {
	b := s.buckets.Get(in.Bucket)
	if algorithm, _, err := requestChecksum(c.HTTP.Header); err == nil && algorithm == "" && c.HTTP.Header.Get("Content-Md5") == "" {
		return nil, op.Errorf(400, "InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	if c.Caller.AccessKeyID == "" && c.Caller.Principal.Type != policy.Service {
		return nil, op.Errorf(400, "InvalidRequest", "Requests that modify an object encryption configuration require AWS Signature Version 4. Modify the request to use AWS Signature Version 4, and then try again.")
	}
	old, err := s.readable(c, &in.objectInput)
	if err != nil {
		return nil, err
	}
	e, err := in.target(old.SSE)
	if err != nil {
		return nil, err
	}
	if keyAccount(e.KeyARN) != b.Account {
		return nil, op.Errorf(403, "AccessDenied", "The AWS KMS key in the request must be owned by the same account as the bucket. Modify the request to specify a KMS key from the same account, and then try again.")
	}
	if _, err := s.keyChecks(c, b, "kms:GenerateDataKey", in.Key, e); err != nil {
		return nil, err
	}
	body, err := s.plaintext(c, b, old)
	if err != nil {
		return nil, err
	}
	key, e, err := s.newDataKey(c, b, in.Key, e)
	if err != nil {
		return nil, err
	}
	o := *old
	o.SSE = e
	if o.Blob, err = s.putBlob(c, key, body); err != nil {
		return nil, err
	}
	s.objects.Put(o.storeKey(), &o)
	s.blobs.Delete(old.Blob)
	return &nothing{}, nil
}
