package events

import (
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) ruleListRows() []op.Row {
	return []op.Row{
		op.New("ListRules", "EventBridge API_ListRules", op.Read,
			func(c *op.Call, _ *sdk.ListRulesInput) ([]op.Check, error) { return anywhere(c, "ListRules"), nil },
			func(c *op.Call, in *sdk.ListRulesInput) (*sdk.ListRulesOutput, error) {
				all, err := s.rulesOf(c, in.EventBusName, func(r *rule) bool { return strings.HasPrefix(r.Name, text(in.NamePrefix)) })
				if err != nil {
					return nil, err
				}
				out := &sdk.ListRulesOutput{Rules: []types.Rule{}}
				all, out.NextToken, err = page(all, func(r *rule) string { return r.Name }, in.Limit, in.NextToken)
				for _, r := range all {
					out.Rules = append(out.Rules, types.Rule{
						Arn: new(r.arn()), Name: &r.Name, EventBusName: &r.Bus, Description: optional(r.Description),
						EventPattern: optional(r.Pattern), ScheduleExpression: optional(r.Schedule), State: r.State,
					})
				}
				return out, err
			}),
		op.New("ListRuleNamesByTarget", "EventBridge API_ListRuleNamesByTarget", op.Read,
			func(c *op.Call, _ *sdk.ListRuleNamesByTargetInput) ([]op.Check, error) {
				return anywhere(c, "ListRuleNamesByTarget"), nil
			},
			func(c *op.Call, in *sdk.ListRuleNamesByTargetInput) (*sdk.ListRuleNamesByTargetOutput, error) {
				all, err := s.rulesOf(c, in.EventBusName, func(r *rule) bool {
					return slices.ContainsFunc(r.Targets, func(t target) bool { return t.ARN == text(in.TargetArn) })
				})
				if err != nil {
					return nil, err
				}
				out := &sdk.ListRuleNamesByTargetOutput{RuleNames: []string{}}
				all, out.NextToken, err = page(all, func(r *rule) string { return r.Name }, in.Limit, in.NextToken)
				for _, r := range all {
					out.RuleNames = append(out.RuleNames, r.Name)
				}
				return out, err
			}),
	}
}

// rulesOf returns the rules of a bus that are wanted, in the order of their names.
func (s *Service) rulesOf(c *op.Call, busName *string, wanted func(*rule) bool) (list []*rule, err error) {
	b, err := s.known(c, busName)
	if err != nil {
		return nil, err
	}
	for _, r := range s.rules.Prefix(ruleKey(c.Caller.Account, c.Region, b.Name, "")) {
		if wanted(r) {
			list = append(list, r)
		}
	}
	return list, nil
}
