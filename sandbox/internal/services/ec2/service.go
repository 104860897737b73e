package ec2

import (
	"slices"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Keys is what EBS needs of KMS.
type Keys interface {
	// KeyARN resolves a key ID, alias or ARN, looked up in account and region.
	KeyARN(account, region, keyIDOrAliasOrARN string) (arn string, err error)
	// Check returns what the caller must be allowed before EBS may use the key
	// for it. via is "ec2.REGION.amazonaws.com".
	Check(c *op.Call, action, keyARN string, encctx map[string]string, via string) (op.Check, error)
	// AWSManagedKey returns the ARN of the AWS managed key of a service, made on
	// first use: call it from writes only.
	AWSManagedKey(account, region, service string) (arn string, err error)
}

// Service is EC2. Its methods run under the state's lock.
type Service struct {
	keys     Keys
	protocol op.Protocol
	defaults *store.Table[defaults]
	volumes  *store.Table[volume]
}

// New adds EC2's tables to db.
func New(db *store.DB, keys Keys) *Service {
	return &Service{
		keys:     keys,
		protocol: wire.NewEC2("2016-11-15", "http://ec2.amazonaws.com/doc/2016-11-15/"),
		defaults: store.NewTable[defaults](db, "ec2.defaults"),
		volumes:  store.NewTable[volume](db, "ec2.volumes"),
	}
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "ec2" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "ec2.amazonaws.com" }

// Protocol is EC2's own.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows are the operations.
func (s *Service) Rows() []op.Row { return slices.Concat(s.defaultRows(), s.volumeRows()) }

// Keys are the condition keys that the operations put into requests.
// Source: Service Authorization Reference, Amazon EC2, actions CreateVolume and
// DeleteVolume.
func (s *Service) Keys() []string {
	return []string{"ec2:AvailabilityZone", "ec2:Encrypted", "ec2:KmsKeyId", "ec2:Region", "ec2:ResourceTag/*", "ec2:VolumeID",
		"ec2:VolumeIops", "ec2:VolumeSize", "ec2:VolumeThroughput", "ec2:VolumeType", "ec2:ParentSnapshot", "ec2:CreateAction"}
}

// place is where a record of an account's region stands.
func place(account, region string) string { return account + "/" + region + "/" }

// dry ends a request that only asks whether it would be allowed, after it was.
// Source: EC2 API Reference "Common query parameters", DryRun.
func dry(flag *bool) error {
	if flag != nil && *flag {
		return op.Errorf(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
	}
	return nil
}
