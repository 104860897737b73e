// Package logs is CloudWatch Logs: log groups, streams and their events, metric
// filters, and the resource policies by which AWS services write.
//
// New makes the service. A group with a KMS key keeps its events encrypted under it:
// CloudWatch Logs asks the key as logs.REGION.amazonaws.com, with the group's ARN as
// encryption context, for every write and every read. Metric filters see the events
// as they are put, and hand what they count to Metrics.
//
// Subscription filters, Insights queries, exports, transformers, data protection,
// account policies and deliveries are not here: their operations are refused by name.
package logs
