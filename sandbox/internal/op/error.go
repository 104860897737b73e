package op

import "fmt"

// Error is an AWS error as the wire carries it. Services return it; any other
// error is answered as a 400 InternalFailure-free refusal and logged in full,
// because a 5xx makes clients retry for minutes.
type Error struct {
	// Status is the HTTP status, 4xx.
	Status int
	// Code is AWS's error code, "NoSuchBucket".
	Code string
	// Message is for the caller. It never holds keys, tokens or plaintext.
	Message string
	// Fields are further elements of the error document (S3's BucketName,
	// Key, ...), written in this order. Nil: none.
	Fields [][2]string
	// Event is CloudTrail's errorCode where it differs from Code; empty: it is
	// Code.
	Event string
	// Header is added to the response. Nil: none.
	Header map[string]string
	// Err is the cause, for the sandbox's log only; may be nil.
	Err error
}

// Errorf makes an Error with a formatted message.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return e.Code + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Err }
