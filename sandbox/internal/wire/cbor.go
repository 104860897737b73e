package wire

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

// cborProtocol speaks Smithy's RPC v2 with CBOR.
type cborProtocol struct {
	service string
	shapes  map[string]string
}

// NewCBOR returns the Smithy RPC v2 CBOR protocol of a service whose paths are
// "/service/SERVICE/operation/OPERATION", and which spoke the query protocol before:
// shapes are the names of those errors that are called otherwise than their code; nil:
// none is.
//
// Source: Smithy 2.0, "Smithy RPC v2 CBOR protocol", "AWS query compatible".
func NewCBOR(service string, shapes map[string]string) op.Protocol {
	return &cborProtocol{service, shapes}
}

const cborType = "application/cbor"

func (p *cborProtocol) Operation(c *op.Call) (string, error) {
	name, ok := strings.CutPrefix(c.HTTP.URL.Path, "/service/"+p.service+"/operation/")
	switch {
	case !ok || name == "" || strings.Contains(name, "/"):
		return "", op.Errorf(http.StatusBadRequest, "UnknownOperationException", "the path %q is not one of %s", c.HTTP.URL.Path, p.service)
	case c.HTTP.Method != http.MethodPost:
		return "", op.Errorf(http.StatusBadRequest, "UnknownOperationException", "the operation %s needs the method POST, got %q", name, c.HTTP.Method)
	}
	return name, nil
}

func (p *cborProtocol) Decode(c *op.Call, operation string, in any) error {
	if len(c.Body) == 0 {
		return nil
	}
	v := reflect.ValueOf(in).Elem()
	err := error(nil)
	if kind := c.HTTP.Header.Get("Content-Type"); kind != cborType {
		err = fmt.Errorf("the Content-Type is %q, not %s", kind, cborType)
	} else if value, problem := cbor.Decode(c.Body); problem != nil {
		err = errors.New("the body is not CBOR")
	} else {
		err = readCBOR(value, planOf(v.Type()), v, "")
	}
	if err != nil {
		return op.Errorf(http.StatusBadRequest, "SerializationException", "%s: %v", operation, err)
	}
	return nil
}

// readCBOR sets v. A null is a member that was not sent. The value stays out of errors.
func readCBOR(value cbor.Value, p *plan, v reflect.Value, path string) error {
	if _, null := value.(*cbor.Nil); null {
		return nil
	}
	wrong := func(want string) error { return fmt.Errorf("the member %q is not %s", path, want) }
	switch p.kind {
	case kindUnion:
		return fmt.Errorf("the sandbox does not implement the member %q", path)
	case kindStruct:
		m, ok := value.(cbor.Map)
		if !ok {
			return wrong("a structure")
		}
		v = p.target(v)
		for name, x := range m {
			i, ok := p.byName[name]
			if !ok {
				return fmt.Errorf("unknown member %q", join(path, name))
			}
			f := p.fields[i]
			if err := readCBOR(x, f.plan, v.Field(f.index), join(path, name)); err != nil {
				return err
			}
		}
		return nil
	case kindList:
		l, ok := value.(cbor.List)
		if !ok || len(l) > maxList {
			return wrong("a list of at most 10000")
		}
		list := reflect.MakeSlice(p.typ, len(l), len(l))
		for i, x := range l {
			if err := readCBOR(x, p.elem, list.Index(i), path+"[]"); err != nil {
				return err
			}
		}
		v.Set(list)
		return nil
	case kindMap:
		m, ok := value.(cbor.Map)
		if !ok {
			return wrong("a map")
		}
		out := reflect.MakeMap(p.typ)
		for name, x := range m {
			e := reflect.New(p.typ.Elem()).Elem()
			if err := readCBOR(x, p.elem, e, path+"."+name); err != nil {
				return err
			}
			out.SetMapIndex(reflect.ValueOf(name).Convert(p.typ.Key()), e)
		}
		v.Set(out)
		return nil
	}
	v = p.target(v)
	switch p.kind {
	case kindString:
		s, ok := value.(cbor.String)
		if !ok {
			return wrong("text")
		}
		v.SetString(string(s))
	case kindBool:
		b, ok := value.(cbor.Bool)
		if !ok {
			return wrong("true or false")
		}
		v.SetBool(bool(b))
	case kindInt:
		i, err := cbor.AsInt64(value)
		if err != nil || v.OverflowInt(i) {
			return wrong("a whole number")
		}
		v.SetInt(i)
	case kindFloat:
		f, err := cbor.AsFloat64(value)
		if err != nil {
			return wrong("a number")
		}
		v.SetFloat(f)
	case kindBlob:
		b, ok := value.(cbor.Slice)
		if !ok {
			return wrong("bytes")
		}
		v.SetBytes(b)
	case kindTime:
		t, err := cbor.AsTime(value)
		if err != nil {
			return wrong("a time")
		}
		v.Set(reflect.ValueOf(t.UTC()))
	}
	return nil
}

