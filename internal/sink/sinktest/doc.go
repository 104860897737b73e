// Package sinktest has stand-ins for what the alert sink talks to: NewPushover and
// NewNtfy are local servers that take what the real ones document and refuse the rest,
// NewRuntime speaks Lambda's Runtime API to a function's process. They record what
// came, and answer with failures that a test orders.
package sinktest
