package lambda

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// resourcePolicy is a function's own policy. Records are replaced, never changed.
type resourcePolicy struct {
	// Statements are JSON, each with its Sid.
	Statements []json.RawMessage
	Sids       []string
	// Bound are the unique IDs of the principals.
	Bound    map[string]string
	Revision string

	compiled *policy.Policy
}

// maxPolicy is the size limit of a function's policy.
// Source: Lambda Developer Guide "Lambda quotas": 20 KB.
const maxPolicy = 20 << 10

func (p *resourcePolicy) text() string {
	doc, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Id": "default", "Statement": p.Statements})
	if err != nil {
		panic(err) // statements are JSON
	}
	return string(doc)
}

// compile makes what the checks ask. name is the ARN of the function. Principals that were
// bound before keep their ID, though they may be gone; resolve finds the others.
func (p *resourcePolicy) compile(name string, resolve func(string) (string, bool), before map[string]string) error {
	parsed, err := policy.Parse(name, []byte(p.text()), policy.Resource)
	if err != nil {
		return err
	}
	bound, err := parsed.ResolvePrincipals(func(arn string) (string, bool) {
		if id, ok := before[arn]; ok || resolve == nil {
			return id, ok
		}
		return resolve(arn)
	})
	if err != nil {
		return err
	}
	p.Bound, p.compiled = bound.Bindings(), bound
	return nil
}

