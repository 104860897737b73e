//lint:file-ignore SA1019 AWS serves what its SDK deprecates, and the provider still asks for it.

package guardduty_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

var ctx = context.Background()

const (
	torCaller = "UnauthorizedAccess:IAMUser/TorIPCaller"
	miner     = "CryptoCurrency:EC2/BitcoinTool.B!DNS"
	noLogs    = "Stealth:S3/ServerAccessLoggingDisabled"
	prefix    = "arn:aws:guardduty:" + sandbox.DefaultRegion + ":" + sandbox.DefaultAccount + ":detector/"
)

type world struct {
	t  *testing.T
	sb *sandbox.Sandbox
	gd *sdk.Client
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

func (w *world) detector() *string {
	w.t.Helper()
	out, err := w.gd.CreateDetector(ctx, &sdk.CreateDetectorInput{Enable: aws.Bool(true), Tags: map[string]string{"team": "security"}})
	w.must(err)
	return out.DetectorId
}

func (w *world) samples(id *string, names ...string) {
	w.t.Helper()
	_, err := w.gd.CreateSampleFindings(ctx, &sdk.CreateSampleFindingsInput{DetectorId: id, FindingTypes: names})
	w.must(err)
	w.must(w.sb.Settle(ctx))
}

func (w *world) find(id *string, criterion map[string]types.Condition) []types.Finding {
	w.t.Helper()
	list, err := w.gd.ListFindings(ctx, &sdk.ListFindingsInput{DetectorId: id, FindingCriteria: &types.FindingCriteria{Criterion: criterion},
		SortCriteria: &types.SortCriteria{AttributeName: aws.String("severity"), OrderBy: types.OrderByDesc}})
	w.must(err)
	if len(list.FindingIds) == 0 {
		return nil
	}
	out, err := w.gd.GetFindings(ctx, &sdk.GetFindingsInput{DetectorId: id, FindingIds: list.FindingIds})
	w.must(err)
	return out.Findings
}

// listen mails every event that the pattern meets, and returns what to call for the
// events so far.
func (w *world) listen(pattern string) func() []map[string]any {
	w.t.Helper()
	cfg := w.sb.Config(w.sb.Credentials())
	topics := sns.NewFromConfig(cfg)
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alerts")})
	w.must(err)
	doc := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish","Resource":"` + *topic.TopicArn + `"}}`
	_, err = topics.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: topic.TopicArn, AttributeName: aws.String("Policy"), AttributeValue: &doc})
	w.must(err)
	_, err = topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("email"), Endpoint: aws.String("on-call@example.com")})
	w.must(err)
	w.must(w.sb.Settle(ctx))
	answer, err := w.sb.HTTPClient().Get(w.sb.Mail()[0].Confirm)
	w.must(err)
	_ = answer.Body.Close()
	rules := eventbridge.NewFromConfig(cfg)
	_, err = rules.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("findings"), EventPattern: &pattern})
	w.must(err)
	_, err = rules.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("findings"), Targets: []eventtypes.Target{{Id: aws.String("t"), Arn: topic.TopicArn}}})
	w.must(err)
	return func() (events []map[string]any) {
		for _, m := range w.sb.Mail() {
			text, _, _ := strings.Cut(m.Body, "\n\n--\n")
			var e map[string]any
			if m.Confirm == "" {
				w.must(json.Unmarshal([]byte(text), &e))
				events = append(events, e)
			}
		}
		return events
	}
}

