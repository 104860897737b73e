package configservice

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// rule is one that AWS manages, as it was put.
type rule struct {
	ID, Account, Region string
	Rule                types.ConfigRule
	Tags                map[string]string
}

func (r *rule) arn() string {
	return "arn:aws:config:" + r.Region + ":" + r.Account + ":config-rule/" + r.ID
}

// newID is the ID of what is made in this request, the same for its check and
// its handler.
func newID(c *op.Call, kind, name string, n int) string {
	sum := sha256.Sum256([]byte(place(c.Caller.Account, c.Region) + "/" + kind + "/" + name + "/" + c.ID))
	return kind + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:n]
}

func (s *Service) ruleRows() []op.Row {
	return []op.Row{
		op.New("PutConfigRule", "AWS Config API_PutConfigRule", op.Write, s.checkPutRule, s.putRule),
		op.New("DescribeConfigRules", "AWS Config API_DescribeConfigRules", op.Read, onAll[sdk.DescribeConfigRulesInput]("DescribeConfigRules"), s.describeRules),
		op.New("DeleteConfigRule", "AWS Config API_DeleteConfigRule", op.Write,
			func(c *op.Call, in *sdk.DeleteConfigRuleInput) ([]op.Check, error) {
				return []op.Check{{Action: "config:DeleteConfigRule", Resource: s.ruleOf(c, text(in.ConfigRuleName)).resource()}}, nil
			}, s.deleteRule),
	}
}

func (r *rule) resource() op.Resource {
	return op.Resource{ARN: r.arn(), Account: r.Account, Tags: r.Tags}
}

// ruleOf is the rule of this name, or what one would be that is made now.
func (s *Service) ruleOf(c *op.Call, name string) *rule {
	if r := s.rules.Get(place(c.Caller.Account, c.Region) + "/" + name); r != nil {
		return r
	}
	return &rule{ID: newID(c, "config-rule", name, 6), Account: c.Caller.Account, Region: c.Region}
}

// ruleName is what the rule is called that is put: by its name, its ARN or its ID.
func (s *Service) ruleName(c *op.Call, x *types.ConfigRule) (string, error) {
	switch {
	case x == nil:
		return "", fault("ValidationException", "ConfigRule is required.")
	case x.ConfigRuleName != nil:
		return *x.ConfigRuleName, nil
	case x.ConfigRuleArn == nil && x.ConfigRuleId == nil:
		return "", fault("InvalidParameterValueException", "ConfigRuleName, ConfigRuleArn or ConfigRuleId is required.")
	}
	for _, r := range s.rules.Prefix(place(c.Caller.Account, c.Region) + "/") {
		if x.ConfigRuleArn != nil && r.arn() == *x.ConfigRuleArn || x.ConfigRuleArn == nil && r.ID == *x.ConfigRuleId {
			return *r.Rule.ConfigRuleName, nil
		}
	}
	return "", fault("InvalidParameterValueException", "No rule has the ARN '%s' or the ID '%s'.", text(x.ConfigRuleArn), text(x.ConfigRuleId))
}

func (s *Service) checkPutRule(c *op.Call, in *sdk.PutConfigRuleInput) ([]op.Check, error) {
	name, err := s.ruleName(c, in.ConfigRule)
	if err != nil {
		return nil, err
	}
	given, err := tagMap(in.Tags)
	return []op.Check{{Action: "config:PutConfigRule", Resource: s.ruleOf(c, name).resource(), Context: tags.RequestKeys(given)}}, err
}

// putRule: the tags are those of the first time.
func (s *Service) putRule(c *op.Call, in *sdk.PutConfigRuleInput) (*sdk.PutConfigRuleOutput, error) {
	x := *in.ConfigRule
	name, err := s.ruleName(c, &x)
	if err != nil {
		return nil, err
	}
	at := place(c.Caller.Account, c.Region)
	if s.recorders.Get(at) == nil {
		return nil, fault("NoAvailableConfigurationRecorderException", "Configuration recorder is not available to put config rule.")
	}
	if len(name) > 128 || strings.TrimSpace(name) == "" {
		return nil, fault("ValidationException", "A rule's name has 1 to 128 characters, not spaces alone.")
	}
	if err := checkRule(&x); err != nil {
		return nil, err
	}
	r := *s.ruleOf(c, name)
	if x.ConfigRuleId != nil && *x.ConfigRuleId != r.ID || x.ConfigRuleArn != nil && *x.ConfigRuleArn != r.arn() {
		return nil, fault("InvalidParameterValueException", "The rule '%s' has another ARN or ID.", name)
	}
	if s.rules.Get(at+"/"+name) == nil {
		if r.Tags, err = tagMap(in.Tags); err != nil {
			return nil, err
		}
	}
	x.ConfigRuleName, x.ConfigRuleArn, x.ConfigRuleId, x.ConfigRuleState = &name, new(r.arn()), &r.ID, types.ConfigRuleStateActive
	if len(x.EvaluationModes) == 0 {
		x.EvaluationModes = []types.EvaluationModeConfiguration{{Mode: types.EvaluationModeDetective}}
	}
	r.Rule = x
	s.rules.Put(at+"/"+name, &r)
	return &sdk.PutConfigRuleOutput{}, nil
}

