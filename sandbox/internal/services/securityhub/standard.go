package securityhub

import (
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

// standard is a security standard that can be enabled.
type standard struct {
	path, name string
	// first: a new hub has it.
	first bool
}

// standards in the order of their paths.
// Source: Security Hub User Guide "Standards reference"; API_EnableSecurityHub: the
// default ones are CIS 1.2.0 and FSBP.
var standards = []standard{
	{path: "ruleset/cis-aws-foundations-benchmark/v/1.2.0", name: "CIS AWS Foundations Benchmark v1.2.0", first: true},
	{path: "standards/aws-foundational-security-best-practices/v/1.0.0", name: "AWS Foundational Security Best Practices v1.0.0", first: true},
	{path: "standards/aws-resource-tagging-standard/v/1.0.0", name: "AWS Resource Tagging Standard v1.0.0"},
	{path: "standards/cis-aws-foundations-benchmark/v/1.4.0", name: "CIS AWS Foundations Benchmark v1.4.0"},
	{path: "standards/cis-aws-foundations-benchmark/v/3.0.0", name: "CIS AWS Foundations Benchmark v3.0.0"},
	{path: "standards/cis-aws-foundations-benchmark/v/5.0.0", name: "CIS AWS Foundations Benchmark v5.0.0"},
	{path: "standards/nist-800-171/v/2.0.0", name: "NIST Special Publication 800-171 Revision 2"},
	{path: "standards/nist-800-53/v/5.0.0", name: "NIST Special Publication 800-53 Revision 5"},
	{path: "standards/pci-dss/v/3.2.1", name: "PCI DSS v3.2.1"},
	{path: "standards/pci-dss/v/4.0.1", name: "PCI DSS v4.0.1"},
}

// arn is the standard's in a region; the oldest has none.
func (x *standard) arn(region string) string {
	if strings.HasPrefix(x.path, "ruleset/") {
		return "arn:aws:securityhub:::" + x.path
	}
	return "arn:aws:securityhub:" + region + "::" + x.path
}

// on is the ARN of a hub's subscription to the standard.
func (x *standard) on(h *hub) string {
	_, path, _ := strings.Cut(x.path, "/")
	return "arn:aws:securityhub:" + h.Region + ":" + h.Account + ":subscription/" + path
}

func (s *Service) standardRows() []op.Row {
	return []op.Row{
		op.New("DescribeStandards", "Security Hub API_DescribeStandards", op.Read, onHub[sdk.DescribeStandardsInput](s, "DescribeStandards"), s.describeStandards),
		op.New("GetEnabledStandards", "Security Hub API_GetEnabledStandards", op.Read, onHub[sdk.GetEnabledStandardsInput](s, "GetEnabledStandards"), s.getStandards),
		op.New("BatchEnableStandards", "Security Hub API_BatchEnableStandards", op.Write, onHub[sdk.BatchEnableStandardsInput](s, "BatchEnableStandards"), s.enableStandards),
		op.New("BatchDisableStandards", "Security Hub API_BatchDisableStandards", op.Write, onHub[sdk.BatchDisableStandardsInput](s, "BatchDisableStandards"), s.disableStandards),
	}
}

func (s *Service) describeStandards(c *op.Call, in *sdk.DescribeStandardsInput) (*sdk.DescribeStandardsOutput, error) {
	if _, err := s.enabled(c); err != nil {
		return nil, err
	}
	n, err := limit(in.MaxResults)
	if err != nil {
		return nil, err
	}
	list, next := page.Cut(standards, func(x standard) string { return x.path }, n, token(in.NextToken))
	out := &sdk.DescribeStandardsOutput{Standards: []types.Standard{}, NextToken: next}
	for _, x := range list {
		out.Standards = append(out.Standards, types.Standard{
			StandardsArn: new(x.arn(c.Region)), Name: &x.name, EnabledByDefault: &x.first, Description: new("The security standard " + x.name + "."),
			StandardsManagedBy: &types.StandardsManagedBy{Company: new("AWS"), Product: new("Security Hub")},
		})
	}
	return out, nil
}

func (h *hub) view(x *standard, status types.StandardsStatus) types.StandardsSubscription {
	input := h.Standards[x.arn(h.Region)].Input
	if input == nil {
		input = map[string]string{}
	}
	return types.StandardsSubscription{
		StandardsArn: new(x.arn(h.Region)), StandardsSubscriptionArn: new(x.on(h)), StandardsStatus: status, StandardsInput: input,
		StandardsControlsUpdatable: types.StandardsControlsUpdatableReadyForUpdates,
	}
}

// getStandards lists what is enabled; a subscription asked for that is not there is
// left out.
func (s *Service) getStandards(c *op.Call, in *sdk.GetEnabledStandardsInput) (*sdk.GetEnabledStandardsOutput, error) {
	h, err := s.enabled(c)
	if err != nil {
		return nil, err
	}
	if len(in.StandardsSubscriptionArns) > 25 {
		return nil, invalid("StandardsSubscriptionArns has at most 25 entries.")
	}
	n, err := limit(in.MaxResults)
	if err != nil {
		return nil, err
	}
	all := []types.StandardsSubscription{}
	for _, x := range standards {
		if _, ok := h.Standards[x.arn(h.Region)]; ok && (in.StandardsSubscriptionArns == nil || slices.Contains(in.StandardsSubscriptionArns, x.on(h))) {
			all = append(all, h.view(&x, types.StandardsStatusReady))
		}
	}
	slices.SortFunc(all, func(a, b types.StandardsSubscription) int {
		return strings.Compare(*a.StandardsSubscriptionArn, *b.StandardsSubscriptionArn)
	})
	all, next := page.Cut(all, func(x types.StandardsSubscription) string { return *x.StandardsSubscriptionArn }, n, token(in.NextToken))
	return &sdk.GetEnabledStandardsOutput{StandardsSubscriptions: all, NextToken: next}, nil
}

// enableStandards answers PENDING; whoever asks again finds READY. A standard that is
// enabled already stays as it is.
// Source: API_BatchEnableStandards.
func (s *Service) enableStandards(c *op.Call, in *sdk.BatchEnableStandardsInput) (*sdk.BatchEnableStandardsOutput, error) {
	h, err := s.enabled(c)
	if err != nil {
		return nil, err
	}
	if n := len(in.StandardsSubscriptionRequests); n < 1 || n > 25 {
		return nil, invalid("StandardsSubscriptionRequests has 1 to 25 entries.")
	}
	var asked []*standard
	for _, r := range in.StandardsSubscriptionRequests {
		i := slices.IndexFunc(standards, func(x standard) bool { return x.arn(c.Region) == text(r.StandardsArn) })
		if i < 0 {
			return nil, invalid("Invalid standards ARN: %s", text(r.StandardsArn))
		}
		asked = append(asked, &standards[i])
	}
	s.change(h, func(own *hub) {
		h = own
		for i, x := range asked {
			if _, ok := own.Standards[x.arn(c.Region)]; !ok {
				own.Standards[x.arn(c.Region)] = standardOn{in.StandardsSubscriptionRequests[i].StandardsInput}
			}
		}
	})
	out := &sdk.BatchEnableStandardsOutput{StandardsSubscriptions: []types.StandardsSubscription{}}
	for _, x := range asked {
		out.StandardsSubscriptions = append(out.StandardsSubscriptions, h.view(x, types.StandardsStatusPending))
	}
	return out, nil
}

func (s *Service) disableStandards(c *op.Call, in *sdk.BatchDisableStandardsInput) (*sdk.BatchDisableStandardsOutput, error) {
	h, err := s.enabled(c)
	if err != nil {
		return nil, err
	}
	if n := len(in.StandardsSubscriptionArns); n < 1 || n > 25 {
		return nil, invalid("StandardsSubscriptionArns has 1 to 25 entries.")
	}
	out := &sdk.BatchDisableStandardsOutput{StandardsSubscriptions: []types.StandardsSubscription{}}
	var gone []string
	for _, arn := range in.StandardsSubscriptionArns {
		i := slices.IndexFunc(standards, func(x standard) bool {
			_, on := h.Standards[x.arn(h.Region)]
			return on && x.on(h) == arn
		})
		if i < 0 {
			return nil, invalid("The account is not subscribed to the standard of %s", arn)
		}
		out.StandardsSubscriptions = append(out.StandardsSubscriptions, h.view(&standards[i], types.StandardsStatusDeleting))
		gone = append(gone, standards[i].arn(h.Region))
	}
	s.change(h, func(own *hub) {
		for _, arn := range gone {
			delete(own.Standards, arn)
		}
	})
	return out, nil
}
