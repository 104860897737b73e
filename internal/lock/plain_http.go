package lock

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func plainHTTP() *Lock {
	plain := func(w *World) *s3.Client {
		return w.s3As(&w.Operator, func(o *s3.Options) {
			o.BaseEndpoint = aws.String("http://s3." + w.Region + ".amazonaws.com")
		})
	}
	return &Lock{
		ID:       "plain-http",
		Claim:    "The state cannot be reached without TLS.",
		Enforced: "modules/state-backend/main.policy.tf: DenyPlainHTTP",
		Controls: []Attack{{
			By: "the operator", Request: "HeadObject of the state over https",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				out, err := w.operator().HeadObject(ctx, &s3.HeadObjectInput{Bucket: &w.Bucket, Key: &w.StateKey})
				if err != nil {
					return w.judge(err, nil, accessDenied...)
				}
				return w.judge(nil, &out.ResultMetadata)
			},
		}},
		Attacks: []Attack{{
			By: "the operator", Request: "GetObject of the state over http",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				out, err := plain(w).GetObject(ctx, &s3.GetObjectInput{Bucket: &w.Bucket, Key: &w.StateKey})
				if err != nil {
					// Without the lock S3 itself still refuses an SSE-KMS object over http.
					return w.judge(err, nil, append([]string{"InvalidArgument"}, accessDenied...)...)
				}
				out.Body.Close()
				return w.judge(nil, &out.ResultMetadata)
			},
		}, {
			By: "the operator", Request: "ListObjectsV2 over http",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				out, err := plain(w).ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &w.Bucket})
				if err != nil {
					return w.judge(err, nil, accessDenied...)
				}
				return w.judge(nil, &out.ResultMetadata)
			},
		}},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.editBucketPolicy(ctx, dropping("DenyPlainHTTP"))
		},
	}
}
