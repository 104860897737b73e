package lambda

import (
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// maxReserved is what a region's functions can reserve together: 100 of an account's 1,000
// stay for those that reserve nothing.
// Source: Lambda Developer Guide "Configuring reserved concurrency for a function".
const maxReserved = 900

func (s *Service) concurrencyRows() []op.Row {
	put := op.New("PutFunctionConcurrency", "Lambda API_PutFunctionConcurrency", op.Write,
		checked(s, "PutFunctionConcurrency", func(in *sdk.PutFunctionConcurrencyInput) (_, _ *string) { return in.FunctionName, nil }),
		func(c *op.Call, in *sdk.PutFunctionConcurrencyInput) (*sdk.PutFunctionConcurrencyOutput, error) {
			return &sdk.PutFunctionConcurrencyOutput{ReservedConcurrentExecutions: in.ReservedConcurrentExecutions}, s.reserve(c, in.FunctionName, in.ReservedConcurrentExecutions)
		})
	put.Event = "PutFunctionConcurrency20171031"
	remove := op.New("DeleteFunctionConcurrency", "Lambda API_DeleteFunctionConcurrency", op.Write,
		checked(s, "DeleteFunctionConcurrency", func(in *sdk.DeleteFunctionConcurrencyInput) (_, _ *string) { return in.FunctionName, nil }),
		func(c *op.Call, in *sdk.DeleteFunctionConcurrencyInput) (*sdk.DeleteFunctionConcurrencyOutput, error) {
			f, err := s.unqualified(c, in.FunctionName)
			if err != nil {
				return nil, err
			}
			f.Reserved = nil
			s.functions.Put(f.key(), f)
			return &sdk.DeleteFunctionConcurrencyOutput{}, nil
		})
	remove.Event = "DeleteFunctionConcurrency20171031"
	return []op.Row{put, remove,
		op.New("GetFunctionConcurrency", "Lambda API_GetFunctionConcurrency", op.Read,
			checked(s, "GetFunctionConcurrency", func(in *sdk.GetFunctionConcurrencyInput) (_, _ *string) { return in.FunctionName, nil }),
			func(c *op.Call, in *sdk.GetFunctionConcurrencyInput) (*sdk.GetFunctionConcurrencyOutput, error) {
				f, err := s.unqualified(c, in.FunctionName)
				if err != nil {
					return nil, err
				}
				return &sdk.GetFunctionConcurrencyOutput{ReservedConcurrentExecutions: f.Reserved}, nil
			}),
	}
}

// unqualified returns a copy of the function that is named without a qualifier.
func (s *Service) unqualified(c *op.Call, name *string) (*function, error) {
	r, err := locate(c, name, nil)
	if err != nil {
		return nil, err
	}
	if r.qualifier != "" {
		return nil, invalid("This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.")
	}
	f, _, err := s.existing(r)
	if err != nil {
		return nil, err
	}
	return f.copy(), nil
}

func (s *Service) reserve(c *op.Call, name *string, n *int32) error {
	f, err := s.unqualified(c, name)
	if err != nil {
		return err
	}
	if n == nil || *n < 0 {
		return unfit("Value at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0")
	}
	sum := int(*n)
	for _, other := range s.functions.Prefix(place(f.Account, f.Region)) {
		if other.Name != f.Name && other.Reserved != nil {
			sum += int(*other.Reserved)
		}
	}
	if sum > maxReserved {
		return invalid("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].")
	}
	f.Reserved = n
	s.functions.Put(f.key(), f)
	return nil
}
