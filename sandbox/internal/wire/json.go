package wire

import (
	"bytes"
	"net/http"
	"reflect"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

// jsonProtocol speaks AWS JSON 1.0 and 1.1.
type jsonProtocol struct {
	target      string
	contentType string
	style       style
}

// NewJSON returns the AWS JSON protocol of a service whose X-Amz-Target header
// is "TARGET.Operation". The version is "1.0" or "1.1".
func NewJSON(target, version string) op.Protocol {
	return &jsonProtocol{target: target, contentType: "application/x-amz-json-" + version}
}

// NewLowerJSON is NewJSON for a service such as CloudWatch Logs, whose members all begin
// with a small letter.
func NewLowerJSON(target, version string) op.Protocol {
	return &jsonProtocol{target: target, contentType: "application/x-amz-json-" + version, style: style{lower: true}}
}

// NewMixedJSON is NewJSON for a service such as AWS Config, whose inputs and outputs
// have members with capitals, and whose shapes within them have not, but for tags and a few others.
func NewMixedJSON(target, version string) op.Protocol {
	return &jsonProtocol{target: target, contentType: "application/x-amz-json-" + version, style: style{inner: true}}
}

func (p *jsonProtocol) Operation(c *op.Call) (string, error) {
	target := c.HTTP.Header.Get("X-Amz-Target")
	prefix, name, ok := target, "", false
	if i := strings.LastIndexByte(target, '.'); i >= 0 {
		prefix, name, ok = target[:i], target[i+1:], true
	}
	// Some clients put the service's package before its name, such as
	// com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.
	if strings.HasPrefix(prefix, "com.amazonaws.") {
		prefix = prefix[strings.LastIndexByte(prefix, '.')+1:]
	}
	switch {
	case target == "":
		return "", op.Errorf(http.StatusBadRequest, "MissingAction", "the request has no X-Amz-Target header")
	case !ok || prefix != p.target || name == "":
		return "", op.Errorf(http.StatusBadRequest, "UnknownOperationException", "the target %q is not one of %s", target, p.target)
	case c.HTTP.Method != http.MethodPost:
		return "", op.Errorf(http.StatusBadRequest, "UnknownOperationException", "the operation %s needs the method POST, got %q", name, c.HTTP.Method)
	}
	return name, nil
}

func (p *jsonProtocol) Decode(c *op.Call, operation string, in any) error {
	v := reflect.ValueOf(in).Elem()
	if err := decodeStyled(c.Body, v, p.style.plan(v.Type())); err != nil {
		return op.Errorf(http.StatusBadRequest, "SerializationException", "%s: %v", operation, err)
	}
	return nil
}

func (p *jsonProtocol) Encode(w http.ResponseWriter, c *op.Call, _ string, out any) error {
	var b bytes.Buffer
	if v := reflect.ValueOf(out); out == nil || v.IsNil() {
		b.WriteString("{}")
	} else {
		writeJSON(&b, p.style.plan(v.Elem().Type()), v.Elem())
	}
	p.header(w, c)
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(b.Bytes())
	return err
}

func (p *jsonProtocol) EncodeError(w http.ResponseWriter, c *op.Call, _ string, e *op.Error) {
	var b bytes.Buffer
	b.WriteString(`{"__type":`)
	writeJSONString(&b, e.Code)
	// Source: Smithy "AWS JSON 1.1 protocol", operation error serialization.
	b.WriteString(`,"message":`)
	writeJSONString(&b, e.Message)
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
func (p *jsonProtocol) Dialect() sigv4.Dialect { return sigv4.JSON }

func (p *jsonProtocol) header(w http.ResponseWriter, c *op.Call) {
	h := w.Header()
	h.Set("Content-Type", p.contentType)
	h.Set("X-Amzn-RequestId", c.ID)
}
