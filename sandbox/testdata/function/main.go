// Command function is what the tests deploy: it publishes what it was invoked with to the
// topic that its environment names.
package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

func main() {
	lambda.Start(func(ctx context.Context, event json.RawMessage) error {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return err
		}
		topic, text := os.Getenv("TOPIC"), os.Getenv("EXTRA")+string(event)
		_, err = sns.NewFromConfig(cfg).Publish(ctx, &sns.PublishInput{TopicArn: &topic, Message: &text})
		return err
	})
}
