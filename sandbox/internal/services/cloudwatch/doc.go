// Package cloudwatch is the sandbox's CloudWatch: metrics, and the alarms that watch
// them.
//
// New makes the Service; Publish is how other services put samples into a metric. Engine
// is the part of the clockwork that looks at every alarm each minute of the sandbox's
// time, by package internal/metricalarm, and does what a change of state leads to: the
// alarm's SNS actions, as cloudwatch.amazonaws.com under the topic's policy and its key's,
// and the event "CloudWatch Alarm State Change".
//
// Refused by name: composite, log and PromQL alarms, anomaly detection, metric math,
// percentiles, actions other than SNS topics, dashboards, metric streams, Contributor
// Insights.
package cloudwatch
