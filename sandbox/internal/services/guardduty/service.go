package guardduty

import (
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"time"

	hub "github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Hub is what GuardDuty needs of Security Hub.
type Hub interface {
	// Take imports findings of one of AWS's own products into the hub of an account's
	// region. Where there is no hub, or it does not take this product's, it does
	// nothing. Call it from writes only.
	Take(c *op.Call, account, region, product string, findings []hub.AwsSecurityFinding)
}

// Service is GuardDuty. Its methods run under the state's lock.
type Service struct {
	hub       Hub
	protocol  op.Protocol
	detectors *store.Table[detector]
	filters   *store.Table[filter]
	findings  *store.Table[finding]
}

// body is how GuardDuty writes its shapes.
var body = wire.RESTJSON{Lower: true}

// New adds GuardDuty's tables to db. hub takes the findings; nil: nobody does.
func New(db *store.DB, hub Hub) *Service {
	d := body
	d.Routes = routes
	return &Service{
		hub:       hub,
		protocol:  wire.NewRESTJSON(d),
		detectors: store.NewTable[detector](db, "guardduty.detectors"),
		filters:   store.NewTable[filter](db, "guardduty.filters"),
		findings:  store.NewTable[finding](db, "guardduty.findings"),
	}
}

const byDetector = "/detector/{DetectorId}"

var pages = map[string]string{"maxResults": "MaxResults", "nextToken": "NextToken"}

var routes = []wire.Route{
	{Operation: "CreateDetector", Method: "POST", Path: "/detector"},
	{Operation: "ListDetectors", Method: "GET", Path: "/detector", Query: pages},
	{Operation: "GetDetector", Method: "GET", Path: byDetector},
	{Operation: "UpdateDetector", Method: "POST", Path: byDetector},
	{Operation: "DeleteDetector", Method: "DELETE", Path: byDetector},
	{Operation: "CreateFilter", Method: "POST", Path: byDetector + "/filter"},
	{Operation: "ListFilters", Method: "GET", Path: byDetector + "/filter", Query: pages},
	{Operation: "GetFilter", Method: "GET", Path: byDetector + "/filter/{FilterName}"},
	{Operation: "UpdateFilter", Method: "POST", Path: byDetector + "/filter/{FilterName}"},
	{Operation: "DeleteFilter", Method: "DELETE", Path: byDetector + "/filter/{FilterName}"},
	{Operation: "CreateSampleFindings", Method: "POST", Path: byDetector + "/findings/create"},
	{Operation: "ListFindings", Method: "POST", Path: byDetector + "/findings"},
	{Operation: "GetFindings", Method: "POST", Path: byDetector + "/findings/get"},
	{Operation: "GetFindingsStatistics", Method: "POST", Path: byDetector + "/findings/statistics"},
	{Operation: "ArchiveFindings", Method: "POST", Path: byDetector + "/findings/archive"},
	{Operation: "UnarchiveFindings", Method: "POST", Path: byDetector + "/findings/unarchive"},
	{Operation: "ListTagsForResource", Method: "GET", Path: "/tags/{ResourceArn}"},
	{Operation: "TagResource", Method: "POST", Path: "/tags/{ResourceArn}", Status: http.StatusNoContent},
	{Operation: "UntagResource", Method: "DELETE", Path: "/tags/{ResourceArn}", Query: map[string]string{"tagKeys": "TagKeys"}, Status: http.StatusNoContent},
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "guardduty" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "guardduty.amazonaws.com" }

// Protocol is REST-JSON.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows are the operations.
func (s *Service) Rows() []op.Row {
	return slices.Concat(s.detectorRows(), s.filterRows(), s.findingRows(), s.tagRows())
}

// Keys are the condition keys that the operations put into requests.
// Source: Service Authorization Reference, Amazon GuardDuty: it has none of its own.
func (s *Service) Keys() []string {
	return []string{"aws:RequestTag/*", "aws:ResourceTag/*", "aws:TagKeys"}
}

// place is where the records of an account's region stand.
func place(account, region string) string { return account + "/" + region + "/" }

// anywhere is the check of an operation without a resource type.
func anywhere(c *op.Call, action string, keys ...op.Key) []op.Check {
	return []op.Check{{Action: "guardduty:" + action, Resource: op.Resource{ARN: "*", Account: c.Caller.Account}, Context: keys}}
}

// bad is GuardDuty's one error of requests.
// Source: GuardDuty API Reference, BadRequestException: its __type says more.
func bad(format string, args ...any) *op.Error {
	e := op.Errorf(http.StatusBadRequest, "BadRequestException", format, args...)
	e.Fields = [][2]string{{"__type", "InvalidInputException"}}
	return e
}

func refuse(what string) *op.Error { return bad("the sandbox does not implement %s", what) }

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// limit reads MaxResults, which GuardDuty bounds by 50.
func limit(n *int32) (int, error) {
	if n == nil {
		return 50, nil
	}
	if *n < 1 || *n > 50 {
		return 0, bad("The request is rejected because the parameter maxResults is out of range: 1 to 50.")
	}
	return int(*n), nil
}

// newID is the form of the IDs of detectors and findings.
func newID(c *op.Call) (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(c.Rand, b); err != nil {
		return "", err
	}
	return hex.EncodeToString(b), nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