// Loaded compiles the policies again after they were read from disk.
func (f *function) Loaded() error {
	for qualifier, p := range f.Policies {
		name := f.arn()
		if qualifier != "" {
			name += ":" + qualifier
		}
		if err := p.compile(name, nil, p.Bound); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) permissionRows() []op.Row {
	add := op.New("AddPermission", "Lambda API_AddPermission", op.Write,
		func(c *op.Call, in *sdk.AddPermissionInput) ([]op.Check, error) {
			r, err := locate(c, in.FunctionName, in.Qualifier)
			if err != nil {
				return nil, err
			}
			keys := []op.Key{op.Single("lambda:Principal", text(in.Principal))}
			if in.FunctionUrlAuthType != "" {
				keys = append(keys, op.Single("lambda:FunctionUrlAuthType", string(in.FunctionUrlAuthType)))
			}
			return []op.Check{s.on("AddPermission", r, keys...)}, nil
		}, s.addPermission)
	add.Event = "AddPermission20150331v2"
	remove := op.New("RemovePermission", "Lambda API_RemovePermission", op.Write,
		checked(s, "RemovePermission", func(in *sdk.RemovePermissionInput) (_, _ *string) { return in.FunctionName, in.Qualifier }), s.removePermission)
	remove.Event = "RemovePermission20150331v2"
	get := op.New("GetPolicy", "Lambda API_GetPolicy", op.Read,
		checked(s, "GetPolicy", func(in *sdk.GetPolicyInput) (_, _ *string) { return in.FunctionName, in.Qualifier }),
		func(c *op.Call, in *sdk.GetPolicyInput) (*sdk.GetPolicyOutput, error) {
			_, _, p, err := s.policyOf(c, in.FunctionName, in.Qualifier)
			if err != nil {
				return nil, err
			}
			if p == nil {
				return nil, missing("The resource you requested does not exist.")
			}
			return &sdk.GetPolicyOutput{Policy: new(p.text()), RevisionId: &p.Revision}, nil
		})
	get.Event = "GetPolicy20150331v2"
	return []op.Row{add, remove, get}
}

func (s *Service) policyOf(c *op.Call, name, qualifier *string) (ref, *function, *resourcePolicy, error) {
	r, err := locate(c, name, qualifier)
	if err != nil {
		return r, nil, nil, err
	}
	f, _, err := s.existing(r)
	if err != nil {
		return r, nil, nil, err
	}
	if r.qualifier == latest {
		return r, nil, nil, invalid("We currently do not support adding policies for $LATEST.")
	}
	return r, f, f.Policies[r.qualifier], nil
}

var (
	sidForm    = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	actionForm = regexp.MustCompile(`^(lambda:[*]|lambda:[a-zA-Z]+|[*])$`)
	digits     = regexp.MustCompile(`^\d\d\d\d\d\d\d\d\d\d\d\d$`)
)

// statement writes a permission as a statement of the policy.
// Source: Lambda API_AddPermission; Lambda Developer Guide "Working with resource-based IAM
// policies in Lambda".
func statement(in *sdk.AddPermissionInput, arn string) (json.RawMessage, error) {
	who := text(in.Principal)
	var principal any
	switch {
	case !sidForm.MatchString(text(in.StatementId)) || len(*in.StatementId) > 100:
		return nil, unfit("Value '%s' at 'statementId' failed to satisfy constraint: Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)", text(in.StatementId))
	case !actionForm.MatchString(text(in.Action)):
		return nil, unfit("Value '%s' at 'action' failed to satisfy constraint: Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])", text(in.Action))
	case who == "*":
		principal = "*"
	case digits.MatchString(who):
		principal = map[string]string{"AWS": "arn:aws:iam::" + who + ":root"}
	case strings.HasPrefix(who, "arn:"):
		principal = map[string]string{"AWS": who}
	case strings.HasSuffix(who, ".amazonaws.com"):
		principal = map[string]string{"Service": who}
	default:
		return nil, invalid("The provided principal was invalid. Please check the principal and try again.")
	}
	if in.InvokedViaFunctionUrl != nil {
		return nil, refuse("function URLs (InvokedViaFunctionUrl)")
	}
	conditions := map[string]map[string]string{}
	set := func(operator, key string, value string) {
		if value == "" {
			return
		}
		if conditions[operator] == nil {
			conditions[operator] = map[string]string{}
		}
		conditions[operator][key] = value
	}
	set("StringEquals", "AWS:SourceAccount", text(in.SourceAccount))
	set("StringEquals", "aws:PrincipalOrgID", text(in.PrincipalOrgID))
	set("StringEquals", "lambda:EventSourceToken", text(in.EventSourceToken))
	set("StringEquals", "lambda:FunctionUrlAuthType", string(in.FunctionUrlAuthType))
	set("ArnLike", "AWS:SourceArn", text(in.SourceArn))
	out := map[string]any{"Sid": *in.StatementId, "Effect": "Allow", "Principal": principal, "Action": *in.Action, "Resource": arn}
	if len(conditions) > 0 {
		out["Condition"] = conditions
	}
	return json.Marshal(out)
}

func (s *Service) addPermission(c *op.Call, in *sdk.AddPermissionInput) (*sdk.AddPermissionOutput, error) {
	r, f, old, err := s.policyOf(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	p := &resourcePolicy{Revision: audit.NewID(c.Rand)}
	var before map[string]string
	if old != nil {
		p.Statements, p.Sids, before = old.Statements, old.Sids, old.Bound
	}
	if in.RevisionId != nil && (old == nil || *in.RevisionId != old.Revision) {
		return nil, stale(&version{}, in.RevisionId)
	}
	st, err := statement(in, r.arn())
	if err != nil {
		return nil, err
	}
	if member(p.Sids, *in.StatementId) {
		return nil, fail(http.StatusConflict, "ResourceConflictException", "The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", *in.StatementId)
	}
	p.Statements = append(append([]json.RawMessage{}, p.Statements...), st)
	p.Sids = append(append([]string{}, p.Sids...), *in.StatementId)
	if len(p.text()) > maxPolicy {
		return nil, fail(http.StatusBadRequest, "PolicyLengthExceededException", "The final policy size (%d) is bigger than the limit (%d).", len(p.text()), maxPolicy)
	}
	if err := p.compile(r.arn(), s.iam.ResolvePrincipal, before); err != nil {
		return nil, invalid("The provided principal was invalid. Please check the principal and try again.")
	}
	s.setPolicy(f, r.qualifier, p)
	return &sdk.AddPermissionOutput{Statement: new(string(st))}, nil
}

// setPolicy puts the function with a changed policy; nil takes it away.
func (s *Service) setPolicy(f *function, qualifier string, p *resourcePolicy) {
	own := f.copy()
	own.Policies = map[string]*resourcePolicy{}
	for k, v := range f.Policies {
		own.Policies[k] = v
	}
	if own.Policies[qualifier] = p; p == nil {
		delete(own.Policies, qualifier)
	}
	s.functions.Put(own.key(), own)
}

func (s *Service) removePermission(c *op.Call, in *sdk.RemovePermissionInput) (*sdk.RemovePermissionOutput, error) {
	r, f, old, err := s.policyOf(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if old == nil {
		return nil, missing("No policy is associated with the given resource.")
	}
	if in.RevisionId != nil && *in.RevisionId != old.Revision {
		return nil, stale(&version{}, in.RevisionId)
	}
	p := &resourcePolicy{Revision: audit.NewID(c.Rand)}
	for i, sid := range old.Sids {
		if sid != text(in.StatementId) {
			p.Statements, p.Sids = append(p.Statements, old.Statements[i]), append(p.Sids, sid)
		}
	}
	switch {
	case len(p.Sids) == len(old.Sids):
		return nil, missing("Statement %s is not found in resource policy.", text(in.StatementId))
	case len(p.Sids) == 0:
		p = nil
	default:
		if err := p.compile(r.arn(), nil, old.Bound); err != nil {
			return nil, err
		}
	}
	s.setPolicy(f, r.qualifier, p)
	return &sdk.RemovePermissionOutput{}, nil
}
