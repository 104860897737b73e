package cloudwatch

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// protocol is CloudWatch's three: the query protocol, which older clients such as the AWS
// provider 5.100 speak, and since December 2025 AWS JSON and Smithy's CBOR.
// Source: release note of the AWS SDKs of 2025-12-10: "two additional protocols AWS JSON
// 1.1 and Smithy RPC v2 CBOR"; the JSON version that clients send is 1.0.
type protocol struct{ query, json, cbor op.Protocol }

const target = "GraniteServiceVersion20100801"

// shapes are the names of CloudWatch's errors in the newer protocols.
var shapes = map[string]string{
	"InvalidFormat":               "InvalidFormatFault",
	"InvalidParameterCombination": "InvalidParameterCombinationException",
	"InvalidParameterValue":       "InvalidParameterValueException",
	"LimitExceeded":               "LimitExceededFault",
	"MissingParameter":            "MissingRequiredParameterException",
	"ValidationError":             "ValidationException",
}

func newProtocol() op.Protocol {
	return &protocol{
		query: wire.NewQuery("2010-08-01", "http://monitoring.amazonaws.com/doc/2010-08-01/"),
		json:  wire.NewJSON(target, "1.0"),
		cbor:  wire.NewCBOR(target, shapes),
	}
}

// of is the protocol that the request speaks.
func (p *protocol) of(c *op.Call) op.Protocol {
	switch {
	case c.HTTP.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		return p.cbor
	case c.HTTP.Header.Get("X-Amz-Target") != "":
		return p.json
	}
	return p.query
}

func (p *protocol) Operation(c *op.Call) (string, error) {
	if err := inflate(c); err != nil {
		return "", err
	}
	if other := c.HTTP.Header.Get("Smithy-Protocol"); other != "" && other != "rpc-v2-cbor" {
		return "", invalid("the sandbox does not implement the protocol %q", other)
	}
	return p.of(c).Operation(c)
}

// maxBody is the size of a request's body, uncompressed.
// Source: API Reference PutMetricData: 1 MB.
const maxBody = 1 << 20

// inflate opens a compressed body; clients compress what PutMetricData sends.
func inflate(c *op.Call) error {
	switch encoding := c.HTTP.Header.Get("Content-Encoding"); encoding {
	case "":
	case "gzip":
		r, err := gzip.NewReader(bytes.NewReader(c.Body))
		if err != nil {
			return invalid("the body is not gzip")
		}
		body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
		if err != nil {
			return invalid("the body is not gzip")
		}
		c.Body = body
		c.HTTP.Header.Del("Content-Encoding") // it is opened once
	default:
		return invalid("the sandbox does not implement the Content-Encoding %q", encoding)
	}
	if len(c.Body) > maxBody {
		return op.Errorf(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request is larger than %d bytes", maxBody)
	}
	return nil
}

func (p *protocol) Decode(c *op.Call, operation string, in any) error {
	return p.of(c).Decode(c, operation, in)
}

func (p *protocol) Encode(w http.ResponseWriter, c *op.Call, operation string, out any) error {
	return p.of(c).Encode(w, c, operation, out)
}

func (p *protocol) EncodeError(w http.ResponseWriter, c *op.Call, operation string, e *op.Error) {
	to := p.of(c)
	if to == p.json {
		own := *e
		if shape, ok := shapes[e.Code]; ok {
			own.Code = shape
		}
		w.Header().Set("X-Amzn-Query-Error", e.Code+";Sender")
		e = &own
	}
	to.EncodeError(w, c, operation, e)
}

// Dialect is the error codes of services that speak the query protocol.
func (p *protocol) Dialect() sigv4.Dialect { return sigv4.Query }
