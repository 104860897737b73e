package ssm

import (
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

func (s *Service) describeRows() []op.Row {
	return []op.Row{op.New("DescribeParameters", "Systems Manager API_DescribeParameters", op.Read,
		func(c *op.Call, _ *sdk.DescribeParametersInput) ([]op.Check, error) {
			return []op.Check{{Action: "ssm:DescribeParameters", Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}, nil
		}, s.describe)}
}

func (s *Service) describe(c *op.Call, in *sdk.DescribeParametersInput) (*sdk.DescribeParametersOutput, error) {
	list := in.ParameterFilters
	switch {
	case in.Shared != nil && *in.Shared:
		return nil, refuse("parameters that other accounts share (Shared)")
	case len(in.Filters) > 0 && len(list) > 0:
		return nil, invalid("You can use either Filters or ParameterFilters in a single request.")
	}
	for _, f := range in.Filters { // the older form
		list = append(list, types.ParameterStringFilter{Key: new(string(f.Key)), Values: f.Values})
	}
	n, err := limit(in.MaxResults, 50, 50)
	if err != nil {
		return nil, err
	}
	match, err := filters(list, "Name", "Type", "KeyId", "Path", "Tier", "DataType", "tag:")
	if err != nil {
		return nil, err
	}
	var found []picked
	for _, p := range s.parameters.Prefix(place(c.Caller.Account, c.Region)) {
		if x, ok := match(s, p); ok {
			found = append(found, x)
		}
	}
	out := &sdk.DescribeParametersOutput{Parameters: []types.ParameterMetadata{}}
	found, out.NextToken = page.Cut(found, func(x picked) string { return x.p.Name }, n, in.NextToken)
	for _, x := range found {
		out.Parameters = append(out.Parameters, types.ParameterMetadata{
			ARN: new(x.p.arn()), Name: &x.p.Name, Type: x.v.Type, KeyId: optional(x.v.KeyID), LastModifiedDate: &x.v.Modified, LastModifiedUser: &x.v.User,
			Description: optional(text(x.v.Description)), AllowedPattern: optional(text(x.v.AllowedPattern)), Version: x.v.Number, Tier: x.v.Tier,
			DataType: &x.v.DataType, Policies: []types.ParameterInlinePolicy{},
		})
	}
	return out, nil
}
