package audit

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxText bounds one value: an event is a record, not a copy of the request.
const maxText = 16 << 10

// alwaysHidden are members whose value is a secret in every operation.
var alwaysHidden = []string{
	"SecretAccessKey", "SessionToken", "Plaintext", "PrivateKeyPlaintext", "Password", "OldPassword", "NewPassword",
	"WebIdentityToken", "SAMLAssertion", "TokenCode", "AuthenticationCode1", "AuthenticationCode2",
	"Base32StringSeed", "QRCodePNG", "EncodedMessage", "GrantToken", "GrantTokens", "SSECustomerKey", "CopySourceSSECustomerKey",
	"SharedSecret", "ServicePassword", "PrivateKey", "Body",
}

// hidden are a row's own names, in any case, which add to the ones above.
type hidden []string

var always = func() map[string]bool {
	m := make(map[string]bool, len(alwaysHidden))
	for _, name := range alwaysHidden {
		m[strings.ToLower(name)] = true
	}
	return m
}()

func (h hidden) has(lower string) bool {
	return always[lower] || slices.ContainsFunc(h, func(name string) bool { return strings.EqualFold(name, lower) })
}

// shown is a struct's field that may be in an event.
type shown struct {
	index       []int // through embedded structs, whose fields are the struct's own
	name, lower string
}

var shownFields sync.Map // reflect.Type -> []shown

func fieldsOf(t reflect.Type) []shown {
	if f, ok := shownFields.Load(t); ok {
		return f.([]shown)
	}
	var list []shown
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				list = append(list, inner)
			}
		case f.IsExported() && f.Name != "ResultMetadata":
			list = append(list, shown{[]int{i}, lowerFirst(f.Name), strings.ToLower(f.Name)})
		}
	}
	shownFields.Store(t, list)
	return list
}

// members turns an input or output into CloudTrail's object: names begin in
// lower case, absent and secret members are left out. Nil: there are none.
func (h hidden) members(v any) map[string]any {
	if v == nil {
		return nil
	}
	m, _ := h.value(reflect.ValueOf(v), 0).(map[string]any)
	return m
}

// value returns nil for what an event does not show: absent values, binary
// ones, streams, and anything nested deeper than AWS nests.
func (h hidden) value(v reflect.Value, depth int) any {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if depth > 8 {
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return t.UTC().Format(timeFormat)
		}
		return h.structure(v, depth)
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String || v.Len() == 0 {
			return nil
		}
		m := map[string]any{}
		for it := v.MapRange(); it.Next(); {
			if h.has(strings.ToLower(it.Key().String())) {
				continue
			}
			if x := h.value(it.Value(), depth+1); x != nil {
				m[it.Key().String()] = x
			}
		}
		return m
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			if x := h.value(v.Index(i), depth+1); x != nil {
				list = append(list, x)
			}
		}
		return list
	case reflect.String:
		return clip(v.String())
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Float32, reflect.Float64:
		return v.Float()
	}
	return nil
}

func (h hidden) structure(v reflect.Value, depth int) any {
	var m map[string]any
	for _, f := range fieldsOf(v.Type()) {
		fv := v.FieldByIndex(f.index)
		if fv.IsZero() && fv.Kind() != reflect.Bool && fv.Kind() != reflect.Int32 && fv.Kind() != reflect.Int64 {
			continue // absent; a bare number or boolean has a meaning
		}
		if h.has(f.lower) {
			continue
		}
		if x := h.value(fv, depth+1); x != nil {
			if m == nil {
				m = map[string]any{}
			}
			m[f.name] = x
		}
	}
	if m == nil {
		return map[string]any{}
	}
	return m
}

// clip cuts long text at a whole character.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	cut := maxText
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
