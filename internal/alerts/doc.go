// Package alerts says what an account's alerting makes of an event: which EventBridge
// rule or CloudWatch alarm it trips, who is told and how often, and why every other
// rule and alarm stays silent.
//
// Read gives the Rules of a stack, a plan, a state or of what the AWS CLI prints;
// Shipped gives those of the baseline in the example room. ReadEvents gives the events
// of files, and Samples the library's. Rules.Replay then holds events against rules:
//
//	report, err := rules.Replay(cases)
//
// A CloudTrail record is held against the metric filters of the log group that the
// trail writes to, and, as the event that EventBridge makes of it, against the rules.
// Alarms are evaluated over the records' own times, so that several records within a
// period are one alert.
//
// It asks no account and sends nothing; only a stack is planned, by the engine, in a
// sandbox of its own. It does not know whether a topic's or a key's policy lets an alert
// through (a rehearsal does, which sends the samples through the applied stack), nor
// what a target makes of what it gets.
//
// Source: EventBridge User Guide "AWS service events delivered via AWS CloudTrail";
// CloudWatch Logs User Guide "Creating metrics from log events using filters";
// CloudWatch User Guide "Using Amazon CloudWatch alarms"; SNS Developer Guide "Amazon
// SNS subscription filter policies".
package alerts
