package control

import (
	"context"
	"time"
)

// Deliveries are what the sandbox's services sent out, and what they could not. Both
// lists are oldest first and never nil.
type Deliveries struct {
	Mails       []Mail        `json:"mails"`
	Undelivered []Undelivered `json:"undelivered"`
}

// Mail is a message that SNS sent by mail.
type Mail struct {
	Time    time.Time `json:"time"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Body    string    `json:"body"`
	// Topic is the ARN of the topic.
	Topic string `json:"topic"`
	// Confirm is the link that confirms the subscription; empty in other mail.
	Confirm string `json:"confirm"`
}

// Undelivered is a delivery that was given up.
type Undelivered struct {
	Time time.Time `json:"time"`
	// Service that delivers, "sns.amazonaws.com".
	Service string `json:"service"`
	// From is the ARN of the rule or topic, To the target or endpoint.
	From string `json:"from"`
	To   string `json:"to"`
	// Reason is a sentence.
	Reason string `json:"reason"`
}

// deliveriesPath is where they are asked for.
const deliveriesPath = "/deliveries"

// Deliveries waits until the sandbox has passed on what happened so far, and returns
// what was delivered and what was not.
func (c *Client) Deliveries(ctx context.Context) (Deliveries, error) {
	var out Deliveries
	err := c.post(ctx, deliveriesPath, empty{}, &out)
	return out, err
}
