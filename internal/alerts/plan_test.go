package alerts_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/alerts"
)

func read(t *testing.T, name string) (*alerts.Rules, error) {
	t.Helper()
	return alerts.Read(t.Context(), name, alerts.Planner{})
}

func text(t *testing.T, r *alerts.Rules) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Print(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A plan of two regions: each rule tells the topic of its own region, though no ARN is
// known before anything is made. The state's rules are the same.
func TestPlanAndStateAreOneSetOfRules(t *testing.T) {
	plan, err := read(t, "testdata/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	state, err := read(t, "testdata/state.json")
	if err != nil {
		t.Fatal(err)
	}
	if plan.Account != examples.Account || plan.Region != examples.Region || plan.Count() != "4 rules and 2 alarms" {
		t.Errorf("%s %s %s", plan.Account, plan.Region, plan.Count())
	}
	for _, r := range plan.Rules {
		if len(r.Targets) != 1 || r.Targets[0].To != "arn:aws:sns:"+r.Region+":111122223333:foundations-alerts" {
			t.Errorf("%s of %s tells %+v", r.Name, r.Region, r.Targets)
		}
	}
	known := strings.NewReplacer(`      "State": "ENABLED",`+"\n", "", "foundations-audit:*", "foundations-audit")
	if diff := cmp.Diff(text(t, plan), known.Replace(text(t, state))); diff != "" {
		t.Errorf("plan (-) and state (+):\n%s", diff)
	}
	// A finding of the other region is told there.
	list, err := examples.Samples()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Name != "guardduty-7" {
			continue
		}
		e, err := alerts.NewEvent(s.Name, bytes.ReplaceAll(s.Event, []byte("eu-west-2"), []byte("us-east-1")))
		if err != nil {
			t.Fatal(err)
		}
		out, err := plan.Replay([]alerts.Case{{Name: s.Name, Events: []*alerts.Event{e}}})
		if err != nil {
			t.Fatal(err)
		}
		if trips := out[0].Verdicts[0].Trips; len(trips) != 1 || trips[0].Region != "us-east-1" || out[0].Alerts != 1 {
			t.Errorf("%+v", trips)
		}
	}
}

// What Print writes is what Read reads.
func TestPrintedRulesAreReadAgain(t *testing.T) {
	for _, name := range []string{"shipped.json", "testdata/plan.json", "testdata/state.json"} {
		once, err := read(t, name)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := read(t, write(t, "rules.json", text(t, once)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(text(t, once), text(t, twice)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// planOf is a plan with a rule whose target is to be found, and topics.
func planOf(target, rest string) string {
	return `{"format_version":"1.2","planned_values":{"root_module":{"resources":[
{"address":"aws_sns_topic.t","mode":"managed","type":"aws_sns_topic","name":"t","values":{"name":"t"}},
{"address":"aws_sns_topic.two[\"a\"]","mode":"managed","type":"aws_sns_topic","name":"two","index":"a","values":{"name":"two-a"}},
{"address":"aws_sns_topic.two[\"b\"]","mode":"managed","type":"aws_sns_topic","name":"two","index":"b","values":{"name":"two-b"}},
{"address":"aws_cloudwatch_event_rule.r","mode":"managed","type":"aws_cloudwatch_event_rule","name":"r","values":{"name":"r","event_bus_name":"default","event_pattern":"{\"source\":[\"aws.x\"]}"}},
{"address":"aws_cloudwatch_event_target.r","mode":"managed","type":"aws_cloudwatch_event_target","name":"r","index":"b","values":{"rule":"r","event_bus_name":"default","target_id":"1"}}],
"child_modules":[{"address":"module.m[0]","resources":[{"address":"module.m[0].aws_sns_topic.inner","mode":"managed","type":"aws_sns_topic","name":"inner","values":{"name":"inner"}}]}]}},
"resource_changes":[{"address":"aws_cloudwatch_event_target.r","mode":"managed","type":"aws_cloudwatch_event_target","name":"r","change":{"actions":["create"],"after_unknown":{"arn":true}}}],
"variables":{"where":{"value":"eu-west-1"}},
"configuration":{"provider_config":{"aws":{"name":"aws","expressions":{"region":{"references":["var.where"]}}}},"root_module":{"resources":[
{"address":"aws_sns_topic.t","mode":"managed","type":"aws_sns_topic","name":"t","provider_config_key":"aws","expressions":{}},
{"address":"aws_sns_topic.two","mode":"managed","type":"aws_sns_topic","name":"two","provider_config_key":"aws","expressions":{}},
{"address":"aws_cloudwatch_event_rule.r","mode":"managed","type":"aws_cloudwatch_event_rule","name":"r","provider_config_key":"aws","expressions":{}},
{"address":"aws_cloudwatch_event_target.r","mode":"managed","type":"aws_cloudwatch_event_target","name":"r","provider_config_key":"aws","expressions":{"arn":` + target + `}` + rest + `}],
"module_calls":{"m":{"source":"./m","expressions":{"given":{"references":["aws_sns_topic.t.arn","aws_sns_topic.t"]}},"module":{
"outputs":{"inner":{"expression":{"references":["aws_sns_topic.inner.arn","aws_sns_topic.inner"]}},"passed":{"expression":{"references":["var.given"]}},"itself":{"expression":{"references":["var.looped"]}}},
"resources":[{"address":"aws_sns_topic.inner","mode":"managed","type":"aws_sns_topic","name":"inner","provider_config_key":"aws","expressions":{}}]}}}}}}`
}

// An ARN that is known after apply only is found through the plan's references, or
// refused by name: never guessed.
func TestReferencesInAPlan(t *testing.T) {
	for _, c := range []struct{ name, target, rest, topic, fails string }{
		{"a resource", `{"references":["aws_sns_topic.t.arn","aws_sns_topic.t"]}`, "", "t", ""},
		{"an instance by its key", `{"references":["aws_sns_topic.two[\"a\"].arn","aws_sns_topic.two[\"a\"]","aws_sns_topic.two"]}`, "", "two-a", ""},
		{"the instance of each.key", `{"references":["aws_sns_topic.two","each.key"]}`, "", "two-b", ""},
		{"each.value of a resource", `{"references":["each.value.arn","each.value"]}`, `,"for_each_expression":{"references":["aws_sns_topic.t"]}`, "t", ""},
		{"an output of a module", `{"references":["module.m[0].inner","module.m[0]","module.m"]}`, "", "inner", ""},
		{"what a module was given and gives back", `{"references":["module.m[0].passed","module.m[0]","module.m"]}`, "", "t", ""},
		{"a local value", `{"references":["local.arn"]}`, "", "", "it goes by local.arn, and plans do not say what local values are made of"},
		{"a root variable", `{"references":["var.arn"]}`, "", "", "it goes by the root variable arn"},
		{"one of two", `{"references":["aws_sns_topic.t.arn","aws_sns_topic.t","aws_sns_topic.two[\"a\"].arn","aws_sns_topic.two[\"a\"]"]}`, "", "", "it may be any of 2 resources"},
		{"a resource that is not there", `{"references":["aws_sns_topic.gone.arn","aws_sns_topic.gone"]}`, "", "", "which the plan does not have"},
		{"a data source", `{"references":["data.aws_sns_topic.t.arn","data.aws_sns_topic.t"]}`, "", "", "it goes by data.aws_sns_topic.t.arn"},
		{"an output that is not there", `{"references":["module.m[0].gone","module.m[0]","module.m"]}`, "", "", "there is no output gone of the module m[0]"},
		{"a variable that nobody gives", `{"references":["module.m[0].itself","module.m[0]","module.m"]}`, "", "", "the module does not get its variable looped"},
		{"nothing", `{}`, "", "", "it may be any of 0 resources"},
	} {
		r, err := read(t, write(t, "plan.json", planOf(c.target, c.rest)))
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v, want %q", c.name, err, c.fails)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := r.Rules[0].Targets[0].To; got != "arn:aws:sns:eu-west-1::"+c.topic {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

// What decides and is not known before it is made is refused.
func TestUnknownInAPlan(t *testing.T) {
	plan, err := os.ReadFile("testdata/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	for kind, attributes := range map[string][]string{
		"aws_cloudwatch_event_rule":        {"event_pattern", "name", "state", "event_bus_name"},
		"aws_cloudwatch_event_target":      {"rule", "input"},
		"aws_cloudwatch_log_metric_filter": {"pattern", "log_group_name", "metric_transformation"},
		"aws_cloudwatch_metric_alarm":      {"threshold", "metric_name", "period", "actions_enabled"},
		"aws_sns_topic_subscription":       {"protocol", "filter_policy"},
		"aws_cloudtrail":                   {"enable_logging", "is_multi_region_trail"},
	} {
		for _, attribute := range attributes {
			var p map[string]any
			if err := json.Unmarshal(plan, &p); err != nil {
				t.Fatal(err)
			}
			for _, c := range p["resource_changes"].([]any) {
				if c := c.(map[string]any); c["type"] == kind {
					c["change"].(map[string]any)["after_unknown"].(map[string]any)[attribute] = true
				}
			}
			data, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			want := "its " + attribute + " is known after apply only"
			if _, err := read(t, write(t, "plan.json", string(data))); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", kind, err, want)
			}
		}
	}
}

// Rules of which something is not understood are refused, whole.
func TestRulesThatAreRefused(t *testing.T) {
	const alarm = `"AlarmName":"a","Namespace":"n","MetricName":"m","Statistic":"Sum","Period":60,"EvaluationPeriods":1,"Threshold":1,"ComparisonOperator":"GreaterThanThreshold"`
	for _, c := range []struct{ text, want string }{
		{`[]`, "it holds no JSON object"},
		{`{"Rules":[{"EventPattern":"{\"a\":[1]}"}]}`, "it has no Name"},
		{`{"Rules":[{"Name":"r"}]}`, "it has neither EventPattern nor ScheduleExpression"},
		{`{"Rules":[{"Name":"r","EventPattern":"{\"a\":[1]}","State":"ASLEEP"}]}`, `the state "ASLEEP" is not known`},
		{`{"Rules":[{"Name":"r","Arn":"x","EventPattern":"{\"a\":[1]}"}]}`, `"x" is no ARN`},
		{`{"Rules":[{"Name":"r","Arn":"arn:aws:events:eu-west-2:111122223333:rule/r","EventPattern":"{\"a\":[1]}"},{"Name":"s","Arn":"arn:aws:events:eu-west-2:222233334444:rule/s","EventPattern":"{\"a\":[1]}"}]}`, "give one account's rules at a time"},
		{`{"metricFilters":[{"filterName":"f","logGroupName":"g","filterPattern":"{ $.a = }","metricTransformations":[]}]}`, "metric filter f: "},
		{`{"metricFilters":[{"filterName":"f","filterPattern":"","metricTransformations":[]}]}`, "it has no logGroupName"},
		{`{"metricFilters":[{"filterName":"f","logGroupName":"g","filterPattern":"","metricTransformations":[{"metricName":"m","metricNamespace":"n","metricValue":"one"}]}]}`, `the metricValue "one" is neither a number nor a selector`},
		{`{"metricFilters":[{"filterName":"f","logGroupName":"g","filterPattern":"","applyOnTransformedLogs":true}]}`, "applyOnTransformedLogs"},
		{`{"MetricAlarms":[{` + alarm + `,"ExtendedStatistic":"p99"}]}`, "percentiles"},
		{`{"MetricAlarms":[{` + alarm + `,"ThresholdMetricId":"t"}]}`, "anomaly detection"},
		{`{"MetricAlarms":[{` + strings.Replace(alarm, `"Threshold":1,`, "", 1) + `}]}`, "it has no Threshold"},
		{`{"MetricAlarms":[{` + strings.Replace(alarm, `"Sum"`, `"Median"`, 1) + `}]}`, `the statistic "Median"`},
		{`{"CompositeAlarms":[{}]}`, "CompositeAlarms"},
		{`{"Topics":[{"TopicArn":"arn:aws:sqs:eu-west-2:111122223333:q"}]}`, "is no topic's ARN"},
		{`{"Subscriptions":[{"TopicArn":"arn:aws:sns:eu-west-2:111122223333:t","Protocol":"email","Endpoint":"a","Attributes":{"FilterPolicy":"{"}}]}`, "subscription of email a: "},
		{`{"Subscriptions":[{"TopicArn":"arn:aws:sns:eu-west-2:111122223333:t","Protocol":"email","Endpoint":"a","Attributes":{"FilterPolicy":"{\"a\":[1]}","FilterPolicyScope":"Moon"}}]}`, `the FilterPolicyScope "Moon" is not known`},
		{`{"trailList":[{"Name":"t","CloudWatchLogsLogGroupArn":"x"}]}`, `"x" is no log group's ARN`},
		{`{"trailList":[{"Name":"t","AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"vpcEndpointId"}]}]}]}`, `the field "vpcEndpointId" of an advanced event selector is not known`},
		{`{"trailList":[{"Name":"t","HasCustomEventSelectors":true}]}`, "add the EventSelectors or AdvancedEventSelectors"},
		{`{"trailList":[{"Name":"t","EventSelectors":[{"ReadWriteType":"Some"}]}]}`, `the ReadWriteType "Some" is not known`},
		{`{"metricFilters":[{"filterName":"f","logGroupName":"g","filterPattern":"","metricTransformations":[{"metricName":"m","metricNamespace":"n","metricValue":"1"}]}],"MetricAlarms":[{` + alarm + `,"AlarmArn":"arn:aws:cloudwatch:eu-west-2:111122223333:alarm:a"},{` + alarm + `,"AlarmArn":"arn:aws:cloudwatch:us-east-1:111122223333:alarm:a"}]}`, `add it: "region": "eu-west-2"`},
	} {
		if _, err := read(t, write(t, "rules.json", c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}
