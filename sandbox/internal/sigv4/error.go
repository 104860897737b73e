package sigv4

import (
	"net/http"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Reason is why a signature is refused.
type Reason uint8

const (
	// Malformed: the authorization parts cannot be read.
	Malformed Reason = iota
	// Unsupported: another scheme than AWS4-HMAC-SHA256.
	Unsupported
	// TwoSchemes: a header and query parameters both authenticate.
	TwoSchemes
	// UnknownKey: no such access key, or it is inactive. Choice inactive-access-key.
	UnknownKey
	// BadToken: the session token is missing, unneeded or not the key's.
	BadToken
	// ExpiredToken: the session is over.
	ExpiredToken
	// BadSignature: the signature is not the key's.
	BadSignature
	// Skewed: the request's time is too far from now.
	Skewed
	// Expired: a presigned URL past its time.
	Expired
	// BadExpires: X-Amz-Expires is not within one second and seven days.
	BadExpires
	// WrongRegion and WrongService: the credential scope is for another.
	WrongRegion
	WrongService
	// NotSigned: an x-amz- header is not among the signed headers.
	NotSigned
	// NoPayloadHash: S3 needs x-amz-content-sha256.
	NoPayloadHash
	// BadPayloadHash: the body is not what x-amz-content-sha256 says.
	BadPayloadHash
	// BadChunk: aws-chunked framing that cannot be read or is cut short.
	BadChunk
	// NotAuthenticated: the request is unsigned and must not be.
	NotAuthenticated
)

// Dialect is the family of error codes that a service answers with.
type Dialect uint8

const (
	// S3 is S3's own codes.
	S3 Dialect = iota
	// JSON is that of the AWS JSON protocol: names ending in Exception, 400.
	JSON
	// Query is that of the query protocol.
	Query
)

// Error is a refused signature.
type Error struct {
	Reason Reason
	// Detail is AWS's text where it depends on the request; empty: the usual
	// text of the reason.
	Detail string
	// Fields are added to S3's error document; nil: none.
	Fields [][2]string
	// Presigned: the request was authenticated by its query.
	Presigned bool
}

func (e *Error) Error() string { return e.For(S3).Error() }

type answer struct {
	status        int
	code, message string
}

const (
	tokenInvalid = "The security token included in the request is invalid."
	tokenExpired = "The security token included in the request is expired"
	mismatch     = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)

// Source: S3 API Reference "Error responses"; KMS and IAM API Reference
// "Common Errors"; STS "CommonErrors". Texts as those services answer.
var answers = map[Reason][3]answer{
	Malformed: {
		{400, "AuthorizationHeaderMalformed", "The authorization header that you provided is not valid."},
		{400, "IncompleteSignatureException", "The authorization is not in the form that AWS Signature Version 4 requires."},
		{400, "IncompleteSignature", "The authorization is not in the form that AWS Signature Version 4 requires."}},
	Unsupported: {
		{400, "InvalidRequest", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."},
		{400, "IncompleteSignatureException", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."},
		{400, "IncompleteSignature", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."}},
	TwoSchemes: {
		{400, "InvalidArgument", "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified"},
		{400, "IncompleteSignatureException", "Only one auth mechanism allowed."},
		{400, "IncompleteSignature", "Only one auth mechanism allowed."}},
	UnknownKey: {
		{403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."},
		{400, "UnrecognizedClientException", tokenInvalid},
		{403, "InvalidClientTokenId", tokenInvalid}},
	BadToken: {
		{400, "InvalidToken", "The provided token is malformed or otherwise invalid."},
		{400, "UnrecognizedClientException", tokenInvalid},
		{403, "InvalidClientTokenId", tokenInvalid}},
	ExpiredToken: {
		{400, "ExpiredToken", "The provided token has expired."},
		{400, "ExpiredTokenException", tokenExpired},
		{403, "ExpiredToken", tokenExpired}},
	BadSignature: {
		{403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method."},
		{400, "InvalidSignatureException", mismatch},
		{403, "SignatureDoesNotMatch", mismatch}},
	Skewed: {
		{403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."},
		{400, "InvalidSignatureException", "Signature expired."},
		{403, "SignatureDoesNotMatch", "Signature expired."}},
	Expired: {
		{403, "AccessDenied", "Request has expired"},
		{400, "InvalidSignatureException", "Signature expired."},
		{403, "SignatureDoesNotMatch", "Signature expired."}},
	BadExpires: {
		{400, "AuthorizationQueryParametersError", "X-Amz-Expires must be a number of seconds between 1 and 604800"},
		{400, "InvalidSignatureException", "X-Amz-Expires must be a number of seconds between 1 and 604800"},
		{403, "SignatureDoesNotMatch", "X-Amz-Expires must be a number of seconds between 1 and 604800"}},
	WrongRegion: {
		{400, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region is wrong."},
		{400, "InvalidSignatureException", "Credential should be scoped to a valid region."},
		{403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region."}},
	WrongService: {
		{400, "AuthorizationHeaderMalformed", "The authorization header is malformed; incorrect service."},
		{400, "InvalidSignatureException", "Credential should be scoped to correct service."},
		{403, "SignatureDoesNotMatch", "Credential should be scoped to correct service."}},
	NotSigned: {
		{403, "AccessDenied", "There were headers present in the request which were not signed"},
		{400, "InvalidSignatureException", "There were headers present in the request which were not signed"},
		{403, "SignatureDoesNotMatch", "There were headers present in the request which were not signed"}},
	NoPayloadHash: {
		{400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"},
		{400, "InvalidSignatureException", mismatch},
		{403, "SignatureDoesNotMatch", mismatch}},
	BadPayloadHash: {
		{400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."},
		{400, "InvalidSignatureException", mismatch},
		{403, "SignatureDoesNotMatch", mismatch}},
	BadChunk: {
		{400, "IncompleteBody", "The request body terminated unexpectedly"},
		{400, "InvalidSignatureException", "aws-chunked payloads are S3's"},
		{403, "SignatureDoesNotMatch", "aws-chunked payloads are S3's"}},
	NotAuthenticated: {
		{403, "AccessDenied", "Access Denied"},
		{400, "MissingAuthenticationTokenException", "Request is missing Authentication Token"},
		{403, "MissingAuthenticationToken", "Request is missing Authentication Token"}},
}

// For returns the AWS error of a service that speaks d.
func (e *Error) For(d Dialect) *op.Error {
	a := answers[e.Reason][d]
	out := &op.Error{Status: a.status, Code: a.code, Message: a.message}
	if out.Status == 0 {
		out = op.Errorf(http.StatusForbidden, "AccessDenied", "Access Denied")
	}
	if e.Detail != "" {
		out.Message = e.Detail
	}
	if d == S3 {
		out.Fields = e.Fields
		if e.Presigned && out.Code == "AuthorizationHeaderMalformed" {
			out.Code = "AuthorizationQueryParametersError"
		}
	}
	return out
}
