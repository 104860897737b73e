package cloudtrail

import (
	"net/http"
	"slices"

	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/s3"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Keys is what trails need of KMS.
type Keys interface {
	// KeyARN resolves a key ID, alias or ARN, looked up in account and region.
	KeyARN(account, region, id string) (arn string, err error)
}

// Buckets is what trails need of S3.
type Buckets interface {
	// BucketRegion is where a bucket is; ok is false if there is none.
	BucketRegion(name string) (region string, ok bool)
	// DeliveryChecks are what CloudTrail must be allowed by bucket and key.
	DeliveryChecks(c *op.Call, d s3.Delivery) (bucket, key []op.Check, err error)
}

// Service is CloudTrail. Its methods run under the state's lock, but for Logs.
type Service struct {
	// Events returns what happened, oldest first, for LookupEvents. Set it before the
	// first request.
	Events func() []audit.Event

	keys     Keys
	buckets  Buckets
	groups   LogGroups
	topics   Topics
	roles    Roles
	protocol op.Protocol
	db       *store.DB
	trails   *store.Table[trail]
	statuses *store.Table[status]
	pending  *store.Table[pendingEvent]
	outbox   *store.Table[pendingEvent]
	chains   *store.Table[chain]
	signers  *store.Table[signer]
}

// New adds CloudTrail's tables to db.
func New(db *store.DB, keys Keys, buckets Buckets, groups LogGroups, topics Topics, roles Roles) *Service {
	return &Service{
		keys: keys, buckets: buckets, groups: groups, topics: topics, roles: roles, protocol: wire.NewJSON("CloudTrail_20131101", "1.1"), db: db,
		trails:   store.NewTable[trail](db, "cloudtrail.trails"),
		statuses: store.NewTable[status](db, "cloudtrail.statuses"),
		pending:  store.NewTable[pendingEvent](db, "cloudtrail.pending"),
		outbox:   store.NewTable[pendingEvent](db, "cloudtrail.outbox"),
		chains:   store.NewTable[chain](db, "cloudtrail.chains"),
		signers:  store.NewTable[signer](db, "cloudtrail.signers"),
	}
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "cloudtrail" }

// EventSource is CloudTrail's own name.
func (s *Service) EventSource() string { return principal }

// Protocol is AWS JSON 1.1.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows are the operations.
func (s *Service) Rows() []op.Row {
	return slices.Concat(s.createRows(), s.trailRows(), s.loggingRows(), s.selectorRows(), s.insightRows(), s.tagRows(), s.lookupRows(), s.keyRows())
}

// Keys are the condition keys that the operations put into requests. aws:ResourceTag is
// for event data stores, channels and trails.
// Source: Service Authorization Reference, AWS CloudTrail.
func (s *Service) Keys() []string {
	return []string{"aws:RequestTag/*", "aws:ResourceTag/*", "aws:TagKeys"}
}

// principal is who CloudTrail delivers as.
const principal = "cloudtrail.amazonaws.com"

func fail(code, format string, args ...any) *op.Error {
	return op.Errorf(http.StatusBadRequest, code, format, args...)
}

func refuse(what string) *op.Error {
	return fail("UnsupportedOperationException", "the sandbox does not implement %s", what)
}

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

func yes(p *bool) bool { return p != nil && *p }

// anywhere is the check of an operation without a resource.
func anywhere(c *op.Call, action string) []op.Check {
	return []op.Check{{Action: "cloudtrail:" + action, Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}
}
