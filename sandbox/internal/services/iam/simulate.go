package iam

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) simulateRows() []op.Row {
	return []op.Row{
		read("SimulateCustomPolicy", "ActionNames! PolicyInputList! CallerArn ContextEntries Marker MaxItems PermissionsBoundaryPolicyInputList ResourceArns ResourceOwner ResourcePolicy",
			anyRow[iam.SimulateCustomPolicyInput](s, "SimulateCustomPolicy"), s.simulateCustom),
		read("SimulatePrincipalPolicy", "ActionNames! PolicySourceArn! CallerArn ContextEntries Marker MaxItems PermissionsBoundaryPolicyInputList PolicyInputList ResourceArns ResourceOwner ResourcePolicy",
			onSource(s, "SimulatePrincipalPolicy", func(in *simulatePrincipalInput) *string { return in.PolicySourceArn }), s.simulatePrincipal),
		read("GetContextKeysForCustomPolicy", "PolicyInputList!",
			anyRow[iam.GetContextKeysForCustomPolicyInput](s, "GetContextKeysForCustomPolicy"), s.contextKeysCustom),
		read("GetContextKeysForPrincipalPolicy", "PolicySourceArn! PolicyInputList",
			onSource(s, "GetContextKeysForPrincipalPolicy", func(in *iam.GetContextKeysForPrincipalPolicyInput) *string { return in.PolicySourceArn }), s.contextKeysPrincipal),
	}
}

// simulatePrincipalInput is iam.SimulatePrincipalPolicyInput without
// PolicyExclusionList, a union that the query protocol's codec has no plan for:
// it is refused as an unknown parameter.
type simulatePrincipalInput struct {
	ActionNames, PermissionsBoundaryPolicyInputList, PolicyInputList, ResourceArns []string
	PolicySourceArn, CallerArn, Marker, ResourceOwner, ResourcePolicy              *string
	ContextEntries                                                                 []types.ContextEntry
	MaxItems                                                                       *int32
}

func onSource[In any](s *Service, action string, arn func(*In) *string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, in *In) ([]op.Check, error) {
		var tags []Tag
		if e := s.byARN(str(arn(in))); e != nil {
			tags = e.Tags
		}
		return s.one(c, action, str(arn(in)), tags), nil
	}
}

// simulation is a request to the simulator, of either kind.
type simulation struct {
	set       policy.Set
	principal policy.Principal
	owner     string
	actions   []string
	resources []string
	entries   []types.ContextEntry
}

// parseList compiles documents of the request. Their names are those that the
// results refer to.
// Source: IAM API_Statement, "SourcePolicyId".
func parseList(label string, docs []string, k policy.Kind) ([]*policy.Policy, error) {
	var out []*policy.Policy
	for i, text := range docs {
		d, err := document(fmt.Sprintf("%s.%d", label, i+1), text, k)
		if err != nil {
			return nil, badInput("%s.%d: %v", label, i+1, err)
		}
		out = append(out, d.Policy())
	}
	return out, nil
}

// limits adds the boundary, the resource's policy and who asks.
func (m *simulation) limits(c *op.Call, boundaries []string, resourcePolicy, owner, caller *string) error {
	fences, err := parseList("PermissionsBoundaryPolicyInputList", boundaries, policy.Boundary)
	if err != nil {
		return err
	}
	if len(fences) > 1 {
		return badInput("A permissions boundary is one policy, got %d", len(fences))
	}
	if len(fences) == 1 {
		m.set.Boundary = fences[0]
	}
	if resourcePolicy != nil {
		if caller == nil && m.principal.ARN == "" {
			return badInput("CallerArn is required when a resource-based policy is simulated")
		}
		list, err := parseList("ResourcePolicy", []string{*resourcePolicy}, policy.Resource)
		if err != nil {
			return err
		}
		m.set.Resource = list[0]
	}
	m.owner = c.Caller.Account
	if owner != nil {
		account, _, _, ok := splitARN(strings.Replace(*owner, ":root", ":root/", 1))
		if !ok {
			return badInput("Invalid ResourceOwner: %s", *owner)
		}
		m.owner = account
	}
	if caller != nil {
		// Source: IAM API_SimulatePrincipalPolicy, "CallerArn": a user only.
		account, k, _, ok := splitARN(*caller)
		if !ok || k != string(userKind) {
			return badInput("Invalid CallerArn: %s is not the ARN of an IAM user", *caller)
		}
		m.principal = policy.Principal{Type: policy.User, ARN: *caller, Account: account}
	}
	if m.principal.ARN == "" {
		m.principal = policy.Principal{Type: policy.User, ARN: "arn:aws:iam::" + c.Caller.Account + ":user/simulated", Account: c.Caller.Account}
	}
	return nil
}

