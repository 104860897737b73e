package accessanalyzer_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

var ctx = context.Background()

const arn = "arn:aws:access-analyzer:" + sandbox.DefaultRegion + ":" + sandbox.DefaultAccount + ":analyzer/main"

func refused(t *testing.T, err error, code, words string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), words) {
		t.Errorf("got %v, want %s with %q", err, code, words)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start makes a sandbox with an analyzer, and a user who may do little.
func start(t *testing.T) (owner, user *sdk.Client) {
	t.Helper()
	sb, err := sandbox.Start(ctx, sandbox.Options{})
	must(t, err)
	t.Cleanup(func() { _ = sb.Close() })
	cfg := sb.Config(sb.Credentials())
	owner = sdk.NewFromConfig(cfg)
	_, err = owner.CreateAnalyzer(ctx, &sdk.CreateAnalyzerInput{AnalyzerName: aws.String("main"), Type: types.TypeAccount, Tags: map[string]string{"team": "security"},
		ArchiveRules: []types.InlineArchiveRule{{RuleName: aws.String("known"), Filter: map[string]types.Criterion{"isPublic": {Eq: []string{"false"}}}}}})
	must(t, err)
	users := iam.NewFromConfig(cfg)
	_, err = users.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("auditor")})
	must(t, err)
	_, err = users.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("auditor"), PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"access-analyzer:GetAnalyzer","Resource":"` + arn + `","Condition":{"StringEquals":{"aws:ResourceTag/team":"security"}}},
		{"Effect":"Allow","Action":"access-analyzer:*ArchiveRule","Resource":"` + arn + `/archive-rule/known"}]}`)})
	must(t, err)
	key, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("auditor")})
	must(t, err)
	return owner, sdk.NewFromConfig(sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}))
}

func TestAnalyzerIsMadeTaggedAndDeleted(t *testing.T) {
	aa, _ := start(t)
	got, err := aa.GetAnalyzer(ctx, &sdk.GetAnalyzerInput{AnalyzerName: aws.String("main")})
	must(t, err)
	if x := got.Analyzer; *x.Arn != arn || x.Status != types.AnalyzerStatusActive || x.Type != types.TypeAccount || x.Tags["team"] != "security" || x.CreatedAt.IsZero() {
		t.Errorf("analyzer %+v", x)
	}
	_, err = aa.CreateAnalyzer(ctx, &sdk.CreateAnalyzerInput{AnalyzerName: aws.String("main"), Type: types.TypeAccount})
	refused(t, err, "ConflictException", "already exists")
	_, err = aa.CreateAnalyzer(ctx, &sdk.CreateAnalyzerInput{AnalyzerName: aws.String("more"), Type: types.TypeAccount})
	refused(t, err, "ServiceQuotaExceededException", "at most 1")
	_, err = aa.CreateAnalyzer(ctx, &sdk.CreateAnalyzerInput{AnalyzerName: aws.String("all"), Type: types.TypeOrganization})
	refused(t, err, "ValidationException", "ORGANIZATION")
	_, err = aa.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: aws.String(arn), Tags: map[string]string{"a": "b"}})
	must(t, err)
	_, err = aa.UntagResource(ctx, &sdk.UntagResourceInput{ResourceArn: aws.String(arn), TagKeys: []string{"team"}})
	must(t, err)
	tags, err := aa.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: aws.String(arn)})
	must(t, err)
	if len(tags.Tags) != 1 || tags.Tags["a"] != "b" {
		t.Errorf("tags %v", tags.Tags)
	}
	list, err := aa.ListAnalyzers(ctx, &sdk.ListAnalyzersInput{Type: types.TypeAccount})
	must(t, err)
	if len(list.Analyzers) != 1 || *list.Analyzers[0].Name != "main" {
		t.Errorf("analyzers %+v", list.Analyzers)
	}
	_, err = aa.DeleteAnalyzer(ctx, &sdk.DeleteAnalyzerInput{AnalyzerName: aws.String("main")})
	must(t, err)
	_, err = aa.GetAnalyzer(ctx, &sdk.GetAnalyzerInput{AnalyzerName: aws.String("main")})
	refused(t, err, "ResourceNotFoundException", "main")
	_, err = aa.ListFindings(ctx, &sdk.ListFindingsInput{AnalyzerArn: aws.String(arn)})
	refused(t, err, "UnknownOperationException", "/finding")
}

func TestArchiveRulesAreMadeChangedAndDeleted(t *testing.T) {
	aa, _ := start(t)
	main := aws.String("main")
	filter := map[string]types.Criterion{"resourceType": {Eq: []string{"AWS::S3::Bucket"}}}
	_, err := aa.CreateArchiveRule(ctx, &sdk.CreateArchiveRuleInput{AnalyzerName: main, RuleName: aws.String("buckets"), Filter: filter})
	must(t, err)
	_, err = aa.CreateArchiveRule(ctx, &sdk.CreateArchiveRuleInput{AnalyzerName: main, RuleName: aws.String("buckets"), Filter: filter})
	refused(t, err, "ConflictException", "buckets")
	_, err = aa.UpdateArchiveRule(ctx, &sdk.UpdateArchiveRuleInput{AnalyzerName: main, RuleName: aws.String("buckets"), Filter: map[string]types.Criterion{"nothing": {Eq: []string{"x"}}}})
	refused(t, err, "ValidationException", "nothing")
	_, err = aa.UpdateArchiveRule(ctx, &sdk.UpdateArchiveRuleInput{AnalyzerName: main, RuleName: aws.String("buckets"), Filter: map[string]types.Criterion{"error": {Exists: aws.Bool(true)}}})
	must(t, err)
	got, err := aa.GetArchiveRule(ctx, &sdk.GetArchiveRuleInput{AnalyzerName: main, RuleName: aws.String("buckets")})
	must(t, err)
	if x := got.ArchiveRule.Filter["error"]; x.Exists == nil || !*x.Exists || len(got.ArchiveRule.Filter) != 1 {
		t.Errorf("rule %+v", got.ArchiveRule)
	}
	_, err = aa.DeleteArchiveRule(ctx, &sdk.DeleteArchiveRuleInput{AnalyzerName: main, RuleName: aws.String("buckets")})
	must(t, err)
	list, err := aa.ListArchiveRules(ctx, &sdk.ListArchiveRulesInput{AnalyzerName: main})
	must(t, err)
	if len(list.ArchiveRules) != 1 || *list.ArchiveRules[0].RuleName != "known" {
		t.Errorf("rules %+v", list.ArchiveRules)
	}
}

func TestPoliciesDecide(t *testing.T) {
	_, aa := start(t)
	_, err := aa.GetAnalyzer(ctx, &sdk.GetAnalyzerInput{AnalyzerName: aws.String("main")})
	must(t, err)
	_, err = aa.GetArchiveRule(ctx, &sdk.GetArchiveRuleInput{AnalyzerName: aws.String("main"), RuleName: aws.String("known")})
	must(t, err)
	_, err = aa.DeleteArchiveRule(ctx, &sdk.DeleteArchiveRuleInput{AnalyzerName: aws.String("main"), RuleName: aws.String("other")})
	refused(t, err, "AccessDeniedException", "access-analyzer:DeleteArchiveRule")
	_, err = aa.DeleteAnalyzer(ctx, &sdk.DeleteAnalyzerInput{AnalyzerName: aws.String("main")})
	refused(t, err, "AccessDeniedException", "access-analyzer:DeleteAnalyzer")
}
