package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

// Route binds an operation of a REST-JSON service to a method and a path.
type Route struct {
	Operation string
	Method    string
	// Path such as "/detector/{DetectorId}". A label has the name of the input's
	// field; one that ends in "+" takes the rest of the path, slashes and all.
	Path string
	// Query maps query parameters to the input's fields, "maxResults" to
	// "MaxResults"; nil: the operation takes none. A field of a list takes every
	// occurrence.
	Query map[string]string
	// Status of a success; 0: 200.
	Status int
}

// RESTJSON describes a REST-JSON service.
type RESTJSON struct {
	Routes []Route
	// Lower says that members in bodies begin with a small letter. False: they
	// have the names of the SDK's fields.
	Lower bool
	// ISOTimes says that times are text such as 2026-01-02T15:04:05Z. False: they
	// are seconds.
	ISOTimes bool
}

// restJSONProtocol speaks AWS REST-JSON 1.
//
// Source: Smithy 2.0, "AWS restJson1 protocol" and "HTTP bindings".
type restJSONProtocol struct {
	RESTJSON
	style style
	// routes by operation, with their paths split.
	byName map[string]*restRoute
}

type restRoute struct {
	Route
	parts []string
}

// NewRESTJSON returns the REST-JSON protocol of a service. It panics if two
// routes name one operation.
func NewRESTJSON(d RESTJSON) op.Protocol {
	p := &restJSONProtocol{RESTJSON: d, style: style{lower: d.Lower, iso: d.ISOTimes}, byName: map[string]*restRoute{}}
	for _, r := range d.Routes {
		if p.byName[r.Operation] != nil {
			panic("wire: two routes for " + r.Operation)
		}
		p.byName[r.Operation] = &restRoute{r, strings.Split(strings.TrimPrefix(r.Path, "/"), "/")}
	}
	return p
}

// Marshal writes v, one of the SDK's structs, as the service's bodies have it, for
// what leaves it by another way, such as an event.
func (d RESTJSON) Marshal(v any) json.RawMessage {
	var b bytes.Buffer
	at := reflect.ValueOf(v)
	writeJSON(&b, style{lower: d.Lower, iso: d.ISOTimes}.plan(at.Type()), at)
	return b.Bytes()
}

// match holds a path, split and still escaped, against the route's and returns
// the labels' values.
func (r *restRoute) match(path []string) (map[string]string, bool) {
	labels := map[string]string{}
	for i, want := range r.parts {
		name, isLabel := strings.CutPrefix(want, "{")
		if i >= len(path) {
			return nil, false
		}
		if !isLabel {
			if path[i] != want {
				return nil, false
			}
			continue
		}
		name = strings.TrimSuffix(name, "}")
		text := path[i]
		if rest, greedy := strings.CutSuffix(name, "+"); greedy {
			name, text = rest, strings.Join(path[i:], "/")
		}
		value, err := url.PathUnescape(text)
		if err != nil || value == "" {
			return nil, false
		}
		labels[name] = value
		if text != path[i] {
			return labels, true
		}
	}
	return labels, len(path) == len(r.parts)
}

func (p *restJSONProtocol) Operation(c *op.Call) (string, error) {
	path := strings.Split(strings.TrimPrefix(c.HTTP.URL.EscapedPath(), "/"), "/")
	var found *restRoute
	literal := -1
	for _, d := range p.Routes {
		r := p.byName[d.Operation]
		if r.Method != c.HTTP.Method {
			continue
		}
		labels, ok := r.match(path)
		// The route with more text of its own is the nearer one: /findings/get is
		// not the finding "get".
		if n := len(r.parts) - len(labels); ok && n > literal {
			found, literal = r, n
		}
	}
	if found == nil {
		return "", op.Errorf(http.StatusNotFound, "UnknownOperationException", "the sandbox does not implement %s %s of this service", c.HTTP.Method, c.HTTP.URL.EscapedPath())
	}
	return found.Operation, nil
}

