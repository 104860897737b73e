package sink

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// pushover tells critical alerts with priority 1, which passes quiet hours.
// Source: Pushover "Message API".
type pushover struct {
	http    *http.Client
	url     string
	secrets Secrets
	now     func() time.Time
}

// What Pushover takes, in characters.
// Source: Pushover "Message API", limitations.
const pushoverMessage = 1024

// pushoverPause is how long Pushover asks to wait after a 5xx.
// Source: Pushover "Message API", being friendly.
const pushoverPause = 5 * time.Second

func (p *pushover) name() string { return "pushover" }

func (p *pushover) takes(s Severity) bool { return s == Critical }

func (p *pushover) send(ctx context.Context, n notice) error {
	form := url.Values{
		"token": {p.secrets.PushoverToken.value}, "user": {p.secrets.PushoverUser.value}, "priority": {"1"},
		"title": {n.title()}, "message": {n.text(pushoverMessage, utf8.RuneCountInString, cutRunes)},
	}
	if n.link != "" {
		form.Set("url", n.link)
		form.Set("url_title", "Details")
		if n.runbook != "" {
			form.Set("url_title", "Runbook")
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, strings.NewReader(form.Encode()))
	if err != nil {
		return &sendError{reason: "no request can be made of SINK_PUSHOVER_URL"}
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, header, body, err := exchange(p.http, r)
	if err != nil {
		return err
	}
	var answer struct {
		Status  int      `json:"status"`
		Request string   `json:"request"`
		Errors  []string `json:"errors"`
	}
	readable := json.Unmarshal(body, &answer) == nil
	if status == http.StatusOK && readable && answer.Status == 1 {
		return nil
	}
	detail := plain(p.secrets.redact(strings.Join(answer.Errors, "; ")), 200)
	if status == http.StatusOK {
		// A proxy's page, or a refusal: it is not known to have arrived.
		return &sendError{reason: "answered 200, but did not take the message" + behind(detail), retry: !readable, pause: pushoverPause}
	}
	e := refusal(status, detail, header, p.now())
	if status >= 500 {
		e.pause = max(e.pause, pushoverPause)
	}
	return e
}

func behind(detail string) string {
	if detail == "" {
		return ""
	}
	return ": " + detail
}
