package lambda_test

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/sandbox"
)

func TestFunctionIsExecutedAsItsRole(t *testing.T) {
	w := open(t, sandbox.Options{RunFunctions: true})
	in := input(built(t))
	in.Environment = &types.Environment{Variables: map[string]string{"COLOUR": "blue"}}
	w.create(in)

	// Nobody reads what the role may not write.
	w.call(`{}`)
	if got := w.sb.Undelivered(); len(got) != 1 || got[0].To != "/aws/lambda/f" || !strings.Contains(got[0].Reason, "logs:CreateLogStream") {
		t.Errorf("the log without permission: %+v", got)
	}
	_, err := w.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("function"), PolicyName: aws.String("logs"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:*:*:log-group:/aws/lambda/f*"}}`)})
	w.must(err)
	_, err = w.fn.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Description: aws.String("anew")})
	w.must(err)

	first, m := w.call(`{"a":[1]}`)
	if first.FunctionError != nil || *first.ExecutedVersion != "$LATEST" || m["count"] != 1.0 || m["arn"] != fARN || m["deadline"] != true {
		t.Errorf("first: %v", m)
	}
	log, err := base64.StdEncoding.DecodeString(aws.ToString(first.LogResult))
	w.must(err)
	for _, line := range []string{"START RequestId: " + m["request"].(string) + " Version: $LATEST\n", "\ninvoked 1\n", "\nEND RequestId: ", "\nREPORT RequestId: ", "Memory Size: 128 MB"} {
		if !strings.Contains(string(log), line) {
			t.Errorf("the log %q has no %q", log, line)
		}
	}
	lines, err := cloudwatchlogs.NewFromConfig(w.sb.Config(w.sb.Credentials())).FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/f")})
	w.must(err)
	got := ""
	for _, e := range lines.Events {
		got += *e.Message + "\n"
	}
	if got != string(log) || !strings.Contains(*lines.Events[0].LogStreamName, "/[$LATEST]") {
		t.Errorf("the log group has %q, the invocation %q", got, log)
	}
	// Warm: the same process; after a change a new one.
	second, m := w.call(`{}`)
	if log, _ := base64.StdEncoding.DecodeString(aws.ToString(second.LogResult)); m["count"] != 2.0 || strings.Contains(string(log), "invoked 1") {
		t.Errorf("second: %v, %s", m, log)
	}
	_, err = w.fn.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Timeout: aws.Int32(61)})
	w.must(err)
	if _, m = w.call(`{}`); m["count"] != 1.0 {
		t.Errorf("after a change: %v", m)
	}

	if _, m = w.call(`{"do":"who"}`); m["arn"] != "arn:aws:sts::"+account+":assumed-role/function/f-function" {
		t.Errorf("it is %v", m)
	}
	_, m = w.call(`{"do":"environment","names":["COLOUR","AWS_REGION","AWS_LAMBDA_FUNCTION_NAME","AWS_LAMBDA_LOG_GROUP_NAME","STRONGROOM_SANDBOX","HOME","_HANDLER"]}`)
	if want := (map[string]any{"COLOUR": "blue", "AWS_REGION": region, "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f", "_HANDLER": "bootstrap"}); !maps.Equal(m, want) {
		t.Errorf("environment %v, want %v", m, want)
	}

	out, m := w.call(`{"do":"fail"}`)
	if aws.ToString(out.FunctionError) != "Unhandled" || m["errorMessage"] != "it was told to fail" || m["errorType"] != "errorString" {
		t.Errorf("a failure: %v", m)
	}
	out, m = w.call(`{"do":"exit"}`)
	if aws.ToString(out.FunctionError) != "Unhandled" || m["errorType"] != "Runtime.ExitError" || !strings.Contains(m["errorMessage"].(string), "exit status 3") {
		t.Errorf("an exit: %v", m)
	}
	if _, m = w.call(`{}`); m["count"] != 1.0 {
		t.Errorf("after the exit: %v", m)
	}
	out, m = w.call(`{"do":"grow"}`)
	if aws.ToString(out.FunctionError) != "Unhandled" || m["errorType"] != "Runtime.ExitError" || !strings.Contains(m["errorMessage"].(string), "killed") {
		t.Errorf("too much memory: %v", m)
	}
	_, err = w.fn.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Timeout: aws.Int32(1)})
	w.must(err)
	out, m = w.call(`{"do":"hang"}`)
	if aws.ToString(out.FunctionError) != "Unhandled" || m["errorType"] != "Sandbox.Timedout" || !strings.HasSuffix(m["errorMessage"].(string), "Error: Task timed out after 1.00 seconds") {
		t.Errorf("a timeout: %v", m)
	}
}

