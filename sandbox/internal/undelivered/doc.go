// Package undelivered keeps what the sandbox's services could not pass on, and why:
// a rule's event that its topic refused, a message to an endpoint that is not on
// this machine.
//
// AWS counts such failures in metrics and says no more; a sandbox that kept them
// to itself would hide why an alert never came.
package undelivered
