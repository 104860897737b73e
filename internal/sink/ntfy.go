package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// ntfy tells critical alerts with priority 5 and warnings with 3. It publishes JSON to
// the server's root, so that the topic is in no address.
// Source: ntfy documentation "Publishing", publish as JSON.
type ntfy struct {
	http    *http.Client
	url     string
	secrets Secrets
	now     func() time.Time
}

// ntfyMessage is how many bytes are sent: from 4096 on, a server makes an attachment
// of the text.
// Source: ntfy documentation "Publishing", limitations.
const ntfyMessage = 4000

func (t *ntfy) name() string { return "ntfy" }

func (t *ntfy) takes(s Severity) bool { return s >= Warning }

func (t *ntfy) send(ctx context.Context, n notice) error {
	message := map[string]any{"topic": t.secrets.NtfyTopic.value, "title": n.title(), "priority": 3, "tags": []string{"warning"},
		"message": n.text(ntfyMessage, func(s string) int { return len(s) }, cutBytes)}
	if n.severity == Critical {
		message["priority"], message["tags"] = 5, []string{"rotating_light"}
	}
	if n.link != "" {
		message["click"] = n.link
	}
	body, err := json.Marshal(message)
	if err != nil {
		return &sendError{reason: "the message cannot be encoded"}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return &sendError{reason: "no request can be made of SINK_NTFY_URL"}
	}
	r.Header.Set("Content-Type", "application/json")
	if !t.secrets.NtfyToken.IsZero() {
		r.Header.Set("Authorization", "Bearer "+t.secrets.NtfyToken.value)
	}
	status, header, answered, err := exchange(t.http, r)
	if err != nil {
		return err
	}
	var answer struct {
		ID    string `json:"id"`
		Event string `json:"event"`
		Error string `json:"error"`
	}
	readable := json.Unmarshal(answered, &answer) == nil
	if status == http.StatusOK && readable && answer.ID != "" && answer.Event == "message" {
		return nil
	}
	detail := plain(t.secrets.redact(answer.Error), 200)
	if status == http.StatusOK {
		// Something else than ntfy: it is not known to have arrived.
		return &sendError{reason: "answered 200, but not as ntfy does" + behind(detail)}
	}
	return refusal(status, detail, header, t.now())
}