func TestDetectorIsMadeChangedAndDeleted(t *testing.T) {
	w := start(t)
	id := w.detector()
	got, err := w.gd.GetDetector(ctx, &sdk.GetDetectorInput{DetectorId: id})
	w.must(err)
	status := map[string]types.FeatureStatus{}
	for _, f := range got.Features {
		status[string(f.Name)] = f.Status
	}
	if got.Status != types.DetectorStatusEnabled || got.FindingPublishingFrequency != types.FindingPublishingFrequencySixHours || got.Tags["team"] != "security" ||
		status["S3_DATA_EVENTS"] != "ENABLED" || status["RUNTIME_MONITORING"] != "DISABLED" || status["CLOUD_TRAIL"] != "ENABLED" || got.DataSources.S3Logs.Status != "ENABLED" {
		t.Errorf("a new detector: %+v %v", got, status)
	}
	_, err = w.gd.CreateDetector(ctx, &sdk.CreateDetectorInput{Enable: aws.Bool(true)})
	w.refused(err, "BadRequestException", "a detector already exists")
	_, err = w.gd.UpdateDetector(ctx, &sdk.UpdateDetectorInput{DetectorId: id, Enable: aws.Bool(false), FindingPublishingFrequency: types.FindingPublishingFrequencyFifteenMinutes,
		Features: []types.DetectorFeatureConfiguration{
			{Name: types.DetectorFeatureS3DataEvents, Status: types.FeatureStatusDisabled},
			{Name: types.DetectorFeatureRuntimeMonitoring, Status: types.FeatureStatusEnabled, AdditionalConfiguration: []types.DetectorAdditionalConfiguration{{Name: types.FeatureAdditionalConfigurationEc2AgentManagement, Status: types.FeatureStatusEnabled}}},
		}})
	w.must(err)
	got, err = w.gd.GetDetector(ctx, &sdk.GetDetectorInput{DetectorId: id})
	w.must(err)
	i := slices.IndexFunc(got.Features, func(f types.DetectorFeatureConfigurationResult) bool {
		return f.Name == types.DetectorFeatureResultRuntimeMonitoring
	})
	if got.Status != types.DetectorStatusDisabled || got.FindingPublishingFrequency != types.FindingPublishingFrequencyFifteenMinutes || got.DataSources.S3Logs.Status != "DISABLED" ||
		got.Features[i].Status != types.FeatureStatusEnabled || got.Features[i].AdditionalConfiguration[2].Status != types.FeatureStatusEnabled {
		t.Errorf("an updated detector: %+v", got)
	}
	_, err = w.gd.UpdateDetector(ctx, &sdk.UpdateDetectorInput{DetectorId: id, Features: []types.DetectorFeatureConfiguration{{Name: types.DetectorFeatureEksRuntimeMonitoring, Status: types.FeatureStatusEnabled}}})
	w.refused(err, "BadRequestException", "cannot both be enabled")
	_, err = w.gd.CreateSampleFindings(ctx, &sdk.CreateSampleFindingsInput{DetectorId: id})
	w.refused(err, "BadRequestException", "not enabled")

	arn := aws.String(prefix + *id)
	_, err = w.gd.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"a": "b"}})
	w.must(err)
	_, err = w.gd.UntagResource(ctx, &sdk.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"team"}})
	w.must(err)
	tags, err := w.gd.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: arn})
	w.must(err)
	if len(tags.Tags) != 1 || tags.Tags["a"] != "b" {
		t.Errorf("tags %v", tags.Tags)
	}
	list, err := w.gd.ListDetectors(ctx, &sdk.ListDetectorsInput{})
	w.must(err)
	if !slices.Equal(list.DetectorIds, []string{*id}) {
		t.Errorf("detectors %v", list.DetectorIds)
	}
	_, err = w.gd.DeleteDetector(ctx, &sdk.DeleteDetectorInput{DetectorId: id})
	w.must(err)
	_, err = w.gd.GetDetector(ctx, &sdk.GetDetectorInput{DetectorId: id})
	w.refused(err, "BadRequestException", "the input detectorId is not owned by the current account")
	w.detector()
}

