package tfstate

import (
	"encoding/json"
	"strings"
)

// shortText is how long a sensitive text has to be to be looked for in others; shorter
// ones are only compared as a whole, and those of less than leastText not at all.
const (
	shortText = 5
	leastText = 3
)

// texts are what is sensitive in states, by how it begins.
type texts map[string][]string

// learn adds what a state marks, and what sensitive says of the rest. Of JSON it adds
// the texts in it as well.
func (t texts) learn(c *Contents, sensitive func(Value) bool) {
	if c == nil {
		return
	}
	c.Each(func(v Value) {
		if v.Key || !v.Sensitive && (sensitive == nil || !sensitive(v)) {
			return
		}
		t.add(plain(v.Scalar))
		if s, ok := v.Scalar.(string); ok && strings.HasPrefix(strings.TrimSpace(s), "{") {
			var inner map[string]any
			if json.Unmarshal([]byte(s), &inner) == nil {
				for _, value := range inner {
					t.add(plain(value))
				}
			}
		}
	})
}

func (t texts) add(text string) {
	if len(text) < leastText {
		return
	}
	at := text[:min(len(text), shortText)]
	for _, have := range t[at] {
		if have == text {
			return
		}
	}
	t[at] = append(t[at], text)
}

// in reports whether a scalar is a sensitive text, or holds one.
func (t texts) in(scalar any) bool {
	text := plain(scalar)
	if len(text) < shortText {
		return len(t[text]) > 0
	}
	for i := 0; i+shortText <= len(text); i++ {
		for _, s := range t[text[i:i+shortText]] {
			if strings.HasPrefix(text[i:], s) {
				return true
			}
		}
	}
	return false
}

// plain is a text or a number; of others, which have too few values to be secret, "".
func plain(scalar any) string {
	switch v := scalar.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}
