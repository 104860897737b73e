package eventpattern

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// tokens reads JSON token by token: encoding/json's decoder, whose numbers keep
// their text, and the place of each token.
type tokens struct {
	text string
	dec  *json.Decoder
	// start and end are the offsets of the last token.
	start, end int
}

func newTokens(text string) *tokens {
	t := &tokens{text: text, dec: json.NewDecoder(strings.NewReader(text))}
	t.dec.UseNumber()
	return t
}

// next is the next token: json.Delim, string, json.Number, bool or nil.
func (t *tokens) next() (json.Token, error) {
	before := t.end
	tok, err := t.dec.Token()
	t.end = int(t.dec.InputOffset())
	for t.start = before; t.start < t.end && strings.IndexByte(" \t\r\n,:", t.text[t.start]) >= 0; t.start++ {
	}
	if err != nil {
		t.start = t.end
		return nil, t.fail(syntaxReason(err))
	}
	return tok, nil
}

func syntaxReason(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "Unexpected end-of-input"
	}
	return "Invalid JSON: " + err.Error()
}

// rest refuses what follows the pattern.
func (t *tokens) rest() error {
	if _, err := t.dec.Token(); !errors.Is(err, io.EOF) {
		return t.fail("Unexpected text after the pattern")
	}
	return nil
}

// fail is an error at the last token. EventBridge's reader stands behind a token,
// but behind the first quote of a string.
func (t *tokens) fail(reason string) *Error {
	at := t.end
	if t.start < t.end && t.text[t.start] == '"' {
		at = t.start + 1
	}
	before := t.text[:at]
	return &Error{Reason: reason, source: t.text, Line: 1 + strings.Count(before, "\n"), Column: at - strings.LastIndexByte(before, '\n')}
}
