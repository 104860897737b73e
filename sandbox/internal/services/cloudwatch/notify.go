package cloudwatch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/internal/metricalarm"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// number is written as CloudWatch writes numbers, 1 as 1.0.
type number float64

// MarshalJSON writes it.
func (n number) MarshalJSON() ([]byte, error) { return []byte(metricalarm.Number(float64(n))), nil }

func stamp(t time.Time) string { return metricalarm.Stamp(t) }

type told struct {
	Value string `json:"value"`
	Name  string `json:"name"`
}

type trigger struct {
	MetricName                       string
	Namespace                        string
	StatisticType                    string
	Statistic                        string
	Unit                             *string
	Dimensions                       []told
	Period                           int32
	EvaluationPeriods                int32
	DatapointsToAlarm                int32 `json:",omitempty"`
	ComparisonOperator               metricalarm.Operator
	Threshold                        number
	TreatMissingData                 metricalarm.Missing
	EvaluateLowSampleCountPercentile string
}

// notification is the message of an alarm's SNS action.
//
// Observed: messages of alarms, with this order of members; AlarmDescription and Unit are
// null where there is none, TreatMissingData is "".
// Source: CloudWatch User Guide "Notifying users on alarm changes".
type notification struct {
	AlarmName                          string
	AlarmDescription                   *string
	AWSAccountID                       string `json:"AWSAccountId"`
	AlarmConfigurationUpdatedTimestamp string
	NewStateValue                      metricalarm.State
	NewStateReason                     string
	StateChangeTime                    string
	Region                             string
	AlarmArn                           string
	OldStateValue                      metricalarm.State
	OKActions                          []string
	AlarmActions                       []string
	InsufficientDataActions            []string
	Trigger                            trigger
}

// message is what topics are told, and its subject.
func (c *change) message() (subject, body string, err error) {
	a := &c.Alarm
	t := trigger{
		MetricName: a.Metric, Namespace: a.Namespace, StatisticType: "Statistic", Statistic: statistics[a.Statistic], Unit: optional(a.Unit),
		Dimensions: []told{}, Period: a.Period, EvaluationPeriods: a.Periods, DatapointsToAlarm: a.Datapoints,
		ComparisonOperator: a.Operator, Threshold: number(a.Threshold), TreatMissingData: a.Missing,
	}
	for _, d := range a.Dimensions {
		t.Dimensions = append(t.Dimensions, told{d.Value, d.Name})
	}
	region := a.Region
	if name, ok := regionNames[region]; ok {
		region = name
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err = e.Encode(notification{
		a.Name, a.Description, a.Account, stamp(a.Configured), a.State, a.Reason, stamp(a.Since), region, a.arn(), c.Old.State,
		list(a.OKActions), list(a.AlarmActions), list(a.NoData), t,
	})
	return subject100(string(a.State) + `: "` + a.Name + `" in ` + region), strings.TrimSuffix(b.String(), "\n"), err
}

// subject100 makes a subject that SNS takes: at most 100 printable ASCII characters. How
// CloudWatch shortens the names of alarms is not documented.
func subject100(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), 100)]
}

var statistics = map[metricalarm.Statistic]string{
	metricalarm.SampleCount: "SAMPLE_COUNT", metricalarm.Average: "AVERAGE", metricalarm.Sum: "SUM",
	metricalarm.Minimum: "MINIMUM", metricalarm.Maximum: "MAXIMUM",
}

// regionNames are those that notifications have; a region that is not here goes by its code.
// Source: AWS General Reference "AWS service endpoints"; observed in notifications: "EU
// (London)", not "Europe (London)".
var regionNames = map[string]string{
	"us-east-1": "US East (N. Virginia)", "us-east-2": "US East (Ohio)", "us-west-1": "US West (N. California)", "us-west-2": "US West (Oregon)",
	"ca-central-1": "Canada (Central)", "sa-east-1": "South America (Sao Paulo)",
	"eu-west-1": "EU (Ireland)", "eu-west-2": "EU (London)", "eu-west-3": "EU (Paris)", "eu-central-1": "EU (Frankfurt)", "eu-north-1": "EU (Stockholm)",
	"ap-south-1": "Asia Pacific (Mumbai)", "ap-northeast-1": "Asia Pacific (Tokyo)", "ap-northeast-2": "Asia Pacific (Seoul)",
	"ap-northeast-3": "Asia Pacific (Osaka)", "ap-southeast-1": "Asia Pacific (Singapore)", "ap-southeast-2": "Asia Pacific (Sydney)",
}

type eventState struct {
	Value      metricalarm.State `json:"value"`
	Reason     string            `json:"reason"`
	ReasonData string            `json:"reasonData,omitempty"`
	Timestamp  string            `json:"timestamp"`
}

func (s stateOf) event() eventState {
	return eventState{s.State, s.Reason, s.ReasonData, stamp(s.Since)}
}

type eventDetail struct {
	AlarmName     string     `json:"alarmName"`
	State         eventState `json:"state"`
	PreviousState eventState `json:"previousState"`
	Configuration struct {
		Description *string       `json:"description,omitempty"`
		Metrics     []eventMetric `json:"metrics"`
	} `json:"configuration"`
}

type eventMetric struct {
	ID         string `json:"id"`
	MetricStat struct {
		Metric struct {
			Namespace  string            `json:"namespace"`
			Name       string            `json:"name"`
			Dimensions map[string]string `json:"dimensions"`
		} `json:"metric"`
		Period int32                 `json:"period"`
		Stat   metricalarm.Statistic `json:"stat"`
		Unit   string                `json:"unit,omitempty"`
	} `json:"metricStat"`
	ReturnData bool `json:"returnData"`
}

// signal is the event that EventBridge gets.
// Source: CloudWatch User Guide "Alarm events and EventBridge", sample events.
func (c *change) signal() op.Signal {
	a := &c.Alarm
	var d eventDetail
	d.AlarmName, d.State, d.PreviousState = a.Name, a.state().event(), c.Old.event()
	d.Configuration.Description = a.Description
	var m eventMetric
	sum := sha256.Sum256([]byte(a.metric().key()))
	id := hex.EncodeToString(sum[:16])
	m.ID = id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
	m.MetricStat.Metric.Namespace, m.MetricStat.Metric.Name, m.MetricStat.Metric.Dimensions = a.Namespace, a.Metric, map[string]string{}
	for _, x := range a.Dimensions {
		m.MetricStat.Metric.Dimensions[x.Name] = x.Value
	}
	m.MetricStat.Period, m.MetricStat.Stat, m.MetricStat.Unit, m.ReturnData = a.Period, a.Statistic, a.Unit, true
	d.Configuration.Metrics = []eventMetric{m}
	return op.Signal{Source: "aws.cloudwatch", DetailType: "CloudWatch Alarm State Change", Account: a.Account, Region: a.Region,
		Time: a.Since, Resources: []string{a.arn()}, Detail: d}
}
