package lock

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func (w *World) readState(ctx context.Context, creds *aws.Credentials, key string) (Outcome, error) {
	out, err := w.s3As(creds).GetObject(ctx, &s3.GetObjectInput{Bucket: &w.Bucket, Key: &key})
	if err != nil {
		return w.judge(err, nil, accessDenied...)
	}
	out.Body.Close()
	return w.judge(nil, &out.ResultMetadata)
}

func readWithoutDecrypt() *Lock {
	return &Lock{
		ID:       "read-without-decrypt",
		Claim:    "Reading every object of the account is not enough to read the state: it takes kms:Decrypt on its key.",
		Enforced: "modules/state-backend/main.keys.tf: the key policy, which lets in nobody by s3 permissions alone",
		Controls: []Attack{{
			By: "the operator", Request: "GetObject of the state",
			Do: func(ctx context.Context, w *World) (Outcome, error) { return w.readState(ctx, &w.Operator, w.StateKey) },
		}, {
			By: "a reader with s3:Get* and s3:List* on everything", Request: "ListObjectsV2 of the state bucket",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				out, err := w.s3As(&w.Reader).ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &w.Bucket})
				if err != nil {
					return w.judge(err, nil, accessDenied...)
				}
				return w.judge(nil, &out.ResultMetadata)
			},
		}},
		Attacks: []Attack{{
			By: "a reader with s3:Get* and s3:List* on everything", Request: "GetObject of the state",
			Do: func(ctx context.Context, w *World) (Outcome, error) { return w.readState(ctx, &w.Reader, w.StateKey) },
		}},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.giveRole(ctx, w.ReaderRole, fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":%q}}`, w.KeyARN))
		},
	}
}
