package alerts

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// convert makes what the AWS CLI would print of the resources of a plan.
func (p *planned) convert() error {
	out := &printed{}
	targets, err := p.targets()
	if err != nil {
		return err
	}
	for _, res := range p.resources {
		if err := p.one(res, out, targets); err != nil {
			return fmt.Errorf("%s: %w", res.Address, err)
		}
	}
	return p.rules.addPrinted(out)
}

// decode reads a resource's values as a struct.
func (res *resource) decode(to any) error {
	data, err := json.Marshal(res.AttributeValues)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, to)
}

// known refuses values that decide and that are known after apply only.
func (p *planned) known(res *resource, names ...string) error {
	for _, name := range names {
		if later(p.unknown[res.Address][name]) {
			return fmt.Errorf("its %s is known after apply only; give the state's JSON once it is applied", name)
		}
	}
	return nil
}

func (p *planned) one(res *resource, out *printed, targets []aimed) error {
	switch res.Type {
	case "aws_cloudwatch_event_rule":
		return p.rule(res, out, targets)
	case "aws_cloudwatch_log_metric_filter":
		return p.filter(res, out)
	case "aws_cloudwatch_metric_alarm":
		return p.alarm(res, out)
	case "aws_cloudwatch_composite_alarm":
		return errors.New("composite alarms are not evaluated here")
	case "aws_sns_topic":
		arn, err := p.arn(res)
		out.Topics = append(out.Topics, printedTopic{arn})
		return err
	case "aws_sns_topic_subscription":
		return p.subscription(res, out)
	case "aws_cloudtrail":
		return p.trail(res, out)
	}
	return nil
}

// aimed is a target with the rule that it is of.
type aimed struct {
	region, bus, rule, address string
	target                     printedTarget
}

// targets are those of all rules.
func (p *planned) targets() (all []aimed, err error) {
	for _, res := range p.resources {
		if res.Type != "aws_cloudwatch_event_target" {
			continue
		}
		if err := p.known(res, "rule", "event_bus_name", "input", "input_path", "input_transformer"); err != nil {
			return nil, fmt.Errorf("%s: %w", res.Address, err)
		}
		var v struct {
			Rule        string `json:"rule"`
			Bus         string `json:"event_bus_name"`
			ID          string `json:"target_id"`
			Input       string `json:"input"`
			Path        string `json:"input_path"`
			Transformer []struct {
				Paths    map[string]string `json:"input_paths"`
				Template string            `json:"input_template"`
			} `json:"input_transformer"`
		}
		if err := res.decode(&v); err != nil {
			return nil, fmt.Errorf("%s: %w", res.Address, err)
		}
		arns, err := p.arns(res, "arn")
		if err != nil {
			return nil, err
		}
		for _, arn := range arns {
			t := printedTarget{Id: v.ID, Arn: arn, Input: v.Input, InputPath: v.Path}
			for _, x := range v.Transformer {
				t.InputTransformer = &printedTransformer{x.Paths, x.Template}
			}
			all = append(all, aimed{p.where(res), v.Bus, v.Rule, res.Address, t})
		}
	}
	return all, nil
}

// where is a resource's region: its provider's, that of its ARN, or, in a state, that of
// its module's other resources, if they are all of one. Empty: it is not known.
func (p *planned) where(res *resource) string {
	if res.region != "" {
		return res.region
	}
	if region, ok := res.AttributeValues["region"].(string); ok {
		return region // version 6 of the provider
	}
	if region := res.arnRegion(); region != "" {
		return region
	}
	region := ""
	for _, other := range p.resources {
		if own := other.arnRegion(); own != "" && slices.Equal(other.module, res.module) {
			if region != "" && own != region {
				return ""
			}
			region = own
		}
	}
	return region
}

// arnRegion is the region of a resource's own ARN; empty: it has none that is known.
func (res *resource) arnRegion() string {
	arn, _ := res.AttributeValues["arn"].(string)
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || res.Type == "aws_cloudwatch_event_target" { // whose arn is another's
		return ""
	}
	return part[3]
}

// named makes the ARN of a resource whose own is not known yet.
func (p *planned) named(res *resource, service, rest string) string {
	if s, ok := res.AttributeValues["arn"].(string); ok && s != "" {
		return s
	}
	if region := p.where(res); region != "" {
		return "arn:aws:" + service + ":" + region + ":" + p.rules.Account + ":" + rest
	}
	return ""
}