// A finding is told to EventBridge in GuardDuty's own shape, and once more by Security
// Hub, where that is enabled, as its copy.
func TestFindingsAreTold(t *testing.T) {
	w := start(t)
	events := w.listen(`{"source":["aws.guardduty","aws.securityhub"]}`)
	id := w.detector()
	w.samples(id, torCaller)
	got := events()
	if len(got) != 1 {
		t.Fatalf("without Security Hub: %v", got)
	}
	d := got[0]["detail"].(map[string]any)
	service := d["service"].(map[string]any)
	if got[0]["detail-type"] != "GuardDuty Finding" || d["severity"] != 5.0 || d["type"] != torCaller || d["accountId"] != sandbox.DefaultAccount ||
		service["archived"] != false || service["detectorId"] != *id || d["arn"] != prefix+*id+"/finding/"+d["id"].(string) ||
		d["resource"].(map[string]any)["accessKeyDetails"].(map[string]any)["userType"] != "IAMUser" {
		t.Errorf("the event: %v", got[0])
	}

	hub := securityhub.NewFromConfig(w.sb.Config(w.sb.Credentials()))
	_, err := hub.EnableSecurityHub(ctx, &securityhub.EnableSecurityHubInput{})
	w.must(err)
	w.samples(id, miner)
	got = events()[1:]
	if len(got) != 2 || got[0]["detail-type"] != "GuardDuty Finding" || got[1]["detail-type"] != "Security Hub Findings - Imported" {
		t.Fatalf("with Security Hub: %v", got)
	}
	copies := got[1]["detail"].(map[string]any)["findings"].([]any)
	x := copies[0].(map[string]any)
	if len(copies) != 1 || x["ProductName"] != "GuardDuty" || x["Severity"].(map[string]any)["Label"] != "HIGH" || x["Id"] != got[0]["detail"].(map[string]any)["arn"] ||
		x["Workflow"].(map[string]any)["Status"] != "NEW" || x["RecordState"] != "ACTIVE" {
		t.Errorf("the copy: %v", x)
	}
	kept, err := hub.GetFindings(ctx, &securityhub.GetFindingsInput{})
	w.must(err)
	if len(kept.Findings) != 1 || *kept.Findings[0].ProductArn != "arn:aws:securityhub:"+sandbox.DefaultRegion+"::product/aws/guardduty" {
		t.Errorf("the hub has %+v", kept.Findings)
	}
}

func TestFindingsAreFoundAndArchived(t *testing.T) {
	w := start(t)
	events := w.listen(`{"source":["aws.guardduty"]}`)
	id := w.detector()
	w.samples(id, torCaller, miner, noLogs)
	high := w.find(id, map[string]types.Condition{"severity": {Gte: aws.Int32(7)}})
	if len(high) != 1 || *high[0].Type != miner || *high[0].Severity != 8 || *high[0].Resource.ResourceType != "Instance" || !strings.HasPrefix(*high[0].Title, "[SAMPLE] ") {
		t.Fatalf("high ones: %+v", high)
	}
	if all := w.find(id, nil); len(all) != 3 || *all[0].Type != miner || *all[2].Type != noLogs {
		t.Errorf("all by severity: %+v", all)
	}
	ids := []string{*high[0].Id}
	_, err := w.gd.ArchiveFindings(ctx, &sdk.ArchiveFindingsInput{DetectorId: id, FindingIds: ids})
	w.must(err)
	open := map[string]types.Condition{"service.archived": {Eq: []string{"false"}}}
	if n := len(w.find(id, open)); n != 2 {
		t.Errorf("%d findings are open after one was archived", n)
	}
	_, err = w.gd.UnarchiveFindings(ctx, &sdk.UnarchiveFindingsInput{DetectorId: id, FindingIds: ids})
	w.must(err)
	if n := len(w.find(id, open)); n != 3 {
		t.Errorf("%d findings are open after it was taken back", n)
	}
	count, err := w.gd.GetFindingsStatistics(ctx, &sdk.GetFindingsStatisticsInput{DetectorId: id, FindingStatisticTypes: []types.FindingStatisticType{types.FindingStatisticTypeCountBySeverity}})
	w.must(err)
	if c := count.FindingStatistics.CountBySeverity; c["8.0"] != 1 || c["5.0"] != 1 || c["2.0"] != 1 {
		t.Errorf("statistics %v", c)
	}
	_, err = w.gd.CreateSampleFindings(ctx, &sdk.CreateSampleFindingsInput{DetectorId: id, FindingTypes: []string{"Runtime:EC2/None"}})
	w.refused(err, "BadRequestException", "does not implement samples")
	_, err = w.gd.ListFindings(ctx, &sdk.ListFindingsInput{DetectorId: id, FindingCriteria: &types.FindingCriteria{Criterion: map[string]types.Condition{"confidence": {Gte: aws.Int32(1)}}}})
	w.refused(err, "BadRequestException", `"confidence"`)

	// A filter that archives: what it meets is kept and told to nobody.
	before := len(events())
	only := &types.FindingCriteria{Criterion: map[string]types.Condition{"type": {Equals: []string{noLogs}}}}
	_, err = w.gd.CreateFilter(ctx, &sdk.CreateFilterInput{DetectorId: id, Name: aws.String("quiet"), Action: types.FilterActionArchive, FindingCriteria: only})
	w.must(err)
	w.samples(id, noLogs, miner)
	if n := len(events()) - before; n != 1 {
		t.Errorf("%d events, want the one that no filter archives", n)
	}
	if n := len(w.find(id, map[string]types.Condition{"service.archived": {Eq: []string{"true"}}})); n != 1 {
		t.Errorf("%d findings are archived, want 1", n)
	}
}

