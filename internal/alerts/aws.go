package alerts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/internal/eventpattern"
	"github.com/strongroom-dev/strongroom/internal/filterpattern"
	"github.com/strongroom-dev/strongroom/internal/metricalarm"
)

// printed is what the AWS CLI prints about rules, in the names of its JSON: list-rules
// (with Targets, as list-targets-by-rule has them, in each rule), describe-metric-filters,
// describe-alarms, list-topics, list-subscriptions (with Attributes, as
// get-subscription-attributes has them) and describe-trails (with what
// get-trail-status and get-event-selectors say). Any of them may be left out, and all may
// stand in one object.
type printed struct {
	Rules         []printedRule         `json:"Rules,omitempty"`
	MetricFilters []printedFilter       `json:"metricFilters,omitempty"`
	MetricAlarms  []printedAlarm        `json:"MetricAlarms,omitempty"`
	Topics        []printedTopic        `json:"Topics,omitempty"`
	Subscriptions []printedSubscription `json:"Subscriptions,omitempty"`
	TrailList     []printedTrail        `json:"trailList,omitempty"`

	// What describe-alarms has besides is refused unless it is empty.
	CompositeAlarms []json.RawMessage `json:"CompositeAlarms,omitempty"`
}

type printedRule struct {
	Name               string
	Arn                string
	EventPattern       string `json:",omitempty"`
	ScheduleExpression string `json:",omitempty"`
	State              string `json:",omitempty"`
	EventBusName       string `json:",omitempty"`
	Targets            []printedTarget
}

type printedTarget struct {
	Id               string
	Arn              string
	Input            string              `json:",omitempty"`
	InputPath        string              `json:",omitempty"`
	InputTransformer *printedTransformer `json:",omitempty"`
}

type printedTransformer struct {
	InputPathsMap map[string]string `json:",omitempty"`
	InputTemplate string
}

type printedFilter struct {
	FilterName            string                  `json:"filterName"`
	LogGroupName          string                  `json:"logGroupName"`
	FilterPattern         string                  `json:"filterPattern"`
	MetricTransformations []printedTransformation `json:"metricTransformations"`
	ApplyOnTransformed    bool                    `json:"applyOnTransformedLogs,omitempty"`
	// Region is none of the AWS CLI's members, which prints one region at a time.
	Region string `json:"region,omitempty"`
}

type printedTransformation struct {
	MetricName      string            `json:"metricName"`
	MetricNamespace string            `json:"metricNamespace"`
	MetricValue     string            `json:"metricValue"`
	DefaultValue    *float64          `json:"defaultValue,omitempty"`
	Dimensions      map[string]string `json:"dimensions,omitempty"`
}

type printedAlarm struct {
	AlarmName               string
	AlarmArn                string `json:",omitempty"`
	ActionsEnabled          *bool  `json:",omitempty"`
	AlarmActions            []string
	OKActions               []string           `json:",omitempty"`
	InsufficientDataActions []string           `json:",omitempty"`
	MetricName              string             `json:",omitempty"`
	Namespace               string             `json:",omitempty"`
	Statistic               string             `json:",omitempty"`
	ExtendedStatistic       string             `json:",omitempty"`
	Dimensions              []printedDimension `json:",omitempty"`
	Period                  int                `json:",omitempty"`
	EvaluationPeriods       int
	DatapointsToAlarm       int `json:",omitempty"`
	Threshold               *float64
	ComparisonOperator      string
	TreatMissingData        string            `json:",omitempty"`
	ThresholdMetricId       string            `json:",omitempty"`
	Metrics                 []json.RawMessage `json:",omitempty"`
}

type printedDimension struct{ Name, Value string }

type printedTopic struct{ TopicArn string }

type printedSubscription struct {
	// SubscriptionArn is "PendingConfirmation" while nobody has confirmed it.
	SubscriptionArn string `json:",omitempty"`

	TopicArn   string
	Protocol   string
	Endpoint   string
	Attributes *printedAttributes `json:",omitempty"`
}

type printedAttributes struct {
	FilterPolicy      string
	FilterPolicyScope string `json:",omitempty"`
}

type printedTrail struct {
	Name                       string
	TrailARN                   string `json:",omitempty"`
	HomeRegion                 string `json:",omitempty"`
	IsMultiRegionTrail         bool
	IncludeGlobalServiceEvents bool
	IsOrganizationTrail        bool   `json:",omitempty"`
	CloudWatchLogsLogGroupArn  string `json:",omitempty"`
	IsLogging                  *bool  `json:",omitempty"`
	HasCustomEventSelectors    bool   `json:",omitempty"`

	EventSelectors         []printedSelector `json:",omitempty"`
	AdvancedEventSelectors []printedAdvanced `json:",omitempty"`
}

