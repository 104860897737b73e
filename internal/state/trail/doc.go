// Package trail tells who wrote states in a bucket, and when, from the log group that
// an account's audit trail writes to.
//
// Start with a Log and its Writes. A trail tells of objects only if it records the
// bucket's data events, as modules/baseline/audit-logging has it with
// state_bucket_arn; its records come minutes after the requests.
//
// It does not prove that the records are whole: package logintegrity does, on the
// files that the trail delivers to its bucket.
package trail
