package configservice_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// user is somebody whose policy is one statement.
func (w *world) user(name, statement string) *sdk.Client {
	w.t.Helper()
	_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	w.must(err)
	_, err = w.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":` + statement + `}`)})
	w.must(err)
	key, err := w.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	w.must(err)
	return sdk.NewFromConfig(w.sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}))
}

func managed(name string, change func(*types.ConfigRule)) *sdk.PutConfigRuleInput {
	x := &types.ConfigRule{ConfigRuleName: &name, Source: &types.Source{Owner: types.OwnerAws, SourceIdentifier: aws.String("IAM_PASSWORD_POLICY")}}
	if change != nil {
		change(x)
	}
	return &sdk.PutConfigRuleInput{ConfigRule: x, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("security")}}}
}

func TestRulesArePutChangedTaggedAndDeleted(t *testing.T) {
	w := start(t)
	_, err := w.cfg.PutConfigRule(ctx, managed("passwords", nil))
	w.refused(err, "NoAvailableConfigurationRecorderException")
	w.must(w.record(nil))
	_, err = w.cfg.PutConfigRule(ctx, managed("passwords", func(x *types.ConfigRule) {
		x.InputParameters, x.Scope = aws.String(`{"MinimumPasswordLength":"14"}`), &types.Scope{ComplianceResourceTypes: []string{"AWS::IAM::User"}}
	}))
	w.must(err)
	find := func(names ...string) ([]types.ConfigRule, error) {
		got, err := w.cfg.DescribeConfigRules(ctx, &sdk.DescribeConfigRulesInput{ConfigRuleNames: names})
		if err != nil {
			return nil, err
		}
		return got.ConfigRules, nil
	}
	got, err := find("passwords")
	w.must(err)
	x := got[0]
	if *x.ConfigRuleName != "passwords" || x.ConfigRuleState != types.ConfigRuleStateActive || *x.InputParameters != `{"MinimumPasswordLength":"14"}` || x.Scope.ComplianceResourceTypes[0] != "AWS::IAM::User" ||
		x.EvaluationModes[0].Mode != types.EvaluationModeDetective || *x.Source.SourceIdentifier != "IAM_PASSWORD_POLICY" || x.MaximumExecutionFrequency != "" {
		t.Errorf("rule %+v", x)
	}
	// By its ID, and with other tags, which are not taken.
	in := managed("", func(c *types.ConfigRule) {
		c.ConfigRuleName, c.ConfigRuleId, c.Description = nil, x.ConfigRuleId, aws.String("changed")
	})
	in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("other")}}
	_, err = w.cfg.PutConfigRule(ctx, in)
	w.must(err)
	got, err = find()
	w.must(err)
	if len(got) != 1 || *got[0].Description != "changed" || got[0].Scope != nil || *got[0].ConfigRuleArn != *x.ConfigRuleArn {
		t.Errorf("rules %+v", got)
	}
	_, err = w.cfg.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: x.ConfigRuleArn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	w.must(err)
	tags, err := w.cfg.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: x.ConfigRuleArn})
	w.must(err)
	if len(tags.Tags) != 2 || *tags.Tags[1].Value != "security" {
		t.Errorf("tags %+v", tags.Tags)
	}
	remove := func() error {
		_, err := w.cfg.DeleteConfigRule(ctx, &sdk.DeleteConfigRuleInput{ConfigRuleName: aws.String("passwords")})
		return err
	}
	w.must(remove())
	w.refused(remove(), "NoSuchConfigRuleException")
	_, err = find("passwords")
	w.refused(err, "NoSuchConfigRuleException")
	_, err = w.cfg.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: x.ConfigRuleArn})
	w.refused(err, "ResourceNotFoundException")
}

