package s3

import (
	"slices"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Logging is where a bucket's access logs go. It is kept and given back; the
// sandbox writes no access logs, whose delivery AWS does not promise either.
//
// Target grants are refused: the list of the target is for its owner.
//
// Source: S3 User Guide ServerLogs, "best-effort server log delivery".
type Logging struct {
	Bucket string         `xml:"TargetBucket"`
	Prefix string         `xml:"TargetPrefix"`
	Format *loggingFormat `xml:"TargetObjectKeyFormat"`
}

// loggingFormat has one of its members.
type loggingFormat struct {
	Simple      *struct{}           `xml:"SimplePrefix"`
	Partitioned *loggingPartitioned `xml:"PartitionedPrefix"`
}

type loggingPartitioned struct {
	Source string `xml:"PartitionDateSource"`
}

type loggingStatus struct {
	Enabled *Logging `xml:"LoggingEnabled"`
}

type loggingInput struct {
	Bucket string        `rest:"label:bucket"`
	Status loggingStatus `rest:"xml:BucketLoggingStatus"`
}

func (in *loggingInput) bucketName() string { return in.Bucket }

type loggingOutput struct {
	Status loggingStatus `rest:"xml:BucketLoggingStatus"`
}

func (s *Service) loggingRows() []op.Row {
	return []op.Row{
		op.New("GetBucketLogging", "S3 API_GetBucketLogging", op.Read, bucketChecks(s, "s3:GetBucketLogging"),
			func(_ *op.Call, in *bucketInput) (*loggingOutput, error) {
				return &loggingOutput{loggingStatus{s.buckets.Get(in.Bucket).Logging}}, nil
			}),
		op.New("PutBucketLogging", "S3 API_PutBucketLogging", op.Write, configChecks[*loggingInput](s, "s3:PutBucketLogging"), s.putLogging),
	}
}

// putLogging: the target is a bucket of the same account and region. Whether it
// admits the logs is found out when one is delivered, on AWS as well.
//
// Source: S3 API_PutBucketLogging.
func (s *Service) putLogging(_ *op.Call, in *loggingInput) (*nothing, error) {
	nb := *s.buckets.Get(in.Bucket)
	if l := in.Status.Enabled; l != nil {
		target := s.buckets.Get(l.Bucket)
		switch {
		case target == nil || target.Account != nb.Account:
			return nil, op.Errorf(400, "InvalidTargetBucketForLogging", "The target bucket for logging does not exist, is not owned by you, or does not have the appropriate grants for the log-delivery group.")
		case target.Region != nb.Region:
			return nil, op.Errorf(403, "CrossLocationLoggingProhibitted", "Cross S3 location logging not allowed. ")
		}
		if f := l.Format; f != nil {
			if (f.Simple == nil) == (f.Partitioned == nil) {
				return nil, malformedXML("TargetObjectKeyFormat must have exactly one of SimplePrefix and PartitionedPrefix")
			}
			if f.Partitioned != nil && !slices.Contains([]string{"EventTime", "DeliveryTime"}, f.Partitioned.Source) {
				return nil, malformedXML("PartitionDateSource is " + f.Partitioned.Source)
			}
		}
	}
	nb.Logging = in.Status.Enabled
	s.buckets.Put(nb.Name, &nb)
	return &nothing{}, nil
}
