package configservice

import (
	sdk "github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// retention is how long the history of an account's region is kept. There is one, "default".
type retention struct{ Days int32 }

const retentionName = "default"

// retentionRows: no action on retention has a resource type.
// Source: Service Authorization Reference, AWS Config.
func (s *Service) retentionRows() []op.Row {
	return []op.Row{
		op.New("PutRetentionConfiguration", "AWS Config API_PutRetentionConfiguration", op.Write, onAll[sdk.PutRetentionConfigurationInput]("PutRetentionConfiguration"), s.putRetention),
		op.New("DescribeRetentionConfigurations", "AWS Config API_DescribeRetentionConfigurations", op.Read, onAll[sdk.DescribeRetentionConfigurationsInput]("DescribeRetentionConfigurations"), s.describeRetentions),
		op.New("DeleteRetentionConfiguration", "AWS Config API_DeleteRetentionConfiguration", op.Write, onAll[sdk.DeleteRetentionConfigurationInput]("DeleteRetentionConfiguration"), s.deleteRetention),
	}
}

func (r *retention) view() types.RetentionConfiguration {
	return types.RetentionConfiguration{Name: new(retentionName), RetentionPeriodInDays: &r.Days}
}

// putRetention: 30 days to 7 years.
// Source: AWS Config API_PutRetentionConfiguration.
func (s *Service) putRetention(c *op.Call, in *sdk.PutRetentionConfigurationInput) (*sdk.PutRetentionConfigurationOutput, error) {
	if in.RetentionPeriodInDays == nil || *in.RetentionPeriodInDays < 30 || *in.RetentionPeriodInDays > 2557 {
		return nil, fault("InvalidParameterValueException", "The retention period is 30 to 2557 days.")
	}
	r := &retention{*in.RetentionPeriodInDays}
	s.retentions.Put(place(c.Caller.Account, c.Region), r)
	return &sdk.PutRetentionConfigurationOutput{RetentionConfiguration: new(r.view())}, nil
}

func noRetention(name string) error {
	return fault("NoSuchRetentionConfigurationException", "Cannot find retention configuration with the specified name '%s'.", name)
}

func (s *Service) describeRetentions(c *op.Call, in *sdk.DescribeRetentionConfigurationsInput) (*sdk.DescribeRetentionConfigurationsOutput, error) {
	r := s.retentions.Get(place(c.Caller.Account, c.Region))
	for _, name := range in.RetentionConfigurationNames {
		if r == nil || name != retentionName {
			return nil, noRetention(name)
		}
	}
	out := &sdk.DescribeRetentionConfigurationsOutput{RetentionConfigurations: []types.RetentionConfiguration{}}
	if r != nil {
		out.RetentionConfigurations = append(out.RetentionConfigurations, r.view())
	}
	return out, nil
}

func (s *Service) deleteRetention(c *op.Call, in *sdk.DeleteRetentionConfigurationInput) (*sdk.DeleteRetentionConfigurationOutput, error) {
	at := place(c.Caller.Account, c.Region)
	if name := text(in.RetentionConfigurationName); name != retentionName || s.retentions.Get(at) == nil {
		return nil, noRetention(name)
	}
	s.retentions.Delete(at)
	return &sdk.DeleteRetentionConfigurationOutput{}, nil
}
