// Package s3 is the sandbox's S3: buckets with their configuration, versioned
// objects, multipart uploads, and encryption that is real.
//
// Start with New, which adds the tables to the store; Rows is the table of
// operations, and routes.go says which request is which operation. Objects are
// ciphertext at rest: SSE-S3 under a key that each bucket has, SSE-KMS under
// data keys that Keys makes, with S3's own encryption context.
//
// It does not serve requester pays, SSE-C, dual-layer SSE-KMS, access points,
// object lock, replication, website hosting or the lifecycle rules' effects:
// configurations that would need them are refused by name, and lifecycle rules
// are kept but never act.
//
// Source: Amazon S3 API Reference and Amazon S3 User Guide.
package s3
