package cloudtrail

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
)

// Logs reports whether a trail that is logging in the event's account and region records
// it. It takes the state's lock.
func (s *Service) Logs(e *audit.Event) (yes bool) {
	_ = s.db.View(func() error { // it only reads
		for _, t := range s.trails.Prefix(e.RecipientAccountID + "/") {
			yes = yes || t.records(e)
		}
		return nil
	})
	return yes
}

// records reports whether the trail has the event in its log files.
func (t *trail) records(e *audit.Event) bool {
	at := e.When()
	if at.IsZero() || e.RecipientAccountID != t.Account {
		return false
	}
	now := interval{From: t.Started}
	if !t.Logging {
		now.To = t.Stopped
	}
	if !now.has(at) && (t.Before.To.IsZero() || !t.Before.has(at)) {
		return false
	}
	if global(e) && !t.Global || !t.MultiRegion && e.AWSRegion != t.Region {
		return false
	}
	if t.Advanced != nil {
		return slices.ContainsFunc(t.Advanced, func(a types.AdvancedEventSelector) bool { return advanced(&a, e) })
	}
	return slices.ContainsFunc(t.classic(), func(c types.EventSelector) bool { return classic(&c, e) })
}

// global reports an event of a global service. They happen in us-east-1. STS is one at
// its global endpoint alone.
// Source: CloudTrail User Guide "CloudTrail concepts", Global service events.
func global(e *audit.Event) bool {
	switch e.EventSource {
	case "iam.amazonaws.com", "cloudfront.amazonaws.com":
		return true
	case "sts.amazonaws.com":
		return e.TLSDetails != nil && strings.HasPrefix(e.TLSDetails.ClientProvidedHostHeader, "sts.amazonaws.com")
	}
	return false
}

func classic(c *types.EventSelector, e *audit.Event) bool {
	switch c.ReadWriteType {
	case types.ReadWriteTypeReadOnly:
		if !e.ReadOnly {
			return false
		}
	case types.ReadWriteTypeWriteOnly:
		if e.ReadOnly {
			return false
		}
	}
	if e.EventCategory == "Management" {
		return yes(c.IncludeManagementEvents) && !slices.Contains(c.ExcludeManagementEventSources, e.EventSource)
	}
	kind, arn, ok := dataResource(e)
	return ok && slices.ContainsFunc(c.DataResources, func(r types.DataResource) bool {
		return text(r.Type) == kind && slices.ContainsFunc(r.Values, func(v string) bool { return within(kind, arn, v) })
	})
}

// within reports whether a value of a basic selector covers a resource: by a prefix for
// objects, and otherwise all of a service or one whole name.
// Source: CloudTrail API_DataResource.
func within(kind, arn, value string) bool {
	if kind == object || value == dataTypes[kind].all {
		return strings.HasPrefix(arn, value)
	}
	return arn == value || strings.HasPrefix(arn, value+":") // a version or an alias
}

// dataResource is what a data event is about.
func dataResource(e *audit.Event) (kind, arn string, ok bool) {
	if arn, ok := objectARN(e); ok {
		return object, arn, true
	}
	if e.EventCategory == "Data" && e.EventSource == "lambda.amazonaws.com" {
		for _, r := range e.Resources {
			if r.Type == function {
				return function, r.ARN, true
			}
		}
	}
	return "", "", false
}

// objectARN is what a data event of S3 is about. A request for several objects has the
// bucket's, with the slash that every object's begins with.
func objectARN(e *audit.Event) (string, bool) {
	if e.EventCategory != "Data" || e.EventSource != "s3.amazonaws.com" {
		return "", false
	}
	bucket, ok := e.RequestParameters["bucketName"].(string)
	key, _ := e.RequestParameters["key"].(string)
	return "arn:aws:s3:::" + bucket + "/" + key, ok
}

func advanced(a *types.AdvancedEventSelector, e *audit.Event) bool {
	for _, f := range a.FieldSelectors {
		value, ok := field(text(f.Field), e)
		if !ok || !holds(&f, value) {
			return false
		}
	}
	return true
}

// field is the event's value; ok is false if it has none.
func field(name string, e *audit.Event) (value string, ok bool) {
	kind, arn, isData := dataResource(e)
	switch name {
	case "eventCategory":
		return e.EventCategory, true
	case "readOnly":
		return strconv.FormatBool(e.ReadOnly), true
	case "eventSource":
		return e.EventSource, true
	case "eventName":
		return e.EventName, true
	case "eventType":
		return e.EventType, true
	case "userIdentity.arn":
		return e.UserIdentity.ARN, e.UserIdentity.ARN != ""
	case "resources.type":
		return kind, isData
	case "resources.ARN":
		return arn, isData
	}
	return "", false
}

// holds: one of what is wanted, and none of what is not.
// Source: CloudTrail User Guide "Filtering data events by using advanced event
// selectors", how CloudTrail evaluates multiple conditions for a field.
func holds(f *types.AdvancedFieldSelector, value string) bool {
	starts := func(p string) bool { return strings.HasPrefix(value, p) }
	ends := func(p string) bool { return strings.HasSuffix(value, p) }
	if slices.Contains(f.NotEquals, value) || slices.ContainsFunc(f.NotStartsWith, starts) || slices.ContainsFunc(f.NotEndsWith, ends) {
		return false
	}
	if len(f.Equals)+len(f.StartsWith)+len(f.EndsWith) == 0 {
		return true
	}
	return slices.Contains(f.Equals, value) || slices.ContainsFunc(f.StartsWith, starts) || slices.ContainsFunc(f.EndsWith, ends)
}
