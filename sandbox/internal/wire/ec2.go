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
// Source: Smithy 2.0, "AWS EC2 query protocol".
type ec2Protocol struct{ queryProtocol }

// NewEC2 returns EC2's protocol with this API version ("2016-11-15").
func NewEC2(version, namespace string) op.Protocol {
	return &ec2Protocol{queryProtocol{version: version, namespace: namespace, style: style{flat: true}}}
}

// Word turns the codes that all query services share into EC2's.
// Source: EC2 API Reference "Error codes for the Amazon EC2 API", client error
// codes common to all operations; CloudTrail's records of EC2 have "Client."
// before the code.
func (p *ec2Protocol) Word(e *op.Error) *op.Error {
	own := *e
	switch e.Code {
	case "AccessDenied":
		own.Status, own.Code = http.StatusForbidden, "UnauthorizedOperation"
		own.Message = "You are not authorized to perform this operation. " + e.Message
	case "InvalidClientTokenId", "SignatureDoesNotMatch":
		own.Status, own.Code = http.StatusUnauthorized, "AuthFailure"
		own.Message = "AWS was not able to validate the provided access credentials"
	case "ValidationError":
		own.Code = "InvalidParameterValue"
	}
	own.Event = "Client." + own.Code
	return &own
}

func (p *ec2Protocol) Encode(w http.ResponseWriter, c *op.Call, operation string, out any) error {
	var b bytes.Buffer
	b.WriteString("<" + operation + `Response xmlns="`)
	escape(&b, p.namespace)
	b.WriteString(`"><requestId>`)
	escape(&b, c.ID)
	b.WriteString("</requestId>")
	if v := reflect.ValueOf(out); out != nil && !v.IsNil() {
		writeXML(&b, style{lower: true, flat: true}.plan(v.Elem().Type()), v.Elem())
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
