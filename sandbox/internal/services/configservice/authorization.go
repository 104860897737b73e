package configservice

import (
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// authorization lets an account's region aggregate what is here.
type authorization struct {
	Account, Region string
	// To and In are the account and the region that aggregate.
	To, In string
	Made   time.Time
	Tags   map[string]string
}

func (a *authorization) arn() string {
	return "arn:aws:config:" + a.Region + ":" + a.Account + ":aggregation-authorization/" + a.name()
}

func (a *authorization) name() string { return a.To + "/" + a.In }

func (a *authorization) view() types.AggregationAuthorization {
	return types.AggregationAuthorization{AggregationAuthorizationArn: new(a.arn()), AuthorizedAccountId: &a.To, AuthorizedAwsRegion: &a.In, CreationTime: &a.Made}
}

func (s *Service) authorizationRows() []op.Row {
	return []op.Row{
		op.New("PutAggregationAuthorization", "AWS Config API_PutAggregationAuthorization", op.Write,
			func(c *op.Call, in *sdk.PutAggregationAuthorizationInput) ([]op.Check, error) {
				given, err := tagMap(in.Tags)
				return s.onAuthorization(c, "PutAggregationAuthorization", in.AuthorizedAccountId, in.AuthorizedAwsRegion, tags.RequestKeys(given)...), err
			}, s.authorize),
		op.New("DescribeAggregationAuthorizations", "AWS Config API_DescribeAggregationAuthorizations", op.Read,
			onAll[sdk.DescribeAggregationAuthorizationsInput]("DescribeAggregationAuthorizations"), s.describeAuthorizations),
		op.New("DeleteAggregationAuthorization", "AWS Config API_DeleteAggregationAuthorization", op.Write,
			func(c *op.Call, in *sdk.DeleteAggregationAuthorizationInput) ([]op.Check, error) {
				return s.onAuthorization(c, "DeleteAggregationAuthorization", in.AuthorizedAccountId, in.AuthorizedAwsRegion), nil
			}, s.deleteAuthorization),
	}
}

// authorizationOf is the one for this account and region, or what one would be that is made now.
func (s *Service) authorizationOf(c *op.Call, account, region *string) *authorization {
	a := &authorization{Account: c.Caller.Account, Region: c.Region, To: text(account), In: text(region), Made: c.Now}
	if old := s.authorizations.Get(place(a.Account, a.Region) + "/" + a.name()); old != nil {
		return old
	}
	return a
}

func (s *Service) onAuthorization(c *op.Call, action string, account, region *string, keys ...op.Key) []op.Check {
	a := s.authorizationOf(c, account, region)
	return []op.Check{{Action: "config:" + action, Resource: op.Resource{ARN: a.arn(), Account: a.Account, Tags: a.Tags}, Context: keys}}
}

// authorize: the tags are those of the first time.
func (s *Service) authorize(c *op.Call, in *sdk.PutAggregationAuthorizationInput) (*sdk.PutAggregationAuthorizationOutput, error) {
	a := *s.authorizationOf(c, in.AuthorizedAccountId, in.AuthorizedAwsRegion)
	if !accountForm.MatchString(a.To) || a.In == "" {
		return nil, fault("ValidationException", "An account of 12 digits and a region are authorized, not '%s' and '%s'.", a.To, a.In)
	}
	at := place(a.Account, a.Region) + "/" + a.name()
	if s.authorizations.Get(at) == nil {
		var err error
		if a.Tags, err = tagMap(in.Tags); err != nil {
			return nil, err
		}
		s.authorizations.Put(at, &a)
	}
	return &sdk.PutAggregationAuthorizationOutput{AggregationAuthorization: new(a.view())}, nil
}

func (s *Service) describeAuthorizations(c *op.Call, in *sdk.DescribeAggregationAuthorizationsInput) (*sdk.DescribeAggregationAuthorizationsOutput, error) {
	n, err := pageSize(in.Limit)
	if err != nil {
		return nil, err
	}
	var all []*authorization
	for _, a := range s.authorizations.Prefix(place(c.Caller.Account, c.Region) + "/") {
		all = append(all, a)
	}
	out := &sdk.DescribeAggregationAuthorizationsOutput{AggregationAuthorizations: []types.AggregationAuthorization{}}
	all, out.NextToken = page.Cut(all, (*authorization).name, n, in.NextToken)
	for _, a := range all {
		out.AggregationAuthorizations = append(out.AggregationAuthorizations, a.view())
	}
	return out, nil
}

// deleteAuthorization: one that is not there is none the less deleted.
func (s *Service) deleteAuthorization(c *op.Call, in *sdk.DeleteAggregationAuthorizationInput) (*sdk.DeleteAggregationAuthorizationOutput, error) {
	a := s.authorizationOf(c, in.AuthorizedAccountId, in.AuthorizedAwsRegion)
	s.authorizations.Delete(place(a.Account, a.Region) + "/" + a.name())
	return &sdk.DeleteAggregationAuthorizationOutput{}, nil
}
