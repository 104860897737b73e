// Command function is what the tests execute as a Lambda function: it does what its event
// says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// count is how often this process was invoked.
var count int

// hog keeps what was allocated.
var hog []byte

func handle(ctx context.Context, event map[string]any) (map[string]any, error) {
	count++
	fmt.Println("invoked", count)
	switch event["do"] {
	case "fail":
		return nil, errors.New("it was told to fail")
	case "exit":
		os.Exit(3)
	case "hang":
		select {}
	case "grow":
		hog = make([]byte, 400<<20)
		for i := range hog {
			hog[i] = 1
		}
		select {}
	case "who":
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return nil, err
		}
		return map[string]any{"arn": *who.Arn}, nil
	case "environment":
		out := map[string]any{}
		for _, name := range event["names"].([]any) {
			if value, ok := os.LookupEnv(name.(string)); ok {
				out[name.(string)] = value
			}
		}
		return out, nil
	}
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, ok := ctx.Deadline()
	return map[string]any{"count": count, "event": event, "arn": lc.InvokedFunctionArn, "request": lc.AwsRequestID, "deadline": ok && !deadline.IsZero()}, nil
}

func main() {
	if os.Getenv("BROKEN") != "" {
		os.Exit(1)
	}
	lambda.Start(handle)
}
