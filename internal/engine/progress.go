package engine

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
)

// Event is one thing that happened to one resource during an apply.
type Event struct {
	// Address is the resource's: "module.state.aws_kms_key.this".
	Address string
	// Action is "create", "update", "delete", "replace", "read", "import".
	Action string
	// Phase is "start", "progress", "done" or "failed".
	Phase string
	// Seconds is how long it took so far, as the engine counts: whole seconds.
	Seconds int
}

// phases maps the engine's message types to ours; others are no events.
// Source: "Machine-Readable UI", operation messages.
var phases = map[string]string{
	"apply_start": "start", "apply_progress": "progress", "apply_complete": "done", "apply_errored": "failed",
}

// stream takes an engine's stdout. Lines of the machine-readable UI become
// events and problems and go nowhere else, because some of them hold output
// values, or even the state; other lines go to plain.
type stream struct {
	progress  func(Event)
	plain     io.Writer
	mu        sync.Mutex // terraform-exec writes from its own goroutine
	rest      []byte
	problems  []Problem
	emergency []byte
}

// message is the part of a machine-readable line that is used.
type message struct {
	Type string `json:"type"`
	Hook *struct {
		Resource struct {
			Addr string `json:"addr"`
		} `json:"resource"`
		Action  string `json:"action"`
		Elapsed int    `json:"elapsed_seconds"`
	} `json:"hook"`
	Diagnostic *struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail"`
		Address  string `json:"address"`
	} `json:"diagnostic"`
	// State is only there when the engine could not write its state anywhere.
	State json.RawMessage `json:"state"`
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = append(s.rest, p...)
	for {
		i := bytes.IndexByte(s.rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		s.line(s.rest[:i+1])
		s.rest = s.rest[i+1:]
	}
}

func (s *stream) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rest) > 0 {
		s.line(s.rest)
		s.rest = nil
	}
}

func (s *stream) line(line []byte) {
	var m message
	if !bytes.HasPrefix(line, []byte(`{"@level"`)) || json.Unmarshal(line, &m) != nil {
		// A screen that cannot be written to is no reason to fail an apply.
		_, _ = s.plain.Write(line)
		return
	}
	if phase := phases[m.Type]; phase != "" && m.Hook != nil {
		s.progress(Event{Address: m.Hook.Resource.Addr, Action: m.Hook.Action, Phase: phase, Seconds: m.Hook.Elapsed})
	}
	if d := m.Diagnostic; d != nil && m.Type == "diagnostic" {
		s.problems = append(s.problems, Problem{Severity: d.Severity, Summary: d.Summary, Detail: d.Detail, Address: d.Address})
	}
	if len(m.State) > 0 {
		s.emergency = append([]byte(nil), m.State...)
	}
}
