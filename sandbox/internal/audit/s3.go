package audit

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"sync"
)

const s3Source = "s3.amazonaws.com"

// s3 gives an event the form of S3's records, which show a request as HTTP has it:
// parameters of the query and headers of AWS's own by their names, documents by those of
// their elements.
//
// Source: S3 User Guide cloudtrail-logging-understanding-s3-entries; published records of
// PutObject, GetObject and CopyObject.
func (r *Record) s3(e *Event) {
	e.RequestParameters = r.s3Request()
	if e.ResponseElements != nil {
		if e.ResponseElements = s3Headers(r.Out); len(e.ResponseElements) == 0 {
			e.ResponseElements = nil
		}
	}
	note := map[string]any{}
	for k, v := range e.AdditionalEventData {
		note[k] = v
	}
	if e.TLSDetails != nil {
		note["CipherSuite"] = e.TLSDetails.CipherSuite
	}
	note["bytesTransferredIn"], note["bytesTransferredOut"], note["x-amz-id-2"] = r.BytesIn, r.BytesOut, r.HostID
	e.AdditionalEventData = note
	bucket, _ := e.RequestParameters["bucketName"].(string)
	if bucket == "" || e.Resources != nil {
		return
	}
	// Source: the same records; CloudTrail User Guide "CloudTrail record contents", resources.
	if key, _ := e.RequestParameters["key"].(string); key != "" {
		e.Resources = append(e.Resources, Resource{ARN: "arn:aws:s3:::" + bucket + "/" + key, Type: "AWS::S3::Object"})
	}
	e.Resources = append(e.Resources, Resource{ARN: "arn:aws:s3:::" + bucket, AccountID: r.Owner, Type: "AWS::S3::Bucket"})
}

// unshown are parameters of presigned URLs that are credentials.
var unshown = map[string]bool{"x-amz-credential": true, "x-amz-signature": true, "x-amz-security-token": true}

// nameless are operations whose document names keys that CloudTrail does not log.
//
// Source: S3 User Guide cloudtrail-logging-s3-info: "CloudTrail does not log key names for
// the keys that are deleted using the Delete Multiple Objects operation". That parts are
// left out of CompleteMultipartUpload is a choice.
var nameless = map[string]bool{"DeleteObjects": true, "CompleteMultipartUpload": true}

func (r *Record) s3Request() map[string]any {
	m := map[string]any{"Host": r.Host}
	v := reflect.Indirect(reflect.ValueOf(r.In))
	if v.Kind() == reflect.Struct {
		for _, f := range restFields(v.Type()) {
			field := v.FieldByIndex(f.index)
			if field.IsZero() {
				continue
			}
			switch {
			case f.kind == "label" && f.name == "bucket":
				m["bucketName"] = field.String()
			case f.kind == "label" && f.name == "key", f.kind == "query":
				m[f.name] = text(field)
			case f.kind == "header":
				m[f.name] = text(field)
			case f.kind == "xml" && !nameless[r.Name]:
				m[f.name] = document(field, 0)
			case f.kind == "payload" && r.Name == "PutBucketPolicy":
				var doc any
				if json.Unmarshal(field.Bytes(), &doc) == nil {
					m["bucketPolicy"] = doc
				}
			}
		}
	}
	query, _ := url.ParseQuery(r.Query) // what does not parse was refused, and is not shown
	for name, values := range query {
		if _, there := m[name]; !there && !unshown[strings.ToLower(name)] {
			m[name] = clip(values[0])
		}
	}
	return m
}

// shownHeader reports AWS's own headers, without those that are the user's data or sums of it.
// That CloudTrail leaves out the user's metadata is what its published records show.
func shownHeader(name string) bool {
	return strings.HasPrefix(name, "x-amz-") && !strings.HasPrefix(name, "x-amz-checksum-") && !strings.HasPrefix(name, "x-amz-meta-")
}

// s3Headers are the headers of AWS's own in an answer.
func s3Headers(out any) map[string]any {
	v := reflect.Indirect(reflect.ValueOf(out))
	if v.Kind() != reflect.Struct {
		return nil
	}
	m := map[string]any{}
	for _, f := range restFields(v.Type()) {
		if field := v.FieldByIndex(f.index); f.kind == "header" && !field.IsZero() {
			m[f.name] = text(field)
		}
	}
	return m
}

// restField is a member that a record may show, from its rest tag: see the package wire.
type restField struct {
	index      []int
	kind, name string
}

var restPlans sync.Map // reflect.Type to []restField

func restFields(t reflect.Type) []restField {
	if p, ok := restPlans.Load(t); ok {
		return p.([]restField)
	}
	var list []restField
	for _, f := range reflect.VisibleFields(t) {
		kind, name, _ := strings.Cut(f.Tag.Get("rest"), ":")
		switch kind {
		case "":
			continue
		case "header", "list":
			if kind, name = "header", strings.ToLower(name); !shownHeader(name) {
				continue
			}
		}
		list = append(list, restField{f.Index, kind, name})
	}
	restPlans.Store(t, list)
	return list
}

// text is a value as a header or a parameter has it.
func text(v reflect.Value) any {
	if s, ok := hidden(nil).value(v, 0).(string); ok {
		return s
	}
	raw, err := json.Marshal(hidden(nil).value(v, 0))
	if err != nil {
		return nil
	}
	return clip(string(raw))
}

// document shows a value by the names of its elements; one of a list stands for itself.
func document(v reflect.Value, depth int) any {
	v = reflect.Indirect(v)
	switch {
	case !v.IsValid() || depth > 8:
		return nil
	case v.Kind() == reflect.Slice && v.Len() == 1:
		return document(v.Index(0), depth)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = document(v.Index(i), depth+1)
		}
		return list
	case v.Kind() != reflect.Struct || v.NumField() == 0:
		if v.Kind() == reflect.Struct {
			return ""
		}
		return hidden(nil).value(v, depth)
	}
	m := map[string]any{}
	for _, f := range reflect.VisibleFields(v.Type()) {
		name, _, _ := strings.Cut(f.Tag.Get("xml"), ",")
		field := v.FieldByIndex(f.Index)
		if f.Anonymous || !f.IsExported() || name == "" || name == "-" || field.IsZero() {
			continue
		}
		inner := m
		path := strings.Split(name, ">")
		for _, wrapper := range path[:len(path)-1] {
			next, ok := inner[wrapper].(map[string]any)
			if !ok {
				next = map[string]any{}
				inner[wrapper] = next
			}
			inner = next
		}
		if x := document(field, depth+1); x != nil {
			inner[path[len(path)-1]] = x
		}
	}
	return m
}
