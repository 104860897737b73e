package wire

import (
	"bytes"
	"net/http"
	"reflect"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// ec2Protocol speaks EC2's own form of the AWS query protocol: the same
// parameters, and answers whose members begin with a small letter.
//
// Source: Smithy 2.0, "AWS EC2 query protocol". Lists of parameters, which
// EC2 spells in a way of its own, are refused by name.
type ec2Protocol struct{ queryProtocol }

// NewEC2 returns EC2's protocol with this API version ("2016-11-15").
func NewEC2(version, namespace string) op.Protocol {
	return &ec2Protocol{queryProtocol{version: version, namespace: namespace}}
}

func (p *ec2Protocol) Encode(w http.ResponseWriter, c *op.Call, operation string, out any) error {
	var b bytes.Buffer
	b.WriteString("<" + operation + `Response xmlns="`)
	escape(&b, p.namespace)
	b.WriteString(`"><requestId>`)
	escape(&b, c.ID)
	b.WriteString("</requestId>")
	if v := reflect.ValueOf(out); out != nil && !v.IsNil() {
		writeXML(&b, style{lower: true}.plan(v.Elem().Type()), v.Elem())
	}
	b.WriteString("</" + operation + "Response>")
	p.header(w, c)
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(b.Bytes())
	return err
}

func (p *ec2Protocol) EncodeError(w http.ResponseWriter, c *op.Call, _ string, e *op.Error) {
	var b bytes.Buffer
	b.WriteString("<Response><Errors><Error><Code>")
	escape(&b, e.Code)
	b.WriteString("</Code><Message>")
	escape(&b, e.Message)
	b.WriteString("</Message></Error></Errors><RequestID>")
	escape(&b, c.ID)
	b.WriteString("</RequestID></Response>")
	p.header(w, c)
	w.WriteHeader(e.Status)
	_, _ = w.Write(b.Bytes()) // a client that went away is the server's business
}
