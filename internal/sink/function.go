package sink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// answerTime is what a Lambda call keeps back of its time to give its answer.
const answerTime = 500 * time.Millisecond

// Invoke is the Lambda handler (lambda.Handler of aws-lambda-go). The answer is the
// Report; the error says that an alert reached nobody or was refused, so that Lambda
// tries again and then gives the event to the failure destination. What was told is
// not told again by a repeated call of the same process.
func (s *Sink) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime))
		defer cancel()
	}
	alerts, refused := s.parseCall(payload)
	report := s.Deliver(ctx, alerts)
	if refused != nil {
		report.Error = reasons(refused)
		s.log.Error("refused", "reason", report.Error)
	}
	if err := report.fault(); err != nil {
		return nil, err
	}
	return json.Marshal(report)
}

// parseCall reads the payload of a call: a batch of SNS messages, or what Parse takes.
func (s *Sink) parseCall(payload []byte) ([]Alert, error) {
	if len(payload) > maxBody {
		return nil, fmt.Errorf("the payload has more than %d bytes", maxBody)
	}
	records, ok := snsBatch(payload)
	if !ok {
		return Parse(payload)
	}
	if len(records) == 0 {
		return nil, errors.New("the batch has no records")
	}
	var out []Alert
	var wrong []error
	for _, raw := range records {
		alerts, err := parseRecord(raw, s.config.Topics)
		out = append(out, alerts...)
		wrong = append(wrong, err)
	}
	return out, errors.Join(wrong...)
}

// fault is the error of a call whose alerts are not all with somebody, or nil.
func (r Report) fault() error {
	var lines []string
	if r.Unreached > 0 {
		line := fmt.Sprintf("%d of %d alerts reached nobody", r.Unreached, r.Alerts)
		for _, f := range r.Failed {
			if text := f.Target + " " + f.Reason; !strings.Contains(line, text) {
				line += "; " + text
			}
		}
		lines = append(lines, line)
	}
	if r.Error != "" {
		lines = append(lines, r.Error)
	}
	if len(lines) == 0 {
		return nil
	}
	return errors.New(strings.Join(lines, "; "))
}
