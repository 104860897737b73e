package events

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Principals resolves the ARNs that a bus policy names.
type Principals interface {
	// ResolvePrincipal returns the unique ID of a user or role; ok is false if there
	// is none.
	ResolvePrincipal(arn string) (id string, ok bool)
}

// Service is EventBridge. Its methods run under the state's lock.
type Service struct {
	// Targets are the services that the sandbox has as targets, by the service in their
	// ARNs: "sns". A target of another is refused by name. Set it before the first
	// request.
	Targets map[string]bool

	principals Principals
	protocol   op.Protocol
	db         *store.DB
	buses      *store.Table[bus]
	rules      *store.Table[rule]
	queue      *store.Table[entry]
}

// New adds EventBridge's tables to db.
func New(db *store.DB, principals Principals) *Service {
	return &Service{
		Targets: map[string]bool{}, principals: principals, protocol: wire.NewJSON("AWSEvents", "1.1"), db: db,
		buses: store.NewTable[bus](db, "events.buses"),
		rules: store.NewTable[rule](db, "events.rules"),
		queue: store.NewTable[entry](db, "events.queue"),
	}
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "events" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "events.amazonaws.com" }

// Protocol is AWS JSON 1.1.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows are the operations.
func (s *Service) Rows() []op.Row {
	return slices.Concat(s.busRows(), s.permissionRows(), s.ruleRows(), s.ruleListRows(), s.targetRows(), s.putRows(), s.tagRows())
}

// Keys are the condition keys that the operations put into requests, and those of
// managed rules and newer buses, which the sandbox does not have and which are rightly
// absent.
// Source: Service Authorization Reference, Amazon EventBridge.
func (s *Service) Keys() []string {
	return []string{
		"aws:RequestTag/*", "aws:ResourceTag/*", "aws:TagKeys", "events:ManagedBy", "events:TargetArn", "events:creatorAccount",
		"events:detail-type", "events:detail.eventTypeCode", "events:detail.service", "events:detail.userIdentity.principalId",
		"events:eventBusInvocation", "events:source",
	}
}

func wrong(format string, args ...any) *op.Error {
	return op.Errorf(http.StatusBadRequest, "ValidationException", format, args...)
}

func missing(format string, args ...any) *op.Error {
	return op.Errorf(http.StatusBadRequest, "ResourceNotFoundException", format, args...)
}

func refuse(what string) *op.Error { return wrong("the sandbox does not implement %s", what) }

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

var nameForm = regexp.MustCompile(`^[.\-_A-Za-z0-9]+$`)

// place is where the records of an account's region stand.
func place(account, region string) string { return account + "/" + region + "/" }

// anywhere is the check of an operation without a resource.
func anywhere(c *op.Call, action string) []op.Check {
	return []op.Check{{Action: "events:" + action, Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}
}

// page cuts a page off a list in the order of its keys; the token is the last key of
// the page before.
func page[T any](all []T, key func(T) string, limit *int32, after *string) ([]T, *string, error) {
	n := 100
	if limit != nil {
		if *limit < 1 || *limit > 100 {
			return nil, nil, wrong("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 100", *limit)
		}
		n = int(*limit)
	}
	if after != nil {
		for len(all) > 0 && key(all[0]) <= *after {
			all = all[1:]
		}
	}
	if len(all) <= n {
		return all, nil, nil
	}
	return all[:n], new(key(all[n-1])), nil
}

// arnParts splits an ARN of EventBridge; ok is false for anything else.
func arnParts(arn string) (region, account, resource string, ok bool) {
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || part[0] != "arn" || part[1] != "aws" || part[2] != "events" {
		return "", "", "", false
	}
	return part[3], part[4], part[5], true
}
