//lint:file-ignore SA1019 AWS serves what its SDK deprecates, and the provider still asks for it.

package securityhub_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	sdk "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

var ctx = context.Background()

const (
	region  = sandbox.DefaultRegion
	account = sandbox.DefaultAccount
	hubARN  = "arn:aws:securityhub:" + region + ":" + account + ":hub/default"
	mine    = "arn:aws:securityhub:" + region + ":" + account + ":product/" + account + "/default"
	fsbp    = "arn:aws:securityhub:" + region + "::standards/aws-foundational-security-best-practices/v/1.0.0"
	cis12   = "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0"
)

type world struct {
	t   *testing.T
	sb  *sandbox.Sandbox
	hub *sdk.Client
}

func start(t *testing.T) *world {
	t.Helper()
	sb, err := sandbox.Start(ctx, sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	return &world{t, sb, sdk.NewFromConfig(sb.Config(sb.Credentials()))}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, code, words string) {
	w.t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), words) {
		w.t.Errorf("got %v, want %s with %q", err, code, words)
	}
}

func (w *world) enable() {
	w.t.Helper()
	_, err := w.hub.EnableSecurityHub(ctx, &sdk.EnableSecurityHubInput{EnableDefaultStandards: aws.Bool(false), Tags: map[string]string{"team": "security"}})
	w.must(err)
}

func (w *world) standards(arns ...string) (list []string) {
	w.t.Helper()
	out, err := w.hub.GetEnabledStandards(ctx, &sdk.GetEnabledStandardsInput{StandardsSubscriptionArns: arns})
	w.must(err)
	for _, x := range out.StandardsSubscriptions {
		if x.StandardsStatus != types.StandardsStatusReady {
			w.t.Errorf("%s is %s", *x.StandardsArn, x.StandardsStatus)
		}
		list = append(list, *x.StandardsArn)
	}
	slices.Sort(list)
	return list
}

// imported is a finding as a custom product sends it.
func imported(id string, label types.SeverityLabel, updated string) types.AwsSecurityFinding {
	return types.AwsSecurityFinding{
		SchemaVersion: aws.String("2018-10-08"), Id: &id, ProductArn: aws.String(mine), GeneratorId: aws.String("scanner"), AwsAccountId: aws.String(account),
		CreatedAt: aws.String("2026-01-02T03:04:05.000Z"), UpdatedAt: &updated, Severity: &types.Severity{Label: label}, Title: aws.String("Found " + id),
		Description: aws.String("What was found"), Types: []string{"Software and Configuration Checks"},
		Resources: []types.Resource{{Type: aws.String("AwsS3Bucket"), Id: aws.String("arn:aws:s3:::" + id)}},
	}
}

func (w *world) load(list ...types.AwsSecurityFinding) *sdk.BatchImportFindingsOutput {
	w.t.Helper()
	out, err := w.hub.BatchImportFindings(ctx, &sdk.BatchImportFindingsInput{Findings: list})
	w.must(err)
	return out
}

func (w *world) find(f *types.AwsSecurityFindingFilters) (ids []string) {
	w.t.Helper()
	out, err := w.hub.GetFindings(ctx, &sdk.GetFindingsInput{Filters: f, SortCriteria: []types.SortCriterion{{Field: aws.String("SeverityNormalized"), SortOrder: types.SortOrderDescending}}})
	w.must(err)
	for _, x := range out.Findings {
		ids = append(ids, *x.Id)
	}
	return ids
}

const (
	first  = "2026-01-02T03:04:05.000Z"
	second = "2026-01-03T03:04:05.000Z"
)

