package cloudwatch

import (
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/strongroom-dev/strongroom/internal/metricalarm"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// dimension is one name and value of a metric.
type dimension struct{ Name, Value string }

// metric is a metric that has samples.
type metric struct {
	Account, Region, Namespace, Name string
	Dimensions                       []dimension // by name
	// Units in which it was published, in order.
	Units []string
	// Updated is the time of its newest sample.
	Updated time.Time
}

// sample is what one minute of a metric, or one second, holds in one unit.
type sample struct {
	Time                 time.Time
	Count, Sum, Min, Max float64
}

// kept is how long samples stay.
// Source: CloudWatch User Guide "Metrics retention": 15 months.
const kept = 455 * 24 * time.Hour

// key of a metric; the parts cannot hold a zero byte.
func (m *metric) key() string {
	var b strings.Builder
	b.WriteString(place(m.Account, m.Region) + m.Namespace + "\x00" + m.Name + "\x00")
	for _, d := range m.Dimensions {
		b.WriteString(strconv.Quote(d.Name) + "=" + strconv.Quote(d.Value) + ",")
	}
	return b.String()
}

// sampleKey orders the samples of a metric and unit by time.
func sampleKey(metric, unit string, at time.Time) string {
	text := strconv.FormatInt(at.Unix(), 16)
	return metric + "\x01" + unit + "\x01" + strings.Repeat("0", max(0, 16-len(text))) + text
}

// Publish adds a value to a metric, as PutMetricData does: a metric filter's, and what
// AWS services publish. dimensions may be nil, unit "" for None. Call it from writes only.
func (s *Service) Publish(account, region, namespace, name string, dimensions map[string]string, unit string, value float64, at time.Time) {
	m := &metric{Account: account, Region: region, Namespace: namespace, Name: name}
	for k, v := range dimensions {
		m.Dimensions = append(m.Dimensions, dimension{k, v})
	}
	m.sort()
	s.add(m, unit, metricalarm.Value(at, value), time.Minute)
	s.late.note(m.key(), at)
}

func (m *metric) sort() {
	slices.SortFunc(m.Dimensions, func(a, b dimension) int { return strings.Compare(a.Name, b.Name) })
}

// add puts a sample into the metric's minute or second.
func (s *Service) add(m *metric, unit string, x metricalarm.Sample, resolution time.Duration) {
	if unit == "" {
		unit = string(types.StandardUnitNone)
	}
	key, at := m.key(), x.Time.UTC().Truncate(resolution)
	if old := s.metrics.Get(key); old == nil || !slices.Contains(old.Units, unit) || at.After(old.Updated) {
		own := *m
		if old != nil {
			own.Units, own.Updated = slices.Clone(old.Units), old.Updated
		}
		if !slices.Contains(own.Units, unit) {
			own.Units = append(own.Units, unit)
			slices.Sort(own.Units)
		}
		if at.After(own.Updated) {
			own.Updated = at
		}
		s.metrics.Put(key, &own)
		s.forget(key, unit, own.Updated.Add(-kept))
	}
	all := x
	if old := s.samples.Get(sampleKey(key, unit, at)); old != nil {
		all = old.value().Add(x)
	}
	s.samples.Put(sampleKey(key, unit, at), &sample{at, all.Count, all.Sum, all.Min, all.Max})
}

// forget drops the samples that are too old.
func (s *Service) forget(key, unit string, before time.Time) {
	var old []string
	for k, x := range s.samples.Prefix(key + "\x01" + unit + "\x01") {
		if !x.Time.Before(before) {
			break
		}
		old = append(old, k)
	}
	for _, k := range old {
		s.samples.Delete(k)
	}
}

func (x *sample) value() metricalarm.Sample {
	return metricalarm.Sample{Time: x.Time, Count: x.Count, Sum: x.Sum, Min: x.Min, Max: x.Max}
}

// between yields the samples of a metric in one unit, or in each for "", whose time is in
// [from, to), by unit and time.
func (s *Service) between(m *metric, unit string, from, to time.Time) iter.Seq2[string, metricalarm.Sample] {
	return func(yield func(string, metricalarm.Sample) bool) {
		key := m.key()
		have := s.metrics.Get(key)
		if have == nil {
			return
		}
		for _, u := range have.Units {
			if unit != "" && u != unit {
				continue
			}
			prefix := key + "\x01" + u + "\x01"
			for k, x := range s.samples.From(sampleKey(key, u, from)) {
				if !strings.HasPrefix(k, prefix) || !x.Time.Before(to) {
					break
				}
				if x.Time.Before(from) { // a time within the second that the key holds
					continue
				}
				if !yield(u, x.value()) {
					return
				}
			}
		}
	}
}

// newMetric reads what names a metric in a request.
// Source: API Reference PutMetricData, MetricDatum, Dimension.
func newMetric(c *op.Call, namespace, name *string, dimensions []types.Dimension) (*metric, error) {
	m := &metric{Account: c.Caller.Account, Region: c.Region, Namespace: text(namespace), Name: text(name)}
	for what, value := range map[string]string{"Namespace": m.Namespace, "MetricName": m.Name} {
		if value == "" {
			return nil, missing(what)
		}
		if len(value) > 255 || strings.ContainsFunc(value, unicode.IsControl) {
			return nil, wrongValue("The value for parameter %s is invalid.", what)
		}
	}
	if len(dimensions) > 30 {
		return nil, wrongValue("The collection Dimensions must not have a size greater than 30.")
	}
	for _, d := range dimensions {
		n, v := text(d.Name), text(d.Value)
		switch {
		case n == "" || strings.TrimSpace(n) == "" || n[0] == ':' || len(n) > 255:
			return nil, wrongValue("The value %s for parameter Dimensions.Name is invalid.", n)
		case v == "" || strings.TrimSpace(v) == "" || len(v) > 1024:
			return nil, wrongValue("The value for parameter Dimensions.Value of %s is invalid.", n)
		case slices.ContainsFunc(m.Dimensions, func(have dimension) bool { return have.Name == n }):
			return nil, wrongValue("The dimension %s appears twice.", n)
		}
		m.Dimensions = append(m.Dimensions, dimension{n, v})
	}
	m.sort()
	return m, nil
}

func (m *metric) dimensions() []types.Dimension {
	out := make([]types.Dimension, 0, len(m.Dimensions))
	for _, d := range m.Dimensions {
		out = append(out, types.Dimension{Name: &d.Name, Value: &d.Value})
	}
	return out
}

func (s *Service) metricRows() []op.Row {
	put := op.New("PutMetricData", "CloudWatch API_PutMetricData", op.Write, checkPutMetricData, s.putMetricData)
	put.Data, put.ResourceTypes = true, []string{"AWS::CloudWatch::Metric"}
	return []op.Row{put}
}

func checkPutMetricData(c *op.Call, in *sdk.PutMetricDataInput) ([]op.Check, error) {
	if text(in.Namespace) == "" {
		return nil, missing("Namespace")
	}
	return anywhere(c, "PutMetricData", op.Single("cloudwatch:namespace", *in.Namespace)), nil
}

// datum is one entry that was checked.
type datum struct {
	metric     *metric
	unit       string
	resolution time.Duration
	samples    []metricalarm.Sample
}

func (s *Service) putMetricData(c *op.Call, in *sdk.PutMetricDataInput) (*sdk.PutMetricDataOutput, error) {
	switch {
	case strings.HasPrefix(*in.Namespace, "AWS/"):
		return nil, wrongValue("The value AWS/ for parameter Namespace is invalid.")
	case in.EntityMetricData != nil || in.StrictEntityValidation != nil:
		return nil, refuse("entities of metrics (EntityMetricData, StrictEntityValidation)")
	case len(in.MetricData) == 0:
		return nil, missing("MetricData")
	case len(in.MetricData) > 1000:
		return nil, wrongValue("The collection MetricData must not have a size greater than 1000.")
	}
	list := make([]datum, 0, len(in.MetricData))
	for i := range in.MetricData {
		d, err := newDatum(c, in.Namespace, &in.MetricData[i])
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	for _, d := range list {
		for _, x := range d.samples {
			s.add(d.metric, d.unit, x, d.resolution)
		}
	}
	return nil, nil
}

// newDatum checks one entry.
// Source: API Reference PutMetricData and MetricDatum.
func newDatum(c *op.Call, namespace *string, in *types.MetricDatum) (d datum, err error) {
	if d.metric, err = newMetric(c, namespace, in.MetricName, in.Dimensions); err != nil {
		return d, err
	}
	if d.unit, err = unit(in.Unit); err != nil {
		return d, err
	}
	at := c.Now
	if in.Timestamp != nil {
		at = *in.Timestamp
	}
	if at.Before(c.Now.Add(-14*24*time.Hour)) || at.After(c.Now.Add(2*time.Hour)) {
		return d, wrongValue("The parameter MetricData.member.Timestamp must specify a time within the past two weeks and at most two hours in the future.")
	}
	switch n := in.StorageResolution; {
	case n == nil || *n == 60:
		d.resolution = time.Minute
	case *n == 1:
		d.resolution = time.Second
	default:
		return d, wrongValue("The value %d for parameter MetricData.member.StorageResolution is invalid: it is 1 or 60.", *n)
	}
	kinds := 0
	if in.Value != nil {
		kinds++
		d.samples = append(d.samples, metricalarm.Value(at, *in.Value))
	}
	if v := in.StatisticValues; v != nil {
		kinds++
		if v.SampleCount == nil || v.Sum == nil || v.Minimum == nil || v.Maximum == nil {
			return d, missing("MetricData.member.StatisticValues")
		}
		d.samples = append(d.samples, metricalarm.Sample{Time: at, Count: *v.SampleCount, Sum: *v.Sum, Min: *v.Minimum, Max: *v.Maximum})
		if *v.SampleCount <= 0 || *v.Minimum > *v.Maximum {
			return d, wrongValue("The parameter MetricData.member.StatisticValues is not a set of values.")
		}
	}
	if len(in.Values) > 0 {
		kinds++
		if len(in.Values) > 150 || len(in.Counts) != 0 && len(in.Counts) != len(in.Values) {
			return d, combination("The parameters MetricData.member.Values and MetricData.member.Counts must be of the same size, at most 150.")
		}
		for i, v := range in.Values {
			n := 1.0
			if len(in.Counts) > 0 {
				n = in.Counts[i]
			}
			if !finite(n) || n < 0 {
				return d, wrongValue("The value %v for parameter MetricData.member.Counts is invalid.", n)
			}
			d.samples = append(d.samples, metricalarm.Sample{Time: at, Count: n, Sum: n * v, Min: v, Max: v})
		}
	} else if len(in.Counts) > 0 {
		return d, combination("The parameter MetricData.member.Counts needs MetricData.member.Values.")
	}
	if kinds != 1 {
		return d, combination("The parameters MetricData.member.Value, MetricData.member.Values and MetricData.member.StatisticValues are mutually exclusive and you have specified %d of them.", kinds)
	}
	for _, x := range d.samples {
		if !finite(x.Sum) || !finite(x.Min) || !finite(x.Max) || !finite(x.Count) {
			return d, wrongValue("The value of MetricData.member is not in the range of -2^360 to 2^360.")
		}
	}
	return d, nil
}

// finite reports a number that CloudWatch takes.
// Source: API Reference MetricDatum: -2^360 to 2^360, no NaN or infinity.
func finite(v float64) bool { return !math.IsNaN(v) && math.Abs(v) <= math.Ldexp(1, 360) }

func unit(u types.StandardUnit) (string, error) {
	if u != "" && !slices.Contains(u.Values(), u) {
		return "", invalid("1 validation error detected: Value '%s' at 'unit' failed to satisfy constraint: Member must satisfy enum value set", u)
	}
	return string(u), nil
}
