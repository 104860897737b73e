// Package cloudtrail is CloudTrail: trails with their selectors, the event history, and
// the delivery of log and digest files.
//
// Service is the table of operations. Deliverer, a part of the sandbox's clockwork, collects
// the audit events that trails record, writes them to the trails' buckets as
// cloudtrail.amazonaws.com every five minutes, and signs a digest of what it delivered
// every hour, as "aws cloudtrail validate-logs" checks it. Service.Logs answers
// EventBridge, which passes on only what a trail records.
//
// A trail's topic is told of each log file, by CloudTrail as well.
//
// Insights are kept as they are asked for, and none is found.
//
// Event data stores, channels, dashboards and organization trails are refused
// by name, and so are data events of resource types but those of S3, Lambda and DynamoDB.
//
// Source: CloudTrail API Reference; CloudTrail User Guide.
package cloudtrail