func (p *cborProtocol) Encode(w http.ResponseWriter, c *op.Call, _ string, out any) error {
	p.header(w, c)
	w.WriteHeader(http.StatusOK)
	if v := reflect.ValueOf(out); out != nil && !v.IsNil() {
		_, err := w.Write(cbor.Encode(writeCBOR(planOf(v.Elem().Type()), v.Elem())))
		return err
	}
	return nil
}

func writeCBOR(p *plan, v reflect.Value) cbor.Value {
	switch p.kind {
	case kindBool:
		return cbor.Bool(v.Bool())
	case kindInt:
		if i := v.Int(); i < 0 {
			return cbor.NegInt(uint64(-i))
		}
		return cbor.Uint(uint64(v.Int()))
	case kindFloat:
		return cbor.Float64(v.Float())
	case kindBlob:
		return cbor.Slice(v.Bytes())
	case kindTime:
		ms := v.Interface().(time.Time).UnixMilli()
		return &cbor.Tag{ID: 1, Value: cbor.Float64(math.Round(float64(ms)) / 1000)}
	case kindList:
		list := make(cbor.List, 0, v.Len())
		for i := range v.Len() {
			list = append(list, writeEntry(p.elem, v.Index(i)))
		}
		return list
	case kindMap:
		m := make(cbor.Map, v.Len())
		for _, k := range v.MapKeys() {
			m[k.String()] = writeEntry(p.elem, v.MapIndex(k))
		}
		return m
	case kindStruct:
		m := cbor.Map{}
		for _, f := range p.fields {
			if x, ok := f.plan.present(v.Field(f.index)); ok {
				m[f.name] = writeCBOR(f.plan, x)
			}
		}
		return m
	default: // kindString; a union is never present
		return cbor.String(v.String())
	}
}

// writeEntry writes an entry of a list or map, which is there even when it is empty.
func writeEntry(p *plan, v reflect.Value) cbor.Value {
	if p.pointer {
		if v.IsNil() {
			return &cbor.Nil{}
		}
		v = v.Elem()
	}
	return writeCBOR(p, v)
}

func (p *cborProtocol) EncodeError(w http.ResponseWriter, c *op.Call, _ string, e *op.Error) {
	shape := e.Code
	if own, ok := p.shapes[e.Code]; ok {
		shape = own
	}
	m := cbor.Map{"__type": cbor.String(shape), "message": cbor.String(e.Message)}
	for _, f := range e.Fields {
		m[f[0]] = cbor.String(f[1])
	}
	p.header(w, c)
	w.Header().Set("X-Amzn-Query-Error", e.Code+";Sender")
	w.WriteHeader(e.Status)
	_, _ = w.Write(cbor.Encode(m)) // a client that went away is the server's business
}

// Dialect is the error codes of services that spoke the query protocol before.
func (p *cborProtocol) Dialect() sigv4.Dialect { return sigv4.Query }

func (p *cborProtocol) header(w http.ResponseWriter, c *op.Call) {
	h := w.Header()
	h.Set("Smithy-Protocol", "rpc-v2-cbor")
	h.Set("Content-Type", cborType)
	h.Set("X-Amzn-RequestId", c.ID)
}
