package wire

import (
	"reflect"
	"strings"
	"sync"
	"time"
)

// kind is what a Go type of the SDK means on the wire.
type kind uint8

const (
	kindString kind = iota
	kindBool
	kindInt
	kindFloat
	kindBlob
	kindTime
	kindList
	kindMap
	kindStruct
	// kindUnion is a Smithy union, an interface in the SDK. None is implemented:
	// one that is sent is refused by name, and none is ever answered with.
	kindUnion
)

// plan says how one type is read and written.
type plan struct {
	kind kind
	typ  reflect.Type // without pointers
	// pointer: the Go type is a pointer to typ. An absent value is nil.
	pointer bool
	elem    *plan // of lists and maps
	fields  []field
	byName  map[string]int // by name on the wire
	// iso: a time is text such as 2026-01-02T15:04:05Z, not a number of seconds.
	iso bool
	// flat: a list is EC2's.
	flat bool
}

// style is how a service's shapes look on the wire. The zero style has the names
// of the SDK's fields, and times as seconds where the protocol has both.
type style struct {
	// lower: members begin with a small letter, as most REST-JSON services have it.
	lower bool
	// inner: members below the top begin with a small letter, but for those of the shapes in
	// capitals.
	inner bool
	// iso: times are text.
	iso bool
	// flat: a list of parameters is NAME.1, and of XML elements made of items.
	flat bool
}

func (s style) name(field string) string {
	if !s.lower {
		return field
	}
	// A word of capitals is one: DNSLogs is dnsLogs.
	n := 1
	for n+1 < len(field) && isUpper(field[n]) && isUpper(field[n+1]) {
		n++
	}
	return strings.ToLower(field[:n]) + field[n:]
}

func isUpper(b byte) bool { return 'A' <= b && b <= 'Z' }

// capitals are shapes of AWS Config whose members begin with a capital all the same.
// Source: AWS Config API Reference, Data Types.
var capitals = map[string]bool{
	"Tag": true, "RetentionConfiguration": true,
	"ConfigRule": true, "CustomPolicyDetails": true, "DescribeConfigRulesFilters": true, "EvaluationModeConfiguration": true, "Scope": true, "Source": true, "SourceDetail": true,
	"AccountAggregationSource": true, "AggregationAuthorization": true, "AggregatorFilters": true, "ConfigurationAggregator": true, "OrganizationAggregationSource": true,
}

type styled struct {
	typ   reflect.Type
	style style
}

type field struct {
	name  string
	index int
	plan  *plan
}

var (
	plans    sync.Map // styled -> *plan
	timeType = reflect.TypeFor[time.Time]()
)

// planOf returns the plan of a type in the zero style. It panics on types that no
// AWS shape has: a programming error in a row, found when the sandbox starts.
func planOf(t reflect.Type) *plan { return style{}.plan(t) }

func (s style) plan(t reflect.Type) *plan {
	if p, ok := plans.Load(styled{t, s}); ok {
		return p.(*plan)
	}
	p := s.build(t, map[reflect.Type]*plan{})
	got, _ := plans.LoadOrStore(styled{t, s}, p)
	return got.(*plan)
}

func (s style) build(t reflect.Type, seen map[reflect.Type]*plan) *plan {
	if p, ok := seen[t]; ok {
		return p
	}
	p := &plan{typ: t}
	top := len(seen) == 0
	seen[t] = p
	if t.Kind() == reflect.Pointer {
		p.pointer = true
		p.typ = t.Elem()
	}
	switch e := p.typ; {
	case e == timeType:
		p.kind, p.iso = kindTime, s.iso
	case e.Kind() == reflect.String:
		p.kind = kindString
	case e.Kind() == reflect.Bool:
		p.kind = kindBool
	case e.Kind() == reflect.Int32 || e.Kind() == reflect.Int64:
		p.kind = kindInt
	case e.Kind() == reflect.Float32 || e.Kind() == reflect.Float64:
		p.kind = kindFloat
	case e.Kind() == reflect.Slice && e.Elem().Kind() == reflect.Uint8:
		p.kind = kindBlob
	case e.Kind() == reflect.Slice:
		p.kind, p.elem, p.flat = kindList, s.build(e.Elem(), seen), s.flat
	case e.Kind() == reflect.Map && e.Key().Kind() == reflect.String:
		p.kind, p.elem = kindMap, s.build(e.Elem(), seen)
	case e.Kind() == reflect.Struct:
		p.kind, p.byName = kindStruct, map[string]int{}
		for i := range e.NumField() {
			f := e.Field(i)
			// ResultMetadata is the SDK's own; noSmithyDocumentSerde is unexported.
			if !f.IsExported() || f.Anonymous || f.Name == "ResultMetadata" {
				continue
			}
			name := s.name(f.Name)
			if s.inner && !top && !capitals[e.Name()] {
				name = style{lower: true}.name(f.Name)
			}
			if own := f.Tag.Get("wire"); own != "" {
				name = own // a hand-written shape, where the service breaks its own rule
			}
			p.byName[name] = len(p.fields)
			p.fields = append(p.fields, field{name, i, s.build(f.Type, seen)})
		}
	case e.Kind() == reflect.Interface:
		p.kind = kindUnion
	default:
		panic("wire: no AWS shape has the type " + t.String())
	}
	return p
}

// target returns the value to fill, making the pointer's target if needed.
func (p *plan) target(v reflect.Value) reflect.Value {
	if !p.pointer {
		return v
	}
	if v.IsNil() {
		v.Set(reflect.New(p.typ))
	}
	return v.Elem()
}

// present reports whether v is on the wire, and follows its pointer. A bare
// enum is absent when empty; bare numbers and booleans have defaults and are
// always sent.
func (p *plan) present(v reflect.Value) (reflect.Value, bool) {
	if p.pointer {
		if v.IsNil() {
			return v, false
		}
		return v.Elem(), true
	}
	switch p.kind {
	case kindList, kindMap, kindBlob:
		return v, !v.IsNil()
	case kindUnion:
		return v, false
	case kindString:
		return v, v.Len() > 0
	}
	return v, true
}
