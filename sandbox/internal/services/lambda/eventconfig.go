package lambda

import (
	"reflect"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// invoking is how the queue treats a function's events.
type invoking struct {
	// MaxAge in seconds, Retries after the first attempt; nil: the defaults.
	MaxAge, Retries *int32
	Modified        time.Time
}

// What is the default of a function without a configuration.
// Source: Lambda Developer Guide "Error handling for asynchronous invocation".
const (
	defaultRetries = 2
	defaultMaxAge  = 6 * time.Hour
)

func (s *Service) eventRows() []op.Row {
	return []op.Row{
		op.New("PutFunctionEventInvokeConfig", "Lambda API_PutFunctionEventInvokeConfig", op.Write,
			checked(s, "PutFunctionEventInvokeConfig", func(in *sdk.PutFunctionEventInvokeConfigInput) (_, _ *string) { return in.FunctionName, in.Qualifier }),
			func(c *op.Call, in *sdk.PutFunctionEventInvokeConfigInput) (*sdk.PutFunctionEventInvokeConfigOutput, error) {
				x, err := s.putInvoking(c, in, false)
				return shownInvoking[sdk.PutFunctionEventInvokeConfigOutput](x, err)
			}),
		op.New("UpdateFunctionEventInvokeConfig", "Lambda API_UpdateFunctionEventInvokeConfig", op.Write,
			checked(s, "UpdateFunctionEventInvokeConfig", func(in *sdk.UpdateFunctionEventInvokeConfigInput) (_, _ *string) {
				return in.FunctionName, in.Qualifier
			}),
			func(c *op.Call, in *sdk.UpdateFunctionEventInvokeConfigInput) (*sdk.UpdateFunctionEventInvokeConfigOutput, error) {
				whole := &sdk.PutFunctionEventInvokeConfigInput{}
				shared(reflect.ValueOf(whole).Elem(), reflect.ValueOf(in).Elem())
				x, err := s.putInvoking(c, whole, true)
				return shownInvoking[sdk.UpdateFunctionEventInvokeConfigOutput](x, err)
			}),
		op.New("GetFunctionEventInvokeConfig", "Lambda API_GetFunctionEventInvokeConfig", op.Read,
			checked(s, "GetFunctionEventInvokeConfig", func(in *sdk.GetFunctionEventInvokeConfigInput) (_, _ *string) { return in.FunctionName, in.Qualifier }),
			func(c *op.Call, in *sdk.GetFunctionEventInvokeConfigInput) (*sdk.GetFunctionEventInvokeConfigOutput, error) {
				f, at, err := s.invokingOf(c, in.FunctionName, in.Qualifier)
				if err != nil {
					return nil, err
				}
				x, err := f.invoking(at)
				return shownInvoking[sdk.GetFunctionEventInvokeConfigOutput](x, err)
			}),
		op.New("DeleteFunctionEventInvokeConfig", "Lambda API_DeleteFunctionEventInvokeConfig", op.Write,
			checked(s, "DeleteFunctionEventInvokeConfig", func(in *sdk.DeleteFunctionEventInvokeConfigInput) (_, _ *string) {
				return in.FunctionName, in.Qualifier
			}),
			func(c *op.Call, in *sdk.DeleteFunctionEventInvokeConfigInput) (*sdk.DeleteFunctionEventInvokeConfigOutput, error) {
				f, at, err := s.invokingOf(c, in.FunctionName, in.Qualifier)
				if err != nil {
					return nil, err
				}
				if _, err := f.invoking(at); err != nil {
					return nil, err
				}
				s.setInvoking(f, at, nil)
				return &sdk.DeleteFunctionEventInvokeConfigOutput{}, nil
			}),
	}
}

// invokingOf finds the function, and the qualifier that its configuration stands under.
func (s *Service) invokingOf(c *op.Call, name, qualifier *string) (*function, string, error) {
	r, err := locate(c, name, qualifier)
	if err != nil {
		return nil, "", err
	}
	f, v, err := s.existing(r)
	if err != nil {
		return nil, "", err
	}
	return f, v.Number, nil
}

func (f *function) invoking(at string) (types.FunctionEventInvokeConfig, error) {
	x, ok := f.Invoking[at]
	arn := f.arn() + ":" + at
	if !ok {
		return types.FunctionEventInvokeConfig{}, missing("The function %s doesn't have an EventInvokeConfig", arn)
	}
	// Both destinations are there and empty, as on AWS.
	return types.FunctionEventInvokeConfig{FunctionArn: &arn, LastModified: &x.Modified, MaximumEventAgeInSeconds: x.MaxAge, MaximumRetryAttempts: x.Retries,
		DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{}, OnSuccess: &types.OnSuccess{}}}, nil
}

func (s *Service) setInvoking(f *function, at string, x *invoking) {
	own := f.copy()
	own.Invoking = map[string]invoking{}
	for k, v := range f.Invoking {
		own.Invoking[k] = v
	}
	if x == nil {
		delete(own.Invoking, at)
	} else {
		own.Invoking[at] = *x
	}
	s.functions.Put(own.key(), own)
}

func (s *Service) putInvoking(c *op.Call, in *sdk.PutFunctionEventInvokeConfigInput, keep bool) (none types.FunctionEventInvokeConfig, err error) {
	f, at, err := s.invokingOf(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return none, err
	}
	if d := in.DestinationConfig; d != nil && (d.OnFailure != nil && text(d.OnFailure.Destination) != "" || d.OnSuccess != nil && text(d.OnSuccess.Destination) != "") {
		return none, refuse("destinations of invocations (DestinationConfig)")
	}
	if n := in.MaximumRetryAttempts; n != nil && (*n < 0 || *n > 2) {
		return none, unfit("Value '%d' at 'maximumRetryAttempts' failed to satisfy constraint: Member must be between 0 and 2", *n)
	}
	if n := in.MaximumEventAgeInSeconds; n != nil && (*n < 60 || *n > 21600) {
		return none, unfit("Value '%d' at 'maximumEventAgeInSeconds' failed to satisfy constraint: Member must be between 60 and 21600", *n)
	}
	x := invoking{MaxAge: in.MaximumEventAgeInSeconds, Retries: in.MaximumRetryAttempts, Modified: c.Now}
	if keep {
		old := f.Invoking[at]
		if x.MaxAge == nil {
			x.MaxAge = old.MaxAge
		}
		if x.Retries == nil {
			x.Retries = old.Retries
		}
	}
	s.setInvoking(f, at, &x)
	return s.functions.Get(f.key()).invoking(at)
}

func shownInvoking[T any](x types.FunctionEventInvokeConfig, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	out := new(T)
	shared(reflect.ValueOf(out).Elem(), reflect.ValueOf(x))
	return out, nil
}