func (p *restJSONProtocol) Decode(c *op.Call, operation string, in any) error {
	r := p.byName[operation]
	v := reflect.ValueOf(in).Elem()
	if err := p.decode(c, r, v); err != nil {
		return op.Errorf(http.StatusBadRequest, "SerializationException", "%s: %v", operation, err)
	}
	return nil
}

func (p *restJSONProtocol) decode(c *op.Call, r *restRoute, v reflect.Value) error {
	pl := p.style.plan(v.Type())
	if err := decodeStyled(c.Body, v, pl); err != nil {
		return err
	}
	path := strings.Split(strings.TrimPrefix(c.HTTP.URL.EscapedPath(), "/"), "/")
	labels, _ := r.match(path)
	for name, value := range labels {
		if err := p.set(pl, v, name, []string{value}); err != nil {
			return err
		}
	}
	query, err := url.ParseQuery(c.HTTP.URL.RawQuery)
	if err != nil {
		return fmt.Errorf("the query string is not well formed")
	}
	for name, values := range query {
		if strings.HasPrefix(name, "X-Amz-") {
			continue
		}
		field, ok := r.Query[name]
		if !ok {
			return fmt.Errorf("unknown parameter %q", name)
		}
		if err := p.set(pl, v, field, values); err != nil {
			return err
		}
	}
	return nil
}

// set puts text from the path or the query into a field. A body must not name
// it as well.
func (p *restJSONProtocol) set(pl *plan, v reflect.Value, name string, values []string) error {
	i, ok := pl.byName[p.style.name(name)]
	if !ok {
		return fmt.Errorf("the input has no member %q", name)
	}
	f := &pl.fields[i]
	fv := v.Field(f.index)
	if !fv.IsZero() {
		return fmt.Errorf("the member %q is given twice", f.name)
	}
	if f.plan.kind != kindList {
		if len(values) != 1 {
			return fmt.Errorf("the parameter %q appears %d times", f.name, len(values))
		}
		return setParameter(values[0], f.plan, f.plan.target(fv), f.name)
	}
	list := reflect.MakeSlice(f.plan.typ, len(values), len(values))
	for k, text := range values {
		if err := setParameter(text, f.plan.elem, f.plan.elem.target(list.Index(k)), f.name); err != nil {
			return err
		}
	}
	fv.Set(list)
	return nil
}

func (p *restJSONProtocol) Encode(w http.ResponseWriter, c *op.Call, operation string, out any) error {
	var b bytes.Buffer
	if v := reflect.ValueOf(out); out == nil || v.IsNil() {
		b.WriteString("{}")
	} else {
		writeJSON(&b, p.style.plan(v.Elem().Type()), v.Elem())
	}
	p.header(w, c)
	status := p.byName[operation].Status
	if status == 0 {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	if status == http.StatusNoContent {
		return nil
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (p *restJSONProtocol) EncodeError(w http.ResponseWriter, c *op.Call, _ string, e *op.Error) {
	var b bytes.Buffer
	b.WriteString(`{"message":`)
	writeJSONString(&b, e.Message)
	if !slices.ContainsFunc(e.Fields, func(f [2]string) bool { return f[0] == "Message" }) {
		// Services differ in the member's case, and clients read either.
		b.WriteString(`,"Message":`)
		writeJSONString(&b, e.Message)
	}
	for _, f := range e.Fields {
		b.WriteByte(',')
		writeJSONString(&b, f[0])
		b.WriteByte(':')
		writeJSONString(&b, f[1])
	}
	b.WriteByte('}')
	p.header(w, c)
	w.Header().Set("X-Amzn-ErrorType", e.Code)
	w.WriteHeader(e.Status)
	_, _ = w.Write(b.Bytes()) // a client that went away is the server's business
}

// Dialect is the error codes of services that speak this protocol.
func (p *restJSONProtocol) Dialect() sigv4.Dialect { return sigv4.JSON }

func (p *restJSONProtocol) header(w http.ResponseWriter, c *op.Call) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Amzn-RequestId", c.ID)
}
