package lambda

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

const latest = "$LATEST"

// function is a function with all its versions. Records are replaced, never changed.
type function struct {
	Name, Account, Region string
	Latest                version
	// Published are the versions 1, 2, ... that are there; Last is the highest number
	// that was given.
	Published []version `json:",omitempty"`
	Last      int
	// Policies are the resource policies by qualifier, "" that of the function itself.
	Policies map[string]*resourcePolicy `json:",omitempty"`
	// Reserved concurrency; nil: none is reserved.
	Reserved *int32 `json:",omitempty"`
	// Invoking are the event invoke configurations by qualifier, "$LATEST" that of the
	// function itself.
	Invoking map[string]invoking `json:",omitempty"`
	Tags     map[string]string   `json:",omitempty"`
}

// version is what a version was made with.
type version struct {
	// Number is "$LATEST" or the number of a published one.
	Number                     string
	Description, Handler, Role string
	Runtime                    types.Runtime
	Architecture               types.Architecture
	Timeout, Memory, Storage   int32
	Tracing                    types.TracingMode
	LogGroup                   string `json:",omitempty"` // empty: the default
	// KMSKey is the customer's; empty: the AWS managed one.
	KMSKey      string       `json:",omitempty"`
	Environment *environment `json:",omitempty"`
	// Hash is the SHA-256 of the zip file in base64, Size its bytes.
	Hash     string
	Size     int64
	Modified time.Time
	Revision string
}

func place(account, region string) string { return account + "/" + region + "/" }

func (f *function) key() string { return place(f.Account, f.Region) + f.Name }

func (f *function) arn() string {
	return "arn:aws:lambda:" + f.Region + ":" + f.Account + ":function:" + f.Name
}

func (f *function) copy() *function {
	own := *f
	return &own
}

// version finds one by its qualifier; empty: the latest. Nil: there is none.
func (f *function) version(qualifier string) *version {
	if qualifier == "" || qualifier == latest {
		return &f.Latest
	}
	for i := range f.Published {
		if f.Published[i].Number == qualifier {
			return &f.Published[i]
		}
	}
	return nil
}

func (v *version) logGroup(f *function) string {
	if v.LogGroup != "" {
		return v.LogGroup
	}
	return "/aws/lambda/" + f.Name
}

// ref is a function that a request names.
type ref struct{ account, region, name, qualifier string }

func (r ref) key() string { return place(r.account, r.region) + r.name }

func (r ref) arn() string {
	arn := (&function{Name: r.name, Account: r.account, Region: r.region}).arn()
	if r.qualifier != "" {
		arn += ":" + r.qualifier
	}
	return arn
}

var (
	nameForm      = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	qualifierForm = regexp.MustCompile(`^(\$LATEST|[a-zA-Z0-9_-]+)$`)
)

// locate reads a name, a partial ARN or an ARN, each with or without a qualifier.
// Source: Lambda API_GetFunction, FunctionName.
func locate(c *op.Call, name, qualifier *string) (ref, error) {
	r := ref{account: c.Caller.Account, region: c.Region, qualifier: text(qualifier)}
	wrong := unfit("Value '%s' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?", text(name))
	rest := text(name)
	if after, ok := strings.CutPrefix(rest, "arn:aws:lambda:"); ok {
		if r.region, rest, ok = strings.Cut(after, ":"); !ok {
			return r, wrong
		}
		if r.region != c.Region {
			return r, missing("Functions from '%s' are not reachable in this region ('%s')", r.region, c.Region)
		}
	}
	if account, after, ok := strings.Cut(rest, ":function:"); ok {
		r.account, rest = account, after
	} else {
		rest = strings.TrimPrefix(rest, "function:")
	}
	own, suffix, qualified := strings.Cut(rest, ":")
	r.name = own
	if qualified {
		if r.qualifier != "" && r.qualifier != suffix {
			return r, invalid("The derived qualifier from the function name does not match the specified qualifier.")
		}
		r.qualifier = suffix
	}
	if !nameForm.MatchString(r.name) || len(r.name) > 64 || len(r.account) != 12 || r.qualifier != "" && !qualifierForm.MatchString(r.qualifier) {
		return r, wrong
	}
	return r, nil
}

