package accessanalyzer

import (
	"net/http"
	"regexp"
	"slices"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Service is IAM Access Analyzer. Its methods run under the state's lock.
type Service struct {
	protocol  op.Protocol
	analyzers *store.Table[analyzer]
}

// New adds Access Analyzer's table to db.
func New(db *store.DB) *Service {
	return &Service{
		protocol:  wire.NewRESTJSON(wire.RESTJSON{Routes: routes, Lower: true, ISOTimes: true}),
		analyzers: store.NewTable[analyzer](db, "accessanalyzer.analyzers"),
	}
}

const ruleOf = "/analyzer/{AnalyzerName}/archive-rule"

var (
	onceOnly = map[string]string{"clientToken": "ClientToken"}
	pages    = map[string]string{"maxResults": "MaxResults", "nextToken": "NextToken"}
)

var routes = []wire.Route{
	{Operation: "CreateAnalyzer", Method: "PUT", Path: "/analyzer"},
	{Operation: "ListAnalyzers", Method: "GET", Path: "/analyzer", Query: map[string]string{"maxResults": "MaxResults", "nextToken": "NextToken", "type": "Type"}},
	{Operation: "GetAnalyzer", Method: "GET", Path: "/analyzer/{AnalyzerName}"},
	{Operation: "DeleteAnalyzer", Method: "DELETE", Path: "/analyzer/{AnalyzerName}", Query: onceOnly},
	{Operation: "CreateArchiveRule", Method: "PUT", Path: ruleOf},
	{Operation: "ListArchiveRules", Method: "GET", Path: ruleOf, Query: pages},
	{Operation: "GetArchiveRule", Method: "GET", Path: ruleOf + "/{RuleName}"},
	{Operation: "UpdateArchiveRule", Method: "PUT", Path: ruleOf + "/{RuleName}"},
	{Operation: "DeleteArchiveRule", Method: "DELETE", Path: ruleOf + "/{RuleName}", Query: onceOnly},
	{Operation: "ListTagsForResource", Method: "GET", Path: "/tags/{ResourceArn}"},
	{Operation: "TagResource", Method: "POST", Path: "/tags/{ResourceArn}"},
	{Operation: "UntagResource", Method: "DELETE", Path: "/tags/{ResourceArn}", Query: map[string]string{"tagKeys": "TagKeys"}},
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "access-analyzer" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "access-analyzer.amazonaws.com" }

// Protocol is REST-JSON.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows are the operations.
func (s *Service) Rows() []op.Row {
	return slices.Concat(s.analyzerRows(), s.ruleRows(), s.tagRows())
}

// Keys are the condition keys that the operations put into requests.
// Source: Service Authorization Reference, AWS IAM Access Analyzer: it has none of its
// own.
func (s *Service) Keys() []string {
	return []string{"aws:RequestTag/*", "aws:ResourceTag/*", "aws:TagKeys"}
}

// place is where the records of an account's region stand.
func place(account, region string) string { return account + "/" + region + "/" }

func invalid(format string, args ...any) *op.Error {
	e := op.Errorf(http.StatusBadRequest, "ValidationException", format, args...)
	e.Fields = [][2]string{{"reason", "fieldValidationFailed"}}
	return e
}

func refuse(what string) *op.Error { return invalid("the sandbox does not implement %s", what) }

func missing(kind, id string) *op.Error {
	e := op.Errorf(http.StatusNotFound, "ResourceNotFoundException", "The %s %s does not exist", kind, id)
	e.Fields = [][2]string{{"resourceId", id}, {"resourceType", kind}}
	return e
}

func conflict(kind, id string) *op.Error {
	e := op.Errorf(http.StatusConflict, "ConflictException", "The %s %s already exists", kind, id)
	e.Fields = [][2]string{{"resourceId", id}, {"resourceType", kind}}
	return e
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// nameForm is what analyzers and archive rules are called.
var nameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)

// limit reads MaxResults.
func limit(n *int32) (int, error) {
	if n == nil {
		return 100, nil
	}
	if *n < 1 || *n > 100 {
		return 0, invalid("maxResults must be between 1 and 100")
	}
	return int(*n), nil
}
