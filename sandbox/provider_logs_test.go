package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// Log groups, streams, metric filters, resource policies and a trail that sends to a log
// group are built, changed, imported and destroyed by the real provider; and what was
// built gets the trail's events, and a rule's.
func TestProviderBuildsLogGroups(t *testing.T) {
	if testing.Short() {
		t.Skip("the provider needs about a minute")
	}
	t.Parallel()
	s := start(t, sandbox.Options{})
	w := newWorkdir(t, engines(t)[0], s, s.Credentials(), "logs")
	generation := func(n int) { w.write("generation.auto.tfvars", fmt.Sprintf("generation = %d\n", n)) }
	before := holds(t, s)
	defer func() {
		if unknown := s.Unknown(); len(unknown) > 0 {
			t.Errorf("operations that the sandbox does not implement: %v", unknown)
		}
		// force_destroy tries to delete the bucket before it empties it.
		expected := append([]string{"ResourceNotFoundException", "BucketNotEmpty"}, absent...)
		for _, e := range s.Events() {
			if e.ErrorCode != "" && !slices.Contains(expected, e.ErrorCode) {
				t.Errorf("%s %s: %s: %s %v", e.EventSource, e.EventName, e.ErrorCode, e.ErrorMessage, e.RequestParameters)
			}
		}
	}()

	generation(1)
	w.must("init", "-input=false", "-no-color")
	w.must("apply", "-auto-approve", "-no-color")
	w.settled()
	if got, want := strings.TrimSpace(w.must("output", "-raw", "read")), "arn:aws:logs:eu-west-2:"+sandbox.DefaultAccount+":log-group:trail /aws/events/orders"; got != want {
		t.Errorf("the data sources read %q, want %q", got, want)
	}
	logs := cloudwatchlogs.NewFromConfig(s.Config(s.Credentials()))
	holdsEvents := func(group, pattern string) bool {
		t.Helper()
		out, err := logs.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, FilterPattern: &pattern})
		if err != nil {
			t.Fatal(err)
		}
		return len(out.Events) > 0
	}
	_, err := eventbridge.NewFromConfig(s.Config(s.Credentials())).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
		Source: aws.String("app"), DetailType: aws.String("Order"), Detail: aws.String(`{"n":1}`)}}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // what happened, and five minutes later its delivery
		if err := s.Settle(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.Advance(6 * time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if !holdsEvents("/aws/events/orders", `{ $.detail.n = 1 }`) || !holdsEvents("trail", `{ $.eventName = "StartLogging" || $.eventName = "PutRule" || $.eventName = "DescribeTrails" }`) {
		t.Errorf("the log groups lack events; undelivered %+v", s.Undelivered())
	}

	imports := map[string]string{
		"aws_cloudwatch_log_group.trail":            "trail",
		"aws_cloudwatch_log_stream.own":             "trail:own",
		"aws_cloudwatch_log_metric_filter.root":     "trail:root",
		"aws_cloudwatch_log_resource_policy.events": "events",
		"aws_cloudtrail.main":                       "arn:aws:cloudtrail:eu-west-2:" + sandbox.DefaultAccount + ":trail/main",
	}
	var blocks strings.Builder
	forget := []string{"state", "rm"}
	for address, id := range imports {
		fmt.Fprintf(&blocks, "import {\n  to = %s\n  id = %q\n}\n", address, id)
		forget = append(forget, address)
	}
	w.write("import.tf", blocks.String())
	w.must(forget...)
	generation(2)
	out := w.must("apply", "-auto-approve", "-no-color")
	if want := fmt.Sprintf("%d imported", len(imports)); !strings.Contains(out, want) || strings.Contains(out, "must be replaced") {
		t.Errorf("the second apply does not say %q, or it replaces:\n%s", want, out)
	}
	w.settled()

	w.must("destroy", "-auto-approve", "-no-color")
	if after := holds(t, s); !slices.Equal(before, after) {
		t.Errorf("after destroy the account holds\n%s\nbefore it held\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
	groups, err := logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil || len(groups.LogGroups) != 0 {
		t.Errorf("groups after destroy: %+v, %v", groups, err)
	}
	policies, err := logs.DescribeResourcePolicies(ctx, &cloudwatchlogs.DescribeResourcePoliciesInput{})
	if err != nil || len(policies.ResourcePolicies) != 0 {
		t.Errorf("resource policies after destroy: %+v, %v", policies, err)
	}
}
