package sinktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"
)

// What the stand-in of ntfy knows.
const (
	NtfyTopic = "foundations_7Qm2vX"
	NtfyToken = "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"
)

// Ntfy is a stand-in for a server of ntfy on which a topic may be written with a token.
// Source: ntfy documentation "Publishing" (publish as JSON, access tokens, limitations).
type Ntfy struct {
	Server
	// URL is the server's address.
	URL string
	// Open says that no token is needed.
	Open bool

	messages []NtfyMessage
}

// NtfyMessage is a message that was published.
type NtfyMessage struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title"`
	Message  string   `json:"message"`
	Priority int      `json:"priority"`
	Tags     []string `json:"tags"`
	Click    string   `json:"click"`
}

// NewNtfy starts a stand-in, which ends with the test.
func NewNtfy(t testing.TB) *Ntfy {
	n := &Ntfy{Server: Server{t: t}}
	s := httptest.NewServer(n)
	t.Cleanup(s.Close)
	n.URL = s.URL
	return n
}

// Messages returns what was taken, oldest first.
func (n *Ntfy) Messages() []NtfyMessage {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.messages)
}

var topicName = regexp.MustCompile(`^[-_A-Za-z0-9]+$`)

// ServeHTTP answers like ntfy.
func (n *Ntfy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	order := n.next()
	w.Header().Set("Content-Type", "application/json")
	own := func(status int) string {
		return fmt.Sprintf(`{"code":%d01,"http":%d,"error":"status %d was ordered"}`, status, status, status)
	}
	if order != nil && !order.Taken {
		n.fail(w, order, own)
		return
	}
	refuse := func(status, code int, text string) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"code":%d,"http":%d,"error":%q,"link":"https://ntfy.sh/docs/publish/"}`, code, status, text)
	}
	if r.URL.Path != "/" || r.Method != http.MethodPost && r.Method != http.MethodPut {
		refuse(http.StatusNotFound, 40401, "page not found")
		return
	}
	body, err := io.ReadAll(r.Body)
	var m NtfyMessage
	if err != nil || json.Unmarshal(body, &m) != nil {
		refuse(http.StatusBadRequest, 40024, "invalid request: request body must be valid JSON")
		return
	}
	switch {
	case !topicName.MatchString(m.Topic) || len(m.Topic) > 64:
		refuse(http.StatusBadRequest, 40009, "invalid request: topic invalid")
		return
	case m.Priority < 0 || m.Priority > 5:
		refuse(http.StatusBadRequest, 40007, "invalid request: priority invalid")
		return
	case !n.Open && r.Header.Get("Authorization") == "":
		refuse(http.StatusForbidden, 40301, "forbidden")
		return
	case r.Header.Get("Authorization") != "" && r.Header.Get("Authorization") != "Bearer "+NtfyToken:
		refuse(http.StatusUnauthorized, 40101, "unauthorized")
		return
	case !n.Open && m.Topic != NtfyTopic:
		refuse(http.StatusForbidden, 40301, "forbidden")
		return
	case len(m.Message) >= 4096:
		// The real one makes an attachment of it, which nobody sees on a watch.
		refuse(http.StatusRequestEntityTooLarge, 41301, "attachment too large")
		return
	}
	n.mu.Lock()
	n.messages = append(n.messages, m)
	id := len(n.messages)
	n.mu.Unlock()
	if order != nil {
		n.fail(w, order, own)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"id": fmt.Sprintf("m%011d", id), "time": 1779000000, "event": "message", "topic": m.Topic, "title": m.Title, "message": m.Message, "priority": m.Priority})
}
