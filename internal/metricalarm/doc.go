// Package metricalarm says what state a CloudWatch metric alarm is in, given the
// samples of its metric: the statistic of each period, M out of N, what missing data
// counts as, and the reason in CloudWatch's words.
//
// Start with Alarm.Evaluate. It is a pure function: no clock, no store, no I/O. Who
// keeps the samples, when an alarm is looked at and what a change leads to is for the
// caller.
//
// Not here, and refused by Alarm.Validate or by the caller: percentiles and the other
// extended statistics, metric math, anomaly detection, composite alarms.
//
// Source: CloudWatch User Guide "Alarm evaluation", "Configuring how CloudWatch alarms
// treat missing data"; API Reference PutMetricAlarm.
package metricalarm
