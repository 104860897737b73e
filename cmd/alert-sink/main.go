// Command alert-sink takes alerts of AWS, Alertmanager and plain webhooks and tells
// people by Pushover and ntfy. In AWS Lambda it is the function, elsewhere an HTTP
// server. Its configuration is the environment: docs/alert-sink.md.
package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/sdkclient"
	"github.com/strongroom-dev/strongroom/internal/sink"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Environ(), os.Stderr); err != nil {
		_ = diag.Human(os.Stderr, err, diag.Style{}) // nowhere else to say it
		os.Exit(1)
	}
}

// startTime is how long reading the secrets may take. Lambda gives a function 10 s
// to start.
const startTime = 8 * time.Second

func run(ctx context.Context, args, environ []string, stderr io.Writer) error {
	if len(args) > 0 {
		return &diag.Diagnostic{Rule: "sink-usage", Summary: "alert-sink takes no arguments", Found: args[0], Fix: "configure it by environment variables", Ref: "docs/alert-sink.md"}
	}
	c, err := sink.FromEnvironment(environ)
	if err != nil {
		return err
	}
	secrets, err := readSecrets(ctx, c)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	s := sink.New(sink.Options{Config: c, Secrets: secrets, Log: log})
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		lambda.StartWithOptions(s, lambda.WithContext(ctx)) // does not return
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", c.Address)
	if err != nil {
		return &diag.Diagnostic{Rule: "sink-listen", Summary: "the sink cannot listen", Found: err.Error(), Fix: "set SINK_ADDRESS to a free address", Err: err}
	}
	log.Info("listening", "address", l.Addr().String(), "topics", len(c.Topics), "pushover", c.Pushover(), "webhook", !secrets.Shared.IsZero())
	if err := s.Serve(ctx, l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return &diag.Diagnostic{Summary: "the sink ended: " + err.Error(), Err: err}
	}
	log.Info("ended")
	return nil
}

func readSecrets(ctx context.Context, c sink.Config) (sink.Secrets, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	a, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return sink.Secrets{}, &diag.Diagnostic{Rule: "sink-secrets", Summary: "the AWS configuration cannot be loaded", Found: err.Error(), Err: err}
	}
	a.HTTPClient = sdkclient.Client(a.HTTPClient)
	return sink.ReadSecrets(ctx, ssm.NewFromConfig(a), c)
}