func TestHubIsEnabledChangedAndDisabled(t *testing.T) {
	w := start(t)
	_, err := w.hub.DescribeHub(ctx, &sdk.DescribeHubInput{})
	w.refused(err, "InvalidAccessException", "is not subscribed to AWS Security Hub")
	_, err = w.hub.EnableSecurityHub(ctx, &sdk.EnableSecurityHubInput{})
	w.must(err)
	if got := w.standards(); !slices.Equal(got, []string{cis12, fsbp}) {
		t.Errorf("default standards %v", got)
	}
	_, err = w.hub.EnableSecurityHub(ctx, &sdk.EnableSecurityHubInput{})
	w.refused(err, "ResourceConflictException", "already subscribed")
	_, err = w.hub.DisableSecurityHub(ctx, &sdk.DisableSecurityHubInput{})
	w.must(err)
	w.enable()
	if got := w.standards(); len(got) != 0 {
		t.Errorf("standards %v", got)
	}
	got, err := w.hub.DescribeHub(ctx, &sdk.DescribeHubInput{})
	w.must(err)
	if *got.HubArn != hubARN || !*got.AutoEnableControls || got.ControlFindingGenerator != types.ControlFindingGeneratorSecurityControl {
		t.Errorf("hub %+v", got)
	}
	_, err = w.hub.UpdateSecurityHubConfiguration(ctx, &sdk.UpdateSecurityHubConfigurationInput{AutoEnableControls: aws.Bool(false), ControlFindingGenerator: types.ControlFindingGeneratorStandardControl})
	w.must(err)
	got, err = w.hub.DescribeHub(ctx, &sdk.DescribeHubInput{HubArn: aws.String(hubARN)})
	w.must(err)
	if *got.AutoEnableControls || got.ControlFindingGenerator != types.ControlFindingGeneratorStandardControl {
		t.Errorf("updated hub %+v", got)
	}
	_, err = w.hub.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: aws.String(hubARN), Tags: map[string]string{"a": "b"}})
	w.must(err)
	_, err = w.hub.UntagResource(ctx, &sdk.UntagResourceInput{ResourceArn: aws.String(hubARN), TagKeys: []string{"team"}})
	w.must(err)
	tags, err := w.hub.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: aws.String(hubARN)})
	w.must(err)
	if len(tags.Tags) != 1 || tags.Tags["a"] != "b" {
		t.Errorf("tags %v", tags.Tags)
	}
	_, err = w.hub.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: aws.String(hubARN + "x")})
	w.refused(err, "ResourceNotFoundException", "does not exist")
	_, err = w.hub.CreateInsight(ctx, &sdk.CreateInsightInput{Name: aws.String("i"), GroupByAttribute: aws.String("Id"), Filters: &types.AwsSecurityFindingFilters{}})
	w.refused(err, "UnknownOperationException", "insights")
}

func TestStandardsAreEnabledAndDisabled(t *testing.T) {
	w := start(t)
	w.enable()
	all, err := w.hub.DescribeStandards(ctx, &sdk.DescribeStandardsInput{})
	w.must(err)
	if !slices.ContainsFunc(all.Standards, func(x types.Standard) bool { return *x.StandardsArn == fsbp && *x.EnabledByDefault }) {
		t.Errorf("standards %+v", all.Standards)
	}
	on, err := w.hub.BatchEnableStandards(ctx, &sdk.BatchEnableStandardsInput{StandardsSubscriptionRequests: []types.StandardsSubscriptionRequest{{StandardsArn: aws.String(fsbp)}, {StandardsArn: aws.String(cis12)}}})
	w.must(err)
	if x := on.StandardsSubscriptions[0]; x.StandardsStatus != types.StandardsStatusPending || *x.StandardsSubscriptionArn != "arn:aws:securityhub:"+region+":"+account+":subscription/aws-foundational-security-best-practices/v/1.0.0" {
		t.Errorf("enabled %+v", x)
	}
	if got := w.standards(*on.StandardsSubscriptions[0].StandardsSubscriptionArn); !slices.Equal(got, []string{fsbp}) {
		t.Errorf("the one asked for: %v", got)
	}
	_, err = w.hub.BatchDisableStandards(ctx, &sdk.BatchDisableStandardsInput{StandardsSubscriptionArns: []string{*on.StandardsSubscriptions[1].StandardsSubscriptionArn}})
	w.must(err)
	if got := w.standards(); !slices.Equal(got, []string{fsbp}) {
		t.Errorf("what is left: %v", got)
	}
	_, err = w.hub.BatchEnableStandards(ctx, &sdk.BatchEnableStandardsInput{StandardsSubscriptionRequests: []types.StandardsSubscriptionRequest{{StandardsArn: aws.String(fsbp + "9")}}})
	w.refused(err, "InvalidInputException", "Invalid standards ARN")
}

