package securityhub

import (
	"maps"

	sdk "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// checkUpdate asks for the hub, and says which attributes are to be changed.
// Source: Security Hub User Guide "Restricting access to BatchUpdateFindings": the key
// securityhub:ASFFSyntaxPath/PATH has the new value.
func (s *Service) checkUpdate(c *op.Call, in *sdk.BatchUpdateFindingsInput) ([]op.Check, error) {
	var keys []op.Key
	add := func(path, value string) { keys = append(keys, op.Single("securityhub:ASFFSyntaxPath/"+path, value)) }
	if in.Workflow != nil {
		add("Workflow.Status", string(in.Workflow.Status))
	}
	if in.Severity != nil {
		if in.Severity.Label != "" {
			add("Severity.Label", string(in.Severity.Label))
		}
	}
	if in.VerificationState != "" {
		add("VerificationState", string(in.VerificationState))
	}
	if in.Note != nil {
		add("Note.Text", text(in.Note.Text))
		add("Note.UpdatedBy", text(in.Note.UpdatedBy))
	}
	return s.check(c, "BatchUpdateFindings", keys...), nil
}

func (s *Service) updateFindings(c *op.Call, in *sdk.BatchUpdateFindingsInput) (*sdk.BatchUpdateFindingsOutput, error) {
	h, err := s.enabled(c)
	if err != nil {
		return nil, err
	}
	if n := len(in.FindingIdentifiers); n < 1 || n > 100 {
		return nil, invalid("FindingIdentifiers has 1 to 100 entries.")
	}
	if err := checkUpdates(in); err != nil {
		return nil, err
	}
	out := &sdk.BatchUpdateFindingsOutput{ProcessedFindings: []types.AwsSecurityFindingIdentifier{}, UnprocessedFindings: []types.BatchUpdateFindingsUnprocessedFinding{}}
	for _, id := range in.FindingIdentifiers {
		key := findingKey(h, text(id.ProductArn), text(id.Id))
		old := s.findings.Get(key)
		if old == nil {
			out.UnprocessedFindings = append(out.UnprocessedFindings, types.BatchUpdateFindingsUnprocessedFinding{
				FindingIdentifier: &id, ErrorCode: new("FindingNotFound"), ErrorMessage: new("Finding Not Found"),
			})
			continue
		}
		f := *old
		if err := f.set(c, in); err != nil {
			return nil, err
		}
		s.findings.Put(key, &f)
		tell(c, h, &f)
		out.ProcessedFindings = append(out.ProcessedFindings, id)
	}
	return out, nil
}

// checkUpdates refuses a request before any finding is changed.
func checkUpdates(in *sdk.BatchUpdateFindingsInput) error {
	for name, n := range map[string]*int32{"Confidence": in.Confidence, "Criticality": in.Criticality} {
		if n != nil && (*n < 0 || *n > 100) {
			return invalid("%s is between 0 and 100.", name)
		}
	}
	if in.Workflow != nil {
		switch in.Workflow.Status {
		case types.WorkflowStatusNew, types.WorkflowStatusNotified, types.WorkflowStatusResolved, types.WorkflowStatusSuppressed:
		default:
			return invalid("The value %q of Workflow.Status is not valid.", in.Workflow.Status)
		}
	}
	switch in.VerificationState {
	case "", types.VerificationStateUnknown, types.VerificationStateTruePositive, types.VerificationStateFalsePositive, types.VerificationStateBenignPositive:
	default:
		return invalid("The value %q of VerificationState is not valid.", in.VerificationState)
	}
	if in.Severity != nil {
		_, err := severity(types.Severity{Label: in.Severity.Label, Normalized: in.Severity.Normalized})
		return err
	}
	return nil
}

// set changes what the request names; f is a copy that nobody else holds.
func (f *finding) set(c *op.Call, in *sdk.BatchUpdateFindingsInput) error {
	if in.Confidence != nil {
		f.Confidence = in.Confidence
	}
	if in.Criticality != nil {
		f.Criticality = in.Criticality
	}
	if in.Note != nil {
		f.Note = &types.Note{Text: in.Note.Text, UpdatedBy: in.Note.UpdatedBy, UpdatedAt: new(stamp(c.Now))}
	}
	if in.RelatedFindings != nil {
		f.RelatedFindings = in.RelatedFindings
	}
	if in.Types != nil {
		f.Types = in.Types
	}
	if in.UserDefinedFields != nil {
		f.UserDefinedFields = maps.Clone(in.UserDefinedFields)
	}
	if in.VerificationState != "" {
		f.VerificationState = in.VerificationState
	}
	if in.Workflow != nil {
		f.Workflow = &types.Workflow{Status: in.Workflow.Status}
	}
	if in.Severity != nil {
		full, err := severity(types.Severity{Label: in.Severity.Label, Normalized: in.Severity.Normalized, Product: in.Severity.Product, Original: f.Severity.Original})
		if err != nil {
			return err
		}
		f.Severity = &full
	}
	return nil
}
