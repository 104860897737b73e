package logs

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Keys is what log groups need of KMS.
type Keys interface {
	// KeyARN resolves a key ID, alias or ARN, looked up in account and region.
	KeyARN(account, region, keyIDOrAliasOrARN string) (arn string, err error)
	// Check returns what the caller must be allowed before the key is used for it.
	Check(c *op.Call, action, keyARN string, encctx map[string]string, via string) (op.Check, error)
	// GenerateDataKey makes a 256-bit data key. It does not authorise.
	GenerateDataKey(c *op.Call, keyARN string, encctx map[string]string) (plain, blob []byte, err error)
	// Decrypt opens a blob that GenerateDataKey made. It does not authorise.
	Decrypt(c *op.Call, keyARN string, blob []byte, encctx map[string]string) ([]byte, error)
}

// Principals resolves the ARNs that a resource policy names.
type Principals interface {
	// ResolvePrincipal returns the unique ID of a user or role; ok is false if there
	// is none.
	ResolvePrincipal(arn string) (id string, ok bool)
}

// Metrics takes what metric filters count: CloudWatch.
type Metrics interface {
	// Publish adds one value to a metric of an account's region. unit is CloudWatch's,
	// "None" if the filter names none; at is the log event's time. It is called under the
	// state's lock, within an update.
	Publish(account, region, namespace, name string, dimensions map[string]string, unit string, value float64, at time.Time)
}

// Service is CloudWatch Logs. Its methods run under the state's lock.
type Service struct {
	// Metrics gets what metric filters count; nil: there is no CloudWatch that anybody
	// could ask for it. Set it before the first request.
	Metrics Metrics

	keys       Keys
	principals Principals
	protocol   op.Protocol
	groups     *store.Table[group]    // account/region/group
	streams    *store.Table[stream]   // account/region/group:stream
	events     *store.Table[event]    // account/region/group:stream:time:number
	filters    *store.Table[filter]   // account/region/group:filter
	policies   *store.Table[policies] // account/region
}

// New adds CloudWatch Logs' tables to db.
func New(db *store.DB, keys Keys, principals Principals) *Service {
	return &Service{
		keys: keys, principals: principals, protocol: wire.NewLowerJSON("Logs_20140328", "1.1"),
		groups:   store.NewTable[group](db, "logs.groups"),
		streams:  store.NewTable[stream](db, "logs.streams"),
		events:   store.NewTable[event](db, "logs.events"),
		filters:  store.NewTable[filter](db, "logs.filters"),
		policies: store.NewTable[policies](db, "logs.policies"),
	}
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "logs" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "logs.amazonaws.com" }

// Protocol is AWS JSON 1.1.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows are the operations.
func (s *Service) Rows() []op.Row {
	return slices.Concat(s.groupRows(), s.retentionRows(), s.keyRows(), s.streamRows(), s.putRows(), s.readRows(), s.filterRows(), s.policyRows(), s.tagRows(), s.oldTagRows())
}

// Keys are the condition keys that the operations put into requests, and those of
// deliveries and data sources, which the sandbox does not have and which are rightly
// absent.
// Source: Service Authorization Reference, Amazon CloudWatch Logs.
func (s *Service) Keys() []string {
	return []string{"aws:RequestTag/*", "aws:ResourceTag/*", "aws:TagKeys", "logs:data_source_name", "logs:data_source_type",
		"logs:DeliveryDestinationResourceArn", "logs:LogGeneratingResourceArns"}
}

func fault(code, format string, args ...any) *op.Error {
	return op.Errorf(http.StatusBadRequest, code, format, args...)
}

func invalid(format string, args ...any) *op.Error {
	return fault("InvalidParameterException", format, args...)
}

// constraint is the answer to a value that breaks the API's own rules.
func constraint(value, member, rule string) *op.Error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, rule)
}

// refuse names the first member that is set and not implemented; nil if none is.
func refuse(set map[string]bool) error {
	var names []string
	for name, is := range set {
		if is {
			names = append(names, name)
		}
	}
	if names == nil {
		return nil
	}
	slices.Sort(names)
	return invalid("the sandbox does not implement the parameter %s", strings.Join(names, ", "))
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

// place is where the records of an account's region stand.
func place(account, region string) string { return account + "/" + region + "/" }

// owner is the account that a request is about: the caller's, or the one that an AWS
// service writes for.
func owner(c *op.Call) string {
	if c.Caller.Principal.Type == policy.Service && c.Caller.Behalf != nil {
		return c.Caller.Behalf.Account
	}
	return c.Caller.Account
}

// anywhere is the check of an operation on no one log group. AWS names an empty group
// in its refusals, so that "arn:aws:logs:REGION:ACCOUNT:*" allows it; the Service
// Authorization Reference lists no resource.
func anywhere(c *op.Call, action string) []op.Check {
	return []op.Check{{Action: "logs:" + action, Resource: op.Resource{ARN: groupARN(c.Region, owner(c), "") + ":log-stream:", Account: owner(c)}}}
}

func onNone[In any](action string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, _ *In) ([]op.Check, error) { return anywhere(c, action), nil }
}

// millis is a time as the API has it.
func millis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

var (
	groupForm  = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)
	streamForm = regexp.MustCompile(`^[^:*]+$`)
)

// listed is the number of entries of a page: 1 to most, which is the default too.
func listed(limit *int32, most int) (int, error) {
	if limit == nil {
		return most, nil
	}
	if *limit < 1 || int(*limit) > most {
		return 0, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", *limit, most)
	}
	return int(*limit), nil
}
