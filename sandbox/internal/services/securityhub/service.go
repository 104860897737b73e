package securityhub

import (
	"net/http"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Service is Security Hub. Its methods run under the state's lock.
type Service struct {
	protocol op.Protocol
	hubs     *store.Table[hub]
	findings *store.Table[finding]
	// aggregators are kept by their account.
	aggregators *store.Table[aggregator]
}

// body is how Security Hub writes its shapes.
var body wire.RESTJSON

// New adds Security Hub's tables to db.
func New(db *store.DB) *Service {
	d := body
	d.Routes = routes
	return &Service{
		protocol: wire.NewRESTJSON(d),
		hubs:     store.NewTable[hub](db, "securityhub.hubs"),
		findings: store.NewTable[finding](db, "securityhub.findings"),

		aggregators: store.NewTable[aggregator](db, "securityhub.aggregators"),
	}
}

var pages = map[string]string{"MaxResults": "MaxResults", "NextToken": "NextToken"}

var routes = []wire.Route{
	{Operation: "EnableSecurityHub", Method: "POST", Path: "/accounts"},
	{Operation: "DescribeHub", Method: "GET", Path: "/accounts", Query: map[string]string{"HubArn": "HubArn"}},
	{Operation: "UpdateSecurityHubConfiguration", Method: "PATCH", Path: "/accounts"},
	{Operation: "DisableSecurityHub", Method: "DELETE", Path: "/accounts"},
	{Operation: "BatchEnableStandards", Method: "POST", Path: "/standards/register"},
	{Operation: "BatchDisableStandards", Method: "POST", Path: "/standards/deregister"},
	{Operation: "GetEnabledStandards", Method: "POST", Path: "/standards/get"},
	{Operation: "DescribeStandards", Method: "GET", Path: "/standards", Query: pages},
	{Operation: "EnableImportFindingsForProduct", Method: "POST", Path: "/productSubscriptions"},
	{Operation: "ListEnabledProductsForImport", Method: "GET", Path: "/productSubscriptions", Query: pages},
	{Operation: "DisableImportFindingsForProduct", Method: "DELETE", Path: "/productSubscriptions/{ProductSubscriptionArn+}"},
	{Operation: "BatchImportFindings", Method: "POST", Path: "/findings/import"},
	{Operation: "BatchUpdateFindings", Method: "PATCH", Path: "/findings/batchupdate"},
	{Operation: "GetFindings", Method: "POST", Path: "/findings"},
	{Operation: "CreateFindingAggregator", Method: "POST", Path: "/findingAggregator/create"},
	{Operation: "ListFindingAggregators", Method: "GET", Path: "/findingAggregator/list", Query: pages},
	{Operation: "GetFindingAggregator", Method: "GET", Path: "/findingAggregator/get/{FindingAggregatorArn+}"},
	{Operation: "UpdateFindingAggregator", Method: "PATCH", Path: "/findingAggregator/update"},
	{Operation: "DeleteFindingAggregator", Method: "DELETE", Path: "/findingAggregator/delete/{FindingAggregatorArn+}"},
	{Operation: "ListTagsForResource", Method: "GET", Path: "/tags/{ResourceArn}"},
	{Operation: "TagResource", Method: "POST", Path: "/tags/{ResourceArn}"},
	{Operation: "UntagResource", Method: "DELETE", Path: "/tags/{ResourceArn}", Query: map[string]string{"tagKeys": "TagKeys"}},
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "securityhub" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "securityhub.amazonaws.com" }

// Protocol is REST-JSON.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows are the operations.
func (s *Service) Rows() []op.Row {
	return slices.Concat(s.hubRows(), s.standardRows(), s.productRows(), s.findingRows(), s.aggregatorRows(), s.tagRows())
}

// Keys are the condition keys that the operations put into requests.
// Source: Service Authorization Reference, AWS Security Hub.
func (s *Service) Keys() []string {
	return []string{"aws:RequestTag/*", "aws:ResourceTag/*", "aws:TagKeys", "securityhub:TargetAccount", "securityhub:ASFFSyntaxPath/*"}
}

// place is where the records of an account's region stand.
func place(account, region string) string { return account + "/" + region + "/" }

func invalid(format string, args ...any) *op.Error {
	return op.Errorf(http.StatusBadRequest, "InvalidInputException", format, args...)
}

func refuse(what string) *op.Error { return invalid("the sandbox does not implement %s", what) }

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// limit reads MaxResults, which Security Hub bounds by 100.
func limit(n *int32) (int, error) {
	if n == nil {
		return 100, nil
	}
	if *n < 1 || *n > 100 {
		return 0, invalid("MaxResults must be between 1 and 100.")
	}
	return int(*n), nil
}

// token takes the empty token of a first page for none.
func token(t *string) *string {
	if text(t) == "" {
		return nil
	}
	return t
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
