package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

const (
	// maxDepth is how deeply lists and objects may nest. Tokens of the forges
	// nest two deep, key sets three.
	maxDepth = 16
	// maxValues is how many values a header, payload or key may hold.
	maxValues = 20000
)

var (
	errUTF8   = errors.New("is not UTF-8")
	errSyntax = errors.New("is not JSON")
	errObject = errors.New("is JSON, but no object")
	errDepth  = fmt.Errorf("nests deeper than %d levels", maxDepth)
	errValues = errors.New("holds too many values")
)

// object reads one JSON object of at most limit values, numbers as json.Number. twice are
// the names that came more than once, wherever they are. The errors say what is
// wrong in a few words and quote nothing.
func object(raw []byte, limit int) (o map[string]any, twice []string, err error) {
	if !utf8.Valid(raw) {
		return nil, nil, errUTF8
	}
	if err := bounded(raw, limit); err != nil {
		return nil, nil, err
	}
	if !json.Valid(raw) {
		return nil, nil, errSyntax
	}
	r := reader{Decoder: json.NewDecoder(bytes.NewReader(raw))}
	r.UseNumber()
	v, err := r.value()
	if err != nil {
		return nil, nil, errSyntax
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, nil, errObject
	}
	return o, r.twice, nil
}

// bounded counts brackets and commas outside of strings, before anything else
// is done with a text that a stranger may have written.
func bounded(raw []byte, limit int) error {
	depth, values := 0, 1
	inString := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return errDepth
			}
			values++
		case c == '}' || c == ']':
			depth--
		case c == ',':
			values++
		}
		if values > limit {
			return errValues
		}
	}
	return nil
}

type reader struct {
	*json.Decoder
	twice []string
}

// value reads the next value of a text that is known to be JSON of bounded depth.
func (r *reader) value() (any, error) {
	tok, err := r.Token()
	if err != nil {
		return nil, err
	}
	switch tok {
	case json.Delim('{'):
		o := map[string]any{}
		for r.More() {
			name, err := r.Token()
			if err != nil {
				return nil, err
			}
			key := name.(string)
			if _, ok := o[key]; ok {
				r.twice = append(r.twice, key)
			}
			if o[key], err = r.value(); err != nil {
				return nil, err
			}
		}
		_, err = r.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for r.More() {
			v, err := r.value()
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = r.Token()
		return list, err
	}
	return tok, nil
}
