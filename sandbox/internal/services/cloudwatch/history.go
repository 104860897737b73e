package cloudwatch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

// historyItem is one thing that happened to an alarm, which may be gone since.
type historyItem struct {
	Account, Region, Alarm string
	Time                   time.Time
	Order                  int // of those of one time
	Kind                   types.HistoryItemType
	Summary, Data          string
}

// keptHistory is how long it stays.
// Source: CloudWatch User Guide "Viewing alarm history": 30 days.
const keptHistory = 30 * 24 * time.Hour

func (h *historyItem) key() string {
	return place(h.Account, h.Region) + h.Time.UTC().Format("20060102150405.000000000") + fmt.Sprintf("%08d", h.Order)
}

// remember adds an item, and drops those that are too old.
func (s *Service) remember(h *historyItem) {
	for s.history.Get(h.key()) != nil {
		h.Order++
	}
	s.history.Put(h.key(), h)
	var old []string
	for k, x := range s.history.Prefix(place(h.Account, h.Region)) {
		if !x.Time.Before(h.Time.Add(-keptHistory)) {
			break
		}
		old = append(old, k)
	}
	for _, k := range old {
		s.history.Delete(k)
	}
}

func item(a *alarm, kind types.HistoryItemType, summary string, at time.Time, data any) *historyItem {
	text, err := json.Marshal(data)
	if err != nil { // nothing here is without JSON
		text = []byte("{}")
	}
	return &historyItem{Account: a.Account, Region: a.Region, Alarm: a.Name, Time: at, Kind: kind, Summary: summary, Data: string(text)}
}

// What happened to an alarm's configuration, and how its data calls it.
const (
	created = "Create"
	updated = "Update"
	deleted = "Delete"
)

// configured is the item of a change of the configuration.
// Observed: DescribeAlarmHistory, ConfigurationUpdate.
func configured(a *alarm, kind string, at time.Time) *historyItem {
	past := map[string]string{created: "created", updated: "updated", deleted: "deleted"}[kind]
	return item(a, types.HistoryItemTypeConfigurationUpdate, `Alarm "`+a.Name+`" `+past, at, map[string]any{
		"version": "1.0", "type": kind, past + "Alarm": a.described(),
	})
}

// described is the alarm as the history has it.
func (a *alarm) described() map[string]any {
	dimensions := []map[string]string{}
	for _, d := range a.Dimensions {
		dimensions = append(dimensions, map[string]string{"name": d.Name, "value": d.Value})
	}
	return map[string]any{
		"alarmName": a.Name, "alarmArn": a.arn(), "alarmDescription": a.Description, "actionsEnabled": a.Enabled,
		"okactions": list(a.OKActions), "alarmActions": list(a.AlarmActions), "insufficientDataActions": list(a.NoData),
		"metricName": a.Metric, "namespace": a.Namespace, "statistic": a.Statistic, "dimensions": dimensions, "period": a.Period,
		"evaluationPeriods": a.Periods, "threshold": a.Threshold, "comparisonOperator": a.Operator,
		"stateValue": a.State, "alarmConfigurationUpdatedTimestamp": stamp(a.Configured),
	}
}

// stateUpdate is the item of a change of the state.
// Observed: DescribeAlarmHistory, StateUpdate.
func stateUpdate(a *alarm, old stateOf) *historyItem {
	told := func(s stateOf) map[string]any {
		m := map[string]any{"stateValue": s.State, "stateReason": s.Reason}
		if json.Valid([]byte(s.ReasonData)) {
			m["stateReasonData"] = json.RawMessage(s.ReasonData)
		}
		return m
	}
	return item(a, types.HistoryItemTypeStateUpdate, fmt.Sprintf("Alarm updated from %s to %s", old.State, a.State), a.Since, map[string]any{
		"version": "1.0", "oldState": told(old), "newState": told(a.state()),
	})
}

// acted is the item of an action, with the error that it met with; nil: none.
// Observed: DescribeAlarmHistory, Action.
func acted(a *alarm, action, message string, at time.Time, problem error) *historyItem {
	state, summary, reason := "Succeeded", "Successfully executed action "+action, any(nil)
	if problem != nil {
		state, summary, reason = "Failed", fmt.Sprintf("Failed to execute action %s. Received error: %q", action, problem.Error()), problem.Error()
	}
	return item(a, types.HistoryItemTypeAction, summary, at, map[string]any{
		"actionState": state, "notificationResource": action, "stateUpdateTimestamp": a.Since.UnixMilli(),
		"publishedMessage": message, "error": reason,
	})
}

func (s *Service) historyRows() []op.Row {
	return []op.Row{op.New("DescribeAlarmHistory", "CloudWatch API_DescribeAlarmHistory", op.Read,
		func(c *op.Call, in *sdk.DescribeAlarmHistoryInput) ([]op.Check, error) {
			if in.AlarmName == nil {
				return []op.Check{s.check(c, "DescribeAlarmHistory", "*")}, nil
			}
			if err := checkName(*in.AlarmName); err != nil {
				return nil, err
			}
			return []op.Check{s.check(c, "DescribeAlarmHistory", *in.AlarmName)}, nil
		}, s.describeHistory)}
}

func (s *Service) describeHistory(c *op.Call, in *sdk.DescribeAlarmHistoryInput) (*sdk.DescribeAlarmHistoryOutput, error) {
	if in.AlarmContributorId != nil {
		return nil, refuse("AlarmContributorId")
	}
	for _, t := range in.AlarmTypes {
		if !slices.Contains(t.Values(), t) {
			return nil, invalid("1 validation error detected: Value '%s' at 'alarmTypes' failed to satisfy constraint: Member must satisfy enum value set", t)
		}
	}
	n, err := limit(in.MaxRecords, 100, 100)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeAlarmHistoryOutput{AlarmHistoryItems: []types.AlarmHistoryItem{}}
	if len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm) {
		return out, nil
	}
	var found []*historyItem
	for _, h := range s.history.Prefix(place(c.Caller.Account, c.Region)) {
		if (in.AlarmName == nil || *in.AlarmName == h.Alarm) && (in.HistoryItemType == "" || in.HistoryItemType == h.Kind) &&
			(in.StartDate == nil || !h.Time.Before(*in.StartDate)) && (in.EndDate == nil || !h.Time.After(*in.EndDate)) {
			found = append(found, h)
		}
	}
	// Newest first, unless asked otherwise.
	key := func(h *historyItem) string { return h.key() }
	switch in.ScanBy {
	case types.ScanByTimestampAscending:
	case "", types.ScanByTimestampDescending:
		slices.Reverse(found)
		key = func(h *historyItem) string { return mirrored(h.key()) }
	default:
		return nil, invalid("1 validation error detected: Value '%s' at 'scanBy' failed to satisfy constraint: Member must satisfy enum value set", in.ScanBy)
	}
	found, out.NextToken = page.Cut(found, key, n, in.NextToken)
	for _, h := range found {
		out.AlarmHistoryItems = append(out.AlarmHistoryItems, types.AlarmHistoryItem{AlarmName: &h.Alarm, AlarmType: types.AlarmTypeMetricAlarm,
			HistoryItemType: h.Kind, HistorySummary: &h.Summary, HistoryData: &h.Data, Timestamp: &h.Time})
	}
	return out, nil
}

// mirrored is a key whose order is the other way round.
func mirrored(key string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return '0' + '9' - r
		}
		return r
	}, key)
}
