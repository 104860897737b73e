package ssm

import (
	"net/http"
	"slices"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Keys is what Parameter Store needs of KMS.
type Keys interface {
	// KeyARN resolves a key ID, alias or ARN, looked up in account and region.
	KeyARN(account, region, keyIDOrAliasOrARN string) (arn string, err error)
	// Check returns what the caller must be allowed before Parameter Store may use the key
	// for it. via is "ssm.REGION.amazonaws.com".
	Check(c *op.Call, action, keyARN string, encctx map[string]string, via string) (op.Check, error)
	// Encrypt encrypts up to 4096 bytes. It does not authorise.
	Encrypt(c *op.Call, keyARN string, plain []byte, encctx map[string]string) (blob []byte, err error)
	// GenerateDataKey makes a 256-bit data key. It does not authorise.
	GenerateDataKey(c *op.Call, keyARN string, encctx map[string]string) (plain, blob []byte, err error)
	// Decrypt opens a blob that Encrypt or GenerateDataKey made. It does not authorise.
	Decrypt(c *op.Call, keyARN string, blob []byte, encctx map[string]string) ([]byte, error)
	// AWSManagedKey returns the ARN of the AWS managed key of a service, made on first
	// use: call it from writes only.
	AWSManagedKey(account, region, service string) (arn string, err error)
}

// Service is Parameter Store. Its methods run under the state's lock.
type Service struct {
	keys       Keys
	protocol   op.Protocol
	parameters *store.Table[parameter]
	versions   *store.Table[version]
}

// New adds Parameter Store's tables to db.
func New(db *store.DB, keys Keys) *Service {
	return &Service{
		keys: keys, protocol: wire.NewJSON("AmazonSSM", "1.1"),
		parameters: store.NewTable[parameter](db, "ssm.parameters"),
		versions:   store.NewTable[version](db, "ssm.versions"),
	}
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "ssm" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "ssm.amazonaws.com" }

// Protocol is AWS JSON 1.1.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows are the operations.
func (s *Service) Rows() []op.Row {
	return slices.Concat(s.putRows(), s.getRows(), s.pathRows(), s.describeRows(), s.historyRows(), s.deleteRows(), s.labelRows(), s.tagRows())
}

// Keys are the condition keys that the operations put into requests, and those of other
// parts of Systems Manager, which are rightly absent.
// Source: Service Authorization Reference, AWS Systems Manager.
func (s *Service) Keys() []string {
	return []string{"aws:RequestTag/*", "aws:ResourceTag/*", "aws:TagKeys", "ssm:Overwrite", "ssm:Policies", "ssm:Recursive", "ssm:resourceTag/*",
		"ec2:SourceInstanceARN", "ssm:AccessRequestId", "ssm:AutoApprove", "ssm:DocumentCategories", "ssm:DocumentType", "ssm:DocumentVersion",
		"ssm:InventoryTypeName", "ssm:NodeAccountId", "ssm:NodeOrgId", "ssm:SessionDocumentAccessCheck", "ssm:SourceInstanceARN", "ssm:SyncType"}
}

func fail(code, format string, args ...any) *op.Error {
	return op.Errorf(http.StatusBadRequest, code, format, args...)
}

func invalid(format string, args ...any) *op.Error {
	return fail("ValidationException", format, args...)
}

func refuse(what string) *op.Error { return invalid("the sandbox does not implement %s", what) }

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

// place is where the records of an account's region stand.
func place(account, region string) string { return account + "/" + region + "/" }
