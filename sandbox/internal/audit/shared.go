package audit

import (
	"io"
	"maps"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Call is one that a service made of another for the caller, such as S3 of KMS.
type Call struct {
	// Source is CloudTrail's event source, Name the operation.
	Source, Name string
	// Invoker is who made it: a forward access session of the service.
	Invoker string
	// Parameters are requestParameters.
	Parameters map[string]any
	// Resource is what it was about.
	Resource Resource
	ReadOnly bool
	// Err is the answer; nil: it succeeded.
	Err *op.Error
}

// calls are the records of what the service asked of others, each with its copy for the
// account that owns the resource.
//
// Source: CloudTrail User Guide "CloudTrail userIdentity element", invokedBy, and "Services
// that make requests on behalf of others" (forward access sessions).
func (r *Record) calls(rand io.Reader, of *Event) []Event {
	var list []Event
	for _, c := range r.Calls {
		e := *of
		e.EventSource, e.EventName, e.EventID = c.Source, c.Name, NewID(rand)
		e.RequestID = NewID(rand)
		e.ErrorCode, e.ErrorMessage = "", ""
		if c.Err != nil {
			e.ErrorCode, e.ErrorMessage = c.Err.Code, c.Err.Message
		}
		e.RequestParameters, e.ResponseElements, e.AdditionalEventData = c.Parameters, nil, nil
		e.ReadOnly, e.ManagementEvent, e.EventCategory = c.ReadOnly, true, "Management"
		e.Resources, e.TLSDetails, e.Decisions, e.Also = []Resource{c.Resource}, nil, nil, nil
		if e.UserIdentity.Type != "AWSService" {
			e.UserIdentity.InvokedBy, e.SourceIPAddress, e.UserAgent = c.Invoker, c.Invoker, c.Invoker
		}
		other := forOwner(rand, &e, c.Resource.AccountID)
		list = append(list, e)
		if other != nil {
			list = append(list, *other)
		}
	}
	return list
}

// forOwner is the record that the owner of the resource gets of another account's request;
// nil: it is the same account, or nobody's. Both get the same shared ID. The owner learns
// the caller's account and unique ID and no more; the caller, if the request was denied to
// it, not whose the resource is.
//
// A key's owner is not told of what KMS denied to another account.
//
// Source: CloudTrail User Guide "CloudTrail record contents", sharedEventID and
// recipientAccountId; "sharedEventID example"; "CloudTrail userIdentity element",
// AWSAccount; "Receiving CloudTrail log files from multiple accounts", Redacting bucket
// owner account IDs. KMS Developer Guide logging-using-cloudtrail: "cross-account AWS KMS
// requests that are rejected because access is denied are logged only in the caller's
// account".
func forOwner(rand io.Reader, e *Event, owner string) *Event {
	if owner == "" || e.RecipientAccountID == "" || owner == e.RecipientAccountID {
		return nil
	}
	if e.EventSource == "kms.amazonaws.com" && strings.HasPrefix(e.ErrorCode, "AccessDenied") {
		return nil
	}
	e.SharedEventID = NewID(rand)
	other := *e
	other.EventID, other.RecipientAccountID = NewID(rand), owner
	other.Decisions, other.Also = nil, nil
	if id := &e.UserIdentity; id.Type != "AWSService" {
		other.UserIdentity = Identity{Type: "AWSAccount", PrincipalID: id.PrincipalID, AccountID: id.AccountID, InvokedBy: id.InvokedBy}
	}
	if !e.ManagementEvent && strings.Contains(e.ErrorCode, "AccessDenied") {
		e.Resources = append([]Resource(nil), e.Resources...)
		for i := range e.Resources {
			if e.Resources[i].AccountID == owner {
				e.Resources[i].AccountID = "HIDDEN_DUE_TO_SECURITY_REASONS"
			}
		}
	}
	other.AdditionalEventData = maps.Clone(e.AdditionalEventData)
	delete(other.AdditionalEventData, "encodedAuthorizationMessage")
	return &other
}
