package lambda

import (
	"net/http"
	"regexp"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) updateRows() []op.Row {
	configuration := op.New("UpdateFunctionConfiguration", "Lambda API_UpdateFunctionConfiguration", op.Write, s.checkUpdate, s.update)
	configuration.Event, configuration.Asks, configuration.Secret = "UpdateFunctionConfiguration20150331v2", shows, []string{"Variables"}
	replace := op.New("UpdateFunctionCode", "Lambda API_UpdateFunctionCode", op.Write,
		checked(s, "UpdateFunctionCode", func(in *sdk.UpdateFunctionCodeInput) (_, _ *string) { return in.FunctionName, nil }), s.replace)
	replace.Event, replace.Asks, replace.Secret = "UpdateFunctionCode20150331v2", shows, []string{"Variables", "ZipFile"}
	replace = op.WithPrepare(replace, func(c *op.Call, in *sdk.UpdateFunctionCodeInput) error {
		x, err := sourceOf(&types.FunctionCode{
			ImageUri: in.ImageUri, S3Bucket: in.S3Bucket, S3Key: in.S3Key, S3ObjectVersion: in.S3ObjectVersion, S3ObjectStorageMode: in.S3ObjectStorageMode,
			SourceKMSKeyArn: in.SourceKMSKeyArn, ZipFile: in.ZipFile,
		})
		c.Prepared = x
		return err
	})
	return []op.Row{configuration, op.WithLabour(replace, func(c *op.Call, _ *sdk.UpdateFunctionCodeInput) error {
		return s.fetch(c, c.Prepared.(*source))
	})}
}