// existing returns the function and the version that are named, which must be there.
func (s *Service) existing(r ref) (*function, *version, error) {
	f := s.functions.Get(r.key())
	if f == nil {
		return nil, nil, missing("Function not found: %s", r.arn())
	}
	v := f.version(r.qualifier)
	if v == nil {
		if _, err := strconv.Atoi(r.qualifier); err != nil {
			return nil, nil, missing("Cannot find alias arn: %s (the sandbox does not implement aliases)", r.arn())
		}
		return nil, nil, missing("Function not found: %s", r.arn())
	}
	return f, v, nil
}

// on is the check of an action on what is named, there or not.
func (s *Service) on(action string, r ref, keys ...op.Key) op.Check {
	resource := op.Resource{ARN: r.arn(), Account: r.account}
	if f := s.functions.Get(r.key()); f != nil {
		resource.Tags = f.Tags
		if p := f.Policies[r.qualifier]; p != nil {
			resource.Policy = p.compiled
		}
	}
	return op.Check{Action: "lambda:" + action, Resource: resource, Context: keys}
}

// checked makes the checks of an operation on one function.
func checked[In any](s *Service, action string, name func(*In) (name, qualifier *string)) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, in *In) ([]op.Check, error) {
		n, q := name(in)
		r, err := locate(c, n, q)
		return []op.Check{s.on(action, r)}, err
	}
}

const shows = "users who may not decrypt the environment are shown the rest of the function"

