// Package explain answers why a request was refused, or allowed: Explain takes a
// Question (who asks for what, and how much is known of the request) and the
// Policies that apply, and returns an Answer with the decision, the path through
// the evaluation, the statements that mattered, and what a refused request lacked.
//
// A question is read from a file (ReadRequest), an event of an audit file or of
// CloudTrail (ReadEvent), or AWS's own error message (ReadMessage); policies from
// files (Loader), or from an account or a sandbox (Account), with read-only calls.
//
// What is not known is never assumed. A condition key that a question does not
// tell, or a type of policy that could not be read, makes the verdict be computed
// both ways; if the two differ the answer is "cannot tell" and names what is
// missing. The verdict is package policy's alone.
//
// It does not decide whether a token could ever satisfy a trust policy: package
// trust does. Reading an account is the only I/O besides that of the readers it
// is given; there is no clock.
package explain
