package events_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// A rule writes to a log group as the group's resource policy allows it.
func TestTargetsThatAreLogGroups(t *testing.T) {
	const (
		account = sandbox.DefaultAccount
		group   = "/aws/events/orders"
		groups  = "arn:aws:logs:" + region + ":" + account + ":log-group:/aws/events/*:*"
		ruleARN = "arn:aws:events:" + region + ":" + account + ":rule/orders"
	)
	w := start(t)
	logs := cloudwatchlogs.NewFromConfig(w.sb.Config(w.sb.Credentials()))
	_, err := logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)})
	w.must(err)
	_, err = w.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("orders"), EventPattern: aws.String(`{"source":["app"]}`)})
	w.must(err)
	target := func(change func(*types.Target)) error {
		x := types.Target{Id: aws.String("log"), Arn: aws.String("arn:aws:logs:" + region + ":" + account + ":log-group:" + group)}
		change(&x)
		_, err := w.ev.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("orders"), Targets: []types.Target{x}})
		return err
	}
	plain := func(*types.Target) {}
	allow := func(doc string) {
		t.Helper()
		_, err := logs.PutResourcePolicy(ctx, &cloudwatchlogs.PutResourcePolicyInput{PolicyName: aws.String("events"), PolicyDocument: &doc})
		w.must(err)
	}
	got := func() (list []string) {
		t.Helper()
		out, err := logs.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(group)})
		w.must(err)
		for _, e := range out.Events {
			list = append(list, *e.Message)
		}
		return list
	}
	send := func(detail string) {
		t.Helper()
		_, err := w.ev.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{Source: aws.String("app"), DetailType: aws.String("t"), Detail: &detail}}})
		w.must(err)
		w.must(w.sb.Settle(ctx))
	}
	// The policy of EventBridge's guide, for the rule that condition names.
	documented := func(condition string) string {
		return `{"Version":"2012-10-17","Statement":[
			{"Sid":"Stream","Effect":"Allow","Principal":{"Service":["events.amazonaws.com","delivery.logs.amazonaws.com"]},"Action":"logs:CreateLogStream","Resource":"` + groups + `"},
			{"Sid":"Put","Effect":"Allow","Principal":{"Service":["events.amazonaws.com","delivery.logs.amazonaws.com"]},"Action":"logs:PutLogEvents","Resource":"` + groups + `:*","Condition":{"ArnEquals":{"aws:SourceArn":"` + condition + `"}}}]}`
	}

	w.must(target(plain))
	send(`{"n":1}`)
	if list, failed := got(), w.sb.Undelivered(); len(list) != 0 || len(failed) != 1 || !strings.Contains(failed[0].Reason, "logs:CreateLogStream") {
		t.Errorf("without a policy: %q, %+v", list, failed)
	}
	allow(documented(ruleARN + "s"))
	send(`{"n":2}`)
	if list, failed := got(), w.sb.Undelivered(); len(list) != 0 || len(failed) != 2 || !strings.Contains(failed[1].Reason, "logs:PutLogEvents") {
		t.Errorf("by another rule's policy: %q, %+v", list, failed)
	}
	allow(documented(ruleARN))
	send(`{"n":3}`)
	if list := got(); len(list) != 1 || !strings.Contains(list[0], `"detail":{"n":3}`) {
		t.Errorf("got %q; %+v", list, w.sb.Undelivered())
	}
	w.must(target(func(x *types.Target) {
		x.InputTransformer = &types.InputTransformer{InputPathsMap: map[string]string{"at": "$.time", "n": "$.detail.n"}, InputTemplate: aws.String(`{"timestamp":<at>,"message":"order <n>"}`)}
	}))
	send(`{"n":4}`)
	if list := got(); len(list) != 2 || list[0] != "order 4" && list[1] != "order 4" {
		t.Errorf("got %q; %+v", list, w.sb.Undelivered())
	}
	w.must(target(func(x *types.Target) { x.InputPath = aws.String("$.detail") }))
	send(`{"n":5}`)
	if failed := w.sb.Undelivered(); len(failed) != 3 || !strings.Contains(failed[2].Reason, "timestamp and a message") {
		t.Errorf("an input of another shape: %+v", failed)
	}
	w.refused(target(func(x *types.Target) { x.Arn = aws.String("arn:aws:logs:" + region + ":" + account + ":destination:x") }), "ValidationException", "not in correct format")
}
