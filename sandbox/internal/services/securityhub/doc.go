// Package securityhub is Security Hub CSPM of one account: the hub, its standards,
// and findings in the AWS Security Finding Format, imported and updated, each of
// which goes to EventBridge, and the finding aggregator.
//
// No control is evaluated: findings are those that are imported, and the aggregator
// copies none from one region to another. Members, insights, automation rules and Security Hub V2 are not implemented.
//
// Source: Security Hub API Reference; Security Hub User Guide.
package securityhub
