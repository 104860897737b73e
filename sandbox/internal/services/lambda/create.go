package lambda

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// principal is Lambda itself.
const principal = "lambda.amazonaws.com"

func (s *Service) createRows() []op.Row {
	create := op.New("CreateFunction", "Lambda API_CreateFunction", op.Write, s.checkCreate, s.create)
	create.Event, create.Asks, create.Secret = "CreateFunction20150331", shows, []string{"Variables", "ZipFile"}
	create = op.WithPrepare(create, func(c *op.Call, in *sdk.CreateFunctionInput) error {
		if in.PackageType != "" && in.PackageType != types.PackageTypeZip {
			return refuse("functions from images (PackageType)")
		}
		x, err := sourceOf(in.Code)
		c.Prepared = x
		return err
	})
	return []op.Row{op.WithLabour(create, func(c *op.Call, _ *sdk.CreateFunctionInput) error {
		return s.fetch(c, c.Prepared.(*source))
	})}
}

// settingsOf are the settings of a new function.
func settingsOf(in *sdk.CreateFunctionInput) *sdk.UpdateFunctionConfigurationInput {
	out := &sdk.UpdateFunctionConfigurationInput{}
	shared(reflect.ValueOf(out).Elem(), reflect.ValueOf(in).Elem())
	return out
}

