package alerts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/eventpattern"
	"github.com/strongroom-dev/strongroom/internal/filterpattern"
	"github.com/strongroom-dev/strongroom/internal/metricalarm"
)

// Rules are what an account is told by. They are not changed once read, and may be used
// by several goroutines.
type Rules struct {
	// From says where they were read.
	From string
	// Account and Region are the account's ID and home region; empty: not known.
	Account, Region string

	Rules         []*Rule
	Filters       []*Filter
	Alarms        []*Alarm
	Trails        []*Trail
	Topics        []*Topic
	Subscriptions []*Subscription

	printed printed // as it was read, for Print
}

// Rule is an EventBridge rule.
type Rule struct {
	// Name, and Region; empty: not known.
	Name, Region string
	// Bus is the event bus's name, "default".
	Bus string
	// State is ENABLED, DISABLED or ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS.
	State string
	// Pattern is nil for a rule that goes by a schedule alone.
	Pattern *eventpattern.Pattern
	Targets []Target
}

// Target is what a rule passes events on to.
type Target struct {
	ID string
	// To is an ARN, or the Key of a topic whose ARN is not known.
	To string
	// Input, Path and Template make what the target gets: a text, a part of the event, a
	// template with variables by Paths. All empty: the event itself.
	Input, Path, Template string
	Paths                 map[string]string
}

// whole reports whether the target gets the event as it is.
func (t *Target) whole() bool { return t.Input == "" && t.Path == "" && t.Template == "" }

// Filter is a metric filter of a log group: one of its metrics.
type Filter struct {
	Name, Region, LogGroup string
	Pattern                *filterpattern.Pattern
	Namespace, Metric      string
	// Value is a number, or a selector such as "$.size".
	Value string
	// Default is counted for records that do not match; nil: nothing is.
	Default *float64
	// Dimensions are selectors by name.
	Dimensions map[string]string
}

// Alarm is a CloudWatch alarm of one metric.
type Alarm struct {
	Name, Region      string
	Namespace, Metric string
	Dimensions        map[string]string
	Is                metricalarm.Alarm
	// Silenced: its actions are switched off.
	Silenced bool
	// Actions are ARNs, or Keys of topics, by the state that the alarm goes to.
	Actions map[metricalarm.State][]string
}

// Topic is an SNS topic.
type Topic struct {
	// Key is the ARN, or what stands for it: REGION/NAME.
	Key string
	// Name is for people.
	Name string
}

// Subscription is one of a topic's.
type Subscription struct {
	// Topic is its Key.
	Topic              string
	Protocol, Endpoint string
	// Filter is its filter policy; nil: it gets everything.
	Filter *eventpattern.Pattern
	// Pending: nobody has confirmed it, and it gets nothing.
	Pending bool
	// ByBody: the filter is held against the message and not against its attributes.
	ByBody bool
}

// Recipient is who gets a message in the end.
type Recipient struct {
	// Protocol is SNS's, "email", or the service of a target, "lambda".
	Protocol string `json:"protocol"`
	Endpoint string `json:"endpoint"`
	// Topic is the name of the topic that it comes by; empty: by none.
	Topic string `json:"topic,omitempty"`
}

// String is for people: "email security@example.com".
func (r Recipient) String() string { return r.Protocol + " " + r.Endpoint }

// topicKey is how a topic is known: by region and name, whether its ARN is known or not.
// ok is false if the text is no topic's ARN or Key.
func topicKey(to string) (key string, ok bool) {
	if part := strings.SplitN(to, ":", 6); len(part) == 6 && part[0] == "arn" {
		if part[2] != "sns" || part[5] == "" {
			return "", false
		}
		return part[3] + "/" + part[5], true
	}
	region, name, ok := strings.Cut(to, "/")
	return to, ok && name != "" && !strings.Contains(region, ":")
}

// topic finds one by its key. A rule that does not know its region has the one topic of
// the name.
func (r *Rules) topic(key string) *Topic {
	for _, t := range r.Topics {
		if t.Key == key {
			return t
		}
	}
	return nil
}

// order sorts what was read, so that every answer has the same order.
func (r *Rules) order() {
	slices.SortStableFunc(r.Rules, func(a, b *Rule) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Region, b.Region)) })
	slices.SortStableFunc(r.Filters, func(a, b *Filter) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Metric, b.Metric)) })
	slices.SortStableFunc(r.Alarms, func(a, b *Alarm) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Region, b.Region)) })
	slices.SortStableFunc(r.Trails, func(a, b *Trail) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(r.Topics, func(a, b *Topic) int { return cmp.Compare(a.Key, b.Key) })
	slices.SortStableFunc(r.Subscriptions, func(a, b *Subscription) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	for _, x := range r.Rules {
		slices.SortStableFunc(x.Targets, func(a, b Target) int { return cmp.Compare(a.ID, b.ID) })
	}
}

// Count says how much there is: "2 rules, 2 alarms".
func (r *Rules) Count() string {
	return count(len(r.Rules), "rule") + " and " + count(len(r.Alarms), "alarm")
}

// count is "1 rule", "2 rules".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// fedBy reports whether a filter counts for the alarm's metric.
func (a *Alarm) fedBy(f *Filter) bool {
	return a.Namespace == f.Namespace && a.Metric == f.Metric && (a.Region == f.Region || a.Region == "" || f.Region == "")
}

// check refuses what could be read in two ways.
func (r *Rules) check() error {
	for _, f := range r.Filters {
		region := ""
		for _, a := range r.Alarms {
			if f.Region != "" || !a.fedBy(f) {
				continue
			}
			if region != "" && a.Region != region {
				return fmt.Errorf("metric filter %s: alarms of %s and %s go by its metric, and its own region is not told; add it: \"region\": \"%s\"", f.Name, region, a.Region, region)
			}
			region = a.Region
		}
	}
	return nil
}