func (p *planned) rule(res *resource, out *printed, targets []aimed) error {
	if err := p.known(res, "event_pattern", "name", "state", "is_enabled", "event_bus_name", "schedule_expression"); err != nil {
		return err
	}
	var v struct {
		Name     string `json:"name"`
		Bus      string `json:"event_bus_name"`
		Pattern  string `json:"event_pattern"`
		Schedule string `json:"schedule_expression"`
		State    string `json:"state"`
		Enabled  *bool  `json:"is_enabled"`
	}
	if err := res.decode(&v); err != nil {
		return err
	}
	if v.State == "" && v.Enabled != nil && !*v.Enabled {
		v.State = "DISABLED"
	}
	rule := printedRule{
		Name: v.Name, Arn: p.named(res, "events", "rule/"+v.Name), EventPattern: v.Pattern, ScheduleExpression: v.Schedule,
		State: v.State, EventBusName: v.Bus,
	}
	region := p.where(res)
	for _, t := range targets {
		if t.bus != v.Bus || t.rule != v.Name || t.region != region && t.region != "" && region != "" {
			continue
		}
		if t.region != region && p.rulesNamed(v.Bus, v.Name) > 1 {
			return fmt.Errorf("whether %s is its target is not told: there are rules of that name in several regions", t.address)
		}
		rule.Targets = append(rule.Targets, t.target)
	}
	out.Rules = append(out.Rules, rule)
	return nil
}

// rulesNamed counts the rules of a name on buses of a name, in all regions.
func (p *planned) rulesNamed(bus, name string) (n int) {
	for _, res := range p.resources {
		if res.Type == "aws_cloudwatch_event_rule" && res.AttributeValues["name"] == name && res.AttributeValues["event_bus_name"] == bus {
			n++
		}
	}
	return n
}

func (p *planned) filter(res *resource, out *printed) error {
	if err := p.known(res, "pattern", "log_group_name", "metric_transformation"); err != nil {
		return err
	}
	var v struct {
		Name           string `json:"name"`
		Group          string `json:"log_group_name"`
		Pattern        string `json:"pattern"`
		Transformation []struct {
			Name       string            `json:"name"`
			Namespace  string            `json:"namespace"`
			Value      string            `json:"value"`
			Default    string            `json:"default_value"`
			Dimensions map[string]string `json:"dimensions"`
		} `json:"metric_transformation"`
	}
	if err := res.decode(&v); err != nil {
		return err
	}
	f := printedFilter{FilterName: v.Name, LogGroupName: v.Group, FilterPattern: v.Pattern, Region: p.where(res)}
	for _, t := range v.Transformation {
		x := printedTransformation{MetricName: t.Name, MetricNamespace: t.Namespace, MetricValue: t.Value, Dimensions: t.Dimensions}
		if t.Default != "" {
			d, err := strconv.ParseFloat(t.Default, 64)
			if err != nil {
				return fmt.Errorf("the default_value %q is no number", t.Default)
			}
			x.DefaultValue = &d
		}
		f.MetricTransformations = append(f.MetricTransformations, x)
	}
	out.MetricFilters = append(out.MetricFilters, f)
	return nil
}

func (p *planned) alarm(res *resource, out *printed) error {
	err := p.known(res, "metric_name", "namespace", "statistic", "dimensions", "period", "evaluation_periods", "datapoints_to_alarm",
		"threshold", "comparison_operator", "treat_missing_data", "actions_enabled", "metric_query", "extended_statistic")
	if err != nil {
		return err
	}
	var v struct {
		Name       string            `json:"alarm_name"`
		Enabled    *bool             `json:"actions_enabled"`
		Metric     string            `json:"metric_name"`
		Namespace  string            `json:"namespace"`
		Statistic  string            `json:"statistic"`
		Extended   string            `json:"extended_statistic"`
		Dimensions map[string]string `json:"dimensions"`
		Period     int               `json:"period"`
		Periods    int               `json:"evaluation_periods"`
		Datapoints int               `json:"datapoints_to_alarm"`
		Threshold  *float64          `json:"threshold"`
		MetricID   string            `json:"threshold_metric_id"`
		Operator   string            `json:"comparison_operator"`
		Missing    string            `json:"treat_missing_data"`
		Queries    []json.RawMessage `json:"metric_query"`
	}
	if err := res.decode(&v); err != nil {
		return err
	}
	a := printedAlarm{
		AlarmName: v.Name, AlarmArn: p.named(res, "cloudwatch", "alarm:"+v.Name), ActionsEnabled: v.Enabled, MetricName: v.Metric,
		Namespace: v.Namespace, Statistic: v.Statistic, ExtendedStatistic: v.Extended, Period: v.Period, EvaluationPeriods: v.Periods,
		DatapointsToAlarm: v.Datapoints, Threshold: v.Threshold, ComparisonOperator: v.Operator, TreatMissingData: v.Missing,
		ThresholdMetricId: v.MetricID, Metrics: v.Queries,
	}
	for name, value := range v.Dimensions {
		a.Dimensions = append(a.Dimensions, printedDimension{name, value})
	}
	for _, x := range []struct {
		attribute string
		to        *[]string
	}{{"alarm_actions", &a.AlarmActions}, {"ok_actions", &a.OKActions}, {"insufficient_data_actions", &a.InsufficientDataActions}} {
		if *x.to, err = p.arns(res, x.attribute); err != nil {
			return err
		}
	}
	out.MetricAlarms = append(out.MetricAlarms, a)
	return nil
}