func (s *Service) checkCreate(c *op.Call, in *sdk.CreateFunctionInput) ([]op.Check, error) {
	r, err := locate(c, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if problem := tags.Check(in.Tags); problem != "" {
		return nil, invalid("%s", problem)
	}
	create := s.on("CreateFunction", r, tags.RequestKeys(in.Tags)...)
	create.Resource.Policy = nil // the policy of a function that is there admits nobody to make another
	checks := []op.Check{create}
	if len(in.Tags) > 0 {
		// That it is asked for as well is known from reports of users.
		tag := create
		tag.Action = "lambda:TagResource"
		checks = append(checks, tag)
	}
	if in.Role == nil {
		return nil, unfit("Value null at 'role' failed to satisfy constraint: Member must not be null")
	}
	more, err := s.settingChecks(c, &function{Name: r.name, Account: r.account, Region: r.region}, &version{}, settingsOf(in))
	return append(checks, more...), err
}

var roleForm = regexp.MustCompile(`^arn:aws:iam::\d\d\d\d\d\d\d\d\d\d\d\d:role/[a-zA-Z0-9_+=,.@/-]+$`)

// settingChecks are what settings must be allowed: that the caller passes the role, that
// Lambda may assume it, that the role may send traces, and the use of the key.
// Source: Service Authorization Reference, AWS Lambda; Lambda Developer Guide "Defining
// Lambda function permissions with an execution role".
func (s *Service) settingChecks(c *op.Call, f *function, old *version, in *sdk.UpdateFunctionConfigurationInput) ([]op.Check, error) {
	var checks []op.Check
	arn := old.Role
	if in.Role != nil {
		arn = *in.Role
		if !roleForm.MatchString(arn) {
			return nil, unfit("Value '%s' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+", arn)
		}
		account := strings.Split(arn, ":")[4]
		checks = append(checks, op.Check{Action: "iam:PassRole", Resource: op.Resource{ARN: arn, Account: account},
			Context: []op.Key{op.Single("iam:PassedToService", principal)}})
		unassumable := invalid("The role defined for the function cannot be assumed by Lambda.")
		if account != f.Account {
			return nil, fail(http.StatusForbidden, "AccessDeniedException", "Cross-account pass role is not allowed.")
		}
		trust := op.Check{Action: "sts:AssumeRole", Resource: op.Resource{ARN: arn, Account: account}, Caller: op.ServiceCaller(principal, f.arn(), f.Account), OnDeny: unassumable}
		if role := s.iam.RoleByARN(arn); role != nil {
			trust.Resource.Policy, trust.Resource.Tags = role.Role.Trust.Policy(), role.TagMap()
		}
		checks = append(checks, trust)
	}
	if in.TracingConfig != nil && in.TracingConfig.Mode == types.TracingModeActive {
		checks = append(checks, op.Check{Action: "xray:PutTraceSegments", Resource: op.Resource{ARN: "*", Account: f.Account}, Caller: s.roleCaller(c, arn, f),
			OnDeny: invalid("The provided execution role does not have permissions to call PutTraceSegments on XRAY")})
	}
	key := old.KMSKey
	if in.KMSKeyArn != nil {
		key = *in.KMSKeyArn
	}
	hasEnvironment := in.Environment != nil && len(in.Environment.Variables) > 0 || in.Environment == nil && old.Environment != nil
	if changed := in.KMSKeyArn != nil && key != old.KMSKey || in.Environment != nil; key != "" && hasEnvironment && changed {
		more, err := s.keyChecks(c, f, key)
		if err != nil {
			return nil, err
		}
		checks = append(checks, more...)
	}
	return checks, nil
}

// roleCaller is the function's session of its role.
func (s *Service) roleCaller(c *op.Call, arn string, f *function) *op.Caller {
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	out := &op.Caller{
		Principal: policy.Principal{Type: policy.AssumedRole, ARN: "arn:aws:sts::" + f.Account + ":assumed-role/" + name + "/" + sessionName(f.Name), Account: f.Account, RoleARN: arn},
		Account:   f.Account,
		Session:   &op.Session{Issued: c.Now, Expires: c.Now, Name: sessionName(f.Name), Source: "AssumeRole", Issuer: arn},
	}
	if role := s.iam.RoleByARN(arn); role != nil {
		out.Principal.ID, out.Session.IssuerID = role.ID, role.ID
	}
	return out
}

func (s *Service) create(c *op.Call, in *sdk.CreateFunctionInput) (*sdk.CreateFunctionOutput, error) {
	r, err := locate(c, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	f := &function{Name: r.name, Account: r.account, Region: r.region, Tags: tags.With(in.Tags, nil)}
	f.Latest = version{Number: latest, Timeout: 3, Memory: 128, Storage: 512, Architecture: types.ArchitectureX8664, Tracing: types.TracingModePassThrough}
	switch {
	case f.Account != c.Caller.Account || r.qualifier != "":
		return nil, invalid("The function name %q is not that of a function of this account.", text(in.FunctionName))
	case s.functions.Get(f.key()) != nil:
		return nil, fail(http.StatusConflict, "ResourceConflictException", "Function already exist: %s", f.Name)
	case text(in.CodeSigningConfigArn) != "":
		return nil, refuse("code signing (CodeSigningConfigArn)")
	case in.PublishTo != "":
		return nil, refuse("PublishTo")
	case in.Runtime == "" || in.Handler == nil:
		return nil, invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	if err := f.Latest.setArchitecture(in.Architectures); err != nil {
		return nil, err
	}
	if err := s.configure(c, f, settingsOf(in)); err != nil {
		return nil, err
	}
	s.install(c, f, c.Prepared.(*source))
	v := &f.Latest
	if in.Publish {
		v = f.publish(c, f.Latest.Description)
	}
	s.functions.Put(f.key(), f)
	x, err := s.view(c, f, v)
	return as[sdk.CreateFunctionOutput](x, err)
}

// install gives a function that is not put yet its code.
func (s *Service) install(c *op.Call, f *function, x *source) {
	f.Latest.Hash, f.Latest.Size = x.hash, int64(len(x.zip))
	f.Latest.touch(c)
	if key := codeKey(f.key(), x.hash); s.code.Get(key) == nil {
		s.code.Put(key, &code{x.zip})
	}
}

func (v *version) touch(c *op.Call) { v.Modified, v.Revision = c.Now, audit.NewID(c.Rand) }

func (v *version) setArchitecture(list []types.Architecture) error {
	if list == nil {
		return nil
	}
	if len(list) != 1 || !member(list[0].Values(), list[0]) {
		return unfit("Value '%v' at 'architectures' failed to satisfy constraint: Member must have one of [x86_64, arm64]", list)
	}
	v.Architecture = list[0]
	return nil
}
