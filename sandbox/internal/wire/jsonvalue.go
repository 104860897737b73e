package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// decodeStyled reads one JSON object into the struct v. An empty body is an
// empty object, as AWS takes it.
func decodeStyled(body []byte, v reflect.Value, p *plan) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if !utf8.Valid(body) {
		return errors.New("the body is not UTF-8")
	}
	r := &jsonReader{src: body}
	if err := readJSON(r, p, v, ""); err != nil {
		return err
	}
	if !r.ended() {
		return errors.New("the body goes on after its JSON object")
	}
	return nil
}

func readJSON(r *jsonReader, p *plan, v reflect.Value, path string) error {
	tok, err := r.token()
	if err != nil {
		return err
	}
	if tok.kind == jsonNull { // null is an absent member
		return nil
	}
	switch p.kind {
	case kindStruct:
		return readJSONStruct(r, tok, p, p.target(v), path)
	case kindList:
		return readJSONList(r, tok, p, v, path)
	case kindMap:
		return readJSONMap(r, tok, p, v, path)
	case kindUnion:
		return fmt.Errorf("the sandbox does not implement the member %q", path)
	}
	return setJSON(tok, p, p.target(v), path)
}

func readJSONStruct(r *jsonReader, tok jsonToken, p *plan, v reflect.Value, path string) error {
	if tok.kind != jsonObject {
		return wrongType(path, "an object")
	}
	seen := make([]bool, len(p.fields))
	for n := 0; ; n++ {
		key, more, err := r.member(n)
		if err != nil || !more {
			return err
		}
		i, ok := p.byName[string(key)]
		if !ok {
			return fmt.Errorf("unknown member %q", join(path, string(key)))
		}
		f := &p.fields[i]
		at := join(path, f.name)
		if seen[i] {
			return fmt.Errorf("the member %q appears twice", at)
		}
		seen[i] = true
		if err := readJSON(r, f.plan, v.Field(f.index), at); err != nil {
			return err
		}
	}
}

func readJSONList(r *jsonReader, tok jsonToken, p *plan, v reflect.Value, path string) error {
	if tok.kind != jsonArray {
		return wrongType(path, "a list")
	}
	list := reflect.MakeSlice(p.typ, 0, 0)
	for {
		more, err := r.element(list.Len())
		if err != nil {
			return err
		}
		if !more {
			v.Set(list)
			return nil
		}
		e := reflect.New(p.typ.Elem()).Elem()
		if err := readJSON(r, p.elem, e, path+"["+strconv.Itoa(list.Len())+"]"); err != nil {
			return err
		}
		list = reflect.Append(list, e)
	}
}

func readJSONMap(r *jsonReader, tok jsonToken, p *plan, v reflect.Value, path string) error {
	if tok.kind != jsonObject {
		return wrongType(path, "an object")
	}
	m := reflect.MakeMap(p.typ)
	for {
		text, more, err := r.member(m.Len())
		if err != nil {
			return err
		}
		if !more {
			v.Set(m)
			return nil
		}
		name := string(text)
		key := reflect.ValueOf(name).Convert(p.typ.Key())
		if m.MapIndex(key).IsValid() {
			return fmt.Errorf("the key %q appears twice in %q", name, path)
		}
		e := reflect.New(p.typ.Elem()).Elem()
		if err := readJSON(r, p.elem, e, join(path, name)); err != nil {
			return err
		}
		m.SetMapIndex(key, e)
	}
}

