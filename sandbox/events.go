package sandbox

import "github.com/strongroom-dev/strongroom/sandbox/internal/audit"

type (
	// Event is one request in CloudTrail's record shape, with the
	// authorisation decisions behind it.
	Event = audit.Event
	// Decision is the answer to one authorisation question.
	Decision = audit.Decision
)

// Events returns the requests so far, oldest first: the last 10,000 of them.
// See Dropped.
func (s *Sandbox) Events() []Event { return s.parts.audit.Events() }

// Dropped is how many events Events no longer holds. Options.Audit got them.
func (s *Sandbox) Dropped() int { return s.parts.audit.Dropped() }

// Denials returns the events whose authorisation was refused, oldest first,
// each with the policy engine's explanation in its Decisions.
func (s *Sandbox) Denials() (list []Event) {
	for _, e := range s.Events() {
		for i := range e.Decisions {
			if !e.Decisions[i].Allowed && e.ErrorCode != "" {
				list = append(list, e)
				break
			}
		}
	}
	return list
}

// Unknown counts the operations and hosts that were asked for and that the
// sandbox does not implement.
func (s *Sandbox) Unknown() map[string]int { return s.parts.dispatch.Unknown() }
