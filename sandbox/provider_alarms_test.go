package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// Alarms and parameters are built, changed, imported and destroyed by the real provider; an
// alarm that was built rings, and a value that is only written is not in the state.
func TestProviderBuildsAlarms(t *testing.T) {
	if testing.Short() {
		t.Skip("the provider needs about a minute")
	}
	t.Parallel()
	s := start(t, sandbox.Options{})
	w := newWorkdir(t, engines(t)[0], s, s.Credentials(), "alarms")
	generation := func(n int) { w.write("generation.auto.tfvars", fmt.Sprintf("generation = %d\n", n)) }
	defer checkAlertRequests(t, s)
	cw, store := cloudwatch.NewFromConfig(s.Config(s.Credentials())), ssm.NewFromConfig(s.Config(s.Credentials()))
	value := func(name, want string) {
		t.Helper()
		out, err := store.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
		if err != nil || *out.Parameter.Value != want {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}

	generation(1)
	w.must("init", "-input=false", "-no-color")
	w.must("apply", "-auto-approve", "-no-color")
	w.settled()
	value("/vault/written", "written once")
	if state := w.must("state", "pull"); strings.Contains(state, "written once") || !strings.Contains(state, "/vault/written") {
		t.Error("the state holds what is only to be written, or not its parameter")
	}
	if err := s.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.Mail() {
		if m.Confirm != "" {
			r, err := s.HTTPClient().Get(m.Confirm)
			if err != nil {
				t.Fatal(err)
			}
			_ = r.Body.Close()
		}
	}
	_, err := cw.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("room"), MetricData: []cwtypes.MetricDatum{{
		MetricName: aws.String("sign-in"), Value: aws.Float64(1), Unit: cwtypes.StandardUnitCount, Timestamp: aws.Time(s.Now()),
		Dimensions: []cwtypes.Dimension{{Name: aws.String("Account"), Value: aws.String("1")}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	rung := 0
	for _, m := range s.Mail() {
		if m.Subject == `ALARM: "root" in EU (London)` {
			rung++
		}
	}
	if rung != 1 {
		t.Errorf("the alarm rang %d times; mails %+v; undelivered %+v", rung, s.Mail(), s.Undelivered())
	}

	list := strings.Fields("aws_cloudwatch_metric_alarm.root aws_cloudwatch_metric_alarm.bare aws_ssm_parameter.plain aws_ssm_parameter.list " +
		"aws_ssm_parameter.secret aws_ssm_parameter.managed aws_ssm_parameter.kept")
	w.write("import.tf", importBlocks(t, w, list))
	w.must(append([]string{"state", "rm"}, list...)...)
	generation(2)
	out := w.must("apply", "-auto-approve", "-no-color")
	if want := fmt.Sprintf("%d imported", len(list)); !strings.Contains(out, want) {
		t.Errorf("the second apply does not say %q:\n%s", want, out)
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, "must be replaced") {
			t.Errorf("an update replaces: %s", line)
		}
	}
	w.settled()
	for name, want := range map[string]string{"/vault/written": "written twice", "/room/kept": "hush hush", "/room/secret": "hush hush", "/room/managed": "quieter", "list": "a;b"} {
		value(name, want)
	}

	w.must("destroy", "-auto-approve", "-no-color")
	alarms, err := cw.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{})
	if err != nil || len(alarms.MetricAlarms) != 0 {
		t.Errorf("alarms after destroy: %+v, %v", alarms, err)
	}
	left, err := store.DescribeParameters(ctx, &ssm.DescribeParametersInput{})
	if err != nil || len(left.Parameters) != 0 {
		t.Errorf("parameters after destroy: %+v, %v", left, err)
	}
}
