package ssm

import (
	"fmt"
	"maps"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

func (s *Service) historyRows() []op.Row {
	return []op.Row{op.New("GetParameterHistory", "Systems Manager API_GetParameterHistory", op.Read, s.checkHistory, s.history)}
}

// checkHistory asks for the parameter, and for the keys of the versions on the page.
func (s *Service) checkHistory(c *op.Call, in *sdk.GetParameterHistoryInput) ([]op.Check, error) {
	r, err := s.refer(c, text(in.Name))
	if err != nil {
		return nil, err
	}
	checks := []op.Check{s.check(c, "GetParameterHistory", r)}
	p, found, _, err := s.past(c, in)
	if err != nil {
		return checks, nil // the handler says it
	}
	for _, v := range found {
		more, err := s.decryptCheck(c, p, v, in.WithDecryption)
		if err != nil {
			return nil, err
		}
		checks = append(checks, more...)
	}
	return checks, nil
}

// past is a page of the parameter's versions, oldest first.
func (s *Service) past(c *op.Call, in *sdk.GetParameterHistoryInput) (p *parameter, found []*version, next *string, err error) {
	r, err := s.refer(c, text(in.Name))
	if err != nil {
		return nil, nil, nil, err
	}
	if r.selector != "" {
		return nil, nil, nil, invalid("The name of a history has no version or label.")
	}
	if p, _, err = s.find(c, r); err != nil {
		return nil, nil, nil, err
	}
	n, err := limit(in.MaxResults, 50, 50)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, v := range s.versions.Prefix(p.key() + ":") {
		found = append(found, v)
	}
	found, next = page.Cut(found, func(v *version) string { return fmt.Sprintf("%020d", v.Number) }, n, in.NextToken)
	return p, found, next, nil
}

func (s *Service) history(c *op.Call, in *sdk.GetParameterHistoryInput) (*sdk.GetParameterHistoryOutput, error) {
	p, found, next, err := s.past(c, in)
	if err != nil {
		return nil, err
	}
	out := &sdk.GetParameterHistoryOutput{Parameters: []types.ParameterHistory{}, NextToken: next}
	for _, v := range found {
		value, err := s.reveal(c, p, v, in.WithDecryption != nil && *in.WithDecryption)
		if err != nil {
			return nil, err
		}
		labels := []string{}
		for _, label := range slices.Sorted(maps.Keys(p.Labels)) {
			if p.Labels[label] == v.Number {
				labels = append(labels, label)
			}
		}
		out.Parameters = append(out.Parameters, types.ParameterHistory{
			Name: &p.Name, Type: v.Type, KeyId: optional(v.KeyID), LastModifiedDate: &v.Modified, LastModifiedUser: &v.User, Value: &value,
			Description: optional(text(v.Description)), AllowedPattern: optional(text(v.AllowedPattern)), Version: v.Number, Labels: labels, Tier: v.Tier,
			DataType: &v.DataType, Policies: []types.ParameterInlinePolicy{},
		})
	}
	return out, nil
}