func TestFindingsAreImportedFoundAndUpdated(t *testing.T) {
	w := start(t)
	_, err := w.hub.GetFindings(ctx, &sdk.GetFindingsInput{})
	w.refused(err, "InvalidAccessException", "is not subscribed")
	w.enable()
	stranger, untitled := imported("c", types.SeverityLabelLow, first), imported("d", types.SeverityLabelLow, first)
	stranger.ProductArn, untitled.Title = aws.String("arn:aws:securityhub:"+region+"::product/aws/inspector"), aws.String("")
	out := w.load(imported("a", types.SeverityLabelCritical, first), imported("b", types.SeverityLabelLow, first), stranger, untitled)
	if *out.SuccessCount != 2 || *out.FailedCount != 2 || !strings.Contains(*out.FailedFindings[0].ErrorMessage, "ProductArn") || !strings.Contains(*out.FailedFindings[1].ErrorMessage, "Title") {
		t.Errorf("imported %+v", out)
	}
	if got := w.find(nil); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("all: %v", got)
	}
	equals := func(values ...string) (list []types.StringFilter) {
		for _, v := range values {
			list = append(list, types.StringFilter{Comparison: types.StringFilterComparisonEquals, Value: &v})
		}
		return list
	}
	if got := w.find(&types.AwsSecurityFindingFilters{SeverityLabel: equals("HIGH", "CRITICAL"), WorkflowStatus: equals("NEW"), ResourceType: equals("AwsS3Bucket")}); !slices.Equal(got, []string{"a"}) {
		t.Errorf("grave ones: %v", got)
	}
	if got := w.find(&types.AwsSecurityFindingFilters{Id: []types.StringFilter{{Comparison: types.StringFilterComparisonNotEquals, Value: aws.String("a")}}}); !slices.Equal(got, []string{"b"}) {
		t.Errorf("all but one: %v", got)
	}
	_, err = w.hub.GetFindings(ctx, &sdk.GetFindingsInput{Filters: &types.AwsSecurityFindingFilters{Keyword: []types.KeywordFilter{{Value: aws.String("x")}}}})
	w.refused(err, "InvalidInputException", "Keyword")

	done, err := w.hub.BatchUpdateFindings(ctx, &sdk.BatchUpdateFindingsInput{
		FindingIdentifiers: []types.AwsSecurityFindingIdentifier{{Id: aws.String("a"), ProductArn: aws.String(mine)}, {Id: aws.String("z"), ProductArn: aws.String(mine)}},
		Workflow:           &types.WorkflowUpdate{Status: types.WorkflowStatusSuppressed}, Note: &types.NoteUpdate{Text: aws.String("known"), UpdatedBy: aws.String("me")},
		Severity: &types.SeverityUpdate{Normalized: aws.Int32(50)},
	})
	w.must(err)
	if len(done.ProcessedFindings) != 1 || len(done.UnprocessedFindings) != 1 || *done.UnprocessedFindings[0].ErrorCode != "FindingNotFound" {
		t.Errorf("updated %+v", done)
	}
	got, err := w.hub.GetFindings(ctx, &sdk.GetFindingsInput{Filters: &types.AwsSecurityFindingFilters{Id: equals("a")}})
	w.must(err)
	if x := got.Findings[0]; x.Workflow.Status != types.WorkflowStatusSuppressed || *x.Note.Text != "known" || x.Severity.Label != types.SeverityLabelMedium || *x.ProductName != "Default" {
		t.Errorf("finding %+v", x)
	}

	// The provider's update leaves what the customer set, and must be newer.
	if out := w.load(imported("a", types.SeverityLabelHigh, first)); *out.FailedCount != 1 || !strings.Contains(*out.FailedFindings[0].ErrorMessage, "UpdatedAt") {
		t.Errorf("an update of the same time: %+v", out)
	}
	w.load(imported("a", types.SeverityLabelHigh, second))
	got, err = w.hub.GetFindings(ctx, &sdk.GetFindingsInput{Filters: &types.AwsSecurityFindingFilters{Id: equals("a")}})
	w.must(err)
	if x := got.Findings[0]; x.Workflow.Status != types.WorkflowStatusSuppressed || *x.Note.Text != "known" || x.Severity.Label != types.SeverityLabelHigh {
		t.Errorf("finding after the provider's update: %+v", x)
	}
}

