package sinktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"
)

// Keys that the stand-in of Pushover knows.
const (
	PushoverToken = "azGDORePK8gMaC0QOYAMyEEuzJnyUi"
	PushoverUser  = "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"
)

// Pushover is a stand-in for Pushover's message API.
// Source: Pushover "Message API".
type Pushover struct {
	Server
	// URL is the address to post messages to.
	URL string

	messages []url.Values
}

// NewPushover starts a stand-in, which ends with the test.
func NewPushover(t testing.TB) *Pushover {
	p := &Pushover{Server: Server{t: t}}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	p.URL = s.URL + "/1/messages.json"
	return p
}

// Messages returns what was taken, oldest first.
func (p *Pushover) Messages() []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.messages)
}

// ServeHTTP answers like api.pushover.net.
func (p *Pushover) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	order := p.next()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if order != nil && !order.Taken {
		p.fail(w, order, func(status int) string {
			return fmt.Sprintf(`{"errors":["status %d was ordered"],"status":0,"request":"5042853c-402d-4a18-abcb-168734a801de"}`, status)
		})
		return
	}
	if r.Method != http.MethodPost || r.URL.Path != "/1/messages.json" {
		http.NotFound(w, r)
		return
	}
	wrong := p.wrong(r)
	if len(wrong) > 0 {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"errors": wrong, "status": 0, "request": "5042853c-402d-4a18-abcb-168734a801de"})
		return
	}
	p.mu.Lock()
	p.messages = append(p.messages, r.PostForm)
	p.mu.Unlock()
	if order != nil {
		p.fail(w, order, func(int) string { return `{"status":0}` })
		return
	}
	_, _ = fmt.Fprint(w, `{"status":1,"request":"647d2300-702c-4b38-8b2f-d56326ae460b"}`)
}

// wrong checks a message as the documentation says.
func (p *Pushover) wrong(r *http.Request) []string {
	if err := r.ParseForm(); err != nil || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return []string{"message cannot be blank"}
	}
	f := r.PostForm
	var out []string
	must := func(ok bool, text string) {
		if !ok {
			out = append(out, text)
		}
	}
	must(f.Get("token") == PushoverToken, "application token is invalid")
	must(f.Get("user") == PushoverUser, "user identifier is not a valid user, group, or subscribed user key")
	must(f.Get("message") != "", "message cannot be blank")
	must(utf8.ValidString(f.Get("message")) && utf8.RuneCountInString(f.Get("message")) <= 1024, "message is too long")
	must(utf8.RuneCountInString(f.Get("title")) <= 250, "title is too long")
	must(utf8.RuneCountInString(f.Get("url")) <= 512, "url is too long")
	must(utf8.RuneCountInString(f.Get("url_title")) <= 100, "url_title is too long")
	if v := f.Get("priority"); v != "" {
		n, err := strconv.Atoi(v)
		must(err == nil && n >= -2 && n <= 2, "priority is invalid")
		must(n != 2 || f.Get("retry") != "" && f.Get("expire") != "", "retry and expire must be supplied with priority=2")
	}
	return out
}
