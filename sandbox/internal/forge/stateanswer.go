package forge

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// answer is an answer of GitLab's API: JSON, or bytes.
type answer struct {
	status int
	json   any    // nil: no JSON
	raw    []byte // nil: no bytes
	allow  string // of a 405
}

// message is the body of most refusals.
func message(text string) map[string]string { return map[string]string{"message": text} }

// invalid is the body of a refused parameter, as Grape words it.
func invalid(text string) *answer {
	return &answer{status: http.StatusBadRequest, json: map[string]string{"error": text}}
}

func empty(status int) *answer { return &answer{status: status} }

// reason is the answer's refusal in one line; empty: it is none.
func (a *answer) reason() string {
	m, ok := a.json.(map[string]string)
	if a.status < 400 || !ok {
		return ""
	}
	for _, key := range []string{"message", "error_description", "error"} {
		if m[key] != "" {
			return m[key]
		}
	}
	return ""
}

// write sends the answer. A client that went away needs none.
func (a *answer) write(w http.ResponseWriter, requestID string) {
	h := w.Header()
	h.Set("X-Request-Id", requestID)
	h.Set("Cache-Control", "max-age=0, private, must-revalidate")
	if a.allow != "" {
		h.Set("Allow", a.allow)
	}
	body := a.raw
	switch {
	case a.raw != nil:
		h.Set("Content-Type", "application/octet-stream")
	case a.json != nil:
		var err error
		if body, err = json.Marshal(a.json); err != nil {
			http.Error(w, "the sandbox could not encode its answer", http.StatusServiceUnavailable)
			return
		}
		h.Set("Content-Type", "application/json")
	}
	if a.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(body)
}
