package cloudwatch

import (
	"net/http"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

// Service is CloudWatch. Its methods run under the state's lock.
type Service struct {
	protocol op.Protocol
	db       *store.DB
	metrics  *store.Table[metric]
	samples  *store.Table[sample]
	alarms   *store.Table[alarm]
	history  *store.Table[historyItem]
	changes  *store.Table[change]
	late     late
}

// New adds CloudWatch's tables to db.
func New(db *store.DB) *Service {
	return &Service{
		protocol: newProtocol(), db: db,
		metrics: store.NewTable[metric](db, "cloudwatch.metrics"),
		samples: store.NewTable[sample](db, "cloudwatch.samples"),
		alarms:  store.NewTable[alarm](db, "cloudwatch.alarms"),
		history: store.NewTable[historyItem](db, "cloudwatch.history"),
		changes: store.NewTable[change](db, "cloudwatch.changes"),
	}
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "cloudwatch" }

// Endpoint is the service's name in host names and signatures.
func (s *Service) Endpoint() string { return "monitoring" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "monitoring.amazonaws.com" }

// Protocol is the query protocol, and the two that came later.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows are the operations.
func (s *Service) Rows() []op.Row {
	return slices.Concat(s.metricRows(), s.statisticRows(), s.dataRows(), s.alarmRows(), s.describeRows(), s.stateRows(), s.historyRows(), s.tagRows())
}

// Keys are the condition keys that the operations put into requests, and those of
// Contributor Insights and of access grants, which the sandbox does not have and which are
// rightly absent.
// Source: Service Authorization Reference, Amazon CloudWatch.
func (s *Service) Keys() []string {
	return []string{"aws:RequestTag/*", "aws:ResourceTag/*", "aws:TagKeys", "cloudwatch:AlarmActions", "cloudwatch:HasAccessGrant",
		"cloudwatch:namespace", "cloudwatch:requestInsightRuleLogGroups", "cloudwatch:requestManagedResourceARNs"}
}

func invalid(format string, args ...any) *op.Error {
	return op.Errorf(http.StatusBadRequest, "ValidationError", format, args...)
}

func wrongValue(format string, args ...any) *op.Error {
	return op.Errorf(http.StatusBadRequest, "InvalidParameterValue", format, args...)
}

func missing(name string) *op.Error {
	return op.Errorf(http.StatusBadRequest, "MissingParameter", "The parameter %s is required.", name)
}

func combination(format string, args ...any) *op.Error {
	return op.Errorf(http.StatusBadRequest, "InvalidParameterCombination", format, args...)
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

// anywhere is the check of an operation without resource types.
func anywhere(c *op.Call, action string, keys ...op.Key) []op.Check {
	return []op.Check{{Action: "cloudwatch:" + action, Resource: op.Resource{ARN: "*", Account: c.Caller.Account}, Context: keys}}
}

// asks is the check of an operation without resource types, whatever its input.
func asks[In any](action string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, _ *In) ([]op.Check, error) { return anywhere(c, action), nil }
}

func alarmARN(account, region, name string) string {
	return "arn:aws:cloudwatch:" + region + ":" + account + ":alarm:" + name
}

// arnParts splits the ARN of an alarm; ok is false for anything else.
func arnParts(arn string) (region, account, name string, ok bool) {
	part := strings.SplitN(arn, ":", 7)
	if len(part) != 7 || part[0] != "arn" || part[1] != "aws" || part[2] != "cloudwatch" || part[5] != "alarm" || part[6] == "" {
		return "", "", "", false
	}
	return part[3], part[4], part[6], true
}
