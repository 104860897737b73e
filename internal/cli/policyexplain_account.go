package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/explain"
	"github.com/strongroom-dev/strongroom/internal/sdkclient"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// account is where the policies are read from.
func (x *explainFlags) account(env *Env) (*explain.Account, error) {
	if x.fromSandbox {
		client, err := runningSandbox(env)
		if err != nil {
			return nil, err
		}
		return sandboxAccount(client), nil
	}
	cfg, err := loadAWS(x.cmd.Context())
	if err != nil {
		return nil, &diag.Diagnostic{Rule: "explain-account", Summary: "the AWS configuration cannot be read: " + err.Error(), Err: err, Fix: "check AWS_PROFILE and ~/.aws/config"}
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1" // IAM answers there; a resource's region is its ARN's
	}
	return &explain.Account{Config: func(context.Context, string) (aws.Config, error) { return cfg, nil }}, nil
}

// sandboxAccount reads every account of the running sandbox as its root user.
func sandboxAccount(client *sandbox.Client) *explain.Account {
	return &explain.Account{
		Sandbox: true,
		Config: func(ctx context.Context, account string) (aws.Config, error) {
			e, err := client.Environment(ctx, account)
			if err != nil {
				return aws.Config{}, askError(err)
			}
			return environmentConfig(e)
		},
		Guardrails: func(ctx context.Context, account string) (scps, rcps [][]explain.Document, err error) {
			g, err := client.Guardrails(ctx, account)
			if err != nil {
				return nil, nil, askError(err)
			}
			return documents(g.SCPs), documents(g.RCPs), nil
		},
	}
}

func documents(levels [][]sandbox.Document) [][]explain.Document {
	out := make([][]explain.Document, len(levels))
	for i, level := range levels {
		for _, d := range level {
			out[i] = append(out[i], explain.Document{Name: d.Name, Text: d.Document})
		}
	}
	return out
}

// environmentConfig makes the SDK's configuration of a sandbox's environment.
func environmentConfig(e sandbox.Environment) (aws.Config, error) {
	get := func(name string) string {
		for _, v := range e.Set {
			if v.Name == name {
				return v.Value
			}
		}
		return ""
	}
	proxy, err := url.Parse(get("HTTPS_PROXY"))
	if err != nil {
		return aws.Config{}, fmt.Errorf("the sandbox's proxy: %w", err)
	}
	pem, err := os.ReadFile(get("AWS_CA_BUNDLE"))
	if err != nil {
		return aws.Config{}, fmt.Errorf("the sandbox's certificates: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return aws.Config{}, errors.New("the sandbox's certificates cannot be read")
	}
	return aws.Config{
		Region:      get("AWS_REGION"),
		Credentials: credentials.NewStaticCredentialsProvider(get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY"), ""),
		HTTPClient: &http.Client{Transport: sdkclient.Transport{Transport: &http.Transport{
			Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		}}},
		RetryMaxAttempts: 1,
	}, nil
}