func TestInvokeRefuses(t *testing.T) {
	w := open(t, sandbox.Options{RunFunctions: true})
	w.create(input(script(t)))
	name := aws.String("f")
	invoke := func(in *lambda.InvokeInput) error {
		_, err := w.fn.Invoke(ctx, in)
		return err
	}
	w.refused(invoke(&lambda.InvokeInput{FunctionName: name, Payload: []byte("{")}), "InvalidRequestContentException")
	w.refused(invoke(&lambda.InvokeInput{FunctionName: aws.String("g")}), "ResourceNotFoundException", "function:g")
	w.refused(invoke(&lambda.InvokeInput{FunctionName: name, Qualifier: aws.String("live")}), "ResourceNotFoundException", "alias")
	w.refused(invoke(&lambda.InvokeInput{FunctionName: name, ClientContext: aws.String("e30=")}), "InvalidParameterValueException", "client contexts")
	w.refused(invoke(&lambda.InvokeInput{FunctionName: name, InvocationType: types.InvocationTypeEvent, Payload: []byte(`"` + strings.Repeat("x", 1<<20) + `"`)}), "RequestTooLargeException")
	if out, err := w.fn.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, InvocationType: types.InvocationTypeDryRun}); err != nil || out.StatusCode != 204 {
		t.Errorf("dry run: %+v, %v", out, err)
	}
	out, m := w.call(`{}`)
	if aws.ToString(out.FunctionError) != "Unhandled" || m["errorType"] != "Runtime.ExitError" || !strings.Contains(m["errorMessage"].(string), "exit status 7") {
		t.Errorf("a program that ends: %v", m)
	}

	_, err := w.fn.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: aws.Int32(0)})
	w.must(err)
	w.refused(invoke(&lambda.InvokeInput{FunctionName: name}), "TooManyRequestsException")
	_, err = w.fn.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: name})
	w.must(err)

	// The role is assumed anew by every process.
	_, err = w.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("function"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`)})
	w.must(err)
	w.refused(invoke(&lambda.InvokeInput{FunctionName: name}), "AccessDeniedException", "cannot be assumed by Lambda")

	for in, want := range map[*lambda.UpdateFunctionConfigurationInput]string{
		{FunctionName: name, Runtime: types.RuntimePython313}: "python3.13",
	} {
		_, err = w.fn.UpdateFunctionConfiguration(ctx, in)
		w.must(err)
		w.refused(invoke(&lambda.InvokeInput{FunctionName: name}), "NotImplemented", want)
	}
	other := types.ArchitectureArm64
	if here()[0] == other {
		other = types.ArchitectureX8664
	}
	_, err = w.fn.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: name, Runtime: types.RuntimeProvidedal2})
	w.must(err)
	_, err = w.fn.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: name, ZipFile: script(t), Architectures: []types.Architecture{other}})
	w.must(err)
	w.refused(invoke(&lambda.InvokeInput{FunctionName: name}), "NotImplemented", string(other))

	still := open(t, sandbox.Options{})
	still.create(input(script(t)))
	for _, kind := range []types.InvocationType{types.InvocationTypeRequestResponse, types.InvocationTypeEvent} {
		_, err := still.fn.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, InvocationType: kind})
		still.refused(err, "NotImplemented", "RunFunctions")
	}
}

// Events are tried again after one minute and after two more, and then given up.
func TestEventsAreRetried(t *testing.T) {
	w := open(t, sandbox.Options{RunFunctions: true})
	w.create(input(script(t)))
	name := aws.String("f")
	event := func() {
		t.Helper()
		out, err := w.fn.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, InvocationType: types.InvocationTypeEvent})
		if err != nil || out.StatusCode != 202 {
			t.Fatalf("%+v, %v", out, err)
		}
		w.settle()
	}
	event()
	w.must(w.sb.Advance(time.Minute))
	w.settle()
	w.must(w.sb.Advance(119 * time.Second))
	w.settle()
	if got := w.gaveUp(); len(got) != 0 {
		t.Fatalf("given up too early: %+v", got)
	}
	w.must(w.sb.Advance(time.Second))
	w.settle()
	if got := w.gaveUp(); len(got) != 1 || got[0].To != fARN || !strings.Contains(got[0].Reason, "failed 3 times, at last with Runtime.ExitError") {
		t.Fatalf("%+v", got)
	}
	_, err := w.fn.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: name, MaximumRetryAttempts: aws.Int32(0)})
	w.must(err)
	event()
	if got := w.gaveUp(); len(got) != 2 || !strings.Contains(got[1].Reason, "failed once") {
		t.Errorf("%+v", got)
	}
	// A throttle is no failure: it waits up to its age.
	_, err = w.fn.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: name, MaximumEventAgeInSeconds: aws.Int32(60)})
	w.must(err)
	_, err = w.fn.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: aws.Int32(0)})
	w.must(err)
	event()
	w.must(w.sb.Advance(time.Minute + time.Second))
	w.settle()
	if got := w.gaveUp(); len(got) != 3 || !strings.Contains(got[2].Reason, "older than 1m0s") && !strings.Contains(got[2].Reason, "not executed for 1m0s") {
		t.Errorf("%+v", got)
	}
}

// A rule and a topic reach a function that admits them, and no other.
func TestRulesAndTopicsReachFunctions(t *testing.T) {
	w := open(t, sandbox.Options{RunFunctions: true})
	w.create(input(zipped(t, "bootstrap", []byte("#!/bin/sh\nexit 7\n"), 0o755)))
	_, err := w.fn.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"), MaximumRetryAttempts: aws.Int32(0)})
	w.must(err)
	cfg := w.sb.Config(w.sb.Credentials())
	rules, topics := eventbridge.NewFromConfig(cfg), sns.NewFromConfig(cfg)
	rule, err := rules.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":["app"]}`)})
	w.must(err)
	_, err = rules.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []ebtypes.Target{{Id: aws.String("f"), Arn: aws.String(fARN)}}})
	w.must(err)
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t")})
	w.must(err)
	sub, err := topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("lambda"), Endpoint: aws.String(fARN)})
	w.must(err)
	if !strings.HasPrefix(*sub.SubscriptionArn, *topic.TopicArn+":") {
		t.Errorf("the subscription waits: %s", *sub.SubscriptionArn)
	}
	_, err = topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("lambda"), Endpoint: aws.String("f")})
	w.refused(err, "InvalidParameter", "Lambda endpoint ARN")

	last := 0
	fire := func() []sandbox.Undelivered {
		t.Helper()
		_, err := rules.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{Source: aws.String("app"), DetailType: aws.String("d"), Detail: aws.String("{}")}}})
		w.must(err)
		_, err = topics.Publish(ctx, &sns.PublishInput{TopicArn: topic.TopicArn, Message: aws.String("m")})
		w.must(err)
		w.settle()
		all := w.gaveUp()
		fresh := all[last:]
		last = len(all)
		return fresh
	}
	admit := func(sid, service, source string) {
		t.Helper()
		_, err := w.fn.AddPermission(ctx, &lambda.AddPermissionInput{FunctionName: aws.String("f"), StatementId: &sid, Action: aws.String("lambda:InvokeFunction"), Principal: &service, SourceArn: &source})
		w.must(err)
	}
	if got := fire(); len(got) != 2 || got[0].Service == "lambda.amazonaws.com" || got[1].Service == "lambda.amazonaws.com" || !strings.Contains(got[0].Reason, "lambda:InvokeFunction") {
		t.Fatalf("without permission: %+v", got)
	}
	admit("rule", "events.amazonaws.com", *rule.RuleArn)
	admit("topic", "sns.amazonaws.com", *topic.TopicArn)
	got := fire()
	if len(got) != 2 || got[0].Service != "lambda.amazonaws.com" || got[1].Service != "lambda.amazonaws.com" {
		t.Fatalf("with permission: %+v", got)
	}
	if from := got[0].From + got[1].From; !strings.Contains(from, *rule.RuleArn) || !strings.Contains(from, *topic.TopicArn) {
		t.Errorf("they came from %s", from)
	}
	for _, sid := range []string{"rule", "topic"} {
		_, err := w.fn.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: aws.String("f"), StatementId: &sid})
		w.must(err)
	}
	admit("rule", "events.amazonaws.com", *rule.RuleArn+"x")
	admit("topic", "sns.amazonaws.com", *topic.TopicArn+"x")
	if got := fire(); len(got) != 2 || got[0].Service == "lambda.amazonaws.com" || got[1].Service == "lambda.amazonaws.com" {
		t.Errorf("with permission for others: %+v", got)
	}
}
