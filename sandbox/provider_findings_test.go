package sandbox_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// foundAgain are the resources of the stack "findings" that the state forgets and that
// are taken back by import, each with the ID that it is imported by.
func foundAgain(detector string) map[string]string {
	subscription := "arn:aws:securityhub:eu-west-2:" + sandbox.DefaultAccount + ":"
	return map[string]string{
		"aws_guardduty_detector.main":                    detector,
		"aws_guardduty_filter.quiet":                     detector + ":quiet",
		"aws_securityhub_account.main":                   sandbox.DefaultAccount,
		"aws_securityhub_standards_subscription.fsbp":    subscription + "subscription/aws-foundational-security-best-practices/v/1.0.0",
		"aws_securityhub_product_subscription.inspector": "arn:aws:securityhub:eu-west-2::product/aws/inspector," + subscription + "product-subscription/aws/inspector",
		"aws_accessanalyzer_analyzer.main":               "main",
		"aws_accessanalyzer_archive_rule.known":          "main/known",
	}
}

// Detectors, the hub and analyzers are built, changed, imported and destroyed by the
// real provider.
func TestProviderBuildsFindings(t *testing.T) {
	if testing.Short() {
		t.Skip("the provider needs about a minute")
	}
	t.Parallel()
	s := start(t, sandbox.Options{})
	w := newWorkdir(t, engines(t)[0], s, s.Credentials(), "findings")
	generation := func(n int) { w.write("generation.auto.tfvars", fmt.Sprintf("generation = %d\n", n)) }
	defer func() {
		if unknown := s.Unknown(); len(unknown) > 0 {
			t.Errorf("operations that the sandbox does not implement: %v", unknown)
		}
	}()

	generation(1)
	w.must("init", "-input=false", "-no-color")
	w.must("apply", "-auto-approve", "-no-color")
	w.settled()

	detector := strings.TrimSpace(w.must("output", "-raw", "detector"))
	var blocks strings.Builder
	forget := []string{"state", "rm"}
	for address, id := range foundAgain(detector) {
		fmt.Fprintf(&blocks, "import {\n  to = %s\n  id = %q\n}\n", address, id)
		forget = append(forget, address)
	}
	w.must(forget...)
	w.write("import.tf", blocks.String())
	generation(2)
	out := w.must("apply", "-auto-approve", "-no-color")
	if want := fmt.Sprintf("%d imported", len(forget)-2); !strings.Contains(out, want) {
		t.Errorf("the second apply does not say %q:\n%s", want, out)
	}
	w.settled()

	w.must("destroy", "-auto-approve", "-no-color")
	cfg := s.Config(s.Credentials())
	detectors, err := guardduty.NewFromConfig(cfg).ListDetectors(ctx, &guardduty.ListDetectorsInput{})
	if err != nil || len(detectors.DetectorIds) > 0 {
		t.Errorf("detectors after destroy: %+v, %v", detectors, err)
	}
	analyzers, err := accessanalyzer.NewFromConfig(cfg).ListAnalyzers(ctx, &accessanalyzer.ListAnalyzersInput{})
	if err != nil || len(analyzers.Analyzers) > 0 {
		t.Errorf("analyzers after destroy: %+v, %v", analyzers, err)
	}
	var api smithy.APIError
	if _, err := securityhub.NewFromConfig(cfg).DescribeHub(ctx, &securityhub.DescribeHubInput{}); !errors.As(err, &api) || api.ErrorCode() != "InvalidAccessException" {
		t.Errorf("the hub after destroy: %v", err)
	}
	for _, e := range s.Events() {
		known := slices.Contains([]string{"BadRequestException", "InvalidAccessException", "ResourceNotFoundException"}, e.ErrorCode)
		if e.ErrorCode != "" && !known {
			t.Errorf("%s %s: %s: %s %v", e.EventSource, e.EventName, e.ErrorCode, e.ErrorMessage, e.RequestParameters)
		}
	}
}
