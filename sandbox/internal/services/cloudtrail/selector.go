package cloudtrail

import (
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// The types of data events that trails can ask for, each with what its ARNs begin
// with and how they go on. Nothing here makes events of DynamoDB: the sandbox has none.
// Source: CloudTrail API_DataResource, Values.
const (
	object   = "AWS::S3::Object"
	function = "AWS::Lambda::Function"
)

var dataTypes = map[string]struct {
	all string
	one *regexp.Regexp
}{
	object:                 {"arn:aws:s3", regexp.MustCompile(`^arn:aws:s3:::([^/]+/.*)?$`)},
	function:               {"arn:aws:lambda", regexp.MustCompile(`^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+$`)},
	"AWS::DynamoDB::Table": {"arn:aws:dynamodb", regexp.MustCompile(`^arn:aws:dynamodb:[a-z0-9-]+:\d{12}:table/[\w.-]+$`)},
}

// Limits of selectors.
// Source: CloudTrail User Guide "Quotas in AWS CloudTrail".
const (
	maxSelectors     = 5
	maxDataResources = 250
	maxConditions    = 500
)

// standard is what a trail logs when nothing else was put.
// Source: CloudTrail API_PutEventSelectors.
func standard() []types.EventSelector {
	return []types.EventSelector{{
		ReadWriteType: types.ReadWriteTypeAll, IncludeManagementEvents: aws.Bool(true),
		DataResources: []types.DataResource{}, ExcludeManagementEventSources: []string{},
	}}
}

// custom reports whether the trail has other selectors than the standard ones.
func (t *trail) custom() bool {
	if t.Advanced != nil {
		return true
	}
	if len(t.Classic) != 1 {
		return t.Classic != nil
	}
	one := t.Classic[0]
	return one.ReadWriteType != types.ReadWriteTypeAll || !yes(one.IncludeManagementEvents) || len(one.DataResources) > 0 || len(one.ExcludeManagementEventSources) > 0
}

func (t *trail) classic() []types.EventSelector {
	if t.Classic == nil && t.Advanced == nil {
		return standard()
	}
	return t.Classic
}

func (s *Service) selectorRows() []op.Row {
	return []op.Row{
		op.New("GetEventSelectors", "CloudTrail API_GetEventSelectors", op.Read,
			onTrail(s, "GetEventSelectors", func(in *sdk.GetEventSelectorsInput) *string { return in.TrailName }),
			func(c *op.Call, in *sdk.GetEventSelectorsInput) (*sdk.GetEventSelectorsOutput, error) {
				p, err := s.place(c, in.TrailName)
				if err != nil {
					return nil, err
				}
				t, err := p.found(c)
				if err != nil {
					return nil, err
				}
				return &sdk.GetEventSelectorsOutput{TrailARN: aws.String(t.arn()), EventSelectors: t.classic(), AdvancedEventSelectors: t.Advanced}, nil
			}),
		op.New("PutEventSelectors", "CloudTrail API_PutEventSelectors", op.Write,
			onTrail(s, "PutEventSelectors", func(in *sdk.PutEventSelectorsInput) *string { return in.TrailName }), s.putSelectors),
	}
}

func wrongSelector(format string, args ...any) *op.Error {
	return fail("InvalidEventSelectorsException", format, args...)
}

func (s *Service) putSelectors(c *op.Call, in *sdk.PutEventSelectorsInput) (*sdk.PutEventSelectorsOutput, error) {
	p, err := s.place(c, in.TrailName)
	if err != nil {
		return nil, err
	}
	old, err := p.home(c)
	if err != nil {
		return nil, err
	}
	t := *old
	t.Classic, t.Advanced = nil, nil
	switch {
	case len(in.EventSelectors) > 0 && len(in.AdvancedEventSelectors) > 0:
		return nil, wrongSelector("Invalid event selectors: EventSelectors and AdvancedEventSelectors cannot be used together.")
	case len(in.EventSelectors) > 0:
		t.Classic, err = classicOf(in.EventSelectors)
	case len(in.AdvancedEventSelectors) > 0:
		t.Advanced, err = in.AdvancedEventSelectors, checkAdvanced(in.AdvancedEventSelectors)
	default:
		return nil, wrongSelector("Invalid event selectors: a trail needs at least one selector.")
	}
	if err != nil {
		return nil, err
	}
	s.trails.Put(t.key(), &t)
	return &sdk.PutEventSelectorsOutput{TrailARN: aws.String(t.arn()), EventSelectors: t.Classic, AdvancedEventSelectors: t.Advanced}, nil
}

// classicOf checks basic event selectors and fills in what was left out.
// Source: CloudTrail API_EventSelector, API_DataResource.
func classicOf(list []types.EventSelector) (out []types.EventSelector, err error) {
	if len(list) > maxSelectors {
		return nil, wrongSelector("The total number of selectors cannot exceed %d.", maxSelectors)
	}
	count := 0
	for _, e := range list {
		if e.ReadWriteType == "" {
			e.ReadWriteType = types.ReadWriteTypeAll
		}
		if !slices.Contains(e.ReadWriteType.Values(), e.ReadWriteType) {
			return nil, wrongSelector("ReadWriteType %q is not valid.", e.ReadWriteType)
		}
		if e.IncludeManagementEvents == nil {
			e.IncludeManagementEvents = aws.Bool(true)
		}
		if !*e.IncludeManagementEvents && len(e.DataResources) == 0 {
			return nil, wrongSelector("An event selector must include management events or data resources.")
		}
		for _, source := range e.ExcludeManagementEventSources {
			if source != "kms.amazonaws.com" && source != "rdsdata.amazonaws.com" {
				return nil, wrongSelector("ExcludeManagementEventSources can be kms.amazonaws.com or rdsdata.amazonaws.com, not %q.", source)
			}
		}
		for _, r := range e.DataResources {
			form, ok := dataTypes[text(r.Type)]
			if !ok {
				return nil, refuse("data events of the resource type " + text(r.Type))
			}
			for _, v := range r.Values {
				if count++; v != form.all && !form.one.MatchString(v) {
					return nil, wrongSelector("Value %s for DataResources.Values is invalid.", v)
				}
			}
		}
		if e.DataResources == nil {
			e.DataResources = []types.DataResource{}
		}
		if e.ExcludeManagementEventSources == nil {
			e.ExcludeManagementEventSources = []string{}
		}
		out = append(out, e)
	}
	if count > maxDataResources {
		return nil, wrongSelector("The total number of data resources cannot exceed %d.", maxDataResources)
	}
	return out, nil
}

// fields are what advanced selectors of a trail may look at.
// Source: CloudTrail API_AdvancedFieldSelector.
var fields = []string{"eventCategory", "readOnly", "eventSource", "eventName", "eventType", "sessionCredentialFromConsole", "userIdentity.arn", "resources.type", "resources.ARN"}

// checkAdvanced is the rules of the same page.
func checkAdvanced(list []types.AdvancedEventSelector) error {
	conditions := 0
	for _, a := range list {
		seen := map[string]types.AdvancedFieldSelector{}
		for _, f := range a.FieldSelectors {
			name := text(f.Field)
			if !slices.Contains(fields, name) {
				return wrongSelector("Field %q is not a field of an advanced event selector.", name)
			}
			if _, twice := seen[name]; twice {
				return wrongSelector("Field %s can be specified once in a selector.", name)
			}
			seen[name] = f
			n := len(f.Equals) + len(f.StartsWith) + len(f.EndsWith) + len(f.NotEquals) + len(f.NotStartsWith) + len(f.NotEndsWith)
			if n == 0 {
				return wrongSelector("Field %s needs at least one operator with a value.", name)
			}
			conditions += n
			if (name == "eventCategory" || name == "readOnly" || name == "resources.type") && (len(f.Equals) != 1 || n != 1) {
				return wrongSelector("Field %s can only be compared with one value of Equals.", name)
			}
		}
		if err := checkCategory(seen); err != nil {
			return err
		}
	}
	if conditions > maxConditions {
		return wrongSelector("The total number of values cannot exceed %d.", maxConditions)
	}
	return nil
}

func checkCategory(seen map[string]types.AdvancedFieldSelector) error {
	category, ok := seen["eventCategory"]
	if !ok {
		return wrongSelector("A selector needs the field eventCategory.")
	}
	if f, ok := seen["readOnly"]; ok && f.Equals[0] != "true" && f.Equals[0] != "false" {
		return wrongSelector("Field readOnly is true or false.")
	}
	if _, ok := seen["sessionCredentialFromConsole"]; ok {
		return refuse("the field sessionCredentialFromConsole: the sandbox has no console")
	}
	switch category.Equals[0] {
	case "Management":
		for _, name := range []string{"resources.type", "resources.ARN"} {
			if _, ok := seen[name]; ok {
				return wrongSelector("Field %s is for data events.", name)
			}
		}
	case "Data":
		kind, ok := seen["resources.type"]
		if !ok {
			return wrongSelector("A selector of data events needs the field resources.type.")
		}
		if _, ok := dataTypes[kind.Equals[0]]; !ok {
			return refuse("data events of the resource type " + kind.Equals[0])
		}
	case "NetworkActivity":
		return refuse("network activity events")
	default:
		return wrongSelector("Event category %q is not valid.", category.Equals[0])
	}
	return nil
}
