//lint:file-ignore SA1019 AWS serves what its SDK deprecates, and the provider still asks for it.

package securityhub

import (
	"maps"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// checkImport asks for the product of each finding.
// Source: Service Authorization Reference, AWS Security Hub, BatchImportFindings.
func (s *Service) checkImport(c *op.Call, in *sdk.BatchImportFindingsInput) ([]op.Check, error) {
	if n := len(in.Findings); n < 1 || n > 100 {
		return nil, invalid("Findings has 1 to 100 entries.")
	}
	type pair struct{ product, account string }
	asked := map[pair]bool{}
	var checks []op.Check
	for _, f := range in.Findings {
		p := pair{text(f.ProductArn), text(f.AwsAccountId)}
		m := productARN.FindStringSubmatch(p.product)
		if m == nil {
			return nil, invalid("The product ARN %s is not valid", p.product)
		}
		if asked[p] {
			continue
		}
		asked[p] = true
		// The reference has the account in the ARN of every product; those that AWS lists
		// have none, and belong to whoever imports for them.
		account := m[2]
		if account == "" {
			account = c.Caller.Account
		}
		checks = append(checks, op.Check{
			Action: "securityhub:BatchImportFindings", Resource: op.Resource{ARN: p.product, Account: account},
			Context: []op.Key{op.Single("securityhub:TargetAccount", p.account)},
		})
	}
	return checks, nil
}

// importFindings takes the valid ones, and says of each other what is wrong with it.
func (s *Service) importFindings(c *op.Call, in *sdk.BatchImportFindingsInput) (*sdk.BatchImportFindingsOutput, error) {
	h, err := s.enabled(c)
	if err != nil {
		return nil, err
	}
	out := &sdk.BatchImportFindingsOutput{FailedFindings: []types.ImportFindingsError{}}
	good, failed := int32(0), int32(0)
	for i := range in.Findings {
		f, problem := s.admit(h, &in.Findings[i])
		if problem != "" {
			failed++
			out.FailedFindings = append(out.FailedFindings, types.ImportFindingsError{Id: in.Findings[i].Id, ErrorCode: new("InvalidInput"), ErrorMessage: new("Invalid parameter: " + problem)})
			continue
		}
		good++
		s.keep(c, h, f)
	}
	out.SuccessCount, out.FailedCount = &good, &failed
	return out, nil
}

// admit says what is wrong with a finding that somebody imports; "" if nothing is.
// Source: Security Hub User Guide "Required attributes" of ASFF; "BatchImportFindings
// for finding providers".
func (s *Service) admit(h *hub, in *types.AwsSecurityFinding) (*finding, string) {
	if !h.takes(*in.ProductArn) {
		return nil, "ProductArn: the account does not take the findings of " + *in.ProductArn
	}
	if text(in.AwsAccountId) != h.Account {
		return nil, "AwsAccountId: findings are imported for the own account alone"
	}
	for _, x := range []struct {
		name, value string
		most        int
	}{
		{"Id", text(in.Id), 512}, {"GeneratorId", text(in.GeneratorId), 512}, {"Title", text(in.Title), 256}, {"Description", text(in.Description), 1024},
	} {
		if x.value == "" || len([]rune(x.value)) > x.most {
			return nil, x.name + ": it is required and has a bounded length"
		}
	}
	if text(in.SchemaVersion) != "2018-10-08" {
		return nil, "SchemaVersion: it is 2018-10-08"
	}
	for name, value := range map[string]*string{"CreatedAt": in.CreatedAt, "UpdatedAt": in.UpdatedAt} {
		if _, err := time.Parse(time.RFC3339, text(value)); err != nil {
			return nil, name + ": it is a time such as 2026-01-02T15:04:05.000Z"
		}
	}
	if n := len(in.Resources); n < 1 || n > 32 {
		return nil, "Resources: there are 1 to 32"
	}
	for _, r := range in.Resources {
		if text(r.Id) == "" || text(r.Type) == "" {
			return nil, "Resources: each has a Type and an Id"
		}
	}
	for _, kind := range in.Types {
		if n := strings.Count(kind, "/"); n > 2 {
			return nil, "Types: a type has the form namespace/category/classifier"
		}
	}
	switch in.RecordState {
	case "", types.RecordStateActive, types.RecordStateArchived:
	default:
		return nil, "RecordState: it is ACTIVE or ARCHIVED"
	}
	own := *in
	switch p := in.FindingProviderFields; {
	case in.Severity != nil:
	case p != nil && p.Severity != nil:
		own.Severity = &types.Severity{Label: p.Severity.Label, Original: p.Severity.Original}
	default:
		return nil, "Severity: it is required, there or in FindingProviderFields"
	}
	full, err := severity(*own.Severity)
	if err != nil {
		return nil, "Severity: " + err.Error()
	}
	own.Severity = &full
	if old := s.findings.Get(findingKey(h, *in.ProductArn, *in.Id)); old != nil {
		was, _ := time.Parse(time.RFC3339, *old.UpdatedAt) // it was read when it was admitted
		if now, _ := time.Parse(time.RFC3339, *in.UpdatedAt); !now.After(was) {
			return nil, "UpdatedAt: an update is later than the finding it updates"
		}
	}
	return &finding{own}, ""
}

// keep stores a valid finding and tells of it. What the customer has set survives an
// update by the provider.
// Source: API_BatchImportFindings: Note, UserDefinedFields, VerificationState and
// Workflow cannot be updated by it.
func (s *Service) keep(c *op.Call, h *hub, f *finding) {
	key := findingKey(h, *f.ProductArn, *f.Id)
	product, company := names(*f.ProductArn)
	if f.ProductName == nil || !strings.Contains(*f.ProductArn, ":product/"+own(h.Account)) {
		f.ProductName = &product
	}
	if f.CompanyName == nil || !strings.Contains(*f.ProductArn, ":product/"+own(h.Account)) {
		f.CompanyName = &company
	}
	fields := maps.Clone(f.ProductFields)
	if fields == nil {
		fields = map[string]string{}
	}
	fields["aws/securityhub/FindingId"] = *f.ProductArn + "/" + *f.Id
	fields["aws/securityhub/ProductName"], fields["aws/securityhub/CompanyName"] = *f.ProductName, *f.CompanyName
	f.ProductFields, f.Region, f.ProcessedAt = fields, &h.Region, new(stamp(c.Now))
	if f.RecordState == "" {
		f.RecordState = types.RecordStateActive
	}
	if f.FindingProviderFields == nil {
		f.FindingProviderFields = &types.FindingProviderFields{
			Severity: &types.FindingProviderSeverity{Label: f.Severity.Label, Original: f.Severity.Original}, Types: f.Types,
		}
	}
	f.Note, f.UserDefinedFields, f.VerificationState = nil, nil, ""
	f.Workflow, f.WorkflowState = &types.Workflow{Status: types.WorkflowStatusNew}, types.WorkflowStateNew
	if old := s.findings.Get(key); old != nil {
		f.Note, f.UserDefinedFields, f.VerificationState, f.Workflow, f.WorkflowState = old.Note, old.UserDefinedFields, old.VerificationState, old.Workflow, old.WorkflowState
	}
	s.findings.Put(key, f)
	tell(c, h, f)
}

// Take imports findings of one of AWS's own products into the hub of an account's
// region, where it takes them.
func (s *Service) Take(c *op.Call, account, region, product string, list []types.AwsSecurityFinding) {
	h := s.hubs.Get(place(account, region) + "default")
	arn := "arn:aws:securityhub:" + region + "::product/aws/" + product
	if h == nil || !h.takes(arn) {
		return
	}
	for _, x := range list {
		x.ProductArn = &arn
		if full, err := severity(*x.Severity); err == nil {
			x.Severity = &full
		}
		s.keep(c, h, &finding{x})
	}
}
