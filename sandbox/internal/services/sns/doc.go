// Package sns is the Simple Notification Service: standard topics with policies and
// keys, subscriptions by mail, HTTP and Lambda, and the delivery of messages.
//
// Publishing puts a message for each subscription into a queue; Deliverer, a part of
// the sandbox's clockwork, empties it. Mail goes to a mailbox that tests read. HTTP
// goes to loopback addresses only: a delivery to any other is refused by name.
//
// Source: SNS API Reference; SNS Developer Guide.
package sns
