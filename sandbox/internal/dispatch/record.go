package dispatch

import (
	"errors"
	"log/slog"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

// record gives the request to the audit log. It copies what it needs out of the
// exchange, which is used again.
func (x *exchange) record(fault *op.Error) {
	if x.d.Audit == nil {
		return
	}
	c := x.call
	r := audit.Record{
		ID: c.ID, Time: c.Now, Name: x.name, Region: c.Region, Caller: c.Caller,
		SourceIP: c.SourceIP, UserAgent: c.HTTP.UserAgent(), Host: c.HTTP.Host, TLS: c.HTTP.TLS,
		Row: x.row, In: x.in, Out: x.out, Err: fault, Note: c.Note, Invoker: x.invoker, Owner: c.Owner,
	}
	if x.row != nil && x.row.Event != "" {
		r.Name = x.row.Event
	}
	if x.svc != nil {
		r.Source = x.svc.source
	} else {
		r.Source = hostOnly(c.HTTP.Host)
	}
	if x.claim != nil && c.Caller == anonymous {
		r.ClaimedKey = x.claim.AccessKeyID
	}
	if x.svc != nil && x.svc.dialect == sigv4.S3 && x.claim != nil {
		method := "AuthHeader"
		if x.claim.Presigned {
			method = "QueryString"
		}
		r.Note = withNote(r.Note, "SignatureVersion", "SigV4", "AuthenticationMethod", method)
	}
	r.Decisions = make([]audit.Decision, 0, len(x.verdicts))
	for i := range x.verdicts {
		v := &x.verdicts[i]
		if v.Check.Principal != nil {
			r.Principal = v.Check.Principal
		}
		d := audit.Decision{
			Action: v.Check.Action, Resource: v.Check.Resource.ARN, Verdict: v.Decision.Verdict,
			Reason: v.Decision.Reason, Allowed: v.Allowed, Explanation: v.Explanation,
		}
		if p, index, ok := v.Decision.Statement(); ok {
			d.Policy, d.Statement = p.Name(), index
		}
		r.Decisions = append(r.Decisions, d)
		if !v.Allowed && x.d.Log.Enabled(c.Context(), slog.LevelDebug) {
			x.d.Log.Debug("denied", "request", c.ID, "principal", v.Explanation.Principal, "action", d.Action, "resource", d.Resource, "explanation", v.Explanation)
		}
	}
	if x.svc != nil && x.svc.dialect == sigv4.S3 {
		r.Query, r.HostID = c.HTTP.URL.RawQuery, x.reply.header.Get("X-Amz-Id-2")
		r.BytesIn, r.BytesOut = max(c.HTTP.ContentLength, 0), int64(x.reply.body.Len())
		r.Calls = x.calls(fault)
	}
	x.encode(&r)
	r.Resources = x.resources()
	x.d.Audit.Add(r)
}

// calls are what S3 asked of KMS for the caller: what was refused, or, if the request
// came that far, every check that stands for a call.
//
// Source: S3 User Guide UsingKMSEncryption, "Auditing Amazon S3 encryption"; that the
// caller is fas.s3.amazonaws.com: records that others have published in 2026 (choice
// s3-forward-access). On AWS a
// service's own deliveries leave such records too; here they do not, so that a trail whose
// log files are under a key does not make a file of each file.
func (x *exchange) calls(fault *op.Error) (list []audit.Call) {
	if x.call.Caller.Principal.Type == policy.Service {
		return nil
	}
	for i := range x.verdicts {
		v := &x.verdicts[i]
		name, ok := strings.CutPrefix(v.Check.Action, "kms:")
		if !ok || v.Check.Via == "" || v.Check.Silent {
			continue
		}
		res := v.Check.Resource
		call := audit.Call{
			Source: "kms.amazonaws.com", Name: name, Invoker: "fas." + x.svc.source, ReadOnly: true,
			Resource:   audit.Resource{ARN: res.ARN, AccountID: res.Account, Type: "AWS::KMS::Key"},
			Parameters: map[string]any{"keyId": res.ARN},
		}
		if name == "GenerateDataKey" {
			call.Parameters["keySpec"] = "AES_256"
		} else {
			call.Parameters["encryptionAlgorithm"] = "SYMMETRIC_DEFAULT"
		}
		context := map[string]any{}
		for _, k := range v.Check.Context {
			if pair, ok := strings.CutPrefix(k.Name, "kms:EncryptionContext:"); ok && len(k.Values) == 1 {
				context[pair] = k.Values[0]
			}
		}
		if len(context) > 0 {
			call.Parameters["encryptionContext"] = context
		}
		switch {
		case !v.Allowed:
			call.Err = op.Errorf(400, "AccessDenied", "%s", refusalText(v.Err))
		case fault == nil:
		case strings.HasPrefix(fault.Code, "KMS.") && strings.Contains(fault.Message, res.ARN):
			call.Err = op.Errorf(400, strings.TrimPrefix(fault.Code, "KMS."), "%s", fault.Message)
		default:
			continue // it was never made
		}
		list = append(list, call)
	}
	return list
}

func refusalText(err error) string {
	if e := (*op.Error)(nil); errors.As(err, &e) {
		return e.Message
	}
	return ""
}

// encode puts the encoded authorization message of a refusal into the event.
// On AWS some services put it into the error's text instead.
// Source: STS API_DecodeAuthorizationMessage.
func (x *exchange) encode(r *audit.Record) {
	if r.Err == nil || x.d.Encode == nil || len(x.verdicts) == 0 {
		return
	}
	last := &x.verdicts[len(x.verdicts)-1]
	if last.Allowed {
		return
	}
	message, err := x.d.Encode(x.call, last)
	if err != nil {
		x.d.Log.Error("no authorization message", "request", x.call.ID, "error", err)
		return
	}
	r.Note = withNote(r.Note, "encodedAuthorizationMessage", message)
}

// resources lists what the checks were about, each once, with CloudTrail's type
// where the row has one.
func (x *exchange) resources() (list []audit.Resource) {
	if x.row == nil {
		return nil
	}
	for i, kind := range x.row.ResourceTypes {
		if i >= len(x.verdicts) {
			break
		}
		res := x.verdicts[i].Check.Resource
		list = append(list, audit.Resource{ARN: res.ARN, AccountID: res.Account, Type: kind})
	}
	return list
}

// withNote adds facts without changing the handler's map.
func withNote(note map[string]any, pairs ...string) map[string]any {
	out := make(map[string]any, len(note)+len(pairs)/2)
	for k, v := range note {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}
