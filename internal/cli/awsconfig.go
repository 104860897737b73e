package cli

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/sdkclient"
)

// loadAWS loads the AWS configuration of the environment, as every command does. Its
// client keeps the connections of many requests at once.
func loadAWS(ctx context.Context, options ...func(*config.LoadOptions) error) (aws.Config, error) {
	// What the SDK logs is about its own workings, and stderr is for people.
	cfg, err := config.LoadDefaultConfig(ctx, append(options, config.WithLogger(logging.Nop{}))...)
	if client, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		cfg.HTTPClient = client.WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = 64 })
	}
	cfg.HTTPClient = sdkclient.Client(cfg.HTTPClient)
	if cfg.Credentials != nil {
		cfg.Credentials = explained{cfg.Credentials}
	}
	return cfg, err
}

// ruleNoCredentials is the rule of the diagnostic that there are none.
const ruleNoCredentials = "aws-credentials"

// explained are credentials that, when there are none, say how to find out why.
type explained struct{ aws.CredentialsProvider }

func (e explained) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := e.CredentialsProvider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = &diag.Diagnostic{
			Rule: ruleNoCredentials, Summary: "there are no AWS credentials that can be used", Found: err.Error(), Err: err,
			Why: "nothing can be asked without them", Fix: "see which link of the chain is used, and why: strongroom credentials explain",
		}
	}
	return c, err
}
