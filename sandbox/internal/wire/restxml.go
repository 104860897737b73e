package wire

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// RESTRequest is what a REST input is read from.
type RESTRequest struct {
	Header http.Header
	Query  url.Values
	// Labels are the parts of host and path that a field may take:
	// "bucket", "key".
	Labels map[string]string
	Body   []byte
}

// RESTError says which part of a request was not understood.
type RESTError struct {
	// In is "header", "query", "body".
	In string
	// Name of the header or parameter; empty for the body.
	Name string
	// Unknown: the operation has no such member. Otherwise its value is wrong.
	Unknown bool
	// Reason is a sentence for the caller.
	Reason string
}

func (e *RESTError) Error() string { return e.Reason }

// restField is one field of a REST input or output, its own or of a struct it
// embeds, from its `rest` tag:
//
//	rest:"label:bucket"         from host or path
//	rest:"header:Content-Type"  a header
//	rest:"list:X-Amz-List"      a header that may be sent several times, joined
//	rest:"query:prefix"         a query parameter
//	rest:"prefix:x-amz-meta-"   all headers with a prefix, in a map
//	rest:"xml:Tagging"          the body, an XML document with this root; a
//	                            nil pointer if the body is empty
//	rest:"payload"              the body as it is, []byte
//	rest:"status"               the status of the response, an int
type restField struct {
	index []int
	kind  string
	name  string
}

var restPlans sync.Map // reflect.Type to []restField

func restPlan(t reflect.Type) []restField {
	if p, ok := restPlans.Load(t); ok {
		return p.([]restField)
	}
	var fields []restField
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("rest")
		if tag == "" {
			continue
		}
		kind, name, _ := strings.Cut(tag, ":")
		if kind == "header" || kind == "list" {
			name = http.CanonicalHeaderKey(name)
		}
		fields = append(fields, restField{index: f.Index, kind: kind, name: name})
	}
	restPlans.Store(t, fields)
	return fields
}

// DecodeREST fills in, a pointer to a struct with rest tags. It refuses a
// second value for a header or parameter, and every header with the prefix
// "x-amz-" and every parameter that in does not have and ignore does not name
// (headers in lower case): what the operation does not implement is never dropped. The
// error is a *RESTError.
func DecodeREST(r RESTRequest, in any, ignore func(where, name string) bool) error {
	v := reflect.ValueOf(in).Elem()
	known := map[string]bool{}
	var prefix string
	for _, f := range restPlan(v.Type()) {
		dst := v.FieldByIndex(f.index)
		switch f.kind {
		case "label":
			dst.SetString(r.Labels[f.name])
		case "header":
			known["header "+strings.ToLower(f.name)] = true
			if err := setREST(dst, "header", f.name, r.Header[f.name]); err != nil {
				return err
			}
		case "list":
			known["header "+strings.ToLower(f.name)] = true
			dst.SetString(strings.Join(r.Header[f.name], ","))
		case "query":
			known["query "+f.name] = true
			if err := setREST(dst, "query", f.name, r.Query[f.name]); err != nil {
				return err
			}
		case "prefix":
			prefix = f.name
			if err := setPrefix(dst, f.name, r.Header); err != nil {
				return err
			}
		case "payload":
			dst.SetBytes(r.Body)
		case "xml":
			if len(r.Body) == 0 && dst.Kind() == reflect.Pointer {
				continue
			}
			if dst.Kind() == reflect.Pointer {
				dst.Set(reflect.New(dst.Type().Elem()))
				dst = dst.Elem()
			}
			if err := DecodeXML(r.Body, f.name, dst.Addr().Interface()); err != nil {
				return &RESTError{In: "body", Reason: err.Error()}
			}
		}
	}
	for name := range r.Header {
		lower := strings.ToLower(name)
		if !strings.HasPrefix(lower, "x-amz-") || known["header "+lower] || ignore("header", lower) ||
			(prefix != "" && strings.HasPrefix(lower, prefix)) {
			continue
		}
		return &RESTError{In: "header", Name: lower, Unknown: true,
			Reason: fmt.Sprintf("the header %q is not implemented for this operation", lower)}
	}
	for name := range r.Query {
		if known["query "+name] || ignore("query", name) {
			continue
		}
		return &RESTError{In: "query", Name: name, Unknown: true,
			Reason: fmt.Sprintf("the query parameter %q is not implemented for this operation", name)}
	}
	return nil
}