func TestFiltersHaveRanks(t *testing.T) {
	w := start(t)
	id := w.detector()
	criteria := &types.FindingCriteria{Criterion: map[string]types.Condition{"severity": {Lt: aws.Int32(4)}}}
	for _, name := range []string{"one", "two", "three"} {
		_, err := w.gd.CreateFilter(ctx, &sdk.CreateFilterInput{DetectorId: id, Name: &name, FindingCriteria: criteria, Rank: aws.Int32(1), Tags: map[string]string{"n": name}})
		w.must(err)
	}
	rank := func(name string) int32 {
		f, err := w.gd.GetFilter(ctx, &sdk.GetFilterInput{DetectorId: id, FilterName: &name})
		w.must(err)
		if f.Tags["n"] != name || f.Action != types.FilterActionNoop || *f.FindingCriteria.Criterion["severity"].Lt != 4 {
			t.Errorf("filter %+v", f)
		}
		return *f.Rank
	}
	if rank("three") != 1 || rank("two") != 2 || rank("one") != 3 {
		t.Errorf("ranks %d %d %d", rank("three"), rank("two"), rank("one"))
	}
	_, err := w.gd.UpdateFilter(ctx, &sdk.UpdateFilterInput{DetectorId: id, FilterName: aws.String("three"), Rank: aws.Int32(3), Description: aws.String("last")})
	w.must(err)
	_, err = w.gd.DeleteFilter(ctx, &sdk.DeleteFilterInput{DetectorId: id, FilterName: aws.String("two")})
	w.must(err)
	if rank("one") != 1 || rank("three") != 2 {
		t.Errorf("ranks after an update and a delete: %d %d", rank("one"), rank("three"))
	}
	list, err := w.gd.ListFilters(ctx, &sdk.ListFiltersInput{DetectorId: id, MaxResults: aws.Int32(1)})
	w.must(err)
	if !slices.Equal(list.FilterNames, []string{"one"}) || list.NextToken == nil {
		t.Errorf("filters %+v", list)
	}
	_, err = w.gd.GetFilter(ctx, &sdk.GetFilterInput{DetectorId: id, FilterName: aws.String("two")})
	w.refused(err, "BadRequestException", "no such resource")
}

// Detectors are authorised by their ARN and tags; findings have no resource type.
func TestPoliciesDecide(t *testing.T) {
	w := start(t)
	id := w.detector()
	users := iam.NewFromConfig(w.sb.Config(w.sb.Credentials()))
	_, err := users.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("analyst")})
	w.must(err)
	_, err = users.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("analyst"), PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["guardduty:GetDetector","guardduty:UpdateDetector"],"Resource":"` + prefix + `*","Condition":{"StringEquals":{"aws:ResourceTag/team":"security"}}},
		{"Effect":"Allow","Action":["guardduty:ListFindings","guardduty:TagResource"],"Resource":"*","Condition":{"Null":{"aws:RequestTag/team":"true"}}},
		{"Effect":"Deny","Action":"guardduty:UpdateDetector","Resource":"*"}]}`)})
	w.must(err)
	key, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("analyst")})
	w.must(err)
	gd := sdk.NewFromConfig(w.sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}))
	_, err = gd.GetDetector(ctx, &sdk.GetDetectorInput{DetectorId: id})
	w.must(err)
	_, err = gd.ListFindings(ctx, &sdk.ListFindingsInput{DetectorId: id})
	w.must(err)
	_, err = gd.UpdateDetector(ctx, &sdk.UpdateDetectorInput{DetectorId: id, Enable: aws.Bool(false)})
	w.refused(err, "AccessDeniedException", "explicit deny")
	_, err = gd.DeleteDetector(ctx, &sdk.DeleteDetectorInput{DetectorId: id})
	w.refused(err, "AccessDeniedException", "guardduty:DeleteDetector")
	_, err = gd.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: aws.String(prefix + *id), Tags: map[string]string{"team": "mine"}})
	w.refused(err, "AccessDeniedException", "guardduty:TagResource")
	_, err = gd.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: aws.String(prefix + *id), Tags: map[string]string{"other": "mine"}})
	w.must(err)
}
