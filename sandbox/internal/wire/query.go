package wire

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

// queryProtocol speaks the AWS query protocol: form in, XML out.
type queryProtocol struct {
	version, namespace string
	style              style // of the request
}

// NewQuery returns the AWS query protocol of a service with this API version
// ("2010-05-08") and XML namespace.
func NewQuery(version, namespace string) op.Protocol {
	return &queryProtocol{version: version, namespace: namespace}
}

// queryForm returns the request's parameters: those of the body, and for GET those
// of the URL without the signature's own.
func queryForm(c *op.Call) (url.Values, error) {
	raw := string(c.Body)
	if c.HTTP.Method == http.MethodGet || (raw == "" && c.HTTP.URL.RawQuery != "") {
		raw = c.HTTP.URL.RawQuery
	}
	form, err := url.ParseQuery(raw)
	if err != nil {
		return nil, op.Errorf(http.StatusBadRequest, "MalformedQueryString", "the parameters are not form encoded")
	}
	for name, values := range form {
		if strings.HasPrefix(name, "X-Amz-") {
			delete(form, name)
			continue
		}
		if len(values) > 1 {
			return nil, op.Errorf(http.StatusBadRequest, "ValidationError", "the parameter %q appears %d times", name, len(values))
		}
	}
	return form, nil
}

func (p *queryProtocol) Operation(c *op.Call) (string, error) {
	if m := c.HTTP.Method; m != http.MethodPost && m != http.MethodGet {
		return "", op.Errorf(http.StatusBadRequest, "InvalidAction", "the query protocol takes POST or GET, got %q", m)
	}
	form, err := queryForm(c)
	if err != nil {
		return "", err
	}
	action := form.Get("Action")
	if action == "" {
		return "", op.Errorf(http.StatusBadRequest, "MissingAction", "the request has no Action parameter")
	}
	if v := form.Get("Version"); v != p.version {
		return "", op.Errorf(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for version %s", action, v)
	}
	return action, nil
}

func (p *queryProtocol) Decode(c *op.Call, operation string, in any) error {
	form, err := queryForm(c)
	if err != nil {
		return err
	}
	delete(form, "Action")
	delete(form, "Version")
	v := reflect.ValueOf(in).Elem()
	if err := decodeForm(form, v, p.style.plan(v.Type())); err != nil {
		return op.Errorf(http.StatusBadRequest, "ValidationError", "%s: %v", operation, err)
	}
	return nil
}

func (p *queryProtocol) Encode(w http.ResponseWriter, c *op.Call, operation string, out any) error {
	var b bytes.Buffer
	b.WriteString("<" + operation + `Response xmlns="`)
	escape(&b, p.namespace)
	b.WriteString(`">`)
	if v := reflect.ValueOf(out); out != nil && !v.IsNil() {
		pl := planOf(v.Elem().Type())
		// An operation that has an output, though an empty one (UpdateRole),
		// still answers with its element, and the SDK insists on it.
		if len(pl.fields) > 0 || v.Elem().Type().Name() == operation+"Output" {
			b.WriteString("<" + operation + "Result>")
			writeXML(&b, pl, v.Elem())
			b.WriteString("</" + operation + "Result>")
		}
	}
	b.WriteString("<ResponseMetadata><RequestId>")
	escape(&b, c.ID)
	b.WriteString("</RequestId></ResponseMetadata></" + operation + "Response>")
	p.header(w, c)
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(b.Bytes())
	return err
}

func (p *queryProtocol) EncodeError(w http.ResponseWriter, c *op.Call, _ string, e *op.Error) {
	var b bytes.Buffer
	b.WriteString(`<ErrorResponse xmlns="`)
	escape(&b, p.namespace)
	b.WriteString(`"><Error><Type>Sender</Type><Code>`)
	escape(&b, e.Code)
	b.WriteString("</Code><Message>")
	escape(&b, e.Message)
	b.WriteString("</Message>")
	for _, f := range e.Fields {
		b.WriteString("<" + f[0] + ">")
		escape(&b, f[1])
		b.WriteString("</" + f[0] + ">")
	}
	b.WriteString("</Error><RequestId>")
	escape(&b, c.ID)
	b.WriteString("</RequestId></ErrorResponse>")
	p.header(w, c)
	w.WriteHeader(e.Status)
	_, _ = w.Write(b.Bytes()) // a client that went away is the server's business
}

// Dialect is the error codes of services that speak this protocol.
func (p *queryProtocol) Dialect() sigv4.Dialect { return sigv4.Query }

func (p *queryProtocol) header(w http.ResponseWriter, c *op.Call) {
	h := w.Header()
	h.Set("Content-Type", "text/xml")
	h.Set("X-Amzn-RequestId", c.ID)
}

func escape(b *bytes.Buffer, s string) {
	_ = xml.EscapeText(b, []byte(s)) // a bytes.Buffer takes every write
}
