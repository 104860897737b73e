package wire_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// SNS's maps: the entries of most have a key and a value, those of message attributes
// a Name and a Value.
func TestQueryMapsOfSNS(t *testing.T) {
	p := wire.NewQuery("2010-03-31", "http://sns.amazonaws.com/doc/2010-03-31/")
	got := &sns.PublishInput{}
	l := &loop{protocol: p, in: got, out: &sns.PublishOutput{MessageId: aws.String("id")}}
	_, err := sns.NewFromConfig(config(l)).Publish(context.Background(), &sns.PublishInput{
		TopicArn: aws.String("arn:x"), Message: aws.String("m"),
		MessageAttributes: map[string]snstypes.MessageAttributeValue{
			"n": {DataType: aws.String("Number"), StringValue: aws.String("7")}, "b": {DataType: aws.String("Binary"), BinaryValue: []byte{1, 2}},
		},
	})
	if err != nil || l.err != nil {
		t.Fatal(err, l.err)
	}
	if n, b := got.MessageAttributes["n"], got.MessageAttributes["b"]; len(got.MessageAttributes) != 2 || *n.DataType != "Number" || *n.StringValue != "7" || string(b.BinaryValue) != "\x01\x02" {
		t.Errorf("%+v", got.MessageAttributes)
	}
	trip(t, p, &sns.CreateTopicInput{Name: aws.String("t"), Attributes: map[string]string{"DisplayName": "A & B"}}, &sns.CreateTopicOutput{TopicArn: aws.String("arn:x")},
		func(cfg aws.Config, in *sns.CreateTopicInput) (*sns.CreateTopicOutput, error) {
			return sns.NewFromConfig(cfg).CreateTopic(context.Background(), in)
		})
	trip(t, p, &sns.GetTopicAttributesInput{TopicArn: aws.String("arn:x")}, &sns.GetTopicAttributesOutput{Attributes: map[string]string{"Policy": `{"a":"<b>"}`}},
		func(cfg aws.Config, in *sns.GetTopicAttributesInput) (*sns.GetTopicAttributesOutput, error) {
			return sns.NewFromConfig(cfg).GetTopicAttributes(context.Background(), in)
		})
}
