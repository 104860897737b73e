package logs

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/strongroom-dev/strongroom/internal/filterpattern"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// maxPage is how much text a page has.
// Source: CloudWatch Logs API_GetLogEvents: "up to 1 MB (up to 10,000 log events)".
const maxPage = 1 << 20

func (s *Service) readRows() []op.Row {
	get := op.New("GetLogEvents", "CloudWatch Logs API_GetLogEvents", op.Read, s.checkGet, s.get)
	get.Secret = []string{"Events"}
	search := op.New("FilterLogEvents", "CloudWatch Logs API_FilterLogEvents", op.Read, s.checkSearch, s.search)
	search.Secret = []string{"Events"}
	return []op.Row{get, search}
}

// kept is an event where it stands.
type kept struct {
	key    string
	stream *stream
	*event
}

// between are the events of a stream from a time to one before another; nil: no bound.
func (s *Service) between(g *group, st *stream, from, to *int64, now time.Time) (list []kept) {
	first := int64(0)
	if from != nil {
		first = *from
	}
	if e := g.expiry(now); !e.IsZero() {
		first = max(first, e.UnixMilli())
	}
	prefix := st.key() + ":"
	for k, e := range s.events.From(fmt.Sprintf("%s%020d", prefix, max(first, 0))) {
		if !strings.HasPrefix(k, prefix) || to != nil && e.Time >= *to {
			break
		}
		list = append(list, kept{k, st, e})
	}
	return list
}

// openChecks are what CloudWatch Logs must be allowed to read the events: the key that
// each was put under.
func (s *Service) openChecks(c *op.Call, g *group, list []kept) (checks []op.Check, err error) {
	seen := map[string]bool{}
	for _, e := range list {
		if e.Key == "" || seen[e.Key] {
			continue
		}
		seen[e.Key] = true
		check, err := s.ask(c, g, e.Key, "kms:Decrypt")
		if err != nil {
			return nil, noKey(g)
		}
		checks = append(checks, check)
	}
	return checks, nil
}

func (s *Service) checkGet(c *op.Call, in *sdk.GetLogEventsInput) ([]op.Check, error) {
	checks, err := onStream(s, "GetLogEvents", func(in *sdk.GetLogEventsInput) (_, _, _ *string) {
		return in.LogGroupName, in.LogGroupIdentifier, in.LogStreamName
	})(c, in)
	if err != nil {
		return nil, err
	}
	g, st, err := s.stream(c, in.LogGroupName, in.LogGroupIdentifier, in.LogStreamName)
	if err != nil {
		return checks, nil // the handler says why
	}
	more, err := s.openChecks(c, g, s.between(g, st, in.StartTime, in.EndTime, c.Now))
	return append(checks, more...), err
}

// get reads a stream. A token is the direction and the event where the page before
// ended.
func (s *Service) get(c *op.Call, in *sdk.GetLogEventsInput) (*sdk.GetLogEventsOutput, error) {
	if err := refuse(map[string]bool{"unmask": in.Unmask}); err != nil {
		return nil, err
	}
	g, st, err := s.stream(c, in.LogGroupName, in.LogGroupIdentifier, in.LogStreamName)
	if err != nil {
		return nil, err
	}
	n, err := listed(in.Limit, maxEvents)
	if err != nil {
		return nil, err
	}
	list := s.between(g, st, in.StartTime, in.EndTime, c.Now)
	prefix := st.key() + ":"
	forward, token := yes(in.StartFromHead), ""
	if in.NextToken != nil {
		way, at, ok := strings.Cut(*in.NextToken, "/")
		if !ok || way != "f" && way != "b" {
			return nil, invalid("The specified nextToken is invalid.")
		}
		forward, token = way == "f", prefix+at
		if forward {
			for len(list) > 0 && list[0].key <= token {
				list = list[1:]
			}
		} else {
			for len(list) > 0 && list[len(list)-1].key >= token {
				list = list[:len(list)-1]
			}
		}
	}
	list = cutPage(list, n, forward)
	out := &sdk.GetLogEventsOutput{Events: []types.OutputLogEvent{}}
	o := &opener{s: s, c: c, g: g}
	for _, e := range list {
		message, err := o.message(e.key, e.event)
		if err != nil {
			return nil, err
		}
		out.Events = append(out.Events, types.OutputLogEvent{Timestamp: &e.Time, IngestionTime: millis(e.Ingested), Message: &message})
	}
	// "If you have reached the end of the stream, it returns the same token you passed in."
	first, last := token, token
	if token == "" {
		first, last = prefix, prefix
	}
	if len(list) > 0 {
		first, last = list[0].key, list[len(list)-1].key
	}
	out.NextForwardToken, out.NextBackwardToken = new("f/"+strings.TrimPrefix(last, prefix)), new("b/"+strings.TrimPrefix(first, prefix))
	return out, nil
}

