package lock

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// holder is who holds the lock in the attack.
const holder = "alice@the-other-laptop"

// lockInfo is the engines' own lock file. Source: OpenTofu and Terraform,
// internal/states/statemgr LockInfo.
type lockInfo struct {
	ID, Operation, Info, Who, Version string
	Created                           time.Time
	Path                              string
}

func secondApply() *Lock {
	return &Lock{
		ID:       "second-apply",
		Claim:    "Whoever comes second is told who holds the lock.",
		Enforced: "bootstrap/backend.tf: use_lockfile",
		Attacks: []Attack{{
			By: "a second operator", Request: "plan of the bootstrap stack while " + holder + " applies",
			Do: func(ctx context.Context, w *World) (out Outcome, err error) {
				client, key := w.operator(), w.StateKey+".tflock"
				info, err := json.Marshal(lockInfo{
					ID: "5f2c1c9e-3b7c-4f2e-9c4b-000000000001", Operation: "OperationTypeApply", Who: holder,
					Created: time.Now().UTC(), Path: w.Bucket + "/" + w.StateKey,
				})
				if err != nil {
					return Outcome{}, err
				}
				_, err = client.PutObject(ctx, &s3.PutObjectInput{
					Bucket: &w.Bucket, Key: &key, Body: strings.NewReader(string(info)), IfNoneMatch: aws.String("*"),
					ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &w.KeyARN,
				})
				if err != nil {
					return Outcome{}, err
				}
				defer func() {
					_, e := client.DeleteObject(context.WithoutCancel(ctx), &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: &key})
					if err == nil {
						err = e
					}
				}()
				refusal, err := w.Stack.PlanLocked(ctx)
				if err != nil {
					return Outcome{}, err
				}
				if !strings.Contains(refusal, holder) {
					answer := "planned"
					if refusal != "" {
						answer = "refused without naming the holder: " + quoteEngine(refusal)
					}
					return Outcome{Answer: answer, DecidedBy: "no lock was taken"}, nil
				}
				return Outcome{Answer: "lock held by " + holder, Refused: true, DecidedBy: "s3:PutObject with If-None-Match on " + key}, nil
			},
		}},
		TakeOff: func(_ context.Context, w *World) (func() error, error) {
			return w.Stack.Edit("bootstrap/backend.tf", "use_lockfile", "use_lockfile = false #")
		},
	}
}
