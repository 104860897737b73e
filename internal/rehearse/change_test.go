package rehearse_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/internal/lock"
)

// changeBaseline tries a change to the baseline that somebody has written into the
// stack, once the guard is attached: CI is refused, a person who assumes the
// operator's role with MFA is not, and then the next plan of CI is empty again. It
// leaves the room changed.
func changeBaseline(t *testing.T, w *lock.World) {
	ctx := t.Context()
	for _, edit := range [][3]string{
		{"src/main.alerts.tf", "guardduty_minimum_severity = 7", "guardduty_minimum_severity = 9"},
		{"src/main.audit-logging.tf", "retention_days = 365", "retention_days = 30"},
		{"src/main.operator-role.tf", "mfa_max_age_seconds = 3600", "mfa_max_age_seconds = 7200"},
	} {
		if _, err := w.Src.Edit(edit[0], edit[1], edit[2]); err != nil {
			t.Fatal(err)
		}
	}
	refusal, err := w.Src.Apply(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{"events:PutRule", "logs:PutRetentionPolicy", "iam:UpdateAssumeRolePolicy"} {
		if !strings.Contains(refusal, action) || !strings.Contains(refusal, "explicit deny") {
			t.Errorf("CI loosens the baseline: %s is not refused: %s", action, refusal)
		}
	}
	key, takeAway, err := w.Person.Key(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := takeAway(); err != nil {
			t.Error(err)
		}
	})
	code, err := w.Code(ctx, w.Person)
	if err != nil {
		t.Fatal(err)
	}
	session, err := sts.NewFromConfig(w.Config(&key)).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String(w.Room.OperatorRoleARN()), RoleSessionName: aws.String("alice"), SerialNumber: &w.Person.Serial, TokenCode: &code,
	})
	if err != nil {
		t.Fatal(err)
	}
	c := session.Credentials
	refusal, err = w.Src.Apply(ctx, &aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken})
	if err != nil || refusal != "" {
		t.Fatalf("a person cannot change the baseline: %s, %v", refusal, err)
	}
	changes, err := w.Src.Plan(ctx)
	if err != nil || len(changes) > 0 {
		t.Errorf("the plan after it: %q, %v", changes, err)
	}
}
