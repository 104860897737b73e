package logs

import (
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// stream is a log stream.
type stream struct {
	Name, Group string // the group's key
	Created     time.Time
	// First and Last are the times of the events in milliseconds; 0: there was none.
	First, Last int64
	Ingested    time.Time
	Bytes       int64
	// Count is how many events there were.
	Count int64
}

func (st *stream) key() string { return st.Group + ":" + st.Name }

// streamResource is a stream for IAM.
func (s *Service) streamResource(account, region, group, stream string) op.Resource {
	r := s.resource(account, region, group)
	r.ARN += stream
	return r
}

// onStream is the check of an operation on one log stream, there or not.
func onStream[In any](s *Service, action string, names func(*In) (group, identifier, stream *string)) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, in *In) ([]op.Check, error) {
		plain, identifier, stream := names(in)
		name, err := named(c, plain, identifier)
		if err != nil {
			return nil, err
		}
		if len(text(stream)) > 512 || !streamForm.MatchString(text(stream)) {
			return nil, constraint(text(stream), "logStreamName", "Member must satisfy regular expression pattern: [^:*]*")
		}
		return []op.Check{{Action: "logs:" + action, Resource: s.streamResource(owner(c), c.Region, name, *stream)}}, nil
	}
}

// stream returns a stream, which must be there, with its group.
func (s *Service) stream(c *op.Call, name, identifier, own *string) (*group, *stream, error) {
	g, err := s.existing(c, name, identifier)
	if err != nil {
		return nil, nil, err
	}
	if st := s.streams.Get(g.key() + ":" + text(own)); st != nil {
		return g, st, nil
	}
	return nil, nil, fault("ResourceNotFoundException", "The specified log stream does not exist.")
}

func (s *Service) streamRows() []op.Row {
	return []op.Row{
		op.New("CreateLogStream", "CloudWatch Logs API_CreateLogStream", op.Write,
			onStream(s, "CreateLogStream", func(in *sdk.CreateLogStreamInput) (_, _, _ *string) { return in.LogGroupName, nil, in.LogStreamName }),
			func(c *op.Call, in *sdk.CreateLogStreamInput) (*sdk.CreateLogStreamOutput, error) {
				g, err := s.existing(c, in.LogGroupName, nil)
				if err != nil {
					return nil, err
				}
				st := &stream{Name: *in.LogStreamName, Group: g.key(), Created: c.Now}
				if s.streams.Get(st.key()) != nil {
					return nil, fault("ResourceAlreadyExistsException", "The specified log stream already exists")
				}
				s.streams.Put(st.key(), st)
				return &sdk.CreateLogStreamOutput{}, nil
			}),
		op.New("DeleteLogStream", "CloudWatch Logs API_DeleteLogStream", op.Write,
			onStream(s, "DeleteLogStream", func(in *sdk.DeleteLogStreamInput) (_, _, _ *string) { return in.LogGroupName, nil, in.LogStreamName }),
			func(c *op.Call, in *sdk.DeleteLogStreamInput) (*sdk.DeleteLogStreamOutput, error) {
				g, st, err := s.stream(c, in.LogGroupName, nil, in.LogStreamName)
				if err != nil {
					return nil, err
				}
				own := *g
				own.Bytes -= st.Bytes
				wipe(s.events, st.key()+":")
				s.streams.Delete(st.key())
				s.groups.Put(own.key(), &own)
				return &sdk.DeleteLogStreamOutput{}, nil
			}),
		op.New("DescribeLogStreams", "CloudWatch Logs API_DescribeLogStreams", op.Read,
			onGroup(s, "DescribeLogStreams", func(in *sdk.DescribeLogStreamsInput) (_, _ *string) { return in.LogGroupName, in.LogGroupIdentifier }), s.describeStreams),
	}
}

func (s *Service) describeStreams(c *op.Call, in *sdk.DescribeLogStreamsInput) (*sdk.DescribeLogStreamsOutput, error) {
	g, err := s.existing(c, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	n, err := listed(in.Limit, 50)
	if err != nil {
		return nil, err
	}
	byTime := in.OrderBy == types.OrderByLastEventTime
	switch {
	case in.OrderBy != "" && in.OrderBy != types.OrderByLogStreamName && !byTime:
		return nil, constraint(string(in.OrderBy), "orderBy", "Member must satisfy enum value set: [LogStreamName, LastEventTime]")
	case byTime && in.LogStreamNamePrefix != nil:
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	var all []*stream
	for _, st := range s.streams.Prefix(g.key() + ":" + text(in.LogStreamNamePrefix)) {
		all = append(all, st)
	}
	if byTime {
		slices.SortStableFunc(all, func(a, b *stream) int { return int(min(max(a.Last-b.Last, -1), 1)) })
	}
	if yes(in.Descending) {
		slices.Reverse(all)
	}
	if in.NextToken != nil { // the last stream of the page before
		at := slices.IndexFunc(all, func(st *stream) bool { return st.Name == *in.NextToken })
		if at < 0 {
			return nil, invalid("The specified nextToken is invalid.")
		}
		all = all[at+1:]
	}
	out := &sdk.DescribeLogStreamsOutput{LogStreams: []types.LogStream{}}
	for i, st := range all {
		if i == n {
			out.NextToken = &all[i-1].Name
			break
		}
		out.LogStreams = append(out.LogStreams, st.view(g))
	}
	return out, nil
}

func (st *stream) view(g *group) types.LogStream {
	out := types.LogStream{
		LogStreamName: &st.Name, CreationTime: millis(st.Created), LastIngestionTime: millis(st.Ingested),
		Arn: new(g.arn() + ":log-stream:" + st.Name), UploadSequenceToken: new(sequence(st.Count)),
	}
	//lint:ignore SA1019 AWS still reports it, as zero
	out.StoredBytes = new(int64(0))
	if st.Count > 0 {
		out.FirstEventTimestamp, out.LastEventTimestamp = &st.First, &st.Last
	}
	return out
}

// sequence is a token that PutLogEvents once wanted and now ignores.
func sequence(n int64) string {
	const digits = "0123456789"
	b := []byte(strings.Repeat("0", 55) + "1")
	for i := 54; n > 0; i-- {
		b[i] = digits[n%10]
		n /= 10
	}
	b[0] = '4'
	return string(b)
}

// StreamResource is a stream, there or not, for another service that will write to it;
// ok is false if its log group is not there. Call it under the state's lock.
func (s *Service) StreamResource(account, region, group, stream string) (r op.Resource, ok bool) {
	return s.streamResource(account, region, group, stream), s.groups.Get(place(account, region)+group) != nil
}
