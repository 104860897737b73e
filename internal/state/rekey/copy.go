package rekey

import (
	"context"
	"fmt"
	"net/http"
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

// copyParts is copy for what is too large for one request. Nothing is seen of it
// before it is complete; that is when the condition counts.
func (w *work) copyParts(ctx context.Context, j *journal, s *State, from, over *object) (string, error) {
	room, failed := w.Bucket.Room, func(err error) error {
		return fmt.Errorf("copy %s in parts under %s: %w", w.where(s.Key, from.version), phrase(s.Then), err)
	}
	in, err := w.newUpload(ctx, s, from)
	if err != nil {
		return "", failed(err)
	}
	made, err := w.Bucket.S3.CreateMultipartUpload(ctx, in)
	if err != nil {
		return "", failed(err)
	}
	u := upload{s.Key, aws.ToString(made.UploadId)}
	if err := w.began(j, u); err != nil {
		return "", w.abandon(ctx, j, u, failed(err))
	}
	size, part := aws.ToInt64(from.ContentLength), w.partSize(aws.ToInt64(from.ContentLength))
	done := &types.CompletedMultipartUpload{}
	for n, start := int32(1), int64(0); start < size; n, start = n+1, start+part {
		out, err := w.Bucket.S3.UploadPartCopy(ctx, &s3.UploadPartCopyInput{
			Bucket: &room.State.Bucket, Key: &s.Key, UploadId: made.UploadId, PartNumber: aws.Int32(n),
			CopySource: aws.String(copySource(room.State.Bucket, s.Key, from.version)), CopySourceIfMatch: &from.etag,
			CopySourceRange:     aws.String(fmt.Sprintf("bytes=%d-%d", start, min(start+part, size)-1)),
			ExpectedBucketOwner: &room.Account, ExpectedSourceBucketOwner: &room.Account,
		})
		if err != nil {
			return "", w.abandon(ctx, j, u, failed(err))
		}
		r := out.CopyPartResult
		done.Parts = append(done.Parts, types.CompletedPart{
			PartNumber: aws.Int32(n), ETag: r.ETag,
			ChecksumCRC32: r.ChecksumCRC32, ChecksumCRC32C: r.ChecksumCRC32C, ChecksumCRC64NVME: r.ChecksumCRC64NVME, ChecksumSHA1: r.ChecksumSHA1, ChecksumSHA256: r.ChecksumSHA256,
		})
	}
	out, err := w.Bucket.S3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &room.State.Bucket, Key: &s.Key, UploadId: made.UploadId, MultipartUpload: done, IfMatch: &over.etag, ExpectedBucketOwner: &room.Account,
	})
	if err != nil {
		return "", w.abandon(ctx, j, u, failed(err))
	}
	mark := object{version: aws.ToString(out.VersionId), etag: aws.ToString(out.ETag)}
	return mark.mark(), nil
}

// abandon aborts an upload that came to nothing. One that cannot be aborted stays in
// the journal.
func (w *work) abandon(ctx context.Context, j *journal, u upload, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTime)
	defer cancel()
	if aborted := w.abort(ctx, u); aborted != nil {
		j.mu.Lock()
		j.left = true
		j.mu.Unlock()
	}
	return err
}

// maxParts is how many parts an upload can have. Source: S3 User Guide, "Amazon S3
// multipart upload limits".
const maxParts = 10_000

func (w *work) partSize(size int64) int64 { return max(w.limits.Part, (size+maxParts-1)/maxParts) }

// newUpload asks for an upload with everything that a copy would take along by itself.
func (w *work) newUpload(ctx context.Context, s *State, from *object) (*s3.CreateMultipartUploadInput, error) {
	room := w.Bucket.Room
	in := &s3.CreateMultipartUploadInput{
		Bucket: &room.State.Bucket, Key: &s.Key, Metadata: from.Metadata, StorageClass: from.StorageClass,
		CacheControl: from.CacheControl, ContentDisposition: from.ContentDisposition, ContentEncoding: from.ContentEncoding,
		ContentLanguage: from.ContentLanguage, ContentType: from.ContentType, WebsiteRedirectLocation: from.WebsiteRedirectLocation,
		ServerSideEncryption: types.ServerSideEncryption(s.Then.Algorithm), SSEKMSKeyId: optional(s.Then.KeyARN), BucketKeyEnabled: wish(s.Then.BucketKey),
		ExpectedBucketOwner: &room.Account,
	}
	if from.ExpiresString != nil {
		if at, err := http.ParseTime(*from.ExpiresString); err == nil {
			in.Expires = &at
		}
	}
	tags, err := w.Bucket.S3.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &room.State.Bucket, Key: &s.Key, VersionId: optional(from.version), ExpectedBucketOwner: &room.Account})
	if err != nil {
		return nil, err
	}
	if len(tags.TagSet) > 0 {
		query := url.Values{}
		for _, t := range tags.TagSet {
			query.Set(aws.ToString(t.Key), aws.ToString(t.Value))
		}
		in.Tagging = aws.String(query.Encode())
	}
	return in, nil
}
