package logs

import (
	"fmt"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// event is a log event.
type event struct {
	// Time is the event's, in milliseconds; Ingested is when it was put.
	Time     int64
	Ingested time.Time
	// Body is the message; under Key it is ciphertext, and Blob its data key.
	Body []byte
	Blob []byte `json:",omitempty"`
	Key  string `json:",omitempty"`
	// Size counts as stored.
	Size int64
}

const (
	// Source: CloudWatch Logs API_PutLogEvents: sizes count the message in UTF-8 and 26
	// bytes for each event.
	overhead  = 26
	maxBatch  = 1 << 20
	maxEvent  = 1 << 20
	maxEvents = 10_000
	maxSpan   = 24 * time.Hour
	oldest    = 14 * 24 * time.Hour
	newest    = 2 * time.Hour
)

func (s *Service) putRows() []op.Row {
	put := op.New("PutLogEvents", "CloudWatch Logs API_PutLogEvents", op.Write, s.checkPut, s.put)
	put.Secret = []string{"LogEvents"}
	// It is no management event. Source: CloudWatch Logs User Guide "Logging CloudWatch
	// Logs API and console operations in AWS CloudTrail", whose list does not have it.
	put.Data = true
	return []op.Row{put}
}

func (s *Service) checkPut(c *op.Call, in *sdk.PutLogEventsInput) ([]op.Check, error) {
	checks, err := onStream(s, "PutLogEvents", func(in *sdk.PutLogEventsInput) (_, _, _ *string) { return in.LogGroupName, nil, in.LogStreamName })(c, in)
	if err != nil {
		return nil, err
	}
	g := s.groups.Get(place(owner(c), c.Region) + *in.LogGroupName)
	if g == nil || g.Key == "" {
		return checks, nil
	}
	check, err := s.ask(c, g, g.Key, "kms:GenerateDataKey")
	if err != nil {
		return checks, nil // the handler says why
	}
	return append(checks, check), nil
}

func (s *Service) put(c *op.Call, in *sdk.PutLogEventsInput) (*sdk.PutLogEventsOutput, error) {
	if err := refuse(map[string]bool{"entity": in.Entity != nil}); err != nil {
		return nil, err
	}
	g, st, err := s.stream(c, in.LogGroupName, nil, in.LogStreamName)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(in.LogEvents); err != nil {
		return nil, err
	}
	x, err := s.sealer(c, g)
	if err != nil {
		return nil, err
	}
	accepted, rejected := g.accept(c.Now, in.LogEvents)
	type record struct {
		key string
		e   *event
	}
	var list []record
	group, own := *g, *st
	for _, e := range accepted {
		key := fmt.Sprintf("%s:%020d:%020d", own.key(), *e.Timestamp, own.Count)
		r := &event{Time: *e.Timestamp, Ingested: c.Now, Blob: x.blob, Key: g.Key, Size: int64(len(*e.Message)) + overhead}
		if r.Body, err = x.seal(c.Rand, key, *e.Message); err != nil {
			return nil, err
		}
		list = append(list, record{key, r})
		own.add(r)
		group.Bytes += r.Size
	}
	for _, r := range list {
		s.events.Put(r.key, r.e)
	}
	if own.Ingested = c.Now; len(list) == 0 {
		own.Ingested = st.Ingested
	}
	s.purge(&group, &own, c.Now)
	s.groups.Put(group.key(), &group)
	s.streams.Put(own.key(), &own)
	s.count(g, accepted)
	return &sdk.PutLogEventsOutput{NextSequenceToken: new(sequence(own.Count)), RejectedLogEventsInfo: rejected}, nil
}

func (st *stream) add(e *event) {
	if st.Count == 0 || e.Time < st.First {
		st.First = e.Time
	}
	st.Last = max(st.Last, e.Time)
	st.Bytes += e.Size
	st.Count++
}

// checkBatch is what the whole batch must be like.
func checkBatch(list []types.InputLogEvent) error {
	if len(list) == 0 || len(list) > maxEvents {
		return invalid("1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and %d", maxEvents)
	}
	size := 0
	for i, e := range list {
		switch {
		case e.Timestamp == nil || *e.Timestamp < 0:
			return invalid("1 validation error detected: Value at 'logEvents.%d.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0", i+1)
		case text(e.Message) == "":
			return invalid("1 validation error detected: Value '' at 'logEvents.%d.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1", i+1)
		case i > 0 && *e.Timestamp < *list[i-1].Timestamp:
			return invalid("Log events in a single PutLogEvents request must be in chronological order.")
		case len(*e.Message)+overhead > maxEvent:
			return invalid("Log event too large: %d bytes exceeds limit of %d", len(*e.Message)+overhead, maxEvent)
		}
		size += len(*e.Message) + overhead
	}
	if size > maxBatch {
		return invalid("Upload too large: %d bytes exceeds limit of %d", size, maxBatch)
	}
	if time.Duration(*list[len(list)-1].Timestamp-*list[0].Timestamp)*time.Millisecond > maxSpan {
		return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// accept leaves out what is too old, too new or expired; the rest is taken.
// Source: CloudWatch Logs API_RejectedLogEventsInfo.
func (g *group) accept(now time.Time, list []types.InputLogEvent) ([]types.InputLogEvent, *types.RejectedLogEventsInfo) {
	var r types.RejectedLogEventsInfo
	from, to := 0, len(list)
	expired, tooOld, tooNew := g.expiry(now), now.Add(-oldest).UnixMilli(), now.Add(newest).UnixMilli()
	for i, e := range list {
		switch t := *e.Timestamp; {
		case !expired.IsZero() && t < expired.UnixMilli():
			from = i + 1
			r.ExpiredLogEventEndIndex = new(int32(from))
		case t < tooOld:
			from = i + 1
			r.TooOldLogEventEndIndex = new(int32(from))
		case t > tooNew && to == len(list):
			to = i
			r.TooNewLogEventStartIndex = new(int32(to))
		}
	}
	if from == 0 && to == len(list) {
		return list, nil
	}
	return list[from:to], &r
}
