package cloudtrail

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) trailRows() []op.Row {
	return []op.Row{
		op.New("DeleteTrail", "CloudTrail API_DeleteTrail", op.Write,
			onTrail(s, "DeleteTrail", func(in *sdk.DeleteTrailInput) *string { return in.Name }), s.remove),
		op.New("GetTrail", "CloudTrail API_GetTrail", op.Read,
			onTrail(s, "GetTrail", func(in *sdk.GetTrailInput) *string { return in.Name }),
			func(c *op.Call, in *sdk.GetTrailInput) (*sdk.GetTrailOutput, error) {
				p, err := s.place(c, in.Name)
				if err != nil {
					return nil, err
				}
				t, err := p.found(c)
				if err != nil {
					return nil, err
				}
				return &sdk.GetTrailOutput{Trail: new(t.describe())}, nil
			}),
		op.New("DescribeTrails", "CloudTrail API_DescribeTrails", op.Read,
			func(c *op.Call, _ *describeInput) ([]op.Check, error) {
				return anywhere(c, "DescribeTrails"), nil
			}, s.describeTrails),
		op.New("ListTrails", "CloudTrail API_ListTrails", op.Read,
			func(c *op.Call, _ *sdk.ListTrailsInput) ([]op.Check, error) { return anywhere(c, "ListTrails"), nil },
			func(c *op.Call, in *sdk.ListTrailsInput) (*sdk.ListTrailsOutput, error) {
				if text(in.NextToken) != "" {
					return nil, fail("InvalidNextTokenException", "The next token is not valid.") // one page holds all
				}
				out := &sdk.ListTrailsOutput{Trails: []types.TrailInfo{}}
				for _, t := range s.trails.Prefix(c.Caller.Account + "/") {
					out.Trails = append(out.Trails, types.TrailInfo{Name: &t.Name, HomeRegion: &t.Region, TrailARN: aws.String(t.arn())})
				}
				return out, nil
			}),
		op.New("GetTrailStatus", "CloudTrail API_GetTrailStatus", op.Read,
			onTrail(s, "GetTrailStatus", func(in *sdk.GetTrailStatusInput) *string { return in.Name }), s.trailStatus),
	}
}

// remove forgets what was not yet delivered, too: that CloudTrail delivers the events of
// the last minutes of a deleted trail is not documented.
func (s *Service) remove(c *op.Call, in *sdk.DeleteTrailInput) (*sdk.DeleteTrailOutput, error) {
	p, err := s.place(c, in.Name)
	if err != nil {
		return nil, err
	}
	t, err := p.home(c)
	if err != nil {
		return nil, err
	}
	var events, chains []string
	for k := range s.pending.Prefix(t.key()) {
		events = append(events, k)
	}
	for k := range s.chains.Prefix(t.key()) {
		chains = append(chains, k)
	}
	for _, k := range events {
		s.pending.Delete(k)
	}
	for _, k := range chains {
		s.chains.Delete(k)
	}
	var unsent []string
	for k := range s.outbox.Prefix(t.key()) {
		unsent = append(unsent, k)
	}
	for _, k := range unsent {
		s.outbox.Delete(k)
	}
	s.statuses.Delete(t.key())
	s.trails.Delete(t.key())
	return &sdk.DeleteTrailOutput{}, nil
}

// describeInput and describeOutput are the SDK's, whose members alone begin with a small
// letter on the wire.
type describeInput struct {
	IncludeShadowTrails *bool    `wire:"includeShadowTrails"`
	TrailNameList       []string `wire:"trailNameList"`
}

type describeOutput struct {
	TrailList []types.Trail `wire:"trailList"`
}

// describeTrails leaves out what is not there.
func (s *Service) describeTrails(c *op.Call, in *describeInput) (*describeOutput, error) {
	shadows := in.IncludeShadowTrails == nil || *in.IncludeShadowTrails
	out := &describeOutput{TrailList: []types.Trail{}}
	if len(in.TrailNameList) == 0 {
		for _, t := range s.trails.Prefix(c.Caller.Account + "/") {
			if t.Region == c.Region || t.MultiRegion && shadows {
				out.TrailList = append(out.TrailList, t.describe())
			}
		}
		return out, nil
	}
	for _, name := range in.TrailNameList {
		p, err := s.place(c, &name)
		if err != nil {
			return nil, err
		}
		t, err := p.found(c)
		if err != nil || t.Account != c.Caller.Account || t.Region != c.Region && !shadows {
			continue
		}
		out.TrailList = append(out.TrailList, t.describe())
	}
	return out, nil
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// words is a time as the older members have it.
func words(t time.Time) *string {
	if t.IsZero() {
		return aws.String("")
	}
	return aws.String(t.UTC().Format(stampForm))
}

const stampForm = "2006-01-02T15:04:05Z"

func (s *Service) trailStatus(c *op.Call, in *sdk.GetTrailStatusInput) (*sdk.GetTrailStatusOutput, error) {
	p, err := s.place(c, in.Name)
	if err != nil {
		return nil, err
	}
	t, err := p.found(c)
	if err != nil {
		return nil, err
	}
	var st status
	if known := s.statuses.Get(t.key()); known != nil {
		st = *known
	}
	out := &sdk.GetTrailStatusOutput{
		IsLogging: &t.Logging, StartLoggingTime: moment(t.Started), StopLoggingTime: moment(t.Stopped),
		TimeLoggingStarted: words(t.Started), TimeLoggingStopped: words(t.Stopped),
		LatestDeliveryTime: moment(st.Delivered), LatestDeliveryError: optional(st.Error),
		LatestDeliveryAttemptTime: words(st.Attempt), LatestDeliveryAttemptSucceeded: words(st.Delivered),
		LatestDigestDeliveryTime: moment(st.Digest), LatestDigestDeliveryError: optional(st.DigestError),
		LatestCloudWatchLogsDeliveryTime: moment(st.LogDelivered), LatestCloudWatchLogsDeliveryError: optional(st.LogError),
		LatestNotificationTime: moment(st.Told), LatestNotificationError: optional(st.TopicError),
		LatestNotificationAttemptTime: words(st.Tried), LatestNotificationAttemptSucceeded: words(st.Told),
	}
	return out, nil
}

func (s *Service) loggingRows() []op.Row {
	return []op.Row{
		op.New("StartLogging", "CloudTrail API_StartLogging", op.Write,
			onTrail(s, "StartLogging", func(in *sdk.StartLoggingInput) *string { return in.Name }),
			func(c *op.Call, in *sdk.StartLoggingInput) (*sdk.StartLoggingOutput, error) {
				return &sdk.StartLoggingOutput{}, s.logging(c, in.Name, true)
			}),
		op.New("StopLogging", "CloudTrail API_StopLogging", op.Write,
			onTrail(s, "StopLogging", func(in *sdk.StopLoggingInput) *string { return in.Name }),
			func(c *op.Call, in *sdk.StopLoggingInput) (*sdk.StopLoggingOutput, error) {
				return &sdk.StopLoggingOutput{}, s.logging(c, in.Name, false)
			}),
	}
}

func (s *Service) logging(c *op.Call, name *string, on bool) error {
	p, err := s.place(c, name)
	if err != nil {
		return err
	}
	old, err := p.home(c)
	if err != nil || old.Logging == on {
		return err
	}
	t := *old
	if t.Logging = on; on {
		t.Before = interval{t.Started, t.Stopped}
		t.Started = c.Now
	} else {
		t.Stopped = c.Now
	}
	s.trails.Put(t.key(), &t)
	return nil
}
