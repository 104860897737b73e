package rekey

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/statestore"
)

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
	u := upload{Key: s.Key}
	if u.Others, err = w.uploads(ctx, s.Key, nil); err != nil {
		return "", failed(err)
	}
	if err := w.began(j, u); err != nil {
		return "", failed(err)
	}
	made, err := w.Bucket.S3.CreateMultipartUpload(ctx, in)
	if err != nil {
		return "", w.abandon(ctx, j, u, failed(err)) // it may have been made
	}
	u.ID = aws.ToString(made.UploadId)
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

// abort aborts an upload. One whose ID never came is looked for: it is on the state's
// key, which is locked, was not there before, and was begun by the same caller. One that
// somebody else began may be a writer who does not lock, and is only named.
func (w *work) abort(ctx context.Context, u upload) error {
	ids := []string{u.ID}
	if u.ID == "" {
		var err error
		if ids, err = w.uploads(ctx, u.Key, u.Others); err != nil {
			return err
		}
	}
	for _, id := range ids {
		_, err := w.Bucket.S3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
			Bucket: &w.Bucket.Room.State.Bucket, Key: &u.Key, UploadId: &id, ExpectedBucketOwner: &w.Bucket.Room.Account,
		})
		if err != nil && statestore.Code(err) != "NoSuchUpload" {
			return fmt.Errorf("abort the copy of %s: %w", w.where(u.Key, ""), err)
		}
	}
	return nil
}

// uploads lists the uploads of a key. With others those are left out, and so are those
// of somebody else, which are told of. Source: S3 API ListMultipartUploads, Initiator.
func (w *work) uploads(ctx context.Context, key string, others []string) ([]string, error) {
	room, list, me := w.Bucket.Room, []string{}, w.Caller
	if others != nil {
		var err error
		if me, err = w.initiator(ctx); err != nil {
			return nil, err
		}
	}
	pages := s3.NewListMultipartUploadsPaginator(w.Bucket.S3, &s3.ListMultipartUploadsInput{Bucket: &room.State.Bucket, Prefix: &key, ExpectedBucketOwner: &room.Account})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the uploads of %s: %w", w.where(key, ""), err)
		}
		for _, u := range page.Uploads {
			id := aws.ToString(u.UploadId)
			switch {
			case aws.ToString(u.Key) != key || slices.Contains(others, id):
			case others != nil && (u.Initiator == nil || me == "" || aws.ToString(u.Initiator.ID) != me):
				w.note(fmt.Sprintf("an upload of %s is unfinished, perhaps our own: aws s3api abort-multipart-upload --bucket %s --key '%s' --upload-id %s", w.where(key, ""), room.State.Bucket, key, id))
			default:
				list = append(list, id)
			}
		}
	}
	return list, nil
}

// initiator is how S3 names who makes our requests as the one who began an upload: by
// ARN, but the root user of an account by the account's canonical ID.
// Source: S3 API Initiator; API ListBuckets, Owner.
func (w *work) initiator(ctx context.Context) (string, error) {
	if !strings.HasSuffix(w.Caller, ":root") {
		return w.Caller, nil
	}
	out, err := w.Bucket.S3.ListBuckets(ctx, &s3.ListBucketsInput{MaxBuckets: aws.Int32(1)})
	if err != nil {
		return "", fmt.Errorf("ask for the canonical ID of %s: %w", w.Caller, err)
	}
	if out.Owner == nil {
		return "", nil
	}
	return aws.ToString(out.Owner.ID), nil
}
