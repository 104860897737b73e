package lambda

import (
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// lastModified is the form of LastModified.
const lastModified = "2006-01-02T15:04:05.000-0700"

// view is a version as the API shows it to the caller. A function is ready at once: on AWS
// it is Pending for some seconds.
func (s *Service) view(c *op.Call, f *function, v *version) (types.FunctionConfiguration, error) {
	environment, err := s.shownEnvironment(c, f, v.Environment)
	out := types.FunctionConfiguration{
		FunctionName: &f.Name, FunctionArn: new(f.arn()), Version: &v.Number, Runtime: v.Runtime, Role: &v.Role, Handler: &v.Handler,
		Description: &v.Description, Timeout: &v.Timeout, MemorySize: &v.Memory, EphemeralStorage: &types.EphemeralStorage{Size: &v.Storage},
		Architectures: []types.Architecture{v.Architecture}, PackageType: types.PackageTypeZip, CodeSha256: &v.Hash, CodeSize: v.Size,
		LastModified: new(v.Modified.UTC().Format(lastModified)), RevisionId: &v.Revision, KMSKeyArn: optional(v.KMSKey), Environment: environment,
		State: types.StateActive, LastUpdateStatus: types.LastUpdateStatusSuccessful,
		TracingConfig: &types.TracingConfigResponse{Mode: v.Tracing},
		SnapStart:     &types.SnapStartResponse{ApplyOn: types.SnapStartApplyOnNone, OptimizationStatus: types.SnapStartOptimizationStatusOff},
		LoggingConfig: &types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: new(v.logGroup(f))},
	}
	if v.Number != latest {
		out.FunctionArn = new(f.arn() + ":" + v.Number)
	}
	return out, err
}

// as makes an output of T of what it has in common with x.
func as[T any](x types.FunctionConfiguration, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	out := new(T)
	shared(reflect.ValueOf(out).Elem(), reflect.ValueOf(x))
	return out, nil
}

// shared copies the fields that two structs both have.
func shared(to, from reflect.Value) {
	for i := range to.NumField() {
		field := to.Type().Field(i)
		if v := from.FieldByName(field.Name); v.IsValid() && field.IsExported() && v.Type() == field.Type {
			to.Field(i).Set(v)
		}
	}
}

func member[T comparable](list []T, x T) bool { return slices.Contains(list, x) }
