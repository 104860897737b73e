package forge

import (
	"encoding/json"
	"time"
)

// Event is one request to GitLab's API, refused ones too. It holds no secret: no
// token, no state, no lock ID.
type Event struct {
	Time      time.Time `json:"time"`
	RequestID string    `json:"request_id"`
	// Issuer is the GitLab, "https://gitlab.com".
	Issuer string `json:"issuer"`
	Method string `json:"method"`
	// Path is the request's, without its query.
	Path string `json:"path"`
	// Operation is GetState, WriteState, DeleteState, LockState, UnlockState, GetVersion
	// or DeleteVersion; empty when the API has no such request.
	Operation string `json:"operation"`
	// ProjectID and State are what it was about; Serial the version, empty when none was
	// named.
	ProjectID string `json:"project_id"`
	State     string `json:"state"`
	Serial    string `json:"serial"`
	// User is who was let in, and Token the kind of their token; empty: nobody was.
	User  string `json:"user"`
	Token string `json:"token"`
	// Status is the answer's, Message the reason of a refusal.
	Status  int    `json:"status"`
	Message string `json:"message,omitempty"`
}

// keptEvents is how many events stay in memory.
const keptEvents = 10_000

// Events returns the requests to GitLab's API so far, oldest first: the last 10,000
// of them.
func (f *Forge) Events() []Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append(append(make([]Event, 0, len(f.ring)), f.ring[f.next:]...), f.ring[:f.next]...)
}

// observe keeps an event and writes it to the audit, before the answer is sent.
func (f *Forge) observe(e Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.ring) < keptEvents {
		f.ring = append(f.ring, e)
	} else {
		f.ring[f.next] = e
		f.next = (f.next + 1) % keptEvents
	}
	if f.audit == nil {
		return
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = f.audit.Write(append(line, '\n'))
	}
	if err != nil && f.auditErr == nil {
		f.auditErr = err
	}
}

// AuditErr is the first error of the audit's writer; nil: every event was written.
func (f *Forge) AuditErr() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.auditErr
}
