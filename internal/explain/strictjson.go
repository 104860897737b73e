package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Bounds of what is read. AWS's records and policies are far below them.
const (
	maxFile  = 64 << 20 // a whole audit file, uncompressed
	maxValue = 1 << 20  // one request, record or message
	maxDepth = 64
)

// checkJSON refuses what encoding/json would quietly read as something else:
// invalid UTF-8, members given twice (the last one would win), and nesting that
// no record has. data is one JSON value.
func checkJSON(data []byte) error {
	if len(data) > maxValue {
		return fmt.Errorf("it has %d bytes; at most %d are read", len(data), maxValue)
	}
	if !utf8.Valid(data) {
		return errors.New("it is not UTF-8 text")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := checkValue(d, 0); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("it ends in the middle")
		}
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is text after its end")
	}
	return nil
}

func checkValue(d *json.Decoder, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("it is nested deeper than %d levels", maxDepth)
	}
	tok, err := d.Token()
	if err != nil {
		return err
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if delim == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			text, ok := name.(string)
			if !ok {
				return errors.New("a member has no name")
			}
			if seen[text] {
				return fmt.Errorf("member %.60q is given twice", text)
			}
			seen[text] = true
		}
		if err := checkValue(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// strict decodes one JSON value and refuses unknown members.
func strict(data []byte, v any) error {
	if err := checkJSON(data); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// limited reads all of r, up to a bound.
func limited(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("it has more than %d bytes", limit)
	}
	return data, nil
}
