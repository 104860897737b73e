// Package logintegrity validates what a CloudTrail trail has delivered: that no
// log file was changed, deleted or replaced, by the signed digest files beside
// them, and that no digest file is missing from their chain.
//
// Validate reads the trail's bucket and asks CloudTrail for the keys that it
// signed with. It only reads. What `aws cloudtrail validate-logs` finds, it
// finds; besides that it validates every region that the trail delivers for, and
// notices a chain that ends too early or begins anew.
//
// It does not look for files that no digest names: a digest says what CloudTrail
// delivered, not what else lies in the bucket.
//
// Source: CloudTrail User Guide, "CloudTrail digest file structure" and "Custom
// implementations of CloudTrail log file integrity validation".
package logintegrity
