package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/configservice"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// AWS Config, and the encryption of volumes by default, are built, changed, imported and destroyed
// by the real provider.
func TestProviderBuildsConfig(t *testing.T) {
	if testing.Short() {
		t.Skip("the provider needs about a minute")
	}
	t.Parallel()
	s := start(t, sandbox.Options{})
	w := newWorkdir(t, engines(t)[0], s, s.Credentials(), "config")
	generation := func(n int) { w.write("generation.auto.tfvars", fmt.Sprintf("generation = %d\n", n)) }
	before := holds(t, s)
	defer func() {
		if unknown := s.Unknown(); len(unknown) > 0 {
			t.Errorf("operations that the sandbox does not implement: %v", unknown)
		}
		for _, e := range s.Events() {
			if e.ErrorCode != "" && !slices.Contains(absent, e.ErrorCode) && !strings.HasPrefix(e.ErrorCode, "NoSuch") {
				t.Errorf("%s %s: %s: %s %v", e.EventSource, e.EventName, e.ErrorCode, e.ErrorMessage, e.RequestParameters)
			}
		}
	}()

	generation(1)
	w.must("init", "-input=false", "-no-color")
	w.must("apply", "-auto-approve", "-no-color")
	w.settled()

	list := strings.Fields("aws_config_configuration_recorder.main aws_config_delivery_channel.main aws_config_configuration_recorder_status.main aws_config_retention_configuration.main " +
		"aws_ebs_encryption_by_default.this aws_ebs_default_kms_key.this")
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

	w.must("destroy", "-auto-approve", "-no-color")
	if after := holds(t, s); !slices.Equal(before, after) {
		t.Errorf("after destroy the account holds\n%s\nbefore it held\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
	cfg := s.Config(s.Credentials())
	recorders, err := configservice.NewFromConfig(cfg).DescribeConfigurationRecorders(ctx, &configservice.DescribeConfigurationRecordersInput{})
	if err != nil || len(recorders.ConfigurationRecorders) > 0 {
		t.Errorf("recorders after destroy: %+v, %v", recorders, err)
	}
	channels, err := configservice.NewFromConfig(cfg).DescribeDeliveryChannels(ctx, &configservice.DescribeDeliveryChannelsInput{})
	if err != nil || len(channels.DeliveryChannels) > 0 {
		t.Errorf("channels after destroy: %+v, %v", channels, err)
	}
}
