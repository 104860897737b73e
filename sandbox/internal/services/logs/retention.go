package logs

import (
	"iter"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// retentions are the numbers of days that there are.
// Source: CloudWatch Logs API_PutRetentionPolicy, retentionInDays.
var retentions = []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (s *Service) retentionRows() []op.Row {
	return []op.Row{
		op.New("PutRetentionPolicy", "CloudWatch Logs API_PutRetentionPolicy", op.Write,
			onGroup(s, "PutRetentionPolicy", func(in *sdk.PutRetentionPolicyInput) (_, _ *string) { return in.LogGroupName, nil }),
			func(c *op.Call, in *sdk.PutRetentionPolicyInput) (*sdk.PutRetentionPolicyOutput, error) {
				if in.RetentionInDays == nil || !slices.Contains(retentions, *in.RetentionInDays) {
					return nil, invalid("1 validation error detected: Value at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %v", retentions)
				}
				return &sdk.PutRetentionPolicyOutput{}, s.retain(c, in.LogGroupName, *in.RetentionInDays)
			}),
		op.New("DeleteRetentionPolicy", "CloudWatch Logs API_DeleteRetentionPolicy", op.Write,
			onGroup(s, "DeleteRetentionPolicy", func(in *sdk.DeleteRetentionPolicyInput) (_, _ *string) { return in.LogGroupName, nil }),
			func(c *op.Call, in *sdk.DeleteRetentionPolicyInput) (*sdk.DeleteRetentionPolicyOutput, error) {
				return &sdk.DeleteRetentionPolicyOutput{}, s.retain(c, in.LogGroupName, 0)
			}),
	}
}

func (s *Service) retain(c *op.Call, name *string, days int32) error {
	g, err := s.existing(c, name, nil)
	if err != nil {
		return err
	}
	own := *g
	own.Retention = days
	s.groups.Put(own.key(), &own)
	return nil
}

// expiry is the time before which the group's events are gone; zero: none is. AWS
// deletes them up to 72 hours later; here they are not shown from then on.
// Source: CloudWatch Logs API_PutRetentionPolicy.
func (g *group) expiry(now time.Time) time.Time {
	if g.Retention == 0 {
		return time.Time{}
	}
	return now.AddDate(0, 0, -int(g.Retention))
}

// purge deletes the events of a stream that have expired.
func (s *Service) purge(g *group, st *stream, now time.Time) {
	before := g.expiry(now)
	if before.IsZero() {
		return
	}
	var old []string
	for k, e := range s.events.Prefix(st.key() + ":") {
		if e.Time >= before.UnixMilli() {
			break
		}
		old = append(old, k)
		g.Bytes -= e.Size
		st.Bytes -= e.Size
	}
	for _, k := range old {
		s.events.Delete(k)
	}
}

// wipe deletes every record whose key begins with prefix.
func wipe[T any](t interface {
	Prefix(string) iter.Seq2[string, *T]
	Delete(string)
}, prefix string) {
	var keys []string
	for k := range t.Prefix(prefix) {
		keys = append(keys, k)
	}
	for _, k := range keys {
		t.Delete(k)
	}
}
