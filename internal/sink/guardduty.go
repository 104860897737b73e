package sink

import "strconv"

// parseGuardDuty reads a finding. A severity of 7 and above is critical, 4 and above
// a warning. An archived finding counts as any other: a person has put it away, and it
// goes on; what a suppression rule archives, GuardDuty does not send.
// Source: GuardDuty User Guide "Severity levels of GuardDuty findings" (Critical 9.0 to
// 10.0, High 7.0 to 8.9, Medium 4.0 to 6.9, Low 1.0 to 3.9), "Processing GuardDuty
// findings with Amazon EventBridge", "Suppression rules in GuardDuty".
func parseGuardDuty(e event) ([]Alert, error) {
	var f struct {
		ID          string   `json:"id"`
		ARN         string   `json:"arn"`
		Partition   string   `json:"partition"`
		AccountID   string   `json:"accountId"`
		Region      string   `json:"region"`
		Type        string   `json:"type"`
		Title       string   `json:"title"`
		Description string   `json:"description"`
		Severity    *float64 `json:"severity"`
		UpdatedAt   string   `json:"updatedAt"`
		Resource    struct {
			ResourceType string `json:"resourceType"`
		} `json:"resource"`
		Service struct {
			DetectorID string `json:"detectorId"`
		} `json:"service"`
	}
	const what = "the GuardDuty finding"
	if err := read(what, e.Detail, &f); err != nil {
		return nil, err
	}
	number := ""
	if f.Severity != nil {
		number = strconv.FormatFloat(*f.Severity, 'f', -1, 64)
	}
	account, region := first(f.AccountID, e.Account), first(f.Region, e.Region)
	if f.ARN == "" && account != "" && region != "" && f.Service.DetectorID != "" && f.ID != "" {
		// Source: Service Authorization Reference, GuardDuty resource types; the ARN
		// of a finding, which Security Hub has as its copy's Id.
		f.ARN = "arn:" + first(f.Partition, "aws") + ":guardduty:" + region + ":" + account + ":detector/" + f.Service.DetectorID + "/finding/" + f.ID
	}
	if err := required(what, "arn", f.ARN, "type", f.Type, "severity", number); err != nil {
		return nil, err
	}
	s := Info
	switch {
	case *f.Severity >= 7:
		s = Critical
	case *f.Severity >= 4:
		s = Warning
	}
	return []Alert{{
		Type: typePath("guardduty", f.Type), Key: guardDutyKey(f.ARN), Severity: s,
		Title: "GuardDuty: " + first(f.Title, f.Type), Text: f.Description,
		Facts: facts("Finding", f.Type, "Severity", number, "Account", account, "Region", region, "Resource", f.Resource.ResourceType, "Updated", first(f.UpdatedAt, e.Time), "ARN", f.ARN),
	}}, nil
}

// guardDutyKey is the key of a finding and of its copy in Security Hub.
func guardDutyKey(arn string) string { return "guardduty:" + arn }

// first returns the first text that is not empty.
func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}
