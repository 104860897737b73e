package ssm

import (
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) deleteRows() []op.Row {
	return []op.Row{
		op.New("DeleteParameter", "Systems Manager API_DeleteParameter", op.Write,
			func(c *op.Call, in *sdk.DeleteParameterInput) ([]op.Check, error) {
				return s.checkDelete(c, "DeleteParameter", text(in.Name))
			},
			func(c *op.Call, in *sdk.DeleteParameterInput) (*sdk.DeleteParameterOutput, error) {
				return &sdk.DeleteParameterOutput{}, s.delete(c, text(in.Name))
			}),
		op.New("DeleteParameters", "Systems Manager API_DeleteParameters", op.Write,
			func(c *op.Call, in *sdk.DeleteParametersInput) ([]op.Check, error) {
				if err := checkList("names", in.Names); err != nil {
					return nil, err
				}
				return s.checkDelete(c, "DeleteParameters", in.Names...)
			},
			func(c *op.Call, in *sdk.DeleteParametersInput) (*sdk.DeleteParametersOutput, error) {
				out := &sdk.DeleteParametersOutput{DeletedParameters: []string{}, InvalidParameters: []string{}}
				for _, name := range in.Names {
					if s.delete(c, name) == nil {
						out.DeletedParameters = append(out.DeletedParameters, name)
					} else {
						out.InvalidParameters = append(out.InvalidParameters, name)
					}
				}
				return out, nil
			}),
	}
}

func (s *Service) checkDelete(c *op.Call, action string, names ...string) (checks []op.Check, err error) {
	for _, name := range names {
		r, err := s.refer(c, name)
		if err != nil {
			return nil, err
		}
		if r.selector != "" {
			return nil, invalid("A parameter is deleted with all its versions: %s names one.", name)
		}
		checks = append(checks, s.check(c, action, r))
	}
	return checks, nil
}

// delete takes a parameter away, with all its versions.
func (s *Service) delete(c *op.Call, name string) error {
	r, err := s.refer(c, name)
	if err != nil {
		return err
	}
	p, v, err := s.find(c, r)
	if err != nil {
		return err
	}
	for n := p.Oldest; n <= p.Current; n++ {
		s.versions.Delete(p.version(n))
	}
	s.parameters.Delete(p.key())
	c.Signal(p.changed(c, v, "Delete"))
	return nil
}