// managedForm is what AWS's rules are called, such as ROOT_ACCOUNT_MFA_ENABLED.
var managedForm = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// checkRule: which rules AWS manages, and which parameters each takes, is not
// known here.
// Source: AWS Config API_ConfigRule, API_Source, API_Scope.
func checkRule(x *types.ConfigRule) error {
	bad := func(format string, args ...any) error {
		return fault("InvalidParameterValueException", format, args...)
	}
	switch {
	case x.Source == nil:
		return fault("ValidationException", "Source is required.")
	case x.Source.Owner == types.OwnerCustomLambda || x.Source.Owner == types.OwnerCustomPolicy:
		return refuse("rules of one's own: " + string(x.Source.Owner) + " evaluates, and nothing is evaluated here")
	case x.Source.Owner != types.OwnerAws:
		return fault("ValidationException", "The owner '%s' is not valid.", x.Source.Owner)
	case x.Source.CustomPolicyDetails != nil, len(x.Source.SourceDetails) > 0:
		return bad("A rule whose owner is AWS takes no SourceDetails and no CustomPolicyDetails.")
	case !managedForm.MatchString(text(x.Source.SourceIdentifier)):
		return bad("The sourceIdentifier %s is invalid. Please refer to the documentation for a list of valid sourceIdentifiers that can be used when AWS is the Owner.", text(x.Source.SourceIdentifier))
	case len(text(x.Description)) > 256:
		return fault("ValidationException", "A description has 256 characters at most.")
	case x.RuleEvaluationVisibility != "":
		return refuse("the visibility of a rule's evaluations (RuleEvaluationVisibility)")
	case x.CreatedBy != nil:
		return bad("CreatedBy is for the rules that AWS services make.")
	case x.ConfigRuleState != "" && x.ConfigRuleState != types.ConfigRuleStateActive:
		return bad("The state of a rule that is put is ACTIVE.")
	case x.MaximumExecutionFrequency != "" && !slices.Contains(x.MaximumExecutionFrequency.Values(), x.MaximumExecutionFrequency):
		return fault("ValidationException", "The execution frequency '%s' is not valid.", x.MaximumExecutionFrequency)
	}
	for _, m := range x.EvaluationModes {
		if !slices.Contains(m.Mode.Values(), m.Mode) {
			return fault("ValidationException", "The evaluation mode '%s' is not valid.", m.Mode)
		}
	}
	if p := x.InputParameters; p != nil && *p != "" {
		var object map[string]any
		if len(*p) > 1024 || json.Unmarshal([]byte(*p), &object) != nil {
			return bad("InputParameters is a JSON object of 1024 characters at most.")
		}
	}
	return checkScope(x.Scope)
}

func checkScope(x *types.Scope) error {
	if x == nil {
		return nil
	}
	if x.ComplianceResourceId != nil && len(x.ComplianceResourceTypes) != 1 {
		return fault("InvalidParameterValueException", "A resource ID goes with one resource type.")
	}
	if x.TagValue != nil && x.TagKey == nil {
		return fault("InvalidParameterValueException", "A tag value goes with a tag key.")
	}
	for _, kind := range x.ComplianceResourceTypes {
		if !slices.Contains(types.ResourceType("").Values(), types.ResourceType(kind)) {
			return fault("InvalidParameterValueException", "The resource type '%s' is not known.", kind)
		}
	}
	return nil
}

func noRule(name string) error {
	return fault("NoSuchConfigRuleException", "The ConfigRule '%s' provided in the request is invalid. Please check the configRule name.", name)
}

// describeRules answers 25 at a time.
func (s *Service) describeRules(c *op.Call, in *sdk.DescribeConfigRulesInput) (*sdk.DescribeConfigRulesOutput, error) {
	at := place(c.Caller.Account, c.Region) + "/"
	if len(in.ConfigRuleNames) > 25 {
		return nil, fault("ValidationException", "25 names at most.")
	}
	var all []*rule
	for _, name := range in.ConfigRuleNames {
		r := s.rules.Get(at + name)
		if r == nil {
			return nil, noRule(name)
		}
		all = append(all, r)
	}
	if in.ConfigRuleNames == nil {
		for _, r := range s.rules.Prefix(at) {
			all = append(all, r)
		}
	}
	if in.Filters != nil && in.Filters.EvaluationMode != "" {
		all = slices.DeleteFunc(all, func(r *rule) bool {
			return !slices.ContainsFunc(r.Rule.EvaluationModes, func(m types.EvaluationModeConfiguration) bool { return m.Mode == in.Filters.EvaluationMode })
		})
	}
	out := &sdk.DescribeConfigRulesOutput{ConfigRules: []types.ConfigRule{}}
	all, out.NextToken = page.Cut(all, func(r *rule) string { return *r.Rule.ConfigRuleName }, 25, in.NextToken)
	for _, r := range all {
		out.ConfigRules = append(out.ConfigRules, r.Rule)
	}
	return out, nil
}

func (s *Service) deleteRule(c *op.Call, in *sdk.DeleteConfigRuleInput) (*sdk.DeleteConfigRuleOutput, error) {
	at := place(c.Caller.Account, c.Region) + "/" + text(in.ConfigRuleName)
	if s.rules.Get(at) == nil {
		return nil, noRule(text(in.ConfigRuleName))
	}
	s.rules.Delete(at)
	return &sdk.DeleteConfigRuleOutput{}, nil
}