// setJSON sets a scalar. The value itself stays out of errors: it may be
// plaintext. What it sets is a copy: a member that is kept must not keep the
// body, with what else was in it.
func setJSON(tok jsonToken, p *plan, v reflect.Value, path string) error {
	switch p.kind {
	case kindString:
		if tok.kind != jsonString {
			return wrongType(path, "a string")
		}
		v.SetString(string(tok.text))
	case kindBool:
		if tok.kind != jsonTrue && tok.kind != jsonFalse {
			return wrongType(path, "true or false")
		}
		v.SetBool(tok.kind == jsonTrue)
	case kindInt:
		if tok.kind != jsonNumber {
			return wrongType(path, "a whole number")
		}
		i, err := strconv.ParseInt(string(tok.text), 10, 64)
		if err != nil || v.OverflowInt(i) {
			return wrongType(path, "a whole number")
		}
		v.SetInt(i)
	case kindFloat:
		if tok.kind != jsonNumber {
			return wrongType(path, "a number")
		}
		f, err := strconv.ParseFloat(string(tok.text), 64)
		if err != nil {
			return wrongType(path, "a number")
		}
		v.SetFloat(f)
	case kindBlob:
		if tok.kind != jsonString {
			return wrongType(path, "base64 text")
		}
		b := make([]byte, base64.StdEncoding.DecodedLen(len(tok.text)))
		n, err := base64.StdEncoding.Decode(b, tok.text)
		if err != nil {
			return wrongType(path, "base64 text")
		}
		v.SetBytes(b[:n])
	case kindTime:
		if p.iso {
			t, err := time.Parse(time.RFC3339, string(tok.text))
			if tok.kind != jsonString || err != nil {
				return wrongType(path, "a time such as 2026-01-02T15:04:05Z")
			}
			v.Set(reflect.ValueOf(t.UTC()))
			return nil
		}
		if tok.kind != jsonNumber {
			return wrongType(path, "a time in seconds")
		}
		f, err := strconv.ParseFloat(string(tok.text), 64)
		if err != nil || math.Abs(f) > 1<<40 {
			return wrongType(path, "a time in seconds")
		}
		v.Set(reflect.ValueOf(time.UnixMilli(int64(math.Round(f * 1000))).UTC()))
	}
	return nil
}

func wrongType(path, want string) error { return fmt.Errorf("the member %q is not %s", path, want) }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func writeJSON(b *bytes.Buffer, p *plan, v reflect.Value) {
	switch p.kind {
	case kindString:
		writeJSONString(b, v.String())
	case kindBool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case kindInt:
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case kindFloat:
		b.WriteString(strconv.FormatFloat(v.Float(), 'g', -1, 64))
	case kindBlob:
		b.WriteByte('"')
		b.Write(base64.StdEncoding.AppendEncode(b.AvailableBuffer(), v.Bytes()))
		b.WriteByte('"')
	case kindTime:
		t := v.Interface().(time.Time)
		if p.iso {
			writeJSONString(b, t.UTC().Format("2006-01-02T15:04:05.000Z"))
			return
		}
		b.WriteString(strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64))
	case kindList:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSONElement(b, p.elem, v.Index(i))
		}
		b.WriteByte(']')
	case kindMap:
		b.WriteByte('{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSONString(b, k.String())
			b.WriteByte(':')
			writeJSONElement(b, p.elem, v.MapIndex(k))
		}
		b.WriteByte('}')
	case kindStruct:
		b.WriteByte('{')
		first := true
		for _, f := range p.fields {
			fv, ok := f.plan.present(v.Field(f.index))
			if !ok {
				continue
			}
			if !first {
				b.WriteByte(',')
			}
			first = false
			writeJSONString(b, f.name)
			b.WriteByte(':')
			writeJSON(b, f.plan, fv)
		}
		b.WriteByte('}')
	}
}

// writeJSONElement writes a list or map element, where absence has no meaning:
// an empty string is an empty string.
func writeJSONElement(b *bytes.Buffer, p *plan, v reflect.Value) {
	if p.pointer {
		if v.IsNil() {
			b.WriteString("null")
			return
		}
		v = v.Elem()
	}
	writeJSON(b, p, v)
}

func writeJSONString(b *bytes.Buffer, s string) {
	if plainJSON(s) {
		b.WriteByte('"')
		b.WriteString(s)
		b.WriteByte('"')
		return
	}
	enc, _ := json.Marshal(s) // strings always marshal
	b.Write(enc)
}

// plainJSON reports printable ASCII that needs no escape.
func plainJSON(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < 0x20 || c > 0x7e:
			return false
		case c == '"' || c == '\\' || c == '<' || c == '>' || c == '&':
			return false
		}
	}
	return true
}
