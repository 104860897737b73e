package cloudtrail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	// Source: CloudWatch Logs API_PutLogEvents, and the events it takes.
	logEvents   = 10_000
	logBytes    = 1 << 20
	logOverhead = 26
	logSpan     = 24 * time.Hour
	// maxLogEvent is the size above which CloudTrail sends no event.
	// Source: CloudTrail User Guide "Sending events to CloudWatch Logs": 256 KB.
	maxLogEvent = 256 << 10
	// logGiven is how long a refused delivery is tried again. CloudTrail's is not
	// documented; CloudWatch Logs takes no older events.
	logGiven = 14 * 24 * time.Hour
	// sessionLife is how long a session of the role is used.
	sessionLife = time.Hour
)

// session is one of a trail's role.
type session struct {
	role    string
	begun   time.Time
	current aws.CredentialsProvider
}

func outboxKey(t *trail, at time.Time, n uint64) string {
	return fmt.Sprintf("%s%020d/%020d", t.key(), at.UnixNano(), n)
}

// firstLog is the trail whose events are due first at its log group, and when; no
// trail: there is nothing to send.
func (d *Deliverer) firstLog() (found *trail, at time.Time) {
	s := d.trails
	_ = s.db.View(func() error { // it only reads
		for _, t := range s.trails.From("") {
			for _, e := range s.outbox.Prefix(t.key()) {
				due := e.At.Add(batch)
				if st := s.statuses.Get(t.key()); st != nil && st.LogRetry.After(due) {
					due = st.LogRetry
				}
				if found == nil || due.Before(at) {
					found, at = t, due
				}
				break
			}
		}
		return nil
	})
	return found, at
}

// waiting is an event on its way to a log group.
type waiting struct {
	key string
	*pendingEvent
}

// send delivers what waits for a trail's log group, as its role.
// Source: CloudTrail User Guide "Sending events to CloudWatch Logs".
func (d *Deliverer) send(ctx context.Context, now time.Time, t *trail) error {
	s := d.trails
	var list []waiting
	_ = s.db.View(func() error { // it only reads
		for k, e := range s.outbox.Prefix(t.key()) {
			list = append(list, waiting{k, e})
		}
		return nil
	})
	slices.SortStableFunc(list, func(a, b waiting) int { return a.At.Compare(b.At) })
	var problem error
	for len(list) > 0 {
		n := logBatch(list)
		if t.LogGroup != "" {
			problem = d.putLogs(ctx, now, t, list[:n])
		}
		over := problem != nil && now.Sub(list[0].At) > logGiven
		err := s.db.Update(func() error {
			if s.trails.Get(t.key()) == nil {
				return nil // it was deleted meanwhile
			}
			st := s.status(t)
			st.LogRetry, st.LogError = time.Time{}, ""
			switch {
			case problem != nil:
				st.LogRetry, st.LogError = now.Add(batch), logReason(problem)
			case t.LogGroup != "":
				st.LogDelivered = now
			}
			s.statuses.Put(t.key(), st)
			if problem == nil || over {
				for _, e := range list[:n] {
					s.outbox.Delete(e.key)
				}
			}
			return nil
		})
		if err != nil || problem != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// logBatch is how many of the events, which are in order, go in one request.
func logBatch(list []waiting) int {
	size := 0
	for i, e := range list {
		size += min(len(e.Record), maxLogEvent) + logOverhead
		if i == logEvents || i > 0 && size > logBytes || e.At.Sub(list[0].At) > logSpan {
			return i
		}
	}
	return len(list)
}

// putLogs sends one batch, and makes the stream if it is not there.
func (d *Deliverer) putLogs(ctx context.Context, now time.Time, t *trail, list []waiting) error {
	as, err := d.roleOf(ctx, now, t)
	if err != nil {
		return err
	}
	group, _ := t.logGroupName()
	stream := t.logStream()
	client := sdk.New(sdk.Options{Region: t.Region, Credentials: as, RetryMaxAttempts: 1, HTTPClient: &http.Client{Transport: d.as(t.service())}})
	in := &sdk.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream}
	for _, e := range list {
		if len(e.Record) <= maxLogEvent {
			in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: aws.Int64(e.At.UnixMilli()), Message: aws.String(string(e.Record))})
		}
	}
	if len(in.LogEvents) == 0 {
		return nil
	}
	_, err = client.PutLogEvents(ctx, in)
	var gone *types.ResourceNotFoundException
	if errors.As(err, &gone) {
		if _, err = client.CreateLogStream(ctx, &sdk.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream}); err == nil {
			_, err = client.PutLogEvents(ctx, in)
		}
	}
	return err
}

// roleOf are the credentials of a session of the trail's role.
func (d *Deliverer) roleOf(ctx context.Context, now time.Time, t *trail) (aws.CredentialsProvider, error) {
	if x := d.sessions[t.key()]; x != nil && x.role == t.LogRole && now.Sub(x.begun) < sessionLife && !now.Before(x.begun) {
		return x.current, nil
	}
	client := sts.New(sts.Options{
		Region: t.Region, Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1,
		HTTPClient: &http.Client{Transport: d.as(t.service())},
	})
	out, err := client.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &t.LogRole, RoleSessionName: aws.String(sessionName)})
	if err != nil {
		return nil, err
	}
	x := &session{t.LogRole, now, credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)}
	if d.sessions == nil {
		d.sessions = map[string]*session{}
	}
	d.sessions[t.key()] = x
	return x.current, nil
}

// logReason is the error as GetTrailStatus has it.
// Source: CloudTrail API_GetTrailStatus, LatestCloudWatchLogsDeliveryError: "any
// CloudWatch Logs error".
func logReason(err error) string { return cmp.Or(codeOf(err), "InternalError") }
