package guardduty

import (
	"regexp"

	sdk "github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// filter is a saved filter of a detector; one whose action is ARCHIVE suppresses.
type filter struct {
	Name, Description string
	Action            types.FilterAction
	// Rank orders the filters, from 1, without gaps.
	Rank     int32
	Criteria types.FindingCriteria
	Tags     map[string]string
	Token    string
}

var filterName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,64}$`)

func (d *detector) filterResource(f *filter) op.Resource {
	return op.Resource{ARN: d.arn() + "/filter/" + f.Name, Account: d.Account, Tags: f.Tags}
}

// onFilter is the check of an action on a filter, there or not.
func (s *Service) onFilter(c *op.Call, action string, id, name *string, keys ...op.Key) []op.Check {
	d := &detector{ID: text(id), Account: c.Caller.Account, Region: c.Region}
	f := s.filters.Get(d.key() + "/" + text(name))
	if f == nil {
		f = &filter{Name: text(name)}
	}
	return []op.Check{{Action: "guardduty:" + action, Resource: d.filterResource(f), Context: keys}}
}

func (s *Service) filterRows() []op.Row {
	return []op.Row{
		op.New("CreateFilter", "GuardDuty API_CreateFilter", op.Write,
			func(c *op.Call, in *sdk.CreateFilterInput) ([]op.Check, error) {
				if problem := tags.Check(in.Tags); problem != "" {
					return nil, bad("%s", problem)
				}
				return s.onFilter(c, "CreateFilter", in.DetectorId, in.Name, tags.RequestKeys(in.Tags)...), nil
			}, s.createFilter),
		op.New("GetFilter", "GuardDuty API_GetFilter", op.Read,
			func(c *op.Call, in *sdk.GetFilterInput) ([]op.Check, error) {
				return s.onFilter(c, "GetFilter", in.DetectorId, in.FilterName), nil
			}, s.getFilter),
		op.New("UpdateFilter", "GuardDuty API_UpdateFilter", op.Write,
			func(c *op.Call, in *sdk.UpdateFilterInput) ([]op.Check, error) {
				return s.onFilter(c, "UpdateFilter", in.DetectorId, in.FilterName), nil
			}, s.updateFilter),
		op.New("DeleteFilter", "GuardDuty API_DeleteFilter", op.Write,
			func(c *op.Call, in *sdk.DeleteFilterInput) ([]op.Check, error) {
				return s.onFilter(c, "DeleteFilter", in.DetectorId, in.FilterName), nil
			}, s.deleteFilter),
		op.New("ListFilters", "GuardDuty API_ListFilters", op.Read,
			func(c *op.Call, _ *sdk.ListFiltersInput) ([]op.Check, error) { return anywhere(c, "ListFilters"), nil }, s.listFilters),
	}
}

// filter returns a filter of the caller's, which must be there.
func (s *Service) filter(c *op.Call, id, name *string) (*detector, *filter, error) {
	d, err := s.detector(c, id)
	if err != nil {
		return nil, nil, err
	}
	if f := s.filters.Get(d.key() + "/" + text(name)); f != nil {
		return d, f, nil
	}
	return nil, nil, bad("The request is rejected since no such resource found.")
}

// set changes what a request names. f is not in the table yet.
func (f *filter) set(action types.FilterAction, description *string, criteria *types.FindingCriteria) error {
	switch action {
	case "":
	case types.FilterActionNoop, types.FilterActionArchive:
		f.Action = action
	default:
		return bad("The request is rejected because the value %q of action is not valid.", action)
	}
	if description != nil {
		if len(*description) > 512 {
			return bad("The request is rejected because the description is longer than 512 characters.")
		}
		f.Description = *description
	}
	if criteria == nil {
		return nil
	}
	if err := checkCriteria(criteria); err != nil {
		return err
	}
	f.Criteria = *criteria
	return nil
}

func (s *Service) createFilter(c *op.Call, in *sdk.CreateFilterInput) (*sdk.CreateFilterOutput, error) {
	d, err := s.detector(c, in.DetectorId)
	if err != nil {
		return nil, err
	}
	if !filterName.MatchString(text(in.Name)) {
		return nil, bad("The request is rejected because the name of the filter is not valid: 3 to 64 letters, digits, underscores, dots and hyphens.")
	}
	if in.FindingCriteria == nil {
		return nil, bad("The request is rejected because the parameter findingCriteria is required.")
	}
	if old := s.filters.Get(d.key() + "/" + *in.Name); old != nil {
		if old.Token != "" && old.Token == text(in.ClientToken) {
			return &sdk.CreateFilterOutput{Name: &old.Name}, nil
		}
		return nil, bad("The request is rejected since a filter with the given name already exists.")
	}
	f := &filter{Name: *in.Name, Action: types.FilterActionNoop, Tags: in.Tags, Token: text(in.ClientToken)}
	if err := f.set(in.Action, in.Description, in.FindingCriteria); err != nil {
		return nil, err
	}
	others := s.filtersOf(d)
	if len(others) >= 100 {
		return nil, bad("The request is rejected since the limit of 100 filters is reached.")
	}
	return &sdk.CreateFilterOutput{Name: &f.Name}, s.rank(d, others, f, in.Rank)
}

// rank puts f among the others at a place of the list, or at its end, and moves the
// rest.
func (s *Service) rank(d *detector, others []*filter, f *filter, at *int32) error {
	place := int32(len(others)) + 1
	if at != nil {
		if *at < 1 || *at > 100 {
			return bad("The request is rejected because the rank is not valid: 1 to 100.")
		}
		place = min(place, *at)
	}
	next := int32(1)
	keep := func(x *filter) {
		own := *x
		own.Rank = next
		next++
		s.filters.Put(d.key()+"/"+own.Name, &own)
	}
	for _, x := range others {
		if next == place {
			keep(f)
		}
		keep(x)
	}
	if next == place {
		keep(f)
	}
	return nil
}

// filtersOf lists a detector's filters by rank.
func (s *Service) filtersOf(d *detector) []*filter {
	byRank := map[int32]*filter{}
	for _, f := range s.filters.Prefix(d.key() + "/") {
		byRank[f.Rank] = f
	}
	list := make([]*filter, 0, len(byRank))
	for i := range int32(len(byRank)) {
		list = append(list, byRank[i+1])
	}
	return list
}

func without(list []*filter, name string) (rest []*filter) {
	for _, f := range list {
		if f.Name != name {
			rest = append(rest, f)
		}
	}
	return rest
}

func (s *Service) getFilter(c *op.Call, in *sdk.GetFilterInput) (*sdk.GetFilterOutput, error) {
	_, f, err := s.filter(c, in.DetectorId, in.FilterName)
	if err != nil {
		return nil, err
	}
	return &sdk.GetFilterOutput{Name: &f.Name, Description: &f.Description, Action: f.Action, Rank: &f.Rank, FindingCriteria: &f.Criteria, Tags: tags.With(f.Tags, nil)}, nil
}

func (s *Service) updateFilter(c *op.Call, in *sdk.UpdateFilterInput) (*sdk.UpdateFilterOutput, error) {
	d, old, err := s.filter(c, in.DetectorId, in.FilterName)
	if err != nil {
		return nil, err
	}
	f := *old
	if err := f.set(in.Action, in.Description, in.FindingCriteria); err != nil {
		return nil, err
	}
	at := in.Rank
	if at == nil {
		at = &old.Rank
	}
	return &sdk.UpdateFilterOutput{Name: &f.Name}, s.rank(d, without(s.filtersOf(d), f.Name), &f, at)
}

func (s *Service) deleteFilter(c *op.Call, in *sdk.DeleteFilterInput) (*sdk.DeleteFilterOutput, error) {
	d, f, err := s.filter(c, in.DetectorId, in.FilterName)
	if err != nil {
		return nil, err
	}
	rest := without(s.filtersOf(d), f.Name)
	s.filters.Delete(d.key() + "/" + f.Name)
	for i, x := range rest {
		own := *x
		own.Rank = int32(i) + 1
		s.filters.Put(d.key()+"/"+own.Name, &own)
	}
	return &sdk.DeleteFilterOutput{}, nil
}

func (s *Service) listFilters(c *op.Call, in *sdk.ListFiltersInput) (*sdk.ListFiltersOutput, error) {
	d, err := s.detector(c, in.DetectorId)
	if err != nil {
		return nil, err
	}
	n, err := limit(in.MaxResults)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, f := range s.filters.Prefix(d.key() + "/") {
		names = append(names, f.Name)
	}
	names, next := page.Cut(names, func(name string) string { return name }, n, in.NextToken)
	return &sdk.ListFiltersOutput{FilterNames: names, NextToken: next}, nil
}
