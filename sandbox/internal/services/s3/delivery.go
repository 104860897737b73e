package s3

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Delivery is an object that an AWS service will put into a bucket by itself.
type Delivery struct {
	// Service is who will do it.
	Service *op.Caller
	// Bucket and Key of the object.
	Bucket, Key string
	// KMSKey encrypts it; empty: the bucket's default decides.
	KMSKey string
	// Context is the encryption context that is added; nil: none.
	Context map[string]string
}

// SSEContext writes an encryption context as the header that adds it has it.
func SSEContext(context map[string]string) (string, error) {
	raw, err := json.Marshal(context)
	return base64.StdEncoding.EncodeToString(raw), err
}

// BucketRegion is where a bucket is; ok is false if there is none.
func (s *Service) BucketRegion(name string) (region string, ok bool) {
	b := s.buckets.Get(name)
	if b == nil {
		return "", false
	}
	return b.Region, true
}

// DeliveryChecks are what the service must be allowed: to read the bucket's access
// control list, and to put the object with the ACL bucket-owner-full-control; and apart
// from these, what it asks of KMS. The error is S3's: there is no such bucket, or no such
// key. Call it under the state's lock.
func (s *Service) DeliveryChecks(c *op.Call, d Delivery) (bucket, key []op.Check, err error) {
	own := *c
	own.Caller, own.Secure = d.Service, true
	own.HTTP = &http.Request{URL: &url.URL{}, Header: http.Header{}} // it is yet to come
	defer func() {
		for _, list := range [][]op.Check{bucket, key} {
			for i := range list {
				list[i].Caller = d.Service
			}
		}
	}()
	b := s.buckets.Get(d.Bucket)
	if b == nil {
		return nil, nil, op.Errorf(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
	}
	own.Region = b.Region
	in := &putObjectInput{Bucket: d.Bucket, Key: d.Key}
	in.ACL = "bucket-owner-full-control"
	if d.KMSKey != "" {
		in.Encryption, in.KMSKeyID = sseKMS, d.KMSKey
		if in.sseInput.Context, err = SSEContext(d.Context); err != nil {
			return nil, nil, err
		}
	}
	put, err := s.writeChecks(&own, b, d.Key, &in.writeInput, "true")
	if err != nil {
		return nil, nil, err
	}
	bucket = append(bucket, s.onBucket(&own, b, "s3:GetBucketAcl"))
	bucket = append(bucket, put...)
	e, err := s.chooseSSE(&own, b, in.sseInput)
	if err != nil {
		return bucket, nil, err
	}
	key, err = s.keyChecks(&own, b, "kms:GenerateDataKey", d.Key, e)
	return bucket, key, err
}
