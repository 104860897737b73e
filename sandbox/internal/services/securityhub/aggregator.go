package securityhub

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// aggregator is an account's finding aggregator: where findings of other regions are
// shown too. An account has one, in its home region.
type aggregator struct {
	Account, Region, ID string
	// Mode is ALL_REGIONS and the like, and Regions what it lists.
	Mode    string
	Regions []string
	Made    time.Time
}

func (a *aggregator) arn() string {
	return "arn:aws:securityhub:" + a.Region + ":" + a.Account + ":finding-aggregator/" + a.ID
}

func (s *Service) aggregatorRows() []op.Row {
	return []op.Row{
		op.New("CreateFindingAggregator", "Security Hub API_CreateFindingAggregator", op.Write,
			onAny[sdk.CreateFindingAggregatorInput]("CreateFindingAggregator"), s.createAggregator),
		op.New("ListFindingAggregators", "Security Hub API_ListFindingAggregators", op.Read,
			onAny[sdk.ListFindingAggregatorsInput]("ListFindingAggregators"), s.listAggregators),
		op.New("GetFindingAggregator", "Security Hub API_GetFindingAggregator", op.Read,
			func(c *op.Call, in *sdk.GetFindingAggregatorInput) ([]op.Check, error) {
				return onAggregator(c, "GetFindingAggregator", in.FindingAggregatorArn)
			}, s.getAggregator),
		op.New("UpdateFindingAggregator", "Security Hub API_UpdateFindingAggregator", op.Write,
			func(c *op.Call, in *sdk.UpdateFindingAggregatorInput) ([]op.Check, error) {
				return onAggregator(c, "UpdateFindingAggregator", in.FindingAggregatorArn)
			}, s.updateAggregator),
		op.New("DeleteFindingAggregator", "Security Hub API_DeleteFindingAggregator", op.Write,
			func(c *op.Call, in *sdk.DeleteFindingAggregatorInput) ([]op.Check, error) {
				return onAggregator(c, "DeleteFindingAggregator", in.FindingAggregatorArn)
			}, s.deleteAggregator),
	}
}

func onAny[In any](action string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, _ *In) ([]op.Check, error) {
		return []op.Check{{Action: "securityhub:" + action, Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}, nil
	}
}

func onAggregator(c *op.Call, action string, arn *string) ([]op.Check, error) {
	if text(arn) == "" {
		return nil, invalid("FindingAggregatorArn is required.")
	}
	return []op.Check{{Action: "securityhub:" + action, Resource: op.Resource{ARN: *arn, Account: c.Caller.Account}}}, nil
}

// linked checks which regions are linked.
// Source: API_CreateFindingAggregator, RegionLinkingMode and Regions.
func linked(c *op.Call, mode string, regions []string) error {
	listed := mode == "SPECIFIED_REGIONS" || mode == "ALL_REGIONS_EXCEPT_SPECIFIED"
	switch {
	case !listed && mode != "ALL_REGIONS" && mode != "NO_REGIONS":
		return invalid("The value %q of RegionLinkingMode is not valid.", mode)
	case listed == (len(regions) == 0):
		return invalid("Regions go with the modes SPECIFIED_REGIONS and ALL_REGIONS_EXCEPT_SPECIFIED, and only with them.")
	case slices.Contains(regions, "") || mode == "SPECIFIED_REGIONS" && slices.Contains(regions, c.Region):
		return invalid("Regions lists others than the aggregation Region %s.", c.Region)
	}
	return nil
}

