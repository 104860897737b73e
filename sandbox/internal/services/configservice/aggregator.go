package configservice

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// aggregator is one over accounts that are listed.
type aggregator struct {
	Name, ID, Account, Region string
	Sources                   []types.AccountAggregationSource
	Made, Changed             time.Time
	Tags                      map[string]string
}

func (a *aggregator) arn() string {
	return "arn:aws:config:" + a.Region + ":" + a.Account + ":config-aggregator/" + a.ID
}

func (s *Service) aggregatorRows() []op.Row {
	return []op.Row{
		op.New("PutConfigurationAggregator", "AWS Config API_PutConfigurationAggregator", op.Write,
			func(c *op.Call, in *sdk.PutConfigurationAggregatorInput) ([]op.Check, error) {
				given, err := tagMap(in.Tags)
				return s.onAggregator(c, "PutConfigurationAggregator", in.ConfigurationAggregatorName, tags.RequestKeys(given)...), err
			}, s.putAggregator),
		op.New("DescribeConfigurationAggregators", "AWS Config API_DescribeConfigurationAggregators", op.Read,
			onAll[sdk.DescribeConfigurationAggregatorsInput]("DescribeConfigurationAggregators"), s.describeAggregators),
		op.New("DeleteConfigurationAggregator", "AWS Config API_DeleteConfigurationAggregator", op.Write,
			func(c *op.Call, in *sdk.DeleteConfigurationAggregatorInput) ([]op.Check, error) {
				return s.onAggregator(c, "DeleteConfigurationAggregator", in.ConfigurationAggregatorName), nil
			}, s.deleteAggregator),
	}
}

// aggregatorOf is the one of this name, or what one would be that is made now.
func (s *Service) aggregatorOf(c *op.Call, name string) *aggregator {
	if a := s.aggregators.Get(place(c.Caller.Account, c.Region) + "/" + name); a != nil {
		return a
	}
	return &aggregator{Name: name, ID: newID(c, "config-aggregator", name, 8), Account: c.Caller.Account, Region: c.Region, Made: c.Now}
}

func (s *Service) onAggregator(c *op.Call, action string, name *string, keys ...op.Key) []op.Check {
	a := s.aggregatorOf(c, text(name))
	return []op.Check{{Action: "config:" + action, Resource: op.Resource{ARN: a.arn(), Account: a.Account, Tags: a.Tags}, Context: keys}}
}

var (
	aggregatorForm = regexp.MustCompile(`^[\w-]+$`)
	accountForm    = regexp.MustCompile(`^\d{12}$`)
)

// putAggregator: the tags are those of the first time.
// Source: AWS Config API_PutConfigurationAggregator, API_AccountAggregationSource.
func (s *Service) putAggregator(c *op.Call, in *sdk.PutConfigurationAggregatorInput) (*sdk.PutConfigurationAggregatorOutput, error) {
	name := text(in.ConfigurationAggregatorName)
	bad := func(format string, args ...any) (*sdk.PutConfigurationAggregatorOutput, error) {
		return nil, fault("InvalidParameterValueException", format, args...)
	}
	switch {
	case len(name) > 256 || !aggregatorForm.MatchString(name):
		return nil, fault("ValidationException", "The configuration aggregator name '%s' is not valid.", name)
	case in.OrganizationAggregationSource != nil:
		return nil, refuse("aggregators of an organization (OrganizationAggregationSource)")
	case in.AggregatorFilters != nil:
		return nil, refuse("filters of aggregators (AggregatorFilters)")
	case len(in.AccountAggregationSources) != 1:
		return bad("The configuration aggregator must have one account aggregation source.")
	}
	source := in.AccountAggregationSources[0]
	switch {
	case len(source.AccountIds) == 0:
		return bad("An account aggregation source lists accounts.")
	case source.AllAwsRegions == (len(source.AwsRegions) > 0):
		return bad("An account aggregation source has either all regions or a list of them.")
	}
	for _, id := range source.AccountIds {
		if !accountForm.MatchString(id) {
			return nil, fault("ValidationException", "The account ID '%s' is not valid.", id)
		}
	}
	at := place(c.Caller.Account, c.Region) + "/" + name
	a := *s.aggregatorOf(c, name)
	if s.aggregators.Get(at) == nil {
		var err error
		if a.Tags, err = tagMap(in.Tags); err != nil {
			return nil, err
		}
	}
	a.Sources, a.Changed = in.AccountAggregationSources, c.Now
	s.aggregators.Put(at, &a)
	return &sdk.PutConfigurationAggregatorOutput{ConfigurationAggregator: new(a.view())}, nil
}

func (a *aggregator) view() types.ConfigurationAggregator {
	return types.ConfigurationAggregator{ConfigurationAggregatorName: &a.Name, ConfigurationAggregatorArn: new(a.arn()),
		AccountAggregationSources: a.Sources, CreationTime: &a.Made, LastUpdatedTime: &a.Changed}
}

func noAggregator(name string) error {
	return fault("NoSuchConfigurationAggregatorException", "The configuration aggregator '%s' does not exist.", name)
}

// pageSize is how many are listed at a time; limit is what was asked for.
func pageSize(limit int32) (int, error) {
	if limit < 0 || limit > 100 {
		return 0, fault("InvalidLimitException", "The limit '%d' is not between 0 and 100.", limit)
	}
	if limit == 0 {
		return 100, nil
	}
	return int(limit), nil
}

func (s *Service) describeAggregators(c *op.Call, in *sdk.DescribeConfigurationAggregatorsInput) (*sdk.DescribeConfigurationAggregatorsOutput, error) {
	at := place(c.Caller.Account, c.Region) + "/"
	n, err := pageSize(in.Limit)
	if err != nil {
		return nil, err
	}
	all := []*aggregator{}
	for _, name := range in.ConfigurationAggregatorNames {
		a := s.aggregators.Get(at + name)
		if a == nil {
			return nil, noAggregator(name)
		}
		all = append(all, a)
	}
	if len(in.ConfigurationAggregatorNames) == 0 {
		all = slices.AppendSeq(all, maps.Values(maps.Collect(s.aggregators.Prefix(at))))
	}
	slices.SortFunc(all, func(a, b *aggregator) int { return cmp.Compare(a.Name, b.Name) })
	out := &sdk.DescribeConfigurationAggregatorsOutput{ConfigurationAggregators: []types.ConfigurationAggregator{}}
	all, out.NextToken = page.Cut(all, func(a *aggregator) string { return a.Name }, n, in.NextToken)
	for _, a := range all {
		out.ConfigurationAggregators = append(out.ConfigurationAggregators, a.view())
	}
	return out, nil
}

func (s *Service) deleteAggregator(c *op.Call, in *sdk.DeleteConfigurationAggregatorInput) (*sdk.DeleteConfigurationAggregatorOutput, error) {
	at := place(c.Caller.Account, c.Region) + "/" + text(in.ConfigurationAggregatorName)
	if s.aggregators.Get(at) == nil {
		return nil, noAggregator(text(in.ConfigurationAggregatorName))
	}
	s.aggregators.Delete(at)
	return &sdk.DeleteConfigurationAggregatorOutput{}, nil
}
