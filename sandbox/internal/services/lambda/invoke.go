package lambda

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Limits of a payload.
// Source: Lambda Developer Guide "Lambda quotas", Invocation payload: 6 MB for requests and
// responses at once, 1 MB for events, which were 256 KB for long.
const (
	maxPayload = 6 << 20
	maxEvent   = 1 << 20
)

func (s *Service) invokeRows() []op.Row {
	invoke := op.New("Invoke", "Lambda API_Invoke", op.Write,
		func(c *op.Call, in *sdk.InvokeInput) ([]op.Check, error) {
			r, err := locate(c, in.FunctionName, in.Qualifier)
			if err != nil {
				return nil, err
			}
			return []op.Check{s.on("InvokeFunction", r)}, nil
		}, s.invoke)
	// Source: Lambda Developer Guide "Logging AWS Lambda API calls using AWS CloudTrail", data
	// events.
	invoke.Data, invoke.ResourceTypes = true, []string{"AWS::Lambda::Function"}
	invoke.Secret = []string{"Payload", "ClientContext", "LogResult"}
	invoke = op.WithPrepare(invoke, prepareInvoke)
	return []op.Row{op.WithLabour(invoke, s.run)}
}

func prepareInvoke(_ *op.Call, in *sdk.InvokeInput) error {
	limit := maxPayload
	switch in.InvocationType {
	case "":
		in.InvocationType = types.InvocationTypeRequestResponse
	case types.InvocationTypeEvent:
		limit = maxEvent
	case types.InvocationTypeRequestResponse, types.InvocationTypeDryRun:
	default:
		return unfit("Value '%s' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]", in.InvocationType)
	}
	switch {
	case in.ClientContext != nil:
		return refuse("client contexts (X-Amz-Client-Context)")
	case in.DurableExecutionName != nil || in.TenantId != nil:
		return refuse("durable executions and tenants (X-Amz-Durable-Execution-Name, X-Amz-Tenant-Id)")
	case in.LogType != "" && in.LogType != types.LogTypeNone && in.LogType != types.LogTypeTail:
		return unfit("Value '%s' at 'logType' failed to satisfy constraint: Member must satisfy enum value set: [None, Tail]", in.LogType)
	case len(in.Payload) > limit:
		return fail(http.StatusRequestEntityTooLarge, "RequestTooLargeException", "%d byte payload is too large for the %s invocation type (limit %d bytes)", len(in.Payload), in.InvocationType, limit)
	case len(in.Payload) > 0 && !json.Valid(in.Payload):
		return fail(http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json: the payload is not JSON")
	}
	if len(in.Payload) == 0 {
		in.Payload = []byte("{}")
	}
	return nil
}

// run executes an invocation whose caller waits. It has no lock: the function calls back.
func (s *Service) run(c *op.Call, in *sdk.InvokeInput) error {
	if in.InvocationType != types.InvocationTypeRequestResponse {
		return nil
	}
	r, err := locate(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return err
	}
	err = s.db.View(func() error {
		f, v, err := s.existing(r)
		if err != nil {
			return err
		}
		return s.runnable(f, v)
	})
	if err != nil {
		return err
	}
	x, err := s.Runner.invoke(s.Runner.ctx, r, c.ID, in.Payload)
	c.Prepared = x
	return err
}

// errUnrun is the refusal of invocations by a sandbox that runs no functions.
var errUnrun = fail(http.StatusBadRequest, "NotImplemented", "the sandbox runs no functions unless it is told to: start it with RunFunctions (strongroom sandbox --run-functions)")

// runnable refuses by name what this sandbox cannot execute.
func (s *Service) runnable(f *function, v *version) error {
	switch {
	case s.Runner == nil:
		return errUnrun
	case v.Runtime != types.RuntimeProvidedal2023 && v.Runtime != types.RuntimeProvidedal2:
		return fail(http.StatusBadRequest, "NotImplemented", "the sandbox does not run functions of the runtime %s: provided.al2023 and provided.al2 alone", v.Runtime)
	case v.Architecture != machine():
		return fail(http.StatusBadRequest, "NotImplemented", "the sandbox runs on a machine of the architecture %q, and %s is for %s", machine(), f.Name, v.Architecture)
	}
	return nil
}

func (s *Service) invoke(c *op.Call, in *sdk.InvokeInput) (*sdk.InvokeOutput, error) {
	if x, ok := c.Prepared.(*outcome); ok {
		out := &sdk.InvokeOutput{StatusCode: http.StatusOK, Payload: x.payload, ExecutedVersion: &x.version}
		if x.failed {
			out.FunctionError = new("Unhandled")
		}
		if in.LogType == types.LogTypeTail {
			// Source: Lambda API_Invoke, LogResult: the last 4 KB.
			log := x.log[max(0, len(x.log)-4<<10):]
			out.LogResult = new(base64.StdEncoding.EncodeToString([]byte(log)))
		}
		return out, nil
	}
	r, err := locate(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	f, v, err := s.existing(r)
	if err != nil {
		return nil, err
	}
	if in.InvocationType == types.InvocationTypeDryRun {
		return &sdk.InvokeOutput{StatusCode: http.StatusNoContent}, nil
	}
	if err := s.runnable(f, v); err != nil {
		return nil, err
	}
	q := &queued{Account: f.Account, Region: f.Region, Name: f.Name, Qualifier: r.qualifier, Request: c.ID, Payload: in.Payload, Accepted: c.Now, Due: c.Now}
	if p := c.Caller.Principal; p.Type == policy.Service && c.Caller.Behalf != nil {
		q.From = c.Caller.Behalf.ARN
	}
	s.enqueue(c.Now, q)
	return &sdk.InvokeOutput{StatusCode: http.StatusAccepted}, nil
}

// codeOf is the code of an AWS error; empty: it is none.
func codeOf(err error) string {
	var fault *op.Error
	if errors.As(err, &fault) {
		return fault.Code
	}
	return ""
}
