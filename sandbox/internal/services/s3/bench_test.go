package s3_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// BenchmarkReKey is what re-keying 1,000 states costs by the SDK, 16 at once: of each the
// head, a lock, a copy onto itself under a key, and the lock's removal.
func BenchmarkReKey(b *testing.B) {
	const states, atOnce = 1000, 16
	sb, err := sandbox.Start(ctx, sandbox.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = sb.Close() }()
	t := &testing.T{}
	w := &world{t: t, sb: sb}
	cfg := sb.Config(sb.Credentials())
	cfg.Region = region
	w.use(cfg)
	w.versioned("room")
	arn := w.key()
	body := strings.Repeat("x", 20<<10)
	for i := range states {
		w.put("room", fmt.Sprint("state-", i), body)
	}
	b.ReportAllocs()
	for b.Loop() {
		var next, failed atomic.Int64
		var all sync.WaitGroup
		for range atOnce {
			all.Go(func() {
				for i := next.Add(1) - 1; i < states; i = next.Add(1) - 1 {
					if err := reKey(w.root, fmt.Sprint("state-", i), arn); err != nil {
						failed.Add(1)
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		if failed.Load() > 0 {
			b.FailNow()
		}
	}
	b.ReportMetric(float64(states*4*b.N)/b.Elapsed().Seconds(), "requests/s")
}

func reKey(c *s3.Client, key, arn string) error {
	bucket, lock := aws.String("room"), aws.String(key+".tflock")
	head, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: &key})
	if err != nil {
		return err
	}
	if _, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: lock, Body: strings.NewReader("{}"), IfNoneMatch: aws.String("*")}); err != nil {
		return err
	}
	if _, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: &key, CopySource: aws.String("room/" + key), CopySourceIfMatch: head.ETag, IfMatch: head.ETag,
		ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &arn}); err != nil {
		return err
	}
	_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: lock})
	return err
}