func setREST(dst reflect.Value, where, name string, values []string) error {
	if len(values) > 1 {
		return &RESTError{In: where, Name: name, Reason: fmt.Sprintf("the %s %q was sent %d times", where, name, len(values))}
	}
	// An empty header says nothing; an empty parameter (prefix=) says "empty".
	if len(values) == 0 || (where == "header" && values[0] == "") {
		return nil
	}
	value := values[0]
	if dst.Type() == reflect.TypeFor[*time.Time]() {
		t, err := http.ParseTime(value)
		if err != nil {
			return &RESTError{In: where, Name: name, Reason: fmt.Sprintf("the %s %q is not an HTTP date", where, name)}
		}
		dst.Set(reflect.ValueOf(&t))
		return nil
	}
	if err := setText(dst, value); err != nil {
		return &RESTError{In: where, Name: name, Reason: fmt.Sprintf("the %s %q: %v", where, name, err)}
	}
	return nil
}

func setPrefix(dst reflect.Value, prefix string, h http.Header) error {
	var m map[string]string
	for name, values := range h {
		lower := strings.ToLower(name)
		if !strings.HasPrefix(lower, prefix) {
			continue
		}
		if m == nil {
			m = map[string]string{}
		}
		m[lower[len(prefix):]] = strings.Join(values, ",")
	}
	if m != nil {
		dst.Set(reflect.ValueOf(m))
	}
	return nil
}

// EncodeREST writes out, a pointer to a struct with rest tags, or nil for an
// empty response. head leaves the body out but keeps its headers.
func EncodeREST(w http.ResponseWriter, out any, namespace string, head bool) error {
	status := http.StatusOK
	var body []byte
	hasBody := false
	h := w.Header()
	if v := reflect.ValueOf(out); out != nil && !v.IsNil() {
		v = v.Elem()
		for _, f := range restPlan(v.Type()) {
			src := v.FieldByIndex(f.index)
			switch f.kind {
			case "header":
				if s, ok := restText(src); ok {
					h.Set(f.name, s)
				}
			case "prefix":
				for _, k := range src.MapKeys() {
					// In small letters, as S3 has them: the AWS CLI's validation of log files
					// looks for them so. Set would spell the name canonically.
					h[f.name+k.String()] = []string{src.MapIndex(k).String()}
				}
			case "payload":
				body, hasBody = src.Bytes(), true
			case "xml":
				var err error
				if body, err = EncodeXML(f.name, namespace, src.Interface()); err != nil {
					return err
				}
				hasBody = true
				h.Set("Content-Type", "application/xml")
			case "status":
				if n := src.Int(); n != 0 {
					status = int(n)
				}
			}
		}
	}
	if hasBody && h.Get("Content-Length") == "" {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if head || !hasBody || status == http.StatusNoContent || status == http.StatusNotModified {
		return nil
	}
	_, err := w.Write(body)
	return err
}

// restText is a header's text; ok is false for what is not to be sent: empty
// strings, nil pointers, zero times and false.
func restText(v reflect.Value) (s string, ok bool) {
	if t, isTime := v.Interface().(time.Time); isTime {
		return t.UTC().Format(http.TimeFormat), !t.IsZero()
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "", false
		}
		switch e := v.Elem(); e.Kind() {
		case reflect.Bool:
			return strconv.FormatBool(e.Bool()), true
		case reflect.Int, reflect.Int64:
			return strconv.FormatInt(e.Int(), 10), true
		default:
			return e.String(), true
		}
	case reflect.String:
		return v.String(), v.Len() > 0
	case reflect.Bool:
		return "true", v.Bool()
	case reflect.Int, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), v.Int() != 0
	}
	panic(fmt.Sprintf("wire: a header of kind %s cannot be written", v.Kind()))
}
