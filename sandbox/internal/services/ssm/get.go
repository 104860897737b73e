package ssm

import (
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) getRows() []op.Row {
	return []op.Row{
		op.New("GetParameter", "Systems Manager API_GetParameter", op.Read, s.checkGet, s.get),
		op.New("GetParameters", "Systems Manager API_GetParameters", op.Read, s.checkGetAll, s.getAll),
	}
}

// shown is the version with its value.
func (s *Service) shown(c *op.Call, p *parameter, v *version, selector string, decrypt *bool) (types.Parameter, error) {
	value, err := s.reveal(c, p, v, decrypt != nil && *decrypt)
	return types.Parameter{ARN: new(p.arn()), Name: &p.Name, Type: v.Type, Value: &value, Version: v.Number, DataType: &v.DataType,
		LastModifiedDate: &v.Modified, Selector: optional(selector)}, err
}

// checkGet asks for the parameter, and for its key if it is to be decrypted.
// Source: KMS Developer Guide "How AWS Systems Manager Parameter Store uses AWS KMS":
// kms:Decrypt.
func (s *Service) checkGet(c *op.Call, in *sdk.GetParameterInput) ([]op.Check, error) {
	return s.readChecks(c, "GetParameter", text(in.Name), in.WithDecryption)
}

func (s *Service) readChecks(c *op.Call, action, name string, decrypt *bool) ([]op.Check, error) {
	r, err := s.refer(c, name)
	if err != nil {
		return nil, err
	}
	checks := []op.Check{s.check(c, action, r)}
	if p, v, err := s.find(c, r); err == nil {
		more, err := s.decryptCheck(c, p, v, decrypt)
		if err != nil {
			return nil, err
		}
		checks = append(checks, more...)
	}
	return checks, nil
}

func (s *Service) get(c *op.Call, in *sdk.GetParameterInput) (*sdk.GetParameterOutput, error) {
	r, err := s.refer(c, text(in.Name))
	if err != nil {
		return nil, err
	}
	p, v, err := s.find(c, r)
	if err != nil {
		return nil, err
	}
	out, err := s.shown(c, p, v, r.selector, in.WithDecryption)
	if err != nil {
		return nil, err
	}
	return &sdk.GetParameterOutput{Parameter: &out}, nil
}

// checkGetAll asks for every parameter that is named.
func (s *Service) checkGetAll(c *op.Call, in *sdk.GetParametersInput) (checks []op.Check, err error) {
	if err := checkList("names", in.Names); err != nil {
		return nil, err
	}
	for _, name := range in.Names {
		more, err := s.readChecks(c, "GetParameters", name, in.WithDecryption)
		if err != nil {
			return nil, err
		}
		checks = append(checks, more...)
	}
	return checks, nil
}

// checkList bounds a list of names.
// Source: API Reference GetParameters and DeleteParameters: 1 to 10.
func checkList(member string, names []string) error {
	if len(names) < 1 || len(names) > 10 {
		return invalid("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must have length between 1 and 10.", member)
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return invalid("Duplicate parameters in the request: %s", name)
		}
	}
	return nil
}

func (s *Service) getAll(c *op.Call, in *sdk.GetParametersInput) (*sdk.GetParametersOutput, error) {
	out := &sdk.GetParametersOutput{Parameters: []types.Parameter{}, InvalidParameters: []string{}}
	for _, name := range in.Names {
		r, err := s.refer(c, name)
		if err != nil {
			return nil, err
		}
		p, v, err := s.find(c, r)
		if err != nil {
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		one, err := s.shown(c, p, v, r.selector, in.WithDecryption)
		if err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, one)
	}
	return out, nil
}