func (s *Service) simulateCustom(c *op.Call, in *iam.SimulateCustomPolicyInput) (*iam.SimulateCustomPolicyOutput, error) {
	m := &simulation{actions: in.ActionNames, resources: in.ResourceArns, entries: in.ContextEntries}
	var err error
	if m.set.Identity, err = parseList("PolicyInputList", in.PolicyInputList, policy.Identity); err != nil {
		return nil, err
	}
	if err := m.limits(c, in.PermissionsBoundaryPolicyInputList, in.ResourcePolicy, in.ResourceOwner, in.CallerArn); err != nil {
		return nil, err
	}
	results, more, next, err := m.run(in.Marker, in.MaxItems)
	return &iam.SimulateCustomPolicyOutput{EvaluationResults: results, IsTruncated: more, Marker: next}, err
}

// source finds the user, group or role whose policies are simulated.
func (s *Service) source(c *op.Call, arn *string) (*Entity, error) {
	if e := s.byARN(str(arn)); e != nil && e.Account == c.Caller.Account {
		return e, nil
	}
	return nil, noSuch("The entity with ARN %s cannot be found.", str(arn))
}

func (s *Service) simulatePrincipal(c *op.Call, in *simulatePrincipalInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	e, err := s.source(c, in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	m := &simulation{actions: in.ActionNames, resources: in.ResourceArns, entries: in.ContextEntries}
	own, _ := s.EntityPolicies(e.ARN())
	more, err := parseList("PolicyInputList", in.PolicyInputList, policy.Identity)
	if err != nil {
		return nil, err
	}
	m.set = policy.Set{Identity: append(own.Identity, more...), Boundary: own.Boundary, SCPs: own.SCPs}
	switch e.Kind {
	case userKind:
		m.principal = policy.Principal{Type: policy.User, ARN: e.ARN(), Account: e.Account, ID: e.ID}
	case roleKind:
		m.principal = policy.Principal{Type: policy.AssumedRole, ARN: "arn:aws:sts::" + e.Account + ":assumed-role/" + e.Name + "/simulated", Account: e.Account, RoleARN: e.ARN(), ID: e.ID}
	}
	if err := m.limits(c, in.PermissionsBoundaryPolicyInputList, in.ResourcePolicy, in.ResourceOwner, in.CallerArn); err != nil {
		return nil, err
	}
	results, truncated, next, err := m.run(in.Marker, in.MaxItems)
	return &iam.SimulatePrincipalPolicyOutput{EvaluationResults: results, IsTruncated: truncated, Marker: next}, err
}

// run decides each action on each resource.
func (m *simulation) run(marker *string, max *int32) ([]types.EvaluationResult, bool, *string, error) {
	ctx := &policy.Context{}
	given := map[string]bool{}
	for _, e := range m.entries {
		name := str(e.ContextKeyName)
		if name == "" || len(e.ContextKeyValues) == 0 {
			return nil, false, nil, badInput("A context entry needs a key and a value")
		}
		given[strings.ToLower(name)] = true
		if strings.HasSuffix(string(e.ContextKeyType), "List") {
			ctx.SetMulti(name, e.ContextKeyValues...)
		} else {
			ctx.Set(name, e.ContextKeyValues[0])
		}
	}
	var missing []string
	for _, key := range m.keys() {
		if !given[strings.ToLower(key)] {
			missing = append(missing, key)
		}
	}
	resources := m.resources
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	var all []types.EvaluationResult
	for _, action := range m.actions {
		if prefix, name, ok := strings.Cut(action, ":"); !ok || prefix == "" || name == "" || strings.ContainsAny(action, "*?") {
			return nil, false, nil, badInput("Invalid Entity Action: %s", action)
		}
		for _, resource := range resources {
			d := m.set.Decide(&policy.Request{Principal: &m.principal, Action: action, Resource: resource, ResourceAccount: m.owner, Context: ctx})
			r := types.EvaluationResult{EvalActionName: aws.String(action), EvalResourceName: aws.String(resource),
				MatchedStatements: []types.Statement{}, MissingContextValues: append([]string{}, missing...)}
			switch d.Verdict {
			case policy.Allow:
				r.EvalDecision = types.PolicyEvaluationDecisionTypeAllowed
			case policy.ExplicitDeny:
				r.EvalDecision = types.PolicyEvaluationDecisionTypeExplicitDeny
			default:
				r.EvalDecision = types.PolicyEvaluationDecisionTypeImplicitDeny
			}
			if p, i, ok := d.Statement(); ok {
				r.MatchedStatements = append(r.MatchedStatements, matched(p, i))
			}
			if m.set.Boundary != nil {
				r.PermissionsBoundaryDecisionDetail = &types.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: d.Verdict == policy.Allow || d.Reason != policy.ReasonBoundary}
			}
			all = append(all, r)
		}
	}
	return page(all, marker, max, func(r types.EvaluationResult) string { return *r.EvalActionName + " " + *r.EvalResourceName })
}

