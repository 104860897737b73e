package configservice_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/sandbox"
)

func over(name string, source types.AccountAggregationSource) *sdk.PutConfigurationAggregatorInput {
	return &sdk.PutConfigurationAggregatorInput{ConfigurationAggregatorName: &name, AccountAggregationSources: []types.AccountAggregationSource{source}}
}

func TestAggregatorsArePutTaggedAndDeleted(t *testing.T) {
	w := start(t)
	all := types.AccountAggregationSource{AccountIds: []string{sandbox.DefaultAccount}, AllAwsRegions: true}
	made, err := w.cfg.PutConfigurationAggregator(ctx, over("everywhere", all))
	w.must(err)
	arn := made.ConfigurationAggregator.ConfigurationAggregatorArn
	_, err = w.cfg.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	w.must(err)
	_, err = w.cfg.PutConfigurationAggregator(ctx, over("everywhere", types.AccountAggregationSource{AccountIds: []string{sandbox.DefaultAccount}, AwsRegions: []string{"eu-west-1"}}))
	w.must(err)
	got, err := w.cfg.DescribeConfigurationAggregators(ctx, &sdk.DescribeConfigurationAggregatorsInput{ConfigurationAggregatorNames: []string{"everywhere"}})
	w.must(err)
	x := got.ConfigurationAggregators[0]
	if *x.ConfigurationAggregatorArn != *arn || x.AccountAggregationSources[0].AllAwsRegions || x.AccountAggregationSources[0].AwsRegions[0] != "eu-west-1" || x.CreationTime == nil {
		t.Errorf("aggregator %+v", x)
	}
	tags, err := w.cfg.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: arn})
	w.must(err)
	if len(tags.Tags) != 1 || *tags.Tags[0].Value != "b" {
		t.Errorf("tags %+v", tags.Tags)
	}
	for code, in := range map[string]*sdk.PutConfigurationAggregatorInput{
		"InvalidParameterValueException": over("x", types.AccountAggregationSource{AccountIds: []string{sandbox.DefaultAccount}}),
		"ValidationException":            over("x", types.AccountAggregationSource{AccountIds: []string{"12"}, AllAwsRegions: true}),
	} {
		_, err := w.cfg.PutConfigurationAggregator(ctx, in)
		w.refused(err, code)
	}
	remove := &sdk.DeleteConfigurationAggregatorInput{ConfigurationAggregatorName: aws.String("everywhere")}
	_, err = w.user("reader", `{"Effect":"Allow","Action":"config:Describe*","Resource":"*"}`).DeleteConfigurationAggregator(ctx, remove)
	w.refused(err, "AccessDeniedException")
	deleter := w.user("deleter", `{"Effect":"Allow","Action":"config:DeleteConfigurationAggregator","Resource":"`+*arn+`"}`)
	_, err = deleter.DeleteConfigurationAggregator(ctx, remove)
	w.must(err)
	_, err = w.cfg.DeleteConfigurationAggregator(ctx, remove)
	w.refused(err, "NoSuchConfigurationAggregatorException")
}

// A channel's topic must be there. Nothing is delivered here, so nothing is published.
func TestChannelHasATopic(t *testing.T) {
	w := start(t)
	w.admit(sandbox.DefaultAccount)
	w.must(w.record(nil))
	put := func(topic string) error {
		_, err := w.cfg.PutDeliveryChannel(ctx, &sdk.PutDeliveryChannelInput{DeliveryChannel: &types.DeliveryChannel{S3BucketName: aws.String("config-logs"), SnsTopicARN: &topic}})
		return err
	}
	const topic = "arn:aws:sns:" + sandbox.DefaultRegion + ":" + sandbox.DefaultAccount + ":changes"
	w.refused(put(topic), "InvalidSNSTopicARNException")
	_, err := sns.NewFromConfig(w.sb.Config(w.sb.Credentials())).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("changes")})
	w.must(err)
	w.must(put(topic))
	got, err := w.cfg.DescribeDeliveryChannels(ctx, &sdk.DescribeDeliveryChannelsInput{})
	w.must(err)
	if *got.DeliveryChannels[0].SnsTopicARN != topic {
		t.Errorf("channel %+v", got.DeliveryChannels[0])
	}
}

func TestAuthorizationsArePutListedAndDeleted(t *testing.T) {
	w := start(t)
	const other = "444455556666"
	put := func(account, region string) error {
		_, err := w.cfg.PutAggregationAuthorization(ctx, &sdk.PutAggregationAuthorizationInput{AuthorizedAccountId: &account, AuthorizedAwsRegion: &region})
		return err
	}
	w.refused(put("12", "eu-west-1"), "ValidationException")
	w.must(put(other, "eu-west-1"))
	w.must(put(other, "eu-west-1"))
	w.must(put(other, "eu-west-2"))
	got, err := w.cfg.DescribeAggregationAuthorizations(ctx, &sdk.DescribeAggregationAuthorizationsInput{Limit: 1})
	w.must(err)
	if x := got.AggregationAuthorizations; len(x) != 1 || *x[0].AuthorizedAccountId != other || *x[0].AuthorizedAwsRegion != "eu-west-1" || got.NextToken == nil ||
		*x[0].AggregationAuthorizationArn != "arn:aws:config:"+sandbox.DefaultRegion+":"+sandbox.DefaultAccount+":aggregation-authorization/"+other+"/eu-west-1" {
		t.Errorf("authorizations %+v", got)
	}
	remove := &sdk.DeleteAggregationAuthorizationInput{AuthorizedAccountId: aws.String(other), AuthorizedAwsRegion: aws.String("eu-west-1")}
	west2 := w.user("west2", `{"Effect":"Allow","Action":"config:DeleteAggregationAuthorization","Resource":"arn:aws:config:*:*:aggregation-authorization/*/eu-west-2"}`)
	_, err = west2.DeleteAggregationAuthorization(ctx, remove)
	w.refused(err, "AccessDeniedException")
	remove.AuthorizedAwsRegion = aws.String("eu-west-2")
	_, err = west2.DeleteAggregationAuthorization(ctx, remove)
	w.must(err)
	got, err = w.cfg.DescribeAggregationAuthorizations(ctx, &sdk.DescribeAggregationAuthorizationsInput{})
	w.must(err)
	if len(got.AggregationAuthorizations) != 1 {
		t.Errorf("authorizations %+v", got.AggregationAuthorizations)
	}
}
