// Package awscall makes the few calls to AWS for which the SDK's package is not
// worth its size: EC2's alone takes longer to compile than everything else here,
// and an audit asks it two questions.
//
// EC2 and PublicAccessBlock sign with the SDK's signer and the configuration's
// credentials, go through its HTTP client, and answer with the SDK's own error
// types: smithy.APIError, and awshttp.ResponseError with the request's ID.
//
// It does not retry, and knows no other service.
package awscall
