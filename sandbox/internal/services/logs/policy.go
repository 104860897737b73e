package logs

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

// policies are the resource policies of an account's region, by name. All of them
// apply to every log group.
type policies struct {
	List []namedPolicy

	compiled *policy.Policy // of all of them; nil: there is none
}

type namedPolicy struct {
	Name, Text string
	// IDs are the principals that it named when it was put.
	IDs     map[string]string
	Updated time.Time
}

// Source: CloudWatch Logs API_PutResourcePolicy.
const (
	maxPolicies = 10
	maxPolicy   = 5120
)

// Loaded compiles the policies after the record was read from disk.
func (p *policies) Loaded() error {
	if len(p.List) == 0 {
		return nil
	}
	all, err := merge(p.List)
	if err != nil {
		return err
	}
	compiled, err := policy.Parse("the log groups' resource policies", all, policy.Resource)
	if err != nil {
		return err
	}
	ids := map[string]string{}
	for i := range p.List {
		maps.Copy(ids, p.List[i].IDs)
	}
	p.compiled, err = compiled.ResolvePrincipals(func(arn string) (string, bool) {
		id, ok := ids[arn]
		return id, ok
	})
	return err
}

// policy is what a group's resource policies say; nil: there is none.
func (s *Service) policy(account, region string) *policy.Policy {
	if p := s.policies.Get(place(account, region)); p != nil {
		return p.compiled
	}
	return nil
}

// merge makes one document of the policies' statements. Their Sids may be the same,
// and are left out.
func merge(list []namedPolicy) ([]byte, error) {
	statements := []map[string]json.RawMessage{}
	for i := range list {
		var doc struct{ Statement json.RawMessage }
		if err := json.Unmarshal([]byte(list[i].Text), &doc); err != nil {
			return nil, err
		}
		var several []map[string]json.RawMessage
		if json.Unmarshal(doc.Statement, &several) != nil {
			several = make([]map[string]json.RawMessage, 1)
			if err := json.Unmarshal(doc.Statement, &several[0]); err != nil {
				return nil, err
			}
		}
		for _, st := range several {
			delete(st, "Sid")
			statements = append(statements, st)
		}
	}
	return json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
}

func (s *Service) policyRows() []op.Row {
	return []op.Row{
		op.New("PutResourcePolicy", "CloudWatch Logs API_PutResourcePolicy", op.Write, onNone[sdk.PutResourcePolicyInput]("PutResourcePolicy"), s.putPolicy),
		op.New("DescribeResourcePolicies", "CloudWatch Logs API_DescribeResourcePolicies", op.Read, onNone[sdk.DescribeResourcePoliciesInput]("DescribeResourcePolicies"), s.describePolicies),
		op.New("DeleteResourcePolicy", "CloudWatch Logs API_DeleteResourcePolicy", op.Write, onNone[sdk.DeleteResourcePolicyInput]("DeleteResourcePolicy"), s.deletePolicy),
	}
}

func (s *Service) putPolicy(c *op.Call, in *sdk.PutResourcePolicyInput) (*sdk.PutResourcePolicyOutput, error) {
	if err := refuse(map[string]bool{"resourceArn": in.ResourceArn != nil, "expectedRevisionId": in.ExpectedRevisionId != nil}); err != nil {
		return nil, err
	}
	name, doc := text(in.PolicyName), text(in.PolicyDocument)
	switch {
	case name == "" || len(name) > 255:
		return nil, constraint(name, "policyName", "Member must have length between 1 and 255")
	case doc == "" || len(doc) > maxPolicy:
		return nil, invalid("1 validation error detected: Value at 'policyDocument' failed to satisfy constraint: Member must have length between 1 and %d", maxPolicy)
	}
	p, err := policy.Parse(name, []byte(doc), policy.Resource)
	if err != nil {
		return nil, invalid("Invalid resource policy: %v", err)
	}
	var read struct{ Version string }
	if err := json.Unmarshal([]byte(doc), &read); err != nil {
		return nil, invalid("Invalid resource policy: %v", err)
	}
	if read.Version != "2012-10-17" && strings.Contains(doc, "${") {
		return nil, invalid("the sandbox does not implement ${ in a resource policy of a version before 2012-10-17, in which it is plain text")
	}
	bound, err := p.ResolvePrincipals(s.principals.ResolvePrincipal)
	if err != nil {
		return nil, invalid("Invalid resource policy: a principal does not exist: %v", err)
	}
	own := &policies{}
	if old := s.policies.Get(place(owner(c), c.Region)); old != nil {
		own.List = slices.Clone(old.List)
	}
	entry := namedPolicy{Name: name, Text: doc, IDs: bound.Bindings(), Updated: c.Now}
	at, there := slices.BinarySearchFunc(own.List, name, func(p namedPolicy, name string) int { return strings.Compare(p.Name, name) })
	switch {
	case there:
		own.List[at] = entry
	case len(own.List) >= maxPolicies:
		return nil, fault("LimitExceededException", "Resource limit exceeded.")
	default:
		own.List = slices.Insert(own.List, at, entry)
	}
	if err := own.Loaded(); err != nil {
		return nil, invalid("Invalid resource policy: %v", err)
	}
	s.policies.Put(place(owner(c), c.Region), own)
	return &sdk.PutResourcePolicyOutput{ResourcePolicy: new(entry.view())}, nil
}

func (p namedPolicy) view() types.ResourcePolicy {
	return types.ResourcePolicy{PolicyName: &p.Name, PolicyDocument: &p.Text, LastUpdatedTime: millis(p.Updated)}
}

func (s *Service) describePolicies(c *op.Call, in *sdk.DescribeResourcePoliciesInput) (*sdk.DescribeResourcePoliciesOutput, error) {
	if err := refuse(map[string]bool{"resourceArn": in.ResourceArn != nil, "policyScope": in.PolicyScope != "" && in.PolicyScope != types.PolicyScopeAccount}); err != nil {
		return nil, err
	}
	n, err := listed(in.Limit, 50)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeResourcePoliciesOutput{ResourcePolicies: []types.ResourcePolicy{}}
	own := s.policies.Get(place(owner(c), c.Region))
	if own == nil {
		return out, nil
	}
	list, next := page.Cut(own.List, func(p namedPolicy) string { return p.Name }, n, in.NextToken)
	for _, p := range list {
		out.ResourcePolicies = append(out.ResourcePolicies, p.view())
	}
	out.NextToken = next
	return out, nil
}

func (s *Service) deletePolicy(c *op.Call, in *sdk.DeleteResourcePolicyInput) (*sdk.DeleteResourcePolicyOutput, error) {
	if err := refuse(map[string]bool{"resourceArn": in.ResourceArn != nil, "expectedRevisionId": in.ExpectedRevisionId != nil}); err != nil {
		return nil, err
	}
	at := place(owner(c), c.Region)
	old := s.policies.Get(at)
	i := -1
	if old != nil {
		i = slices.IndexFunc(old.List, func(p namedPolicy) bool { return p.Name == text(in.PolicyName) })
	}
	if i < 0 {
		return nil, fault("ResourceNotFoundException", "Policy with name [%s] does not exist", text(in.PolicyName))
	}
	own := &policies{List: slices.Delete(slices.Clone(old.List), i, i+1)}
	if len(own.List) == 0 {
		s.policies.Delete(at)
		return &sdk.DeleteResourcePolicyOutput{}, nil
	}
	if err := own.Loaded(); err != nil {
		return nil, err
	}
	s.policies.Put(at, own)
	return &sdk.DeleteResourcePolicyOutput{}, nil
}
