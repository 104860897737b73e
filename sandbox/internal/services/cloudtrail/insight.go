package cloudtrail

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// insightRows: which Insights a trail wants is kept. None is ever found: CloudTrail
// learns for 36 hours at least what is usual before it tells of what is not.
// Source: CloudTrail User Guide "Working with CloudTrail Insights".
func (s *Service) insightRows() []op.Row {
	return []op.Row{
		op.New("GetInsightSelectors", "CloudTrail API_GetInsightSelectors", op.Read,
			onTrail(s, "GetInsightSelectors", func(in *sdk.GetInsightSelectorsInput) *string { return in.TrailName }),
			func(c *op.Call, in *sdk.GetInsightSelectorsInput) (*sdk.GetInsightSelectorsOutput, error) {
				if text(in.EventDataStore) != "" {
					return nil, refuse("event data stores (EventDataStore)")
				}
				p, err := s.place(c, in.TrailName)
				if err != nil {
					return nil, err
				}
				t, err := p.found(c)
				if err != nil {
					return nil, err
				}
				if len(t.Insights) > 0 {
					return &sdk.GetInsightSelectorsOutput{TrailARN: aws.String(t.arn()), InsightSelectors: t.Insights}, nil
				}
				return nil, fail("InsightNotEnabledException", "Trail %s does not have Insights enabled. Edit the trail settings to enable Insights, and then try the operation again.", p.arn)
			}),
		op.New("PutInsightSelectors", "CloudTrail API_PutInsightSelectors", op.Write,
			onTrail(s, "PutInsightSelectors", func(in *sdk.PutInsightSelectorsInput) *string { return in.TrailName }),
			func(c *op.Call, in *sdk.PutInsightSelectorsInput) (*sdk.PutInsightSelectorsOutput, error) {
				if text(in.EventDataStore) != "" || text(in.InsightsDestination) != "" {
					return nil, refuse("event data stores (EventDataStore, InsightsDestination)")
				}
				p, err := s.place(c, in.TrailName)
				if err != nil {
					return nil, err
				}
				old, err := p.home(c)
				if err != nil {
					return nil, err
				}
				t := *old
				if err := t.checkInsights(in.InsightSelectors); err != nil {
					return nil, err
				}
				t.Insights = in.InsightSelectors // an empty list turns them off
				s.trails.Put(t.key(), &t)
				return &sdk.PutInsightSelectorsOutput{TrailARN: aws.String(t.arn()), InsightSelectors: t.Insights}, nil
			}),
	}
}

// checkInsights: rates of calls are of what writes, those of errors of any management
// event, and the trail must log them.
// Source: CloudTrail API_PutInsightSelectors.
func (t *trail) checkInsights(list []types.InsightSelector) error {
	for i, x := range list {
		switch {
		case !slices.Contains(x.InsightType.Values(), x.InsightType):
			return fail("InvalidInsightSelectorsException", "The insight type %q is not valid.", x.InsightType)
		case slices.ContainsFunc(list[:i], func(y types.InsightSelector) bool { return y.InsightType == x.InsightType }):
			return fail("InvalidInsightSelectorsException", "The insight type %s is there twice.", x.InsightType)
		case len(x.EventCategories) > 0:
			return refuse("Insights of data events (EventCategories)")
		case !t.manages(true) && (x.InsightType == types.InsightTypeApiCallRateInsight || !t.manages(false)):
			return fail("InvalidInsightSelectorsException", "The trail %s does not log the management events that %s needs.", t.Name, x.InsightType)
		}
	}
	return nil
}

// manages reports whether the trail logs some management events that write, or that read.
func (t *trail) manages(writes bool) bool {
	if t.Advanced == nil {
		other := types.ReadWriteTypeReadOnly
		if !writes {
			other = types.ReadWriteTypeWriteOnly
		}
		return slices.ContainsFunc(t.classic(), func(c types.EventSelector) bool { return yes(c.IncludeManagementEvents) && c.ReadWriteType != other })
	}
	other := "true"
	if !writes {
		other = "false"
	}
	return slices.ContainsFunc(t.Advanced, func(a types.AdvancedEventSelector) bool {
		management, fits := false, true
		for _, f := range a.FieldSelectors {
			switch text(f.Field) {
			case "eventCategory":
				management = f.Equals[0] == "Management"
			case "readOnly":
				fits = f.Equals[0] != other
			}
		}
		return management && fits
	})
}
