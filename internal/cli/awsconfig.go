package cli

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/strongroom-dev/strongroom/internal/sdkclient"
)

// loadAWS loads the AWS configuration of the environment, as every command does. Its
// client keeps the connections of many requests at once.
func loadAWS(ctx context.Context, options ...func(*config.LoadOptions) error) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if client, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		cfg.HTTPClient = client.WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = 64 })
	}
	cfg.HTTPClient = sdkclient.Client(cfg.HTTPClient)
	return cfg, err
}
