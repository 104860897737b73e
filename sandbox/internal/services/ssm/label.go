package ssm

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) labelRows() []op.Row {
	return []op.Row{
		op.New("LabelParameterVersion", "Systems Manager API_LabelParameterVersion", op.Write,
			func(c *op.Call, in *sdk.LabelParameterVersionInput) ([]op.Check, error) {
				return s.checkLabel(c, "LabelParameterVersion", text(in.Name), in.Labels)
			}, s.label),
		op.New("UnlabelParameterVersion", "Systems Manager API_UnlabelParameterVersion", op.Write,
			func(c *op.Call, in *sdk.UnlabelParameterVersionInput) ([]op.Check, error) {
				return s.checkLabel(c, "UnlabelParameterVersion", text(in.Name), in.Labels)
			}, s.unlabel),
	}
}

func (s *Service) checkLabel(c *op.Call, action, name string, labels []string) ([]op.Check, error) {
	if err := checkList("labels", labels); err != nil {
		return nil, err
	}
	return s.checkDelete(c, action, name)
}

// numbered finds the version of a label operation.
func (s *Service) numbered(c *op.Call, name *string, n *int64) (*parameter, int64, error) {
	r, err := s.refer(c, text(name))
	if err != nil {
		return nil, 0, err
	}
	p, v, err := s.find(c, r)
	if err != nil {
		return nil, 0, err
	}
	if n != nil && s.versions.Get(p.version(*n)) == nil {
		return nil, 0, fail("ParameterVersionNotFound", "Systems Manager could not find version %d of %s. Verify the version and try again.", *n, p.Name)
	}
	if n != nil {
		return p, *n, nil
	}
	return p, v.Number, nil
}

var labelForm = regexp.MustCompile(`^[a-zA-Z_.\-][a-zA-Z0-9_.\-]*$`)

// label moves labels to a version. Those that are none are told of and left out.
// Source: API Reference LabelParameterVersion: at most 10 for a version; the requirements
// of labels.
func (s *Service) label(c *op.Call, in *sdk.LabelParameterVersionInput) (*sdk.LabelParameterVersionOutput, error) {
	p, n, err := s.numbered(c, in.Name, in.ParameterVersion)
	if err != nil {
		return nil, err
	}
	out := &sdk.LabelParameterVersionOutput{InvalidLabels: []string{}, ParameterVersion: n}
	own := *p
	if own.Labels = maps.Clone(p.Labels); own.Labels == nil {
		own.Labels = map[string]int64{}
	}
	for _, label := range in.Labels {
		lower := strings.ToLower(label)
		if !labelForm.MatchString(label) || len(label) > 100 || strings.HasPrefix(lower, "aws") || strings.HasPrefix(lower, "ssm") {
			out.InvalidLabels = append(out.InvalidLabels, label)
			continue
		}
		own.Labels[label] = n
	}
	count := 0
	for _, of := range own.Labels {
		if of == n {
			count++
		}
	}
	if count > 10 {
		return nil, fail("ParameterVersionLabelLimitExceeded", "A parameter version can have maximum 10 labels. Move one or more labels to another version and try again.")
	}
	s.parameters.Put(own.key(), &own)
	return out, nil
}

// unlabel takes labels away from a version.
func (s *Service) unlabel(c *op.Call, in *sdk.UnlabelParameterVersionInput) (*sdk.UnlabelParameterVersionOutput, error) {
	if in.ParameterVersion == nil {
		return nil, invalid("1 validation error detected: Value null at 'parameterVersion' failed to satisfy constraint: Member must not be null.")
	}
	p, n, err := s.numbered(c, in.Name, in.ParameterVersion)
	if err != nil {
		return nil, err
	}
	out := &sdk.UnlabelParameterVersionOutput{RemovedLabels: []string{}, InvalidLabels: []string{}}
	own := *p
	own.Labels = maps.Clone(p.Labels)
	for _, label := range slices.Sorted(slices.Values(in.Labels)) {
		if of, ok := own.Labels[label]; ok && of == n {
			delete(own.Labels, label)
			out.RemovedLabels = append(out.RemovedLabels, label)
		} else {
			out.InvalidLabels = append(out.InvalidLabels, label)
		}
	}
	s.parameters.Put(own.key(), &own)
	return out, nil
}
