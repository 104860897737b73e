package events

import (
	"testing"
	"time"
)

// Source: EventBridge User Guide "Setting a schedule pattern for scheduled rules
// (legacy)", examples of cron expressions.
func TestCron(t *testing.T) {
	from := time.Date(2026, 1, 30, 23, 59, 30, 0, time.UTC) // a Friday
	for text, want := range map[string]string{
		"cron(0 10 * * ? *)":            "2026-01-31T10:00:00Z",
		"cron(15 12 * * ? *)":           "2026-01-31T12:15:00Z",
		"cron(0 18 ? * MON-FRI *)":      "2026-02-02T18:00:00Z",
		"cron(0 8 1 * ? *)":             "2026-02-01T08:00:00Z",
		"cron(0/15 * * * ? *)":          "2026-01-31T00:00:00Z",
		"cron(0/10 * ? * MON-FRI *)":    "2026-02-02T00:00:00Z",
		"cron(0/5 8-17 ? * MON-FRI *)":  "2026-02-02T08:00:00Z",
		"cron(0 0 29 2 ? *)":            "2028-02-29T00:00:00Z",
		"cron(30 6 ? JAN,MAR SUN 2027)": "2027-01-03T06:30:00Z",
		"cron(0 0 31 2 ? *)":            "0001-01-01T00:00:00Z",
		"cron(0 0 1 1 ? 2020)":          "0001-01-01T00:00:00Z",
	} {
		s, err := parseSchedule(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := s.next(from).Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