func (s *Service) functionRows() []op.Row {
	get := op.New("GetFunction", "Lambda API_GetFunction", op.Read,
		checked(s, "GetFunction", func(in *sdk.GetFunctionInput) (_, _ *string) { return in.FunctionName, in.Qualifier }), s.get)
	get.Event, get.Asks = "GetFunction20150331v2", shows
	configuration := op.New("GetFunctionConfiguration", "Lambda API_GetFunctionConfiguration", op.Read,
		checked(s, "GetFunctionConfiguration", func(in *sdk.GetFunctionConfigurationInput) (_, _ *string) { return in.FunctionName, in.Qualifier }),
		func(c *op.Call, in *sdk.GetFunctionConfigurationInput) (*sdk.GetFunctionConfigurationOutput, error) {
			x, err := s.shown(c, in.FunctionName, in.Qualifier)
			return as[sdk.GetFunctionConfigurationOutput](x, err)
		})
	configuration.Event, configuration.Asks = "GetFunctionConfiguration20150331v2", shows
	list := op.New("ListFunctions", "Lambda API_ListFunctions", op.Read,
		func(c *op.Call, _ *sdk.ListFunctionsInput) ([]op.Check, error) {
			return []op.Check{{Action: "lambda:ListFunctions", Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}, nil
		}, s.list)
	list.Event, list.Asks = "ListFunctions20150331", shows
	remove := op.New("DeleteFunction", "Lambda API_DeleteFunction", op.Write,
		checked(s, "DeleteFunction", func(in *sdk.DeleteFunctionInput) (_, _ *string) { return in.FunctionName, in.Qualifier }), s.delete)
	remove.Event = "DeleteFunction20150331"
	return []op.Row{
		get, configuration, list, remove,
		op.New("GetFunctionCodeSigningConfig", "Lambda API_GetFunctionCodeSigningConfig", op.Read,
			checked(s, "GetFunctionCodeSigningConfig", func(in *sdk.GetFunctionCodeSigningConfigInput) (_, _ *string) { return in.FunctionName, nil }),
			func(c *op.Call, in *sdk.GetFunctionCodeSigningConfigInput) (*sdk.GetFunctionCodeSigningConfigOutput, error) {
				r, err := locate(c, in.FunctionName, nil)
				if err != nil {
					return nil, err
				}
				f, _, err := s.existing(r)
				if err != nil {
					return nil, err
				}
				return &sdk.GetFunctionCodeSigningConfigOutput{FunctionName: &f.Name}, nil // there is none
			}),
	}
}

func (s *Service) shown(c *op.Call, name, qualifier *string) (types.FunctionConfiguration, error) {
	r, err := locate(c, name, qualifier)
	if err != nil {
		return types.FunctionConfiguration{}, err
	}
	f, v, err := s.existing(r)
	if err != nil {
		return types.FunctionConfiguration{}, err
	}
	x, err := s.view(c, f, v)
	if err == nil && r.qualifier != "" {
		x.FunctionArn = new(f.arn() + ":" + v.Number)
	}
	return x, err
}

func (s *Service) get(c *op.Call, in *sdk.GetFunctionInput) (*sdk.GetFunctionOutput, error) {
	x, err := s.shown(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	r, err := locate(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	f := s.functions.Get(r.key())
	out := &sdk.GetFunctionOutput{Configuration: &x, Tags: f.Tags}
	// On AWS Location is a presigned link of a bucket of Lambda's own, which the sandbox does
	// not have.
	out.Code = &types.FunctionCodeLocation{RepositoryType: new("S3")}
	if f.Reserved != nil {
		out.Concurrency = &types.Concurrency{ReservedConcurrentExecutions: f.Reserved}
	}
	return out, nil
}

// limit reads MaxItems: 50 is the most for a page.
// Source: Lambda API_ListFunctions, MaxItems.
func limit(n *int32) (int, error) {
	if n == nil {
		return 50, nil
	}
	if *n < 1 || *n > 10000 {
		return 0, unfit("Value '%d' at 'maxItems' failed to satisfy constraint: Member must be between 1 and 10000", *n)
	}
	return min(int(*n), 50), nil
}

func (s *Service) list(c *op.Call, in *sdk.ListFunctionsInput) (*sdk.ListFunctionsOutput, error) {
	n, err := limit(in.MaxItems)
	if err != nil {
		return nil, err
	}
	if in.MasterRegion != nil {
		return nil, refuse("functions of Lambda@Edge (MasterRegion)")
	}
	found := []types.FunctionConfiguration{}
	for _, f := range s.functions.Prefix(place(c.Caller.Account, c.Region)) {
		versions := []version{f.Latest}
		if in.FunctionVersion == types.FunctionVersionAll {
			versions = append(versions, f.Published...)
		}
		for i := range versions {
			x, err := s.view(c, f, &versions[i])
			if err != nil {
				return nil, err
			}
			if in.FunctionVersion == types.FunctionVersionAll {
				x.FunctionArn = new(f.arn() + ":" + versions[i].Number)
			}
			found = append(found, x)
		}
	}
	found, next := page.Cut(found, func(x types.FunctionConfiguration) string { return *x.FunctionArn }, n, in.Marker)
	return &sdk.ListFunctionsOutput{Functions: found, NextMarker: next}, nil
}

func (s *Service) delete(c *op.Call, in *sdk.DeleteFunctionInput) (*sdk.DeleteFunctionOutput, error) {
	r, err := locate(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	f, v, err := s.existing(r)
	if err != nil {
		return nil, err
	}
	if r.qualifier == latest {
		return nil, invalid("$LATEST version cannot be deleted without deleting the function.")
	}
	if r.qualifier == "" {
		s.functions.Delete(f.key())
		s.sweep(f.key(), nil)
		return &sdk.DeleteFunctionOutput{}, nil
	}
	own := f.copy()
	own.Published = nil
	for _, old := range f.Published {
		if old.Number != v.Number {
			own.Published = append(own.Published, old)
		}
	}
	s.functions.Put(own.key(), own)
	s.sweep(own.key(), own)
	return &sdk.DeleteFunctionOutput{}, nil
}
