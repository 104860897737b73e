// Package sigv4 verifies AWS Signature Version 4: in the Authorization header
// and in presigned URLs, with whole, unsigned and chunked payloads.
//
// Parse reads what a request claims; Verifier.Verify checks the claim against a
// credential and returns the payload with its framing taken off. A fault is an
// *Error with a Reason; which AWS error code that is depends on the service and
// is Error.For's answer.
//
// It does not know which keys exist, and decides nothing about permissions.
//
// Source: IAM User Guide, "AWS Signature Version 4 for API requests"; S3 API
// Reference, "Authenticating Requests (AWS Signature Version 4)".
package sigv4
