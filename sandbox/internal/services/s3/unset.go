package s3

import "github.com/strongroom-dev/strongroom/sandbox/internal/op"

// unsetRows are the configurations that a bucket of the sandbox never has:
// reading them answers as S3 does for a bucket without, and putting them is
// not implemented.
//
// Source: S3 API Reference, the error or response of each operation.
func (s *Service) unsetRows() []op.Row {
	missing := func(name, action, code, message string) op.Row {
		return op.New(name, "S3 API_"+name, op.Read, bucketChecks(s, action),
			func(c *op.Call, in *bucketInput) (*nothing, error) {
				return nil, unset(s.buckets.Get(in.Bucket), code, message)
			})
	}
	return []op.Row{
		missing("GetBucketCors", "s3:GetBucketCORS", "NoSuchCORSConfiguration", "The CORS configuration does not exist"),
		missing("GetBucketWebsite", "s3:GetBucketWebsite", "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
		missing("GetBucketReplication", "s3:GetReplicationConfiguration", "ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
		missing("GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"),
		empty[accelerateOutput](s, "GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration"),
		empty[notificationOutput](s, "GetBucketNotificationConfiguration", "s3:GetBucketNotification"),
		op.New("GetBucketRequestPayment", "S3 API_GetBucketRequestPayment", op.Read, bucketChecks(s, "s3:GetBucketRequestPayment"),
			func(*op.Call, *bucketInput) (*paymentOutput, error) {
				out := &paymentOutput{}
				out.Body.Payer = "BucketOwner"
				return out, nil
			}),
	}
}

type accelerateOutput struct {
	Body struct{} `rest:"xml:AccelerateConfiguration"`
}

type notificationOutput struct {
	Body struct{} `rest:"xml:NotificationConfiguration"`
}

type paymentOutput struct {
	Body struct {
		Payer string `xml:"Payer"`
	} `rest:"xml:RequestPaymentConfiguration"`
}

// empty is an operation whose answer is a document with nothing in it.
func empty[Out any](s *Service, name, action string) op.Row {
	return op.New(name, "S3 API_"+name, op.Read, bucketChecks(s, action),
		func(*op.Call, *bucketInput) (*Out, error) { return new(Out), nil })
}