func (s *Service) checkUpdate(c *op.Call, in *sdk.UpdateFunctionConfigurationInput) ([]op.Check, error) {
	r, err := locate(c, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	checks := []op.Check{s.on("UpdateFunctionConfiguration", r)}
	f := s.functions.Get(r.key())
	if f == nil {
		return checks, nil // the handler says so to who may ask
	}
	more, err := s.settingChecks(c, f, &f.Latest, in)
	return append(checks, more...), err
}

// stale refuses a change of a revision that is no longer the latest.
func stale(v *version, revision *string) error {
	if revision != nil && *revision != v.Revision {
		return fail(http.StatusPreconditionFailed, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
	}
	return nil
}

func (s *Service) update(c *op.Call, in *sdk.UpdateFunctionConfigurationInput) (*sdk.UpdateFunctionConfigurationOutput, error) {
	r, err := locate(c, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	old, _, err := s.existing(r)
	if err != nil {
		return nil, err
	}
	if err := stale(&old.Latest, in.RevisionId); err != nil {
		return nil, err
	}
	f := old.copy()
	if err := s.configure(c, f, in); err != nil {
		return nil, err
	}
	f.Latest.touch(c)
	s.functions.Put(f.key(), f)
	x, err := s.view(c, f, &f.Latest)
	return as[sdk.UpdateFunctionConfigurationOutput](x, err)
}

func (s *Service) replace(c *op.Call, in *sdk.UpdateFunctionCodeInput) (*sdk.UpdateFunctionCodeOutput, error) {
	r, err := locate(c, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	old, _, err := s.existing(r)
	if err != nil {
		return nil, err
	}
	if err := stale(&old.Latest, in.RevisionId); err != nil {
		return nil, err
	}
	if in.PublishTo != "" {
		return nil, refuse("PublishTo")
	}
	f := old.copy()
	if err := f.Latest.setArchitecture(in.Architectures); err != nil {
		return nil, err
	}
	x := c.Prepared.(*source)
	if in.DryRun {
		f.Latest.Hash, f.Latest.Size = x.hash, int64(len(x.zip))
		shown, err := s.view(c, f, &f.Latest)
		return as[sdk.UpdateFunctionCodeOutput](shown, err)
	}
	s.install(c, f, x)
	v := &f.Latest
	if in.Publish {
		v = f.publish(c, f.Latest.Description)
	}
	s.functions.Put(f.key(), f)
	s.sweep(f.key(), f)
	shown, err := s.view(c, f, v)
	return as[sdk.UpdateFunctionCodeOutput](shown, err)
}

var (
	handlerForm  = regexp.MustCompile(`^\S+$`)
	logGroupForm = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)
)

// configure checks settings and gives them to a function that is not put yet.
func (s *Service) configure(c *op.Call, f *function, in *sdk.UpdateFunctionConfigurationInput) error {
	if err := unsupported(in); err != nil {
		return err
	}
	v := &f.Latest
	if in.Description != nil {
		if v.Description = *in.Description; len(v.Description) > 256 {
			return unfit("Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 256")
		}
	}
	if in.Handler != nil {
		if v.Handler = *in.Handler; len(v.Handler) > 128 || !handlerForm.MatchString(v.Handler) {
			return unfit("Value '%s' at 'handler' failed to satisfy constraint: Member must satisfy regular expression pattern: [^\\s]+", v.Handler)
		}
	}
	if in.Runtime != "" {
		if v.Runtime = in.Runtime; !member(v.Runtime.Values(), v.Runtime) {
			return invalid("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: %v or be a valid ARN", v.Runtime, v.Runtime.Values())
		}
	}
	if in.Role != nil {
		v.Role = *in.Role
	}
	for _, n := range []struct {
		name        string
		given, to   *int32
		least, most int32
	}{{"timeout", in.Timeout, &v.Timeout, 1, 900}, {"memorySize", in.MemorySize, &v.Memory, 128, 10240}, {"ephemeralStorage.size", storage(in.EphemeralStorage), &v.Storage, 512, 10240}} {
		if n.given == nil {
			continue
		}
		if *n.to = *n.given; *n.to < n.least || *n.to > n.most {
			return unfit("Value '%d' at '%s' failed to satisfy constraint: Member must be between %d and %d", *n.given, n.name, n.least, n.most)
		}
	}
	if x := in.TracingConfig; x != nil && x.Mode != "" {
		if v.Tracing = x.Mode; !member(v.Tracing.Values(), v.Tracing) {
			return unfit("Value '%s' at 'tracingConfig.mode' failed to satisfy constraint: Member must satisfy enum value set: [Active, PassThrough]", v.Tracing)
		}
	}
	if x := in.LoggingConfig; x != nil {
		if v.LogGroup = text(x.LogGroup); v.LogGroup != "" && (len(v.LogGroup) > 512 || !logGroupForm.MatchString(v.LogGroup)) {
			return unfit("Value '%s' at 'loggingConfig.logGroup' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", v.LogGroup)
		}
	}
	return s.protect(c, f, in)
}

// protect gives the function its environment under its key.
func (s *Service) protect(c *op.Call, f *function, in *sdk.UpdateFunctionConfigurationInput) error {
	v := &f.Latest
	was := v.KMSKey
	if in.KMSKeyArn != nil {
		v.KMSKey = *in.KMSKeyArn
	}
	if in.Environment == nil && was == v.KMSKey {
		return nil
	}
	var variables map[string]string
	if in.Environment != nil {
		variables = in.Environment.Variables
		if err := checkVariables(variables); err != nil {
			return err
		}
	} else {
		var err error
		if variables, err = s.variables(c, f, v.Environment); err != nil {
			return unusableKey(err)
		}
	}
	sealed, err := s.seal(c, f, v.KMSKey, variables)
	if err == nil {
		v.Environment = sealed
	}
	return err
}

func storage(x *types.EphemeralStorage) *int32 {
	if x == nil {
		return nil
	}
	return x.Size
}

// unsupported refuses by name what the sandbox does not have.
func unsupported(in *sdk.UpdateFunctionConfigurationInput) error {
	logging, network := in.LoggingConfig, in.VpcConfig
	for what, set := range map[string]bool{
		"layers (Layers)":                                                     len(in.Layers) > 0,
		"functions in a network (VpcConfig)":                                  network != nil && (len(network.SubnetIds) > 0 || len(network.SecurityGroupIds) > 0),
		"dead-letter queues (DeadLetterConfig)":                               in.DeadLetterConfig != nil && text(in.DeadLetterConfig.TargetArn) != "",
		"file systems (FileSystemConfigs)":                                    len(in.FileSystemConfigs) > 0,
		"functions from images (ImageConfig)":                                 in.ImageConfig != nil,
		"SnapStart":                                                           in.SnapStart != nil && in.SnapStart.ApplyOn != "" && in.SnapStart.ApplyOn != types.SnapStartApplyOnNone,
		"durable functions (DurableConfig)":                                   in.DurableConfig != nil,
		"capacity providers (CapacityProviderConfig)":                         in.CapacityProviderConfig != nil,
		"logs in the JSON format (LoggingConfig.LogFormat)":                   logging != nil && logging.LogFormat != "" && logging.LogFormat != types.LogFormatText,
		"log levels, which are for the JSON format (LoggingConfig.*LogLevel)": logging != nil && (logging.ApplicationLogLevel != "" || logging.SystemLogLevel != ""),
	} {
		if set {
			return refuse(what)
		}
	}
	return nil
}
