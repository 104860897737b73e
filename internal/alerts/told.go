package alerts

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/eventpattern"
)

// matched says by what a branch of a pattern matched.
func matched(b eventpattern.Branch) string {
	var list []string
	for _, f := range b.Fields {
		carried := slices.Compact(slices.Clone(f.Carried))
		if len(carried) == 0 {
			carried = []string{"absent"}
		}
		list = append(list, f.Path+" is "+strings.Join(carried, " and "))
	}
	return strings.Join(list, ", ")
}

// errBody is the refusal of a filter over a message that is not known here.
var errBody = errors.New("its filter policy is over the message's body, which is not known here: only events that a rule passes on as they are can be held against it")

// recipients are those who get a message that is sent to an ARN: a topic's subscribers,
// or the ARN's own resource. body is the message; not ok: it is not known.
func (r *Rules) recipients(to string, body func() (message string, ok bool)) ([]Recipient, error) {
	key, ok := topicKey(to)
	if !ok {
		part := strings.SplitN(to, ":", 6)
		if len(part) != 6 || part[0] != "arn" {
			return nil, fmt.Errorf("%q is no ARN", to)
		}
		return []Recipient{{Protocol: part[2], Endpoint: to}}, nil
	}
	topic := r.topic(key)
	if topic == nil { // another stack's, or another account's
		return []Recipient{{Protocol: "sns", Endpoint: to}}, nil
	}
	var list []Recipient
	any := false
	for _, s := range r.Subscriptions {
		if s.Topic != topic.Key {
			continue
		}
		any = true
		takes, err := s.takes(body)
		if err != nil {
			return nil, fmt.Errorf("the subscription of %s %s to %s: %w", s.Protocol, s.Endpoint, topic.Name, err)
		}
		if takes {
			list = append(list, Recipient{s.Protocol, s.Endpoint, topic.Name})
		}
	}
	if !any {
		list = append(list, Recipient{Protocol: "sns", Endpoint: topic.Name})
	}
	return list, nil
}

// takes reports whether a subscription gets a message. What rules and alarms send has no
// attributes.
func (s *Subscription) takes(body func() (string, bool)) (bool, error) {
	if s.Pending || s.Filter == nil {
		return !s.Pending, nil
	}
	message := "{}"
	if s.ByBody {
		var ok bool
		if message, ok = body(); !ok {
			return false, errBody
		}
	}
	e, err := eventpattern.NewEvent(message)
	return err == nil && s.Filter.Match(e), err
}
