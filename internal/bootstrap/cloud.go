package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// cloud asks the account. It uses the SDK, not the engine: what an engine did
// is not verified by asking the engine.
type cloud struct {
	s3                                *s3.Client
	kms                               *kms.Client
	iam                               *iam.Client
	sts                               *sts.Client
	account, region, bucket, stateKey string
}

func newCloud(o *Options) *cloud {
	cfg := bounded(o.AWS.Copy())
	cfg.Region = o.Region
	return &cloud{
		s3: s3.NewFromConfig(cfg), kms: kms.NewFromConfig(cfg), iam: iam.NewFromConfig(cfg), sts: sts.NewFromConfig(cfg),
		account: o.Account, region: o.Region, bucket: o.Bucket, stateKey: o.StateKey,
	}
}

// status is the HTTP status of a refusal; 0 when there was no answer.
func status(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// code is the error code of a refusal; "" when there was no answer.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// bucketState says whose the bucket's name is.
type bucketState int

const (
	bucketFree  bucketState = iota // nobody's
	bucketOurs                     // this account's, in this region
	bucketTaken                    // another account's, or out of our reach
	bucketAway                     // in another region
)

// headBucket asks who owns the bucket's name.
// Source: S3 API HeadBucket: 404 no such bucket, 403 no permission or not the
// expected owner, 301 another region.
func (c *cloud) headBucket(ctx context.Context) (bucketState, error) {
	_, err := c.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &c.bucket, ExpectedBucketOwner: &c.account})
	switch status(err) {
	case http.StatusNotFound:
		return bucketFree, nil
	case http.StatusForbidden:
		return bucketTaken, nil
	case http.StatusMovedPermanently, http.StatusBadRequest:
		return bucketAway, nil
	}
	if err != nil {
		return 0, fmt.Errorf("ask for bucket %s: %w", c.bucket, err)
	}
	return bucketOurs, nil
}

// object is what is known of a version of an object without reading it.
type object struct {
	version, encryption, kmsKey string
}

// head returns what S3 says of an object; nil if there is none. An empty
// version is the current one.
func (c *cloud) head(ctx context.Context, key, version string) (*object, error) {
	in := &s3.HeadObjectInput{Bucket: &c.bucket, Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	out, err := c.s3.HeadObject(ctx, in)
	if status(err) == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ask for s3://%s/%s: %w", c.bucket, key, err)
	}
	return &object{aws.ToString(out.VersionId), string(out.ServerSideEncryption), aws.ToString(out.SSEKMSKeyId)}, nil
}

// get reads an object; nil if there is none.
func (c *cloud) get(ctx context.Context, key string) ([]byte, error) {
	out, err := c.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &c.bucket, Key: &key})
	if code(err) == "NoSuchKey" || code(err) == "NoSuchBucket" || err != nil && status(err) == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", c.bucket, key, err)
	}
	defer out.Body.Close()
	raw, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", c.bucket, key, err)
	}
	return raw, nil
}

// latestVersion returns the newest version of exactly this key that is not a
// delete marker; "" if there never was one.
func (c *cloud) latestVersion(ctx context.Context, key string) (string, error) {
	pages := s3.NewListObjectVersionsPaginator(c.s3, &s3.ListObjectVersionsInput{Bucket: &c.bucket, Prefix: &key})
	newest := types.ObjectVersion{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if status(err) == http.StatusNotFound {
			return "", nil
		}
		if err != nil {
			return "", fmt.Errorf("list the versions of s3://%s/%s: %w", c.bucket, key, err)
		}
		for _, v := range page.Versions {
			if aws.ToString(v.Key) == key && (newest.VersionId == nil || aws.ToTime(v.LastModified).After(aws.ToTime(newest.LastModified))) {
				newest = v
			}
		}
	}
	return aws.ToString(newest.VersionId), nil
}

func (c *cloud) lockKey() string { return c.stateKey + ".tflock" }

// lock returns who holds the state's lock; nil if nobody does.
func (c *cloud) lock(ctx context.Context) (*tfstate.LockInfo, error) {
	raw, err := c.get(ctx, c.lockKey())
	if raw == nil || err != nil {
		return nil, err
	}
	return tfstate.ReadLock(raw), nil
}

// unlock deletes the lock file if it is still the lock with that ID, as
// force-unlock does. It is not left to the engine, because before a migration
// the engine is not initialised for the bucket.
func (c *cloud) unlock(ctx context.Context, id string) error {
	l, err := c.lock(ctx)
	if err != nil || l == nil {
		return err
	}
	if l.ID != id {
		return fmt.Errorf("the lock changed hands: it is %q now, not %q", l.ID, id)
	}
	key := c.lockKey()
	if _, err := c.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &c.bucket, Key: &key}); err != nil {
		return fmt.Errorf("delete s3://%s/%s: %w", c.bucket, key, err)
	}
	return nil
}

// keyARN returns the ARN behind a key alias; "" if there is no such alias.
func (c *cloud) keyARN(ctx context.Context, alias string) (string, error) {
	out, err := c.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &alias})
	if code(err) == "NotFoundException" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask for key %s: %w", alias, err)
	}
	return aws.ToString(out.KeyMetadata.Arn), nil
}
