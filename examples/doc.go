// Package examples carries the example rooms and the sample events.
//
// FS is what "strongroom rehearse" builds when it is given no room, and the worlds of
// its scenarios, each in a directory of the scenario's name. An example holds a spec and
// nothing else, as the stacks and modules are rendered from it.
//
// Samples are events in the shapes that AWS documents, each with what the baseline's
// alerts are expected to make of it: what "strongroom alerts replay samples" holds
// against the rules, and what a rehearsal sends through the applied stack.
//
// Source: GuardDuty User Guide "Processing GuardDuty findings with Amazon EventBridge",
// "Severity levels of GuardDuty findings"; Security Hub User Guide "EventBridge event
// formats for Security Hub CSPM", "AWS Security Finding Format (ASFF)"; CloudTrail User
// Guide "CloudTrail record contents", "CloudTrail userIdentity element", "AWS Management
// Console sign-in events"; CloudWatch User Guide "Alarm events and EventBridge".
package examples
