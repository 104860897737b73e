package iam

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// none is the output of operations that answer with nothing but a request ID.
type none struct{}

// row makes an operation. members lists the input members that it implements,
// "!" marks the required ones; a request that sets any other is refused by
// name. Names, lengths and enumerations are checked before the caller is
// authorised, as IAM does.
func row[In, Out any](name, members string, access op.Access,
	checks func(*op.Call, *In) ([]op.Check, error), handle func(*op.Call, *In) (*Out, error)) op.Row {
	v := newValidator(reflect.TypeFor[In](), members)
	r := op.New(name, "IAM API_"+name, access, checks, handle)
	return op.WithPrepare(r, func(c *op.Call, in *In) error {
		if err := sessionMay(c); err != nil {
			return err
		}
		return v.validate(reflect.ValueOf(in).Elem())
	})
}

// read and write spare the rows their access constants.
func read[In, Out any](name, members string, checks func(*op.Call, *In) ([]op.Check, error), handle func(*op.Call, *In) (*Out, error)) op.Row {
	return row(name, members, op.Read, checks, handle)
}

func write[In, Out any](name, members string, checks func(*op.Call, *In) ([]op.Check, error), handle func(*op.Call, *In) (*Out, error)) op.Row {
	return row(name, members, op.Write, checks, handle)
}

type validator struct {
	fields []field
}

type field struct {
	index    int
	name     string
	rule     rule
	required bool
	taken    bool
}

func newValidator(t reflect.Type, members string) *validator {
	want := map[string]bool{}
	for _, m := range strings.Fields(members) {
		name, required := strings.CutSuffix(m, "!")
		want[name] = required
	}
	v := &validator{}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" {
			continue
		}
		required, taken := want[f.Name]
		delete(want, f.Name)
		v.fields = append(v.fields, field{index: i, name: f.Name, rule: rules[f.Name], required: required, taken: taken})
	}
	for name := range want {
		panic(fmt.Sprintf("iam: %s has no member %q", t, name))
	}
	return v
}

func (v *validator) validate(in reflect.Value) error {
	for _, f := range v.fields {
		value := in.Field(f.index)
		set := !value.IsZero()
		switch {
		case set && !f.taken:
			return op.Errorf(400, "ValidationError", "the sandbox does not implement the parameter %q of this operation", f.name)
		case !set && f.required:
			return invalid("Value null at '%s' failed to satisfy constraint: Member must not be null", lowerFirst(f.name))
		case set:
			if err := f.rule.check(f.name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// invalid is IAM's answer to a value that breaks the API's own constraints.
// Source: IAM CommonErrors, ValidationError; the wording is that of the API's
// constraint language.
func invalid(format string, args ...any) error {
	return op.Errorf(400, "ValidationError", "1 validation error detected: "+format, args...)
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func str(p *string) string { return aws.ToString(p) }

func noSuch(format string, args ...any) error {
	return op.Errorf(404, "NoSuchEntity", format, args...)
}

func exists(format string, args ...any) error {
	return op.Errorf(409, "EntityAlreadyExists", format, args...)
}

func conflict(format string, args ...any) error {
	return op.Errorf(409, "DeleteConflict", format, args...)
}

func limit(format string, args ...any) error {
	return op.Errorf(409, "LimitExceeded", format, args...)
}

func badInput(format string, args ...any) error {
	return op.Errorf(400, "InvalidInput", format, args...)
}

// sessionMay keeps temporary credentials of a user out of IAM.
// Source: STS API_GetSessionToken ("you cannot call any IAM API operations
// unless MFA authentication information is included in the request") and
// API_GetFederationToken ("you cannot call any IAM operations").
func sessionMay(c *op.Call) error {
	x := c.Caller.Session
	if x == nil || x.Source == "GetSessionToken" && x.MFA || x.Source != "GetSessionToken" && x.Source != "GetFederationToken" {
		return nil
	}
	return op.Errorf(403, "InvalidClientTokenId", "The security token included in the request is invalid")
}
