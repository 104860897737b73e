package lambda

import (
	"net/http"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

// protocol is REST-JSON, with an Invoke whose body is the payload and whose members are
// headers, and with a success of UntagResource and the like that has no body.
type protocol struct{ op.Protocol }

// Dialect is the error codes of services that speak this protocol.
func (p *protocol) Dialect() sigv4.Dialect { return sigv4.JSON }

// Decode reads Invoke.
// Source: Lambda API_Invoke, Request Syntax.
func (p *protocol) Decode(c *op.Call, operation string, in any) error {
	invoke, ok := in.(*sdk.InvokeInput)
	if !ok {
		return p.Protocol.Decode(c, operation, in)
	}
	payload := c.Body
	c.Body = nil // it is no document
	err := p.Protocol.Decode(c, operation, in)
	c.Body = payload
	if err != nil {
		return err
	}
	h := c.HTTP.Header
	invoke.Payload = payload
	invoke.InvocationType = types.InvocationType(h.Get("X-Amz-Invocation-Type"))
	invoke.LogType = types.LogType(h.Get("X-Amz-Log-Type"))
	for name, member := range map[string]**string{
		"X-Amz-Client-Context": &invoke.ClientContext, "X-Amz-Durable-Execution-Name": &invoke.DurableExecutionName, "X-Amz-Tenant-Id": &invoke.TenantId,
	} {
		if v := h.Get(name); v != "" {
			*member = &v
		}
	}
	return nil
}

// Encode writes the answer of Invoke.
// Source: Lambda API_Invoke, Response Syntax.
func (p *protocol) Encode(w http.ResponseWriter, c *op.Call, operation string, out any) error {
	invoke, ok := out.(*sdk.InvokeOutput)
	if !ok {
		return p.Protocol.Encode(w, c, operation, out)
	}
	h := w.Header()
	h.Set("X-Amzn-RequestId", c.ID)
	for name, value := range map[string]*string{
		"X-Amz-Function-Error": invoke.FunctionError, "X-Amz-Executed-Version": invoke.ExecutedVersion, "X-Amz-Log-Result": invoke.LogResult,
	} {
		if value != nil {
			h.Set(name, *value)
		}
	}
	if invoke.Payload != nil {
		h.Set("Content-Type", "application/json")
	}
	w.WriteHeader(int(invoke.StatusCode))
	_, err := w.Write(invoke.Payload)
	return err
}
