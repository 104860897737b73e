package rekey

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// copySource names an object for a copy. Source: S3 API CopyObject,
// x-amz-copy-source: it must be URL-encoded, and SDKs leave that to us.
func copySource(bucket, key, version string) string {
	parts := strings.Split(key, "/")
	for i := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(parts[i]), "+", "%20")
	}
	s := bucket + "/" + strings.Join(parts, "/")
	if version != "" {
		s += "?versionId=" + url.QueryEscape(version)
	}
	return s
}

// copy has S3 copy a version over the current one, if that still is what it was. It
// returns the new version's mark.
//
// Metadata, content type and tags are copied with the object. A storage class is not:
// what a copy does not name becomes STANDARD. So it is named.
// Source: S3 API CopyObject, x-amz-metadata-directive, x-amz-tagging-directive,
// x-amz-storage-class.
func (w *work) copy(ctx context.Context, j *journal, s *State, from, over *object) (string, error) {
	if aws.ToInt64(from.ContentLength) > w.limits.Copy {
		return w.copyParts(ctx, j, s, from, over)
	}
	room := w.Bucket.Room
	out, err := w.Bucket.S3.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &room.State.Bucket, Key: &s.Key, CopySource: aws.String(copySource(room.State.Bucket, s.Key, from.version)),
		CopySourceIfMatch: &from.etag, IfMatch: &over.etag,
		MetadataDirective: types.MetadataDirectiveCopy, TaggingDirective: types.TaggingDirectiveCopy, StorageClass: from.StorageClass,
		ServerSideEncryption: types.ServerSideEncryption(s.Then.Algorithm), SSEKMSKeyId: optional(s.Then.KeyARN), BucketKeyEnabled: wish(s.Then.BucketKey),
		ExpectedBucketOwner: &room.Account, ExpectedSourceBucketOwner: &room.Account,
	})
	if err != nil {
		return "", fmt.Errorf("copy %s under %s: %w", w.where(s.Key, from.version), phrase(s.Then), err)
	}
	mark := object{version: aws.ToString(out.VersionId)}
	if out.CopyObjectResult != nil {
		mark.etag = aws.ToString(out.CopyObjectResult.ETag)
	}
	return mark.mark(), nil
}

// wish asks for a Bucket Key where there is to be one; elsewhere nothing is said.
func wish(yes bool) *bool {
	if !yes {
		return nil
	}
	return &yes
}
