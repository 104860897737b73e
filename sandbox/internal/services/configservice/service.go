package configservice

import (
	"net/http"
	"regexp"
	"slices"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/s3"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Buckets is what Config needs of S3.
type Buckets interface {
	// BucketRegion is where a bucket is; ok is false if there is none.
	BucketRegion(name string) (region string, ok bool)
	// DeliveryChecks are what a service must be allowed that puts an object.
	DeliveryChecks(c *op.Call, d s3.Delivery) (bucket, key []op.Check, err error)
}

// Topics is what Config needs of SNS.
type Topics interface {
	// TopicExists reports whether there is a topic of this ARN.
	TopicExists(arn string) bool
}

// Roles is what Config needs of IAM.
type Roles interface {
	// RoleByARN finds a role; nil: there is none.
	RoleByARN(arn string) *iam.Entity
}

// Service is AWS Config. Its methods run under the state's lock.
type Service struct {
	buckets   Buckets
	topics    Topics
	roles     Roles
	protocol  op.Protocol
	recorders *store.Table[recorder]
	channels  *store.Table[channel]
	// retentions say how long history is kept.
	retentions *store.Table[retention]
	// rules, aggregators and authorizations are kept at place/name.
	rules          *store.Table[rule]
	aggregators    *store.Table[aggregator]
	authorizations *store.Table[authorization]
}

// New adds Config's tables to db.
func New(db *store.DB, buckets Buckets, topics Topics, roles Roles) *Service {
	return &Service{
		buckets:   buckets,
		topics:    topics,
		roles:     roles,
		protocol:  wire.NewMixedJSON("StarlingDoveService", "1.1"),
		recorders: store.NewTable[recorder](db, "config.recorders"),
		channels:  store.NewTable[channel](db, "config.channels"),

		retentions:     store.NewTable[retention](db, "config.retentions"),
		rules:          store.NewTable[rule](db, "config.rules"),
		aggregators:    store.NewTable[aggregator](db, "config.aggregators"),
		authorizations: store.NewTable[authorization](db, "config.authorizations"),
	}
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "config" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "config.amazonaws.com" }

// Protocol is JSON 1.1.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows are the operations.
func (s *Service) Rows() []op.Row {
	return slices.Concat(s.recorderRows(), s.channelRows(), s.retentionRows(), s.ruleRows(), s.aggregatorRows(), s.authorizationRows(), s.tagRows())
}

// Keys are the condition keys that the operations put into requests; that of
// service-linked recorders, which the sandbox does not have, is rightly absent.
// Source: Service Authorization Reference, AWS Config.
func (s *Service) Keys() []string {
	return []string{"aws:RequestTag/*", "aws:ResourceTag/*", "aws:TagKeys", "config:ConfigurationRecorderServicePrincipal"}
}

// place is where the record of an account's region stands: there is one of each.
func place(account, region string) string { return account + "/" + region }

func fault(code, format string, args ...any) *op.Error {
	return op.Errorf(http.StatusBadRequest, code, format, args...)
}

func refuse(what string) *op.Error {
	return fault("ValidationException", "the sandbox does not implement %s", what)
}

// nameForm is what recorders and channels are called.
var nameForm = regexp.MustCompile(`^[\w.,-]+$`)

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
