package cli

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/strongroom-dev/strongroom/internal/sdkclient"
)

// loadAWS loads the AWS configuration of the environment, as every command does.
func loadAWS(ctx context.Context, options ...func(*config.LoadOptions) error) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	cfg.HTTPClient = sdkclient.Client(cfg.HTTPClient)
	return cfg, err
}
