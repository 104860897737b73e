package lambda

import (
	"net/http"
	"slices"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Keys is what Lambda needs of KMS.
type Keys interface {
	// KeyARN resolves a key ID, alias or ARN, looked up in account and region.
	KeyARN(account, region, keyIDOrAliasOrARN string) (arn string, err error)
	// Check returns what the caller must be allowed before Lambda may use the key for it.
	Check(c *op.Call, action, keyARN string, encctx map[string]string, via string) (op.Check, error)
	// GenerateDataKey makes a 256-bit data key. It does not authorise.
	GenerateDataKey(c *op.Call, keyARN string, encctx map[string]string) (plain, blob []byte, err error)
	// Decrypt opens a blob that GenerateDataKey made. It does not authorise.
	Decrypt(c *op.Call, keyARN string, blob []byte, encctx map[string]string) ([]byte, error)
	// AWSManagedKey returns the ARN of the AWS managed key of a service, made on first
	// use: call it from writes only.
	AWSManagedKey(account, region, service string) (arn string, err error)
}

// Identities is what Lambda needs of IAM.
type Identities interface {
	// RoleByARN finds a role by its exact ARN; nil: there is none.
	RoleByARN(arn string) *iam.Entity
	// ResolvePrincipal returns the unique ID of a user or role; ok is false if there
	// is none.
	ResolvePrincipal(arn string) (id string, ok bool)
}

// Service is Lambda. Its methods run under the state's lock.
type Service struct {
	keys      Keys
	iam       Identities
	as        func(*op.Caller) http.RoundTripper
	db        *store.DB
	protocol  op.Protocol
	functions *store.Table[function] // by account, region and name
	code      *store.Table[code]     // by function and hash
	queue     *store.Table[queued]   // by order

	// Runner executes functions; nil: they are not executed. Set it before the first
	// request.
	Runner *Runner
}

// New adds Lambda's tables to db. as makes the transport of a caller of the sandbox.
func New(db *store.DB, keys Keys, identities Identities, as func(*op.Caller) http.RoundTripper) *Service {
	return &Service{
		keys: keys, iam: identities, as: as, db: db, protocol: &protocol{wire.NewRESTJSON(wire.RESTJSON{Routes: routes})},
		functions: store.NewTable[function](db, "lambda.functions"),
		code:      store.NewTable[code](db, "lambda.code"),
		queue:     store.NewTable[queued](db, "lambda.queue"),
	}
}

const (
	all     = "/2015-03-31/functions"
	one     = all + "/{FunctionName}"
	dressed = "/2019-09-25/functions/{FunctionName}/event-invoke-config"
)

var (
	qualifier = map[string]string{"Qualifier": "Qualifier"}
	pages     = map[string]string{"Marker": "Marker", "MaxItems": "MaxItems"}
)

var routes = []wire.Route{
	{Operation: "CreateFunction", Method: "POST", Path: all, Status: http.StatusCreated},
	{Operation: "ListFunctions", Method: "GET", Path: all, Query: map[string]string{"Marker": "Marker", "MaxItems": "MaxItems", "MasterRegion": "MasterRegion", "FunctionVersion": "FunctionVersion"}},
	{Operation: "GetFunction", Method: "GET", Path: one, Query: qualifier},
	{Operation: "DeleteFunction", Method: "DELETE", Path: one, Query: qualifier, Status: http.StatusNoContent},
	{Operation: "GetFunctionConfiguration", Method: "GET", Path: one + "/configuration", Query: qualifier},
	{Operation: "UpdateFunctionConfiguration", Method: "PUT", Path: one + "/configuration"},
	{Operation: "UpdateFunctionCode", Method: "PUT", Path: one + "/code"},
	{Operation: "PublishVersion", Method: "POST", Path: one + "/versions", Status: http.StatusCreated},
	{Operation: "ListVersionsByFunction", Method: "GET", Path: one + "/versions", Query: pages},
	{Operation: "AddPermission", Method: "POST", Path: one + "/policy", Query: qualifier, Status: http.StatusCreated},
	{Operation: "GetPolicy", Method: "GET", Path: one + "/policy", Query: qualifier},
	{Operation: "RemovePermission", Method: "DELETE", Path: one + "/policy/{StatementId}", Query: map[string]string{"Qualifier": "Qualifier", "RevisionId": "RevisionId"}, Status: http.StatusNoContent},
	{Operation: "Invoke", Method: "POST", Path: one + "/invocations", Query: qualifier},
	{Operation: "GetFunctionCodeSigningConfig", Method: "GET", Path: "/2020-06-30/functions/{FunctionName}/code-signing-config"},
	{Operation: "PutFunctionConcurrency", Method: "PUT", Path: "/2017-10-31/functions/{FunctionName}/concurrency"},
	{Operation: "DeleteFunctionConcurrency", Method: "DELETE", Path: "/2017-10-31/functions/{FunctionName}/concurrency", Status: http.StatusNoContent},
	{Operation: "GetFunctionConcurrency", Method: "GET", Path: "/2019-09-30/functions/{FunctionName}/concurrency"},
	{Operation: "PutFunctionEventInvokeConfig", Method: "PUT", Path: dressed, Query: qualifier},
	{Operation: "UpdateFunctionEventInvokeConfig", Method: "POST", Path: dressed, Query: qualifier},
	{Operation: "GetFunctionEventInvokeConfig", Method: "GET", Path: dressed, Query: qualifier},
	{Operation: "DeleteFunctionEventInvokeConfig", Method: "DELETE", Path: dressed, Query: qualifier, Status: http.StatusNoContent},
	{Operation: "ListTags", Method: "GET", Path: "/2017-03-31/tags/{Resource}"},
	{Operation: "TagResource", Method: "POST", Path: "/2017-03-31/tags/{Resource}", Status: http.StatusNoContent},
	{Operation: "UntagResource", Method: "DELETE", Path: "/2017-03-31/tags/{Resource}", Query: map[string]string{"tagKeys": "TagKeys"}, Status: http.StatusNoContent},
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "lambda" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "lambda.amazonaws.com" }

// Protocol is REST-JSON, with the payload of Invoke.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows are the operations.
func (s *Service) Rows() []op.Row {
	return slices.Concat(s.createRows(), s.functionRows(), s.updateRows(), s.versionRows(), s.permissionRows(), s.concurrencyRows(), s.eventRows(), s.tagRows(), s.invokeRows())
}

// Keys are the condition keys that the operations put into requests, and those of
// parameters that are refused, which are rightly absent.
// Source: Service Authorization Reference, AWS Lambda. lambda:SourceFunctionArn, which
// requests of functions carry, is not implemented.
func (s *Service) Keys() []string {
	return []string{
		"aws:RequestTag/*", "aws:ResourceTag/*", "aws:TagKeys", "lambda:Principal", "lambda:FunctionUrlAuthType", "lambda:EventSourceToken",
		"lambda:CodeSigningConfigArn", "lambda:Layer", "lambda:SecurityGroupIds", "lambda:SubnetIds", "lambda:VpcIds", "lambda:FunctionArn",
	}
}

// fail makes one of Lambda's errors, which name whose fault it is.
func fail(status int, code, format string, args ...any) *op.Error {
	e := op.Errorf(status, code, format, args...)
	e.Fields = [][2]string{{"Type", "User"}}
	return e
}

func invalid(format string, args ...any) *op.Error {
	return fail(http.StatusBadRequest, "InvalidParameterValueException", format, args...)
}

func unfit(format string, args ...any) *op.Error {
	return fail(http.StatusBadRequest, "ValidationException", "1 validation error detected: "+format, args...)
}

func refuse(what string) *op.Error { return invalid("the sandbox does not implement %s", what) }

func missing(format string, args ...any) *op.Error {
	return fail(http.StatusNotFound, "ResourceNotFoundException", format, args...)
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