// keys lists the condition keys of all policies, sorted.
func (m *simulation) keys() []string {
	list := slices.Clone(m.set.Identity)
	for _, p := range []*policy.Policy{m.set.Boundary, m.set.Resource} {
		if p != nil {
			list = append(list, p)
		}
	}
	return keysOf(list)
}

func keysOf(list []*policy.Policy) []string {
	out := []string{}
	for _, p := range list {
		out = append(out, p.Keys()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// matched says where the statement stands in its document.
func matched(p *policy.Policy, index int) types.Statement {
	src := p.Source()
	start := 0
	for i := range index + 1 {
		if at := bytes.Index(src[start:], []byte(p.Statement(i).Source)); at >= 0 {
			start += at
			if i < index {
				start += len(p.Statement(i).Source)
			}
		}
	}
	end := start + len(p.Statement(index).Source)
	// Source: AWS CLI Command Reference, iam simulate-custom-policy: the type
	// in its example is "IAM Policy", which is not in the API's own list.
	return types.Statement{SourcePolicyId: aws.String(p.Name()), SourcePolicyType: "IAM Policy",
		StartPosition: position(src, start), EndPosition: position(src, end)}
}

func position(src []byte, offset int) *types.Position {
	before := src[:offset]
	line := bytes.Count(before, []byte("\n"))
	return &types.Position{Line: int32(line + 1), Column: int32(offset - bytes.LastIndexByte(before, '\n'))}
}

func (s *Service) contextKeysCustom(_ *op.Call, in *iam.GetContextKeysForCustomPolicyInput) (*iam.GetContextKeysForCustomPolicyOutput, error) {
	list, err := parseList("PolicyInputList", in.PolicyInputList, policy.Identity)
	if err != nil {
		return nil, err
	}
	return &iam.GetContextKeysForCustomPolicyOutput{ContextKeyNames: keysOf(list)}, nil
}

func (s *Service) contextKeysPrincipal(c *op.Call, in *iam.GetContextKeysForPrincipalPolicyInput) (*iam.GetContextKeysForPrincipalPolicyOutput, error) {
	e, err := s.source(c, in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	own, _ := s.EntityPolicies(e.ARN())
	more, err := parseList("PolicyInputList", in.PolicyInputList, policy.Identity)
	if err != nil {
		return nil, err
	}
	return &iam.GetContextKeysForPrincipalPolicyOutput{ContextKeyNames: keysOf(append(own.Identity, more...))}, nil
}
