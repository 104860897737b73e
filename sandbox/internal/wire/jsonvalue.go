package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// decodeJSON reads one JSON object into the struct v. An empty body is an
// empty object, as AWS takes it.
func decodeJSON(body []byte, v reflect.Value) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if !utf8.Valid(body) {
		return errors.New("the body is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := readJSON(d, planOf(v.Type()), v, ""); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body goes on after its JSON object")
	}
	return nil
}

func readJSON(d *json.Decoder, p *plan, v reflect.Value, path string) error {
	tok, err := d.Token()
	if err != nil {
		return errors.New("the body is not valid JSON")
	}
	if tok == nil { // null is an absent member
		return nil
	}
	switch p.kind {
	case kindStruct:
		return readJSONStruct(d, tok, p, p.target(v), path)
	case kindList:
		return readJSONList(d, tok, p, v, path)
	case kindMap:
		return readJSONMap(d, tok, p, v, path)
	}
	return setJSON(tok, p, p.target(v), path)
}

func readJSONStruct(d *json.Decoder, tok json.Token, p *plan, v reflect.Value, path string) error {
	if tok != json.Delim('{') {
		return wrongType(path, "an object")
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return errors.New("the body is not valid JSON")
		}
		name, _ := key.(string)
		at := join(path, name)
		i, ok := p.byName[name]
		if !ok {
			return fmt.Errorf("unknown member %q", at)
		}
		if seen[name] {
			return fmt.Errorf("the member %q appears twice", at)
		}
		seen[name] = true
		f := p.fields[i]
		if err := readJSON(d, f.plan, v.Field(f.index), at); err != nil {
			return err
		}
	}
	return endJSON(d)
}

func readJSONList(d *json.Decoder, tok json.Token, p *plan, v reflect.Value, path string) error {
	if tok != json.Delim('[') {
		return wrongType(path, "a list")
	}
	list := reflect.MakeSlice(p.typ, 0, 0)
	for d.More() {
		e := reflect.New(p.typ.Elem()).Elem()
		if err := readJSON(d, p.elem, e, path+"["+strconv.Itoa(list.Len())+"]"); err != nil {
			return err
		}
		list = reflect.Append(list, e)
	}
	v.Set(list)
	return endJSON(d)
}

func readJSONMap(d *json.Decoder, tok json.Token, p *plan, v reflect.Value, path string) error {
	if tok != json.Delim('{') {
		return wrongType(path, "an object")
	}
	m := reflect.MakeMap(p.typ)
	for d.More() {
		tok, err := d.Token()
		if err != nil {
			return errors.New("the body is not valid JSON")
		}
		name, _ := tok.(string)
		key := reflect.ValueOf(name).Convert(p.typ.Key())
		if m.MapIndex(key).IsValid() {
			return fmt.Errorf("the key %q appears twice in %q", name, path)
		}
		e := reflect.New(p.typ.Elem()).Elem()
		if err := readJSON(d, p.elem, e, join(path, name)); err != nil {
			return err
		}
		m.SetMapIndex(key, e)
	}
	v.Set(m)
	return endJSON(d)
}

func endJSON(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return errors.New("the body is not valid JSON")
	}
	return nil
}

// setJSON sets a scalar. The value itself stays out of errors: it may be
// plaintext.
func setJSON(tok json.Token, p *plan, v reflect.Value, path string) error {
	switch p.kind {
	case kindString:
		s, ok := tok.(string)
		if !ok {
			return wrongType(path, "a string")
		}
		v.SetString(s)
	case kindBool:
		b, ok := tok.(bool)
		if !ok {
			return wrongType(path, "true or false")
		}
		v.SetBool(b)
	case kindInt:
		n, ok := tok.(json.Number)
		if !ok {
			return wrongType(path, "a whole number")
		}
		i, err := strconv.ParseInt(string(n), 10, 64)
		if err != nil || v.OverflowInt(i) {
			return wrongType(path, "a whole number")
		}
		v.SetInt(i)
	case kindFloat:
		n, ok := tok.(json.Number)
		if !ok {
			return wrongType(path, "a number")
		}
		f, err := n.Float64()
		if err != nil {
			return wrongType(path, "a number")
		}
		v.SetFloat(f)
	case kindBlob:
		s, ok := tok.(string)
		if !ok {
			return wrongType(path, "base64 text")
		}
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return wrongType(path, "base64 text")
		}
		v.SetBytes(b)
	case kindTime:
		n, ok := tok.(json.Number)
		if !ok {
			return wrongType(path, "a time in seconds")
		}
		f, err := n.Float64()
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

// encodeJSON writes out, a pointer to a struct or nil, as an object.
func encodeJSON(b *bytes.Buffer, out any) {
	v := reflect.ValueOf(out)
	if out == nil || v.IsNil() {
		b.WriteString("{}")
		return
	}
	v = v.Elem()
	writeJSON(b, planOf(v.Type()), v)
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
		b.WriteString(base64.StdEncoding.EncodeToString(v.Bytes()))
		b.WriteByte('"')
	case kindTime:
		t := v.Interface().(time.Time)
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
	enc, _ := json.Marshal(s) // strings always marshal
	b.Write(enc)
}
