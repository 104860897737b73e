package wire

import (
	"bytes"
	"encoding/json"
	"errors"
)

type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonTrue
	jsonFalse
	jsonNumber
	jsonString
	jsonObject // its {
	jsonArray  // its [
)

// jsonToken is a scalar or the start of an object or array. The text of a
// number or string is good until the body changes.
type jsonToken struct {
	kind jsonKind
	text []byte
}

var errNotJSON = errors.New("the body is not valid JSON")

// jsonReader takes JSON text apart. It knows what encoding/json knows, whose
// tokens cost several allocations each; text with escapes and numbers are left
// to that package.
type jsonReader struct {
	src []byte
	pos int
}

// next is the first byte after white space, and is not taken; 0: the end.
func (r *jsonReader) next() byte {
	for ; r.pos < len(r.src); r.pos++ {
		switch c := r.src[r.pos]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// ended reports that only white space is left.
func (r *jsonReader) ended() bool {
	r.next()
	return r.pos == len(r.src)
}

// token takes the next value, or the start of one.
func (r *jsonReader) token() (jsonToken, error) {
	switch c := r.next(); c {
	case '{':
		r.pos++
		return jsonToken{kind: jsonObject}, nil
	case '[':
		r.pos++
		return jsonToken{kind: jsonArray}, nil
	case '"':
		text, err := r.text()
		return jsonToken{jsonString, text}, err
	case 'n':
		return r.word("null", jsonNull)
	case 't':
		return r.word("true", jsonTrue)
	case 'f':
		return r.word("false", jsonFalse)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		start := r.pos
		for r.pos < len(r.src) && bytes.IndexByte([]byte("+-.0123456789eE"), r.src[r.pos]) >= 0 {
			r.pos++
		}
		if text := r.src[start:r.pos]; json.Valid(text) {
			return jsonToken{jsonNumber, text}, nil
		}
	}
	return jsonToken{}, errNotJSON
}

func (r *jsonReader) word(word string, kind jsonKind) (jsonToken, error) {
	if !bytes.HasPrefix(r.src[r.pos:], []byte(word)) {
		return jsonToken{}, errNotJSON
	}
	r.pos += len(word)
	return jsonToken{kind: kind}, nil
}

// text takes a string; the reader is at its opening quote.
func (r *jsonReader) text() ([]byte, error) {
	start, escaped := r.pos, false
	for r.pos++; r.pos < len(r.src); r.pos++ {
		switch c := r.src[r.pos]; {
		case c == '\\':
			escaped = true
			r.pos++
		case c < ' ':
			return nil, errNotJSON
		case c == '"':
			r.pos++
			if !escaped {
				return r.src[start+1 : r.pos-1], nil
			}
			var s string
			if json.Unmarshal(r.src[start:r.pos], &s) != nil {
				return nil, errNotJSON
			}
			return []byte(s), nil
		}
	}
	return nil, errNotJSON
}

// element goes to the next element of an array, of which n were read; false:
// its end was taken.
func (r *jsonReader) element(n int) (bool, error) {
	switch c := r.next(); {
	case c == ']':
		r.pos++
		return false, nil
	case n == 0:
		return true, nil
	case c == ',':
		r.pos++
		return true, nil
	}
	return false, errNotJSON
}

// member takes the next name of an object, of which n were read, and its colon;
// false: the object's end was taken.
func (r *jsonReader) member(n int) (name []byte, more bool, err error) {
	switch c := r.next(); {
	case c == '}':
		r.pos++
		return nil, false, nil
	case n > 0 && c != ',':
		return nil, false, errNotJSON
	case n > 0:
		r.pos++
	}
	if r.next() != '"' {
		return nil, false, errNotJSON
	}
	if name, err = r.text(); err != nil {
		return nil, false, err
	}
	if r.next() != ':' {
		return nil, false, errNotJSON
	}
	r.pos++
	return name, true, nil
}
