package securityhub

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"

	sdk "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

// finding is a finding in the AWS Security Finding Format.
type finding struct{ types.AwsSecurityFinding }

// findingKey: a finding is known by its product and its ID.
func findingKey(h *hub, productARN, id string) string {
	return place(h.Account, h.Region) + productARN + "/" + id
}

func (s *Service) findingRows() []op.Row {
	return []op.Row{
		op.New("BatchImportFindings", "Security Hub API_BatchImportFindings", op.Write, s.checkImport, s.importFindings),
		op.New("BatchUpdateFindings", "Security Hub API_BatchUpdateFindings", op.Write, s.checkUpdate, s.updateFindings),
		op.New("GetFindings", "Security Hub API_GetFindings", op.Read, onHub[sdk.GetFindingsInput](s, "GetFindings"), s.getFindings),
	}
}

// tell sends a finding to EventBridge: one event for each.
// Source: Security Hub User Guide "EventBridge event types in Security Hub CSPM": "Each
// Security Hub Findings - Imported event contains a single finding"; updates are told as
// well as new findings.
func tell(c *op.Call, h *hub, f *finding) {
	c.Signal(op.Signal{
		Source: "aws.securityhub", DetailType: "Security Hub Findings - Imported", Account: h.Account, Region: h.Region, Time: c.Now,
		Resources: []string{*f.ProductArn + "/" + *f.Id},
		Detail:    map[string]any{"findings": []json.RawMessage{body.Marshal(f.AwsSecurityFinding)}},
	})
}

// severity fills in what a severity leaves out: the label decides, then the number.
// Source: Security Hub User Guide "Severity" of ASFF's top-level attributes.
func severity(in types.Severity) (types.Severity, error) {
	values := map[types.SeverityLabel]int32{
		types.SeverityLabelInformational: 0, types.SeverityLabelLow: 1, types.SeverityLabelMedium: 40, types.SeverityLabelHigh: 70, types.SeverityLabelCritical: 90,
	}
	if in.Label != "" {
		n, ok := values[in.Label]
		if !ok {
			return in, invalid("The value %q of Severity.Label is not valid.", in.Label)
		}
		in.Normalized = &n
		return in, nil
	}
	if in.Normalized == nil {
		return in, invalid("Severity needs a Label or Normalized.")
	}
	switch n := *in.Normalized; {
	case n < 0 || n > 100:
		return in, invalid("Severity.Normalized is between 0 and 100.")
	case n == 0:
		in.Label = types.SeverityLabelInformational
	case n < 40:
		in.Label = types.SeverityLabelLow
	case n < 70:
		in.Label = types.SeverityLabelMedium
	case n < 90:
		in.Label = types.SeverityLabelHigh
	default:
		in.Label = types.SeverityLabelCritical
	}
	return in, nil
}

// getFindings lists those that meet the filters, page by page.
func (s *Service) getFindings(c *op.Call, in *sdk.GetFindingsInput) (*sdk.GetFindingsOutput, error) {
	h, err := s.enabled(c)
	if err != nil {
		return nil, err
	}
	n, err := limit(in.MaxResults)
	if err != nil {
		return nil, err
	}
	wanted, err := compile(in.Filters)
	if err != nil {
		return nil, err
	}
	var list []*finding
	for _, f := range s.findings.Prefix(place(h.Account, h.Region)) {
		if wanted(f) {
			list = append(list, f)
		}
	}
	if err := order(list, in.SortCriteria); err != nil {
		return nil, err
	}
	type entry struct {
		f  *finding
		at string
	}
	entries := make([]entry, len(list))
	for i, f := range list {
		// Numbers of one length stand in their own order.
		entries[i] = entry{f, strconv.Itoa(1_000_000_000 + i)}
	}
	entries, next := page.Cut(entries, func(e entry) string { return e.at }, n, token(in.NextToken))
	out := &sdk.GetFindingsOutput{Findings: []types.AwsSecurityFinding{}, NextToken: next}
	for _, e := range entries {
		out.Findings = append(out.Findings, e.f.AwsSecurityFinding)
	}
	return out, nil
}

// order sorts findings by what a request names, the first name first.
func order(list []*finding, by []types.SortCriterion) error {
	for _, x := range slices.Backward(by) {
		var less func(a, b *finding) int
		switch text(x.Field) {
		case "UpdatedAt":
			less = func(a, b *finding) int { return cmp.Compare(text(a.UpdatedAt), text(b.UpdatedAt)) }
		case "CreatedAt":
			less = func(a, b *finding) int { return cmp.Compare(text(a.CreatedAt), text(b.CreatedAt)) }
		case "SeverityLabel", "SeverityNormalized":
			less = func(a, b *finding) int { return cmp.Compare(*a.Severity.Normalized, *b.Severity.Normalized) }
		case "Title":
			less = func(a, b *finding) int { return cmp.Compare(text(a.Title), text(b.Title)) }
		case "Id":
			less = func(a, b *finding) int { return cmp.Compare(text(a.Id), text(b.Id)) }
		default:
			return refuse("the order of findings by \"" + text(x.Field) + "\"")
		}
		switch x.SortOrder {
		case "", types.SortOrderAscending:
			slices.SortStableFunc(list, less)
		case types.SortOrderDescending:
			slices.SortStableFunc(list, func(a, b *finding) int { return less(b, a) })
		default:
			return invalid("The value %q of SortOrder is not valid.", x.SortOrder)
		}
	}
	return nil
}