func (p *planned) subscription(res *resource, out *printed) error {
	if err := p.known(res, "protocol", "filter_policy"); err != nil {
		return err
	}
	var v struct {
		Protocol string `json:"protocol"`
		Policy   string `json:"filter_policy"`
		Pending  bool   `json:"pending_confirmation"`
		Scope    string `json:"filter_policy_scope"`
	}
	if err := res.decode(&v); err != nil {
		return err
	}
	topics, err := p.arns(res, "topic_arn")
	if err != nil {
		return err
	}
	ends, err := p.arns(res, "endpoint")
	if err != nil {
		return err
	}
	if len(topics) != 1 || len(ends) != 1 {
		return errors.New("it has no topic or no endpoint")
	}
	s := printedSubscription{TopicArn: topics[0], Protocol: v.Protocol, Endpoint: ends[0]}
	if v.Pending {
		s.SubscriptionArn = pending
	}
	if v.Policy != "" {
		s.Attributes = &printedAttributes{v.Policy, v.Scope}
	}
	out.Subscriptions = append(out.Subscriptions, s)
	return nil
}

func (p *planned) trail(res *resource, out *printed) error {
	if err := p.known(res, "is_multi_region_trail", "include_global_service_events", "is_organization_trail", "enable_logging", "event_selector", "advanced_event_selector"); err != nil {
		return err
	}
	var v struct {
		Name    string `json:"name"`
		Home    string `json:"home_region"`
		Multi   bool   `json:"is_multi_region_trail"`
		Global  bool   `json:"include_global_service_events"`
		All     bool   `json:"is_organization_trail"`
		Logging *bool  `json:"enable_logging"`
		Classic []struct {
			Type       string   `json:"read_write_type"`
			Management *bool    `json:"include_management_events"`
			Exclude    []string `json:"exclude_management_event_sources"`
			Data       []struct {
				Type   string   `json:"type"`
				Values []string `json:"values"`
			} `json:"data_resource"`
		} `json:"event_selector"`
		Advanced []struct {
			Name   string `json:"name"`
			Fields []struct {
				Field         string   `json:"field"`
				Equals        []string `json:"equals"`
				StartsWith    []string `json:"starts_with"`
				EndsWith      []string `json:"ends_with"`
				NotEquals     []string `json:"not_equals"`
				NotStartsWith []string `json:"not_starts_with"`
				NotEndsWith   []string `json:"not_ends_with"`
			} `json:"field_selector"`
		} `json:"advanced_event_selector"`
	}
	if err := res.decode(&v); err != nil {
		return err
	}
	groups, err := p.arns(res, "cloud_watch_logs_group_arn")
	if err != nil {
		return err
	}
	if v.Home == "" {
		v.Home = p.where(res)
	}
	t := printedTrail{Name: v.Name, HomeRegion: v.Home, IsMultiRegionTrail: v.Multi, IncludeGlobalServiceEvents: v.Global, IsOrganizationTrail: v.All, IsLogging: v.Logging}
	if len(groups) == 1 {
		t.CloudWatchLogsLogGroupArn = groups[0]
	}
	for _, s := range v.Classic {
		x := printedSelector{ReadWriteType: s.Type, IncludeManagementEvents: s.Management, ExcludeManagementEventSources: s.Exclude}
		for _, d := range s.Data {
			x.DataResources = append(x.DataResources, printedData(d))
		}
		t.EventSelectors = append(t.EventSelectors, x)
	}
	for _, s := range v.Advanced {
		x := printedAdvanced{Name: s.Name}
		for _, f := range s.Fields {
			x.FieldSelectors = append(x.FieldSelectors, printedField(f))
		}
		t.AdvancedEventSelectors = append(t.AdvancedEventSelectors, x)
	}
	out.TrailList = append(out.TrailList, t)
	return nil
}
