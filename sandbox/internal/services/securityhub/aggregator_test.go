package securityhub_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	sdk "github.com/aws/aws-sdk-go-v2/service/securityhub"

	"github.com/strongroom-dev/strongroom/sandbox"
)

func TestFindingAggregatorIsMadeChangedAndDeleted(t *testing.T) {
	w := start(t)
	create := func(mode string, regions ...string) (*sdk.CreateFindingAggregatorOutput, error) {
		return w.hub.CreateFindingAggregator(ctx, &sdk.CreateFindingAggregatorInput{RegionLinkingMode: &mode, Regions: regions})
	}
	_, err := create("ALL_REGIONS")
	w.refused(err, "InvalidAccessException", "not subscribed")
	w.enable()
	for mode, regions := range map[string][]string{"SOME": nil, "ALL_REGIONS": {"eu-west-1"}, "SPECIFIED_REGIONS": nil, "NO_REGIONS": {"eu-west-1"}} {
		_, err := create(mode, regions...)
		w.refused(err, "InvalidInputException", "")
	}
	_, err = create("SPECIFIED_REGIONS", region)
	w.refused(err, "InvalidInputException", "aggregation Region")
	made, err := create("SPECIFIED_REGIONS", "eu-west-1")
	w.must(err)
	arn := made.FindingAggregatorArn
	_, err = create("ALL_REGIONS")
	w.refused(err, "ResourceConflictException", *arn)
	_, err = w.hub.UpdateFindingAggregator(ctx, &sdk.UpdateFindingAggregatorInput{FindingAggregatorArn: arn, RegionLinkingMode: aws.String("ALL_REGIONS_EXCEPT_SPECIFIED"), Regions: []string{"us-east-1"}})
	w.must(err)
	got, err := w.hub.GetFindingAggregator(ctx, &sdk.GetFindingAggregatorInput{FindingAggregatorArn: arn})
	w.must(err)
	if *got.RegionLinkingMode != "ALL_REGIONS_EXCEPT_SPECIFIED" || len(got.Regions) != 1 || got.Regions[0] != "us-east-1" || *got.FindingAggregationRegion != region {
		t.Errorf("aggregator %+v", got)
	}
	all, err := w.hub.ListFindingAggregators(ctx, &sdk.ListFindingAggregatorsInput{})
	w.must(err)
	if len(all.FindingAggregators) != 1 || *all.FindingAggregators[0].FindingAggregatorArn != *arn {
		t.Errorf("aggregators %+v", all.FindingAggregators)
	}

	// Whoever may delete one in another region may not delete this one.
	user := func(name, resource string) *sdk.Client {
		people := iam.NewFromConfig(w.sb.Config(w.sb.Credentials()))
		_, err := people.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
		w.must(err)
		_, err = people.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"securityhub:DeleteFindingAggregator","Resource":"` + resource + `"}}`)})
		w.must(err)
		key, err := people.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
		w.must(err)
		return sdk.NewFromConfig(w.sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}))
	}
	remove := &sdk.DeleteFindingAggregatorInput{FindingAggregatorArn: arn}
	_, err = user("elsewhere", "arn:aws:securityhub:us-east-1:*:finding-aggregator/*").DeleteFindingAggregator(ctx, remove)
	w.refused(err, "AccessDeniedException", "securityhub:DeleteFindingAggregator")
	_, err = user("here", *arn).DeleteFindingAggregator(ctx, remove)
	w.must(err)
	_, err = w.hub.GetFindingAggregator(ctx, &sdk.GetFindingAggregatorInput{FindingAggregatorArn: arn})
	w.refused(err, "ResourceNotFoundException", *arn)
}
