// Package guardduty is GuardDuty of one account: its detectors with their
// features, sample findings, and the filters that archive.
//
// It detects nothing: findings are the samples that CreateSampleFindings makes.
// Each that no filter archives goes to EventBridge, and to Security Hub where that
// is enabled. Members, threat lists and publishing destinations are not
// implemented.
//
// Source: GuardDuty API Reference; GuardDuty User Guide.
package guardduty
