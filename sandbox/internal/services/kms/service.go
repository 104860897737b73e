package kms

import (
	"io"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

// Principals resolves the ARNs that a key policy or a grant names, so that
// what was saved means the principal that existed then.
type Principals interface {
	// ResolvePrincipal returns the unique ID of a user or role; ok is false
	// if there is none.
	ResolvePrincipal(arn string) (id string, ok bool)
}

// Service is KMS. Its methods run under the state's lock.
type Service struct {
	// Clock and Rand serve AWSManagedKey alone, which has no call at hand.
	// Nil: the system's. Set them before the first request.
	Clock func() time.Time
	Rand  io.Reader

	principals Principals
}

// New adds KMS's tables to db.
func New(db *store.DB, principals Principals) *Service {
	return &Service{principals: principals}
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "kms" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "kms.amazonaws.com" }

// KeyARN resolves a key ID, key ARN, alias name or alias ARN to the key's ARN.
// IDs and names are looked up in account and region. The error is KMS's
// NotFoundException or InvalidArnException.
func (s *Service) KeyARN(account, region, id string) (arn string, err error) {
	return "", op.Errorf(400, "NotFoundException", "Invalid keyId '%s'", id)
}

// Check returns what must be allowed before another service may use the key
// for the caller. via is that service, "s3.eu-west-2.amazonaws.com".
func (s *Service) Check(c *op.Call, action, keyARN string, encctx map[string]string, via string) (op.Check, error) {
	return op.Check{}, op.Errorf(400, "NotFoundException", "Key '%s' does not exist", keyARN)
}

// GenerateDataKey makes a 256-bit data key under the key. It does not
// authorise: ask for Check first.
func (s *Service) GenerateDataKey(c *op.Call, keyARN string, encctx map[string]string) (plain, blob []byte, err error) {
	return nil, nil, op.Errorf(400, "NotFoundException", "Key '%s' does not exist", keyARN)
}

// Decrypt opens a blob that GenerateDataKey made under the key. It does not
// authorise: ask for Check first.
func (s *Service) Decrypt(c *op.Call, keyARN string, blob []byte, encctx map[string]string) ([]byte, error) {
	return nil, op.Errorf(400, "NotFoundException", "Key '%s' does not exist", keyARN)
}

// AWSManagedKey returns the ARN of the account's AWS managed key for the
// service ("s3": alias/aws/s3), which is created on first use. Call it from an
// update only.
func (s *Service) AWSManagedKey(account, region, service string) (arn string, err error) {
	return "", op.Errorf(400, "NotFoundException", "Alias alias/aws/%s is not found.", service)
}