func (s *Service) createAggregator(c *op.Call, in *sdk.CreateFindingAggregatorInput) (*sdk.CreateFindingAggregatorOutput, error) {
	if _, err := s.enabled(c); err != nil {
		return nil, err
	}
	mode := text(in.RegionLinkingMode)
	if err := linked(c, mode, in.Regions); err != nil {
		return nil, err
	}
	if a := s.aggregators.Get(c.Caller.Account); a != nil {
		return nil, op.Errorf(http.StatusConflict, "ResourceConflictException", "The account %s has the finding aggregator %s already", a.Account, a.arn())
	}
	sum := sha256.Sum256([]byte(c.ID))
	a := &aggregator{
		Account: c.Caller.Account, Region: c.Region, ID: fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]),
		Mode: mode, Regions: in.Regions, Made: c.Now,
	}
	s.aggregators.Put(a.Account, a)
	return &sdk.CreateFindingAggregatorOutput{FindingAggregatorArn: new(a.arn()), FindingAggregationRegion: &a.Region, RegionLinkingMode: &a.Mode, Regions: a.Regions}, nil
}

// aggregatorBy is the one that an ARN names.
func (s *Service) aggregatorBy(c *op.Call, arn *string) (*aggregator, error) {
	if _, err := s.enabled(c); err != nil {
		return nil, err
	}
	if a := s.aggregators.Get(c.Caller.Account); a != nil && a.arn() == text(arn) {
		return a, nil
	}
	return nil, op.Errorf(http.StatusNotFound, "ResourceNotFoundException", "The finding aggregator %s does not exist", text(arn))
}

func (s *Service) getAggregator(c *op.Call, in *sdk.GetFindingAggregatorInput) (*sdk.GetFindingAggregatorOutput, error) {
	a, err := s.aggregatorBy(c, in.FindingAggregatorArn)
	if err != nil {
		return nil, err
	}
	return &sdk.GetFindingAggregatorOutput{FindingAggregatorArn: new(a.arn()), FindingAggregationRegion: &a.Region, RegionLinkingMode: &a.Mode, Regions: a.Regions}, nil
}

// listAggregators lists the one there is.
func (s *Service) listAggregators(c *op.Call, in *sdk.ListFindingAggregatorsInput) (*sdk.ListFindingAggregatorsOutput, error) {
	if _, err := s.enabled(c); err != nil {
		return nil, err
	}
	if _, err := limit(in.MaxResults); err != nil {
		return nil, err
	}
	out := &sdk.ListFindingAggregatorsOutput{FindingAggregators: []types.FindingAggregator{}}
	if a := s.aggregators.Get(c.Caller.Account); a != nil && token(in.NextToken) == nil {
		out.FindingAggregators = append(out.FindingAggregators, types.FindingAggregator{FindingAggregatorArn: new(a.arn())})
	}
	return out, nil
}

// updateAggregator is for the home region only.
func (s *Service) updateAggregator(c *op.Call, in *sdk.UpdateFindingAggregatorInput) (*sdk.UpdateFindingAggregatorOutput, error) {
	old, err := s.home(c, in.FindingAggregatorArn)
	if err != nil {
		return nil, err
	}
	a := *old
	a.Mode, a.Regions = text(in.RegionLinkingMode), in.Regions
	if err := linked(c, a.Mode, a.Regions); err != nil {
		return nil, err
	}
	s.aggregators.Put(a.Account, &a)
	return &sdk.UpdateFindingAggregatorOutput{FindingAggregatorArn: new(a.arn()), FindingAggregationRegion: &a.Region, RegionLinkingMode: &a.Mode, Regions: a.Regions}, nil
}

// home is the aggregator, asked for in its own region.
// Source: API_UpdateFindingAggregator, API_DeleteFindingAggregator.
func (s *Service) home(c *op.Call, arn *string) (*aggregator, error) {
	a, err := s.aggregatorBy(c, arn)
	if err == nil && a.Region != c.Region {
		return nil, invalid("The finding aggregator is changed and deleted in its home Region, %s.", a.Region)
	}
	return a, err
}

func (s *Service) deleteAggregator(c *op.Call, in *sdk.DeleteFindingAggregatorInput) (*sdk.DeleteFindingAggregatorOutput, error) {
	a, err := s.home(c, in.FindingAggregatorArn)
	if err != nil {
		return nil, err
	}
	s.aggregators.Delete(a.Account)
	return &sdk.DeleteFindingAggregatorOutput{}, nil
}
