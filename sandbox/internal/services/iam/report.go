package iam

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// reportLife is how long a report is good before a new one is made.
// Source: IAM User Guide, id_credentials_getting-report: four hours.
const reportLife = 4 * time.Hour

// reportColumns, in AWS's order.
// Source: IAM User Guide, id_credentials_getting-report, "Understanding the
// report format".
var reportColumns = []string{"user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed",
	"password_next_rotation", "mfa_active", "access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date",
	"access_key_1_last_used_region", "access_key_1_last_used_service", "access_key_2_active", "access_key_2_last_rotated",
	"access_key_2_last_used_date", "access_key_2_last_used_region", "access_key_2_last_used_service", "cert_1_active",
	"cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated"}

func (s *Service) generateReport(c *op.Call, _ *iam.GenerateCredentialReportInput) (*iam.GenerateCredentialReportOutput, error) {
	a := s.accounts.Get(c.Caller.Account)
	if !a.Report.IsZero() && c.Now.Sub(a.Report) < reportLife {
		return &iam.GenerateCredentialReportOutput{State: types.ReportStateTypeComplete}, nil
	}
	content, err := s.report(c.Caller.Account)
	if err != nil {
		return nil, err
	}
	to := *a
	to.Report, to.ReportContent = c.Now, content
	s.accounts.Put(to.ID, &to)
	return &iam.GenerateCredentialReportOutput{State: types.ReportStateTypeStarted,
		Description: aws.String("No report exists. Starting a new report generation task")}, nil
}

func (s *Service) getReport(c *op.Call, _ *iam.GetCredentialReportInput) (*iam.GetCredentialReportOutput, error) {
	a := s.accounts.Get(c.Caller.Account)
	switch {
	case a.Report.IsZero():
		return nil, op.Errorf(410, "ReportNotPresent", "No report present for this account")
	case c.Now.Sub(a.Report) >= reportLife:
		return nil, op.Errorf(410, "ReportExpired", "The credential report has expired; generate a new one")
	}
	return &iam.GetCredentialReportOutput{Content: a.ReportContent, GeneratedTime: aws.Time(a.Report), ReportFormat: types.ReportFormatTypeTextCsv}, nil
}

// report writes the credential report: the root user first.
func (s *Service) report(account string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	a := s.accounts.Get(account)
	rows := [][]string{reportColumns, s.reportRow(account, "<root_account>", "arn:aws:iam::"+account+":root", account, a.Created, nil, a.RootKeys)}
	for _, u := range s.list(account, userKind, nil) {
		rows = append(rows, s.reportRow(account, u.Name, u.ARN(), u.ID, u.Created, u.User, u.User.Keys))
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// reportRow is one user; user is nil for the root user.
func (s *Service) reportRow(account, name, arn, id string, created time.Time, user *UserPart, keys []string) []string {
	row := []string{name, arn, stamp(created)}
	switch {
	case user == nil:
		row = append(row, "not_supported", "no_information", "not_supported", "not_supported")
	case user.Login == nil:
		row = append(row, "false", "N/A", "N/A", "N/A")
	default:
		row = append(row, "true", "no_information", stamp(user.Login.Changed), "N/A")
	}
	mfa := false
	for _, d := range s.listDevices(account) {
		mfa = mfa || d.Owner == id
	}
	row = append(row, strconv.FormatBool(mfa))
	for i := range keyQuota {
		if i >= len(keys) {
			row = append(row, "false", "N/A", "N/A", "N/A", "N/A")
			continue
		}
		k := s.keys.Get(keys[i])
		row = append(row, strconv.FormatBool(!k.Inactive), stamp(k.Created))
		if v, ok := s.used.Load(k.ID); ok {
			u := v.(*lastUse)
			row = append(row, stamp(u.at), u.region, u.service)
		} else {
			row = append(row, "N/A", "N/A", "N/A")
		}
	}
	return append(row, "false", "N/A", "false", "N/A")
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+00:00") }
