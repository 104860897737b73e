package sink

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// parseWebhook reads the plain object of doc.go. Members that it does not have are
// refused: a misspelt "severity" must not turn an alert into something else.
func parseWebhook(payload []byte) ([]Alert, error) {
	var w struct {
		Title    string `json:"title"`
		Message  string `json:"message"`
		Severity string `json:"severity"`
		Type     string `json:"type"`
		Key      string `json:"key"`
		URL      string `json:"url"`
	}
	const what = "the webhook object"
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		if e := read(what, payload, &w); e != nil {
			return nil, e
		}
		return nil, errors.New(what + " has a member that is not title, message, severity, type, key or url")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New(what + " is followed by something else")
	}
	if err := required(what, "title", w.Title, "message", w.Message, "severity", w.Severity); err != nil {
		return nil, err
	}
	s, err := ParseSeverity(w.Severity)
	if err != nil {
		return nil, err
	}
	switch {
	case utf8.RuneCountInString(w.Title) > 250:
		return nil, errors.New(what + ": title has more than 250 characters")
	case len(w.Key) > 512:
		return nil, errors.New(what + ": key has more than 512 bytes")
	case len(w.Type) > 200 || typePath(w.Type) != w.Type:
		return nil, errors.New(what + ": type is not a path of letters, digits and . _ : ! @ & - of at most 200 characters")
	case w.URL != "" && !isLink(w.URL):
		return nil, errors.New(what + ": url is not an https address of at most 512 characters")
	}
	if w.Key == "" {
		sum := sha256.Sum256([]byte(strings.Join([]string{w.Type, w.Title, w.Message}, "\x00")))
		w.Key = "sha256:" + hex.EncodeToString(sum[:])
	}
	return []Alert{{Type: first(w.Type, "webhook"), Key: "webhook:" + w.Key, Severity: s, Title: w.Title, Text: w.Message, Link: w.URL}}, nil
}
