package accessanalyzer

import (
	"maps"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

// rule is an archive rule of an analyzer.
type rule struct {
	Filter           map[string]types.Criterion
	Created, Updated time.Time
}

// filterKeys are what the filter of an external access analyzer may name.
// Source: IAM User Guide "IAM Access Analyzer filter keys".
var filterKeys = []string{
	"resource", "resourceType", "resourceOwnerAccount", "isPublic", "findingType", "status", "error", "principal.AWS", "principal.Federated",
	"condition.aws:PrincipalArn", "condition.aws:PrincipalOrgID", "condition.aws:PrincipalOrgPaths", "condition.aws:SourceArn", "condition.aws:SourceIp",
	"condition.aws:SourceVpc", "condition.aws:SourceVpce", "condition.aws:UserId", "condition.cognito-identity.amazonaws.com:aud",
	"condition.graph.facebook.com:app_id", "condition.accounts.google.com:aud", "condition.kms:CallerAccount", "condition.www.amazon.com:app_id",
	"condition.saml:aud", "createdAt", "updatedAt", "analyzedAt", "id", "resourceControlPolicyRestriction",
}

func checkRule(name *string, filter map[string]types.Criterion) error {
	if len(text(name)) > 255 || !nameForm.MatchString(text(name)) {
		return invalid("Value at 'ruleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z][A-Za-z0-9_.-]*")
	}
	if len(filter) == 0 {
		return invalid("The filter of an archive rule has at least one criterion")
	}
	for _, key := range slices.Sorted(maps.Keys(filter)) {
		if !slices.Contains(filterKeys, key) {
			return invalid("Invalid filter key: %s", key)
		}
		x := filter[key]
		if len(x.Eq) == 0 && len(x.Neq) == 0 && len(x.Contains) == 0 && x.Exists == nil {
			return invalid("The criterion %s has no condition", key)
		}
		if len(x.Eq) > 20 || len(x.Neq) > 20 || len(x.Contains) > 20 {
			return invalid("The criterion %s has more than 20 values", key)
		}
	}
	return nil
}

// onRule is the check of an action on an archive rule, there or not.
func (s *Service) onRule(c *op.Call, action string, analyzer, name *string) []op.Check {
	a := s.named(c, analyzer)
	return []op.Check{{Action: "access-analyzer:" + action, Resource: op.Resource{ARN: a.arn() + "/archive-rule/" + text(name), Account: a.Account}}}
}

func (s *Service) ruleRows() []op.Row {
	return []op.Row{
		op.New("CreateArchiveRule", "IAM Access Analyzer API_CreateArchiveRule", op.Write,
			func(c *op.Call, in *sdk.CreateArchiveRuleInput) ([]op.Check, error) {
				return s.onRule(c, "CreateArchiveRule", in.AnalyzerName, in.RuleName), nil
			}, s.createRule),
		op.New("GetArchiveRule", "IAM Access Analyzer API_GetArchiveRule", op.Read,
			func(c *op.Call, in *sdk.GetArchiveRuleInput) ([]op.Check, error) {
				return s.onRule(c, "GetArchiveRule", in.AnalyzerName, in.RuleName), nil
			}, s.getRule),
		op.New("UpdateArchiveRule", "IAM Access Analyzer API_UpdateArchiveRule", op.Write,
			func(c *op.Call, in *sdk.UpdateArchiveRuleInput) ([]op.Check, error) {
				return s.onRule(c, "UpdateArchiveRule", in.AnalyzerName, in.RuleName), nil
			}, s.updateRule),
		op.New("DeleteArchiveRule", "IAM Access Analyzer API_DeleteArchiveRule", op.Write,
			func(c *op.Call, in *sdk.DeleteArchiveRuleInput) ([]op.Check, error) {
				return s.onRule(c, "DeleteArchiveRule", in.AnalyzerName, in.RuleName), nil
			}, s.deleteRule),
		op.New("ListArchiveRules", "IAM Access Analyzer API_ListArchiveRules", op.Read,
			func(c *op.Call, in *sdk.ListArchiveRulesInput) ([]op.Check, error) {
				return s.check(c, "ListArchiveRules", in.AnalyzerName), nil
			}, s.listRules),
	}
}

// rule returns an archive rule, which must be there.
func (s *Service) rule(c *op.Call, analyzer, name *string) (*ruled, error) {
	a, err := s.analyzer(c, analyzer)
	if err != nil {
		return nil, err
	}
	r, ok := a.Rules[text(name)]
	if !ok {
		return nil, missing("archive rule", text(name))
	}
	return &ruled{a, r}, nil
}

// ruled is an analyzer with one of its rules.
type ruled struct {
	*analyzer
	rule rule
}

// change stores what f makes of a copy of the rules.
func (s *Service) change(a *analyzer, f func(map[string]rule)) {
	own := *a
	own.Rules = maps.Clone(a.Rules)
	f(own.Rules)
	s.analyzers.Put(own.key(), &own)
}

func (s *Service) createRule(c *op.Call, in *sdk.CreateArchiveRuleInput) (*sdk.CreateArchiveRuleOutput, error) {
	a, err := s.analyzer(c, in.AnalyzerName)
	if err != nil {
		return nil, err
	}
	if err := checkRule(in.RuleName, in.Filter); err != nil {
		return nil, err
	}
	if _, ok := a.Rules[*in.RuleName]; ok {
		return nil, conflict("archive rule", *in.RuleName)
	}
	s.change(a, func(m map[string]rule) { m[*in.RuleName] = rule{in.Filter, c.Now, c.Now} })
	return &sdk.CreateArchiveRuleOutput{}, nil
}

func (r rule) view(name string) types.ArchiveRuleSummary {
	return types.ArchiveRuleSummary{RuleName: &name, Filter: r.Filter, CreatedAt: &r.Created, UpdatedAt: &r.Updated}
}

func (s *Service) getRule(c *op.Call, in *sdk.GetArchiveRuleInput) (*sdk.GetArchiveRuleOutput, error) {
	x, err := s.rule(c, in.AnalyzerName, in.RuleName)
	if err != nil {
		return nil, err
	}
	return &sdk.GetArchiveRuleOutput{ArchiveRule: new(x.rule.view(*in.RuleName))}, nil
}

func (s *Service) updateRule(c *op.Call, in *sdk.UpdateArchiveRuleInput) (*sdk.UpdateArchiveRuleOutput, error) {
	x, err := s.rule(c, in.AnalyzerName, in.RuleName)
	if err != nil {
		return nil, err
	}
	if err := checkRule(in.RuleName, in.Filter); err != nil {
		return nil, err
	}
	s.change(x.analyzer, func(m map[string]rule) { m[*in.RuleName] = rule{in.Filter, x.rule.Created, c.Now} })
	return &sdk.UpdateArchiveRuleOutput{}, nil
}

func (s *Service) deleteRule(c *op.Call, in *sdk.DeleteArchiveRuleInput) (*sdk.DeleteArchiveRuleOutput, error) {
	x, err := s.rule(c, in.AnalyzerName, in.RuleName)
	if err != nil {
		return nil, err
	}
	s.change(x.analyzer, func(m map[string]rule) { delete(m, *in.RuleName) })
	return &sdk.DeleteArchiveRuleOutput{}, nil
}

func (s *Service) listRules(c *op.Call, in *sdk.ListArchiveRulesInput) (*sdk.ListArchiveRulesOutput, error) {
	a, err := s.analyzer(c, in.AnalyzerName)
	if err != nil {
		return nil, err
	}
	n, err := limit(in.MaxResults)
	if err != nil {
		return nil, err
	}
	all := []types.ArchiveRuleSummary{}
	for _, name := range slices.Sorted(maps.Keys(a.Rules)) {
		all = append(all, a.Rules[name].view(name))
	}
	all, next := page.Cut(all, func(r types.ArchiveRuleSummary) string { return *r.RuleName }, n, in.NextToken)
	return &sdk.ListArchiveRulesOutput{ArchiveRules: all, NextToken: next}, nil
}