// cutPage takes n events, of at most maxPage bytes, from the begin or from the end.
func cutPage(list []kept, n int, forward bool) []kept {
	size := int64(0)
	for i := range list {
		at := i
		if !forward {
			at = len(list) - 1 - i
		}
		if size += list[at].Size; i == n || size > maxPage && i > 0 {
			if forward {
				return list[:i]
			}
			return list[len(list)-i:]
		}
	}
	return list
}

func (s *Service) checkSearch(c *op.Call, in *sdk.FilterLogEventsInput) ([]op.Check, error) {
	checks, err := onGroup(s, "FilterLogEvents", func(in *sdk.FilterLogEventsInput) (_, _ *string) { return in.LogGroupName, in.LogGroupIdentifier })(c, in)
	if err != nil {
		return nil, err
	}
	g, list, err := s.found(c, in)
	if err != nil {
		return checks, nil // the handler says why
	}
	more, err := s.openChecks(c, g, list)
	return append(checks, more...), err
}

// found are the events that a search is to look at, in the order of their times.
func (s *Service) found(c *op.Call, in *sdk.FilterLogEventsInput) (*group, []kept, error) {
	g, err := s.existing(c, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, nil, err
	}
	if in.LogStreamNames != nil && in.LogStreamNamePrefix != nil {
		return nil, nil, invalid("logStreamNamePrefix and logStreamNames are mutually exclusive parameters.")
	}
	var streams []*stream
	for _, name := range in.LogStreamNames {
		st := s.streams.Get(g.key() + ":" + name)
		if st == nil {
			return nil, nil, fault("ResourceNotFoundException", "The specified log stream does not exist.")
		}
		streams = append(streams, st)
	}
	if in.LogStreamNames == nil {
		for _, st := range s.streams.Prefix(g.key() + ":" + text(in.LogStreamNamePrefix)) {
			streams = append(streams, st)
		}
	}
	end := in.EndTime
	if end != nil {
		end = new(*end + 1) // "Events with a timestamp later than this time are not returned."
	}
	var list []kept
	for _, st := range streams {
		list = append(list, s.between(g, st, in.StartTime, end, c.Now)...)
	}
	slices.SortFunc(list, func(a, b kept) int { return cmp.Compare(a.order(), b.order()) })
	return g, list, nil
}

// order is by time first, across streams.
func (e *kept) order() string {
	return fmt.Sprintf("%020d:%s", e.Time, e.key)
}

// id is an event's, of digits alone as AWS's are.
func (e *kept) id() string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(e.key)) // it never fails
	return fmt.Sprintf("%020d%036d", e.Time, h.Sum64())
}

// search looks through streams. A token is the last event that was looked at.
func (s *Service) search(c *op.Call, in *sdk.FilterLogEventsInput) (*sdk.FilterLogEventsOutput, error) {
	if err := refuse(map[string]bool{"unmask": in.Unmask, "startFromHead": in.StartFromHead != nil && !*in.StartFromHead}); err != nil {
		return nil, err
	}
	n, err := listed(in.Limit, maxEvents)
	if err != nil {
		return nil, err
	}
	g, list, err := s.found(c, in)
	if err != nil {
		return nil, err
	}
	pattern, err := compile(text(in.FilterPattern))
	if err != nil {
		return nil, err
	}
	out := &sdk.FilterLogEventsOutput{Events: []types.FilteredLogEvent{}, SearchedLogStreams: []types.SearchedLogStream{}}
	o := &opener{s: s, c: c, g: g}
	size := int64(0)
	last := ""
	for i := range list {
		e := &list[i]
		if in.NextToken != nil && e.order() <= *in.NextToken {
			continue
		}
		if len(out.Events) == n || size > maxPage {
			out.NextToken = &last
			break
		}
		last = e.order()
		message, err := o.message(e.key, e.event)
		if err != nil {
			return nil, err
		}
		if !pattern.Match([]byte(message)) {
			continue
		}
		size += e.Size
		out.Events = append(out.Events, types.FilteredLogEvent{
			EventId: new(e.id()), LogStreamName: &e.stream.Name, Message: &message, Timestamp: &e.Time, IngestionTime: millis(e.Ingested),
		})
	}
	return out, nil
}

func compile(pattern string) (*filterpattern.Pattern, error) {
	if len([]rune(pattern)) > filterpattern.MaxLength {
		return nil, constraint(pattern[:20]+"...", "filterPattern", fmt.Sprintf("Member must have length less than or equal to %d", filterpattern.MaxLength))
	}
	p, err := filterpattern.Compile(pattern)
	if err != nil {
		return nil, invalid("Invalid filter pattern: %v", err)
	}
	return p, nil
}
