package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// asff is the part of a finding in AWS's format that is told.
// Source: Security Hub User Guide "AWS Security Finding Format (ASFF)".
type asff struct {
	ID           string `json:"Id"`
	ProductArn   string
	ProductName  string
	GeneratorID  string `json:"GeneratorId"`
	AwsAccountID string `json:"AwsAccountId"`
	Region       string
	Types        []string
	Title        string
	Description  string
	UpdatedAt    string
	RecordState  string
	SourceURL    string `json:"SourceUrl"`
	Severity     struct {
		Label      string
		Normalized *float64
	}
	Workflow    struct{ Status string }
	Compliance  struct{ Status string }
	Resources   []struct{ Type, Id string }
	Remediation struct {
		Recommendation struct {
			URL string `json:"Url"`
		}
	}
}

// parseSecurityHub reads a batch of findings: an alert each.
// Source: Security Hub User Guide "EventBridge event formats for Security Hub CSPM".
func parseSecurityHub(e event) ([]Alert, error) {
	var d struct {
		Findings []json.RawMessage `json:"findings"`
	}
	if err := read("the Security Hub event", e.Detail, &d); err != nil {
		return nil, err
	}
	if len(d.Findings) == 0 {
		return nil, errors.New("the Security Hub event lacks findings")
	}
	var out []Alert
	var wrong []error
	for i, raw := range d.Findings {
		a, err := parseASFF(fmt.Sprintf("Security Hub finding %d of %d", i+1, len(d.Findings)), raw)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		out = append(out, a)
	}
	return out, errors.Join(wrong...)
}

func parseASFF(what string, raw json.RawMessage) (Alert, error) {
	var f asff
	if err := read(what, raw, &f); err != nil {
		return Alert{}, err
	}
	if err := required(what, "Id", f.ID, "ProductArn", f.ProductArn); err != nil {
		return Alert{}, err
	}
	label, s, err := f.severity()
	if err != nil {
		return Alert{}, fmt.Errorf("%s: %w", what, err)
	}
	product := first(f.ProductName, f.ProductArn[strings.LastIndexByte(f.ProductArn, '/')+1:])
	a := Alert{
		Type: typePath("securityhub", product, f.GeneratorID), Key: "securityhub:" + f.ProductArn + " " + f.ID, Severity: s,
		Title: product + ": " + first(f.Title, f.ID), Text: f.Description, Link: first(f.Remediation.Recommendation.URL, f.SourceURL),
	}
	resource := ""
	if len(f.Resources) > 0 {
		resource = f.Resources[0].Id
		if n := len(f.Resources) - 1; n > 0 {
			resource += fmt.Sprintf(" and %d more", n)
		}
	}
	a.Facts = facts("Severity", label, "Account", f.AwsAccountID, "Region", f.Region, "Resource", resource, "Updated", f.UpdatedAt, "Id", f.ID)
	if guardDutyProduct.MatchString(f.ProductArn) && guardDutyFinding.MatchString(f.ID) {
		a.Key, a.Type = guardDutyKey(f.ID), "guardduty"
		if len(f.Types) > 0 {
			// "TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS": the last part is
			// the finding's type with "-" for "/".
			a.Type = typePath("guardduty", f.Types[0][strings.LastIndexByte(f.Types[0], '/')+1:])
		}
	}
	return a, nil
}

// A copy of a GuardDuty finding has its ARN as Id. The product is looked at too: others
// may import findings under any Id, and must not be taken for GuardDuty.
// Source: Security Hub User Guide "AWS service integrations" (GuardDuty).
var (
	guardDutyProduct = regexp.MustCompile(`^arn:[a-z-]+:securityhub:[a-z0-9-]+::product/aws/guardduty$`)
	guardDutyFinding = regexp.MustCompile(`^arn:[a-z-]+:guardduty:[a-z0-9-]+:[0-9]+:[a-z0-9/]+/[^/]+$`)
)

// severity returns the label, and what it means here. A finding that is archived,
// passed, resolved, suppressed or already with its owner is nothing to tell.
// Source: Security Hub API Reference, Severity (the labels of Normalized), Workflow,
// Compliance; AwsSecurityFinding, RecordState.
func (f asff) severity() (string, Severity, error) {
	label := f.Severity.Label
	if n := f.Severity.Normalized; label == "" && n != nil {
		switch {
		case *n < 0 || *n > 100:
		case *n == 0:
			label = "INFORMATIONAL"
		case *n < 40:
			label = "LOW"
		case *n < 70:
			label = "MEDIUM"
		case *n < 90:
			label = "HIGH"
		default:
			label = "CRITICAL"
		}
	}
	over := f.RecordState == "ARCHIVED" || f.Workflow.Status == "RESOLVED" || f.Workflow.Status == "SUPPRESSED" || f.Workflow.Status == "NOTIFIED" || f.Compliance.Status == "PASSED"
	s := Info
	switch label {
	case "CRITICAL", "HIGH":
		s = Critical
	case "MEDIUM":
		s = Warning
	case "LOW", "INFORMATIONAL":
	default:
		return "", Info, fmt.Errorf("severity label %q is not one of CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL", plain(label, 40))
	}
	if over {
		s = Info
	}
	return label, s, nil
}