type printedSelector struct {
	ReadWriteType                 string
	IncludeManagementEvents       *bool
	ExcludeManagementEventSources []string
	DataResources                 []printedData
}

type printedData struct {
	Type   string
	Values []string
}

type printedAdvanced struct {
	Name           string `json:",omitempty"`
	FieldSelectors []printedField
}

type printedField struct {
	Field         string
	Equals        []string `json:",omitempty"`
	StartsWith    []string `json:",omitempty"`
	EndsWith      []string `json:",omitempty"`
	NotEquals     []string `json:",omitempty"`
	NotStartsWith []string `json:",omitempty"`
	NotEndsWith   []string `json:",omitempty"`
}

// topLevel are the members that an object of rules may have.
var topLevel = []string{"Rules", "metricFilters", "MetricAlarms", "CompositeAlarms", "Topics", "Subscriptions", "trailList", "NextToken", "nextToken"}

// readPrinted adds what a text of the AWS CLI has. The error is without a place.
func (r *Rules) readPrinted(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	for n := 0; ; n++ {
		var members map[string]json.RawMessage
		if err := dec.Decode(&members); errors.Is(err, io.EOF) && n > 0 {
			return nil
		} else if err != nil {
			return fmt.Errorf("it holds no JSON object: %w", err)
		}
		var p printed
		for name, value := range members {
			if !slices.Contains(topLevel, name) {
				return fmt.Errorf("it has the member %q: known are %s", name, strings.Join(topLevel, ", "))
			}
			if strings.EqualFold(name, "nexttoken") {
				return errors.New("it is the first page of several: the AWS CLI prints all without --no-paginate and --max-items")
			}
			one, err := json.Marshal(map[string]json.RawMessage{name: value})
			if err == nil {
				err = json.Unmarshal(one, &p)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := r.addPrinted(&p); err != nil {
			return err
		}
	}
}

func (r *Rules) addPrinted(p *printed) error {
	r.printed.Rules = append(r.printed.Rules, p.Rules...)
	r.printed.MetricFilters = append(r.printed.MetricFilters, p.MetricFilters...)
	r.printed.MetricAlarms = append(r.printed.MetricAlarms, p.MetricAlarms...)
	r.printed.Topics = append(r.printed.Topics, p.Topics...)
	r.printed.Subscriptions = append(r.printed.Subscriptions, p.Subscriptions...)
	r.printed.TrailList = append(r.printed.TrailList, p.TrailList...)
	if len(p.CompositeAlarms) > 0 {
		return errors.New("it has CompositeAlarms, which are not evaluated here: leave them out, and the alarms below them are")
	}
	for i := range p.Rules {
		if err := r.addRule(&p.Rules[i]); err != nil {
			return fmt.Errorf("rule %s: %w", p.Rules[i].Name, err)
		}
	}
	for i := range p.MetricFilters {
		if err := r.addFilter(&p.MetricFilters[i]); err != nil {
			return fmt.Errorf("metric filter %s: %w", p.MetricFilters[i].FilterName, err)
		}
	}
	for i := range p.MetricAlarms {
		if err := r.addAlarm(&p.MetricAlarms[i]); err != nil {
			return fmt.Errorf("alarm %s: %w", p.MetricAlarms[i].AlarmName, err)
		}
	}
	for _, t := range p.Topics {
		if err := r.addTopic(t.TopicArn); err != nil {
			return err
		}
	}
	for _, s := range p.Subscriptions {
		if err := r.addSubscription(s); err != nil {
			return fmt.Errorf("subscription of %s %s: %w", s.Protocol, s.Endpoint, err)
		}
	}
	for i := range p.TrailList {
		if err := r.addTrail(&p.TrailList[i]); err != nil {
			return fmt.Errorf("trail %s: %w", p.TrailList[i].Name, err)
		}
	}
	return nil
}

// home takes the account of an ARN for everybody's, and returns its region.
func (r *Rules) home(arn string) (region string, err error) {
	if arn == "" {
		return "", nil
	}
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || part[0] != "arn" {
		return "", fmt.Errorf("%q is no ARN", arn)
	}
	if part[4] == "" { // a plan's, that does not know it yet
		return part[3], nil
	}
	if r.Account != "" && part[4] != r.Account {
		return "", fmt.Errorf("it is of account %s, and others are of %s: give one account's rules at a time", part[4], r.Account)
	}
	r.Account = part[4]
	return part[3], nil
}

func (r *Rules) addRule(p *printedRule) error {
	region, err := r.home(p.Arn)
	if err != nil {
		return err
	}
	rule := &Rule{Name: p.Name, Region: region, Bus: "default", State: p.State}
	if p.EventBusName != "" {
		rule.Bus = p.EventBusName[strings.LastIndex(p.EventBusName, "/")+1:]
	}
	switch rule.State {
	case "":
		rule.State = "ENABLED"
	case "ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS":
	default:
		return fmt.Errorf("the state %q is not known", rule.State)
	}
	switch {
	case p.Name == "":
		return errors.New("it has no Name")
	case p.EventPattern == "" && p.ScheduleExpression == "":
		return errors.New("it has neither EventPattern nor ScheduleExpression")
	case p.EventPattern != "":
		if rule.Pattern, err = eventpattern.Compile(p.EventPattern); err != nil {
			return err
		}
	}
	for _, t := range p.Targets {
		own := Target{ID: t.Id, To: t.Arn, Input: t.Input, Path: t.InputPath}
		if x := t.InputTransformer; x != nil {
			own.Template, own.Paths = x.InputTemplate, x.InputPathsMap
		}
		rule.Targets = append(rule.Targets, own)
	}
	r.Rules = append(r.Rules, rule)
	return nil
}

func (r *Rules) addFilter(p *printedFilter) error {
	pattern, err := filterpattern.Compile(p.FilterPattern)
	switch {
	case err != nil:
		return err
	case p.ApplyOnTransformed:
		return errors.New("applyOnTransformedLogs: log transformers are not known here")
	case p.LogGroupName == "":
		return errors.New("it has no logGroupName")
	}
	for _, t := range p.MetricTransformations {
		if _, err := strconv.ParseFloat(t.MetricValue, 64); err != nil && !strings.HasPrefix(t.MetricValue, "$") {
			return fmt.Errorf("the metricValue %q is neither a number nor a selector", t.MetricValue)
		}
		r.Filters = append(r.Filters, &Filter{
			Name: p.FilterName, Region: p.Region, LogGroup: p.LogGroupName, Pattern: pattern, Namespace: t.MetricNamespace, Metric: t.MetricName,
			Value: t.MetricValue, Default: t.DefaultValue, Dimensions: t.Dimensions,
		})
	}
	return nil
}

func (r *Rules) addAlarm(p *printedAlarm) error {
	region, err := r.home(p.AlarmArn)
	switch {
	case err != nil:
		return err
	case len(p.Metrics) > 0:
		return errors.New("metric math (Metrics) is not evaluated here")
	case p.ExtendedStatistic != "":
		return errors.New("percentiles (ExtendedStatistic) are not evaluated here")
	case p.ThresholdMetricId != "":
		return errors.New("anomaly detection (ThresholdMetricId) is not evaluated here")
	case p.Threshold == nil:
		return errors.New("it has no Threshold")
	}
	a := &Alarm{
		Name: p.AlarmName, Region: region, Namespace: p.Namespace, Metric: p.MetricName, Dimensions: map[string]string{},
		Is: metricalarm.Alarm{
			Statistic: metricalarm.Statistic(p.Statistic), Period: time.Duration(p.Period) * time.Second,
			EvaluationPeriods: p.EvaluationPeriods, DatapointsToAlarm: p.DatapointsToAlarm,
			Operator: metricalarm.Operator(p.ComparisonOperator), Threshold: *p.Threshold, Missing: metricalarm.Missing(p.TreatMissingData),
		},
		Silenced: p.ActionsEnabled != nil && !*p.ActionsEnabled,
		Actions: map[metricalarm.State][]string{
			metricalarm.InAlarm: p.AlarmActions, metricalarm.OK: p.OKActions, metricalarm.InsufficientData: p.InsufficientDataActions,
		},
	}
	for _, d := range p.Dimensions {
		a.Dimensions[d.Name] = d.Value
	}
	if err := a.Is.Validate(); err != nil {
		return err
	}
	r.Alarms = append(r.Alarms, a)
	return nil
}

func (r *Rules) addTopic(arn string) error {
	if _, err := r.home(arn); err != nil {
		return fmt.Errorf("topic %s: %w", arn, err)
	}
	key, ok := topicKey(arn)
	if !ok {
		return fmt.Errorf("%q is no topic's ARN", arn)
	}
	if r.topic(key) == nil {
		_, name, _ := strings.Cut(key, "/")
		r.Topics = append(r.Topics, &Topic{Key: key, Name: name})
	}
	return nil
}

func (r *Rules) addSubscription(p printedSubscription) error {
	if err := r.addTopic(p.TopicArn); err != nil {
		return err
	}
	key, _ := topicKey(p.TopicArn)
	s := &Subscription{Topic: key, Protocol: p.Protocol, Endpoint: p.Endpoint, Pending: p.SubscriptionArn == pending}
	if a := p.Attributes; a != nil && a.FilterPolicy != "" {
		if err := s.filter(a.FilterPolicy, a.FilterPolicyScope); err != nil {
			return err
		}
	}
	r.Subscriptions = append(r.Subscriptions, s)
	return nil
}

// pending stands for the ARN of a subscription that nobody has confirmed.
// Source: SNS API_ListSubscriptions.
const pending = "PendingConfirmation"

// filter sets the filter policy.
func (s *Subscription) filter(policy, scope string) (err error) {
	if s.Filter, err = eventpattern.Compile(policy); err != nil {
		return err
	}
	switch scope {
	case "MessageBody":
		s.ByBody = true
	case "", "MessageAttributes":
	default:
		return fmt.Errorf("the FilterPolicyScope %q is not known", scope)
	}
	return nil
}

func (r *Rules) addTrail(p *printedTrail) error {
	region, err := r.home(p.TrailARN)
	if err != nil {
		return err
	}
	if region == "" {
		region = p.HomeRegion
	}
	t := &Trail{Name: p.Name, Region: region, MultiRegion: p.IsMultiRegionTrail, Global: p.IncludeGlobalServiceEvents, Organization: p.IsOrganizationTrail, Off: p.IsLogging != nil && !*p.IsLogging}
	if t.LogGroup, err = logGroup(p.CloudWatchLogsLogGroupArn); err != nil {
		return err
	}
	for i := range p.EventSelectors {
		some, err := p.EventSelectors[i].selectors()
		if err != nil {
			return err
		}
		t.Select = append(t.Select, some...)
	}
	for _, a := range p.AdvancedEventSelectors {
		var s Selector
		for _, f := range a.FieldSelectors {
			if !slices.Contains(selectable, f.Field) {
				return fmt.Errorf("the field %q of an advanced event selector is not known: %s are", f.Field, strings.Join(selectable, ", "))
			}
			s = append(s, FieldSelector{f.Field, f.Equals, f.StartsWith, f.EndsWith, f.NotEquals, f.NotStartsWith, f.NotEndsWith})
		}
		t.Select = append(t.Select, s)
	}
	if len(t.Select) == 0 {
		if p.HasCustomEventSelectors {
			return errors.New("it has event selectors of its own: add the EventSelectors or AdvancedEventSelectors that get-event-selectors prints")
		}
		t.Select = []Selector{management}
	}
	r.Trails = append(r.Trails, t)
	return nil
}

// selectors are a classic event selector's, each for one kind of events.
// Source: CloudTrail API_EventSelector.
func (p *printedSelector) selectors() (list []Selector, err error) {
	var both Selector
	switch p.ReadWriteType {
	case "", "All":
	case "ReadOnly":
		both = Selector{{Field: "readOnly", Equals: []string{"true"}}}
	case "WriteOnly":
		both = Selector{{Field: "readOnly", Equals: []string{"false"}}}
	default:
		return nil, fmt.Errorf("the ReadWriteType %q is not known", p.ReadWriteType)
	}
	if p.IncludeManagementEvents == nil || *p.IncludeManagementEvents {
		s := slices.Concat(management, both)
		if len(p.ExcludeManagementEventSources) > 0 {
			s = append(s, FieldSelector{Field: "eventSource", NotEquals: p.ExcludeManagementEventSources})
		}
		list = append(list, s)
	}
	for _, d := range p.DataResources {
		list = append(list, append(slices.Clone(both),
			FieldSelector{Field: "eventCategory", Equals: []string{"Data"}}, FieldSelector{Field: "resources.ARN", StartsWith: d.Values}))
	}
	return list, nil
}

// logGroup is the name in a log group's ARN, which may end in ":*".
func logGroup(arn string) (string, error) {
	if arn == "" {
		return "", nil
	}
	part := strings.SplitN(strings.TrimSuffix(arn, ":*"), ":", 7)
	if len(part) != 7 || part[2] != "logs" {
		return "", fmt.Errorf("%q is no log group's ARN", arn)
	}
	return part[6], nil
}

// readPrintedDir reads every *.json of a directory.
func (r *Rules) readPrintedDir(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return unusable(dir, err)
	}
	for _, f := range files {
		if filepath.Ext(f.Name()) != ".json" || !f.Type().IsRegular() {
			continue
		}
		name := filepath.Join(dir, f.Name())
		data, err := readFile(name)
		if err == nil {
			err = r.readPrinted(data)
		}
		if err != nil {
			return unusable(name, err)
		}
	}
	return nil
}