func TestRulesThatAreNotTaken(t *testing.T) {
	w := start(t)
	w.must(w.record(nil))
	for _, c := range []struct {
		code   string
		change func(*types.ConfigRule)
	}{
		{"ValidationException", func(x *types.ConfigRule) { x.ConfigRuleName = aws.String("  ") }},
		{"ValidationException", func(x *types.ConfigRule) { x.Source.Owner = types.OwnerCustomLambda }},
		{"ValidationException", func(x *types.ConfigRule) { x.MaximumExecutionFrequency = "Often" }},
		{"ValidationException", func(x *types.ConfigRule) { x.EvaluationModes = []types.EvaluationModeConfiguration{{Mode: "LATER"}} }},
		{"InvalidParameterValueException", func(x *types.ConfigRule) { x.Source.SourceIdentifier = aws.String("arn:aws:lambda:x") }},
		{"InvalidParameterValueException", func(x *types.ConfigRule) {
			x.Source.SourceDetails = []types.SourceDetail{{EventSource: types.EventSourceAwsConfig}}
		}},
		{"InvalidParameterValueException", func(x *types.ConfigRule) { x.InputParameters = aws.String("[1]") }},
		{"InvalidParameterValueException", func(x *types.ConfigRule) { x.CreatedBy = aws.String("securityhub.amazonaws.com") }},
		{"InvalidParameterValueException", func(x *types.ConfigRule) { x.ConfigRuleState = types.ConfigRuleStateDeleting }},
		{"InvalidParameterValueException", func(x *types.ConfigRule) { x.ConfigRuleName, x.ConfigRuleId = nil, aws.String("config-rule-zzzzzz") }},
		{"InvalidParameterValueException", func(x *types.ConfigRule) { x.Scope = &types.Scope{ComplianceResourceTypes: []string{"AWS::No::Such"}} }},
		{"InvalidParameterValueException", func(x *types.ConfigRule) { x.Scope = &types.Scope{TagValue: aws.String("v")} }},
		{"InvalidParameterValueException", func(x *types.ConfigRule) { x.Scope = &types.Scope{ComplianceResourceId: aws.String("i")} }},
	} {
		_, err := w.cfg.PutConfigRule(ctx, managed("r", c.change))
		w.refused(err, c.code)
	}
	if got, err := w.cfg.DescribeConfigRules(ctx, &sdk.DescribeConfigRulesInput{}); err != nil || len(got.ConfigRules) != 0 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestRulesAreListedByPages(t *testing.T) {
	w := start(t)
	w.must(w.record(nil))
	for i := range 30 {
		_, err := w.cfg.PutConfigRule(ctx, managed(fmt.Sprintf("rule-%02d", i), nil))
		w.must(err)
	}
	pages, n := sdk.NewDescribeConfigRulesPaginator(w.cfg, &sdk.DescribeConfigRulesInput{}), 0
	for pages.HasMorePages() {
		got, err := pages.NextPage(ctx)
		w.must(err)
		for _, x := range got.ConfigRules {
			if *x.ConfigRuleName != fmt.Sprintf("rule-%02d", n) {
				t.Errorf("rule %d is %s", n, *x.ConfigRuleName)
			}
			n++
		}
	}
	if n != 30 {
		t.Errorf("%d rules", n)
	}
}

// A rule that is there is judged by its ARN and its tags, one that is made by the
// tags of the request.
func TestRulesAreJudged(t *testing.T) {
	w := start(t)
	w.must(w.record(nil))
	_, err := w.cfg.PutConfigRule(ctx, managed("mine", nil))
	w.must(err)
	security := w.user("security", `[{"Effect":"Allow","Action":"config:PutConfigRule","Resource":"arn:aws:config:*:*:config-rule/config-rule-*","Condition":{"StringEquals":{"aws:RequestTag/team":"security"}}},
		{"Effect":"Allow","Action":"config:DeleteConfigRule","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"security"}}}]`)
	_, err = security.PutConfigRule(ctx, managed("theirs", nil))
	w.must(err)
	in := managed("bare", nil)
	in.Tags = nil
	_, err = security.PutConfigRule(ctx, in)
	w.refused(err, "AccessDeniedException")
	_, err = w.cfg.PutConfigRule(ctx, in)
	w.must(err)
	_, err = security.DeleteConfigRule(ctx, &sdk.DeleteConfigRuleInput{ConfigRuleName: aws.String("bare")})
	if w.refused(err, "AccessDeniedException"); err != nil && !strings.Contains(err.Error(), "config:DeleteConfigRule") {
		t.Errorf("got %v", err)
	}
	_, err = security.DeleteConfigRule(ctx, &sdk.DeleteConfigRuleInput{ConfigRuleName: aws.String("mine")})
	w.must(err)
	_, err = security.DescribeConfigRules(ctx, &sdk.DescribeConfigRulesInput{})
	w.refused(err, "AccessDeniedException")
}
