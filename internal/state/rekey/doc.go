// Package rekey puts states in S3 under another key, or under none of ours, and
// makes an earlier version of a state the current one. S3 copies each object onto
// itself; no state is written by this machine.
//
// Start with NewPlan, which only reads and says what would be done, then Plan.Run.
// Run takes the engines' lock of each state, has S3 copy it on the condition that
// nobody wrote in between, and proves what became of it. It may be killed at any
// instruction: at any time the current version is a whole state, and the next Run
// releases the locks that the killed one left and does the rest.
//
// It does not delete versions, does not move states out of their bucket (package
// migrate), and does not judge who may read them: the command hands a function over.
//
// Source: S3 API CopyObject, UploadPartCopy, UpdateObjectEncryption; "Conditional
// writes" of the S3 User Guide.
package rekey