func TestProductsAreEnabled(t *testing.T) {
	w := start(t)
	w.enable()
	product := aws.String("arn:aws:securityhub:" + region + "::product/aws/inspector")
	on, err := w.hub.EnableImportFindingsForProduct(ctx, &sdk.EnableImportFindingsForProductInput{ProductArn: product})
	w.must(err)
	_, err = w.hub.EnableImportFindingsForProduct(ctx, &sdk.EnableImportFindingsForProductInput{ProductArn: product})
	w.refused(err, "ResourceConflictException", "already enabled")
	x := imported("a", types.SeverityLabelHigh, first)
	x.ProductArn = product
	if out := w.load(x); *out.SuccessCount != 1 {
		t.Errorf("imported %+v", out)
	}
	list, err := w.hub.ListEnabledProductsForImport(ctx, &sdk.ListEnabledProductsForImportInput{})
	w.must(err)
	if !slices.Equal(list.ProductSubscriptions, []string{"arn:aws:securityhub:" + region + ":" + account + ":product-subscription/aws/guardduty", *on.ProductSubscriptionArn}) {
		t.Errorf("products %v", list.ProductSubscriptions)
	}
	_, err = w.hub.DisableImportFindingsForProduct(ctx, &sdk.DisableImportFindingsForProductInput{ProductSubscriptionArn: on.ProductSubscriptionArn})
	w.must(err)
	if out := w.load(x); *out.FailedCount != 1 {
		t.Errorf("imported after it was disabled: %+v", out)
	}
}

// Findings are authorised by their product and account, their updates by what they set.
func TestPoliciesDecide(t *testing.T) {
	w := start(t)
	w.enable()
	w.load(imported("a", types.SeverityLabelHigh, first))
	users := iam.NewFromConfig(w.sb.Config(w.sb.Credentials()))
	_, err := users.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("analyst")})
	w.must(err)
	_, err = users.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("analyst"), PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"securityhub:BatchUpdateFindings","Resource":"` + hubARN + `"},
		{"Effect":"Deny","Action":"securityhub:BatchUpdateFindings","Resource":"*","Condition":{"StringEquals":{"securityhub:ASFFSyntaxPath/Workflow.Status":"SUPPRESSED"}}},
		{"Effect":"Allow","Action":"securityhub:BatchImportFindings","Resource":"` + mine + `","Condition":{"StringEquals":{"securityhub:TargetAccount":"` + account + `"}}}]}`)})
	w.must(err)
	key, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("analyst")})
	w.must(err)
	hub := sdk.NewFromConfig(w.sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}))
	set := func(status types.WorkflowStatus) error {
		_, err := hub.BatchUpdateFindings(ctx, &sdk.BatchUpdateFindingsInput{
			FindingIdentifiers: []types.AwsSecurityFindingIdentifier{{Id: aws.String("a"), ProductArn: aws.String(mine)}}, Workflow: &types.WorkflowUpdate{Status: status},
		})
		return err
	}
	w.must(set(types.WorkflowStatusNotified))
	w.refused(set(types.WorkflowStatusSuppressed), "AccessDeniedException", "explicit deny")
	x := imported("b", types.SeverityLabelHigh, first)
	_, err = hub.BatchImportFindings(ctx, &sdk.BatchImportFindingsInput{Findings: []types.AwsSecurityFinding{x}})
	w.must(err)
	x.AwsAccountId = aws.String("999988887777")
	_, err = hub.BatchImportFindings(ctx, &sdk.BatchImportFindingsInput{Findings: []types.AwsSecurityFinding{x}})
	w.refused(err, "AccessDeniedException", "securityhub:BatchImportFindings")
	_, err = hub.DisableSecurityHub(ctx, &sdk.DisableSecurityHubInput{})
	w.refused(err, "AccessDeniedException", "securityhub:DisableSecurityHub")
}
