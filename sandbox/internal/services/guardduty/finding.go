//lint:file-ignore SA1019 AWS serves what its SDK deprecates, and the provider still asks for it.

package guardduty

import (
	"cmp"
	"slices"
	"strconv"

	sdk "github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	hub "github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

// finding is a finding of a detector.
type finding struct{ types.Finding }

func onAll[In any](action string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, _ *In) ([]op.Check, error) { return anywhere(c, action), nil }
}

// findingRows: no action on findings has a resource type.
// Source: Service Authorization Reference, Amazon GuardDuty.
func (s *Service) findingRows() []op.Row {
	return []op.Row{
		op.New("CreateSampleFindings", "GuardDuty API_CreateSampleFindings", op.Write, onAll[sdk.CreateSampleFindingsInput]("CreateSampleFindings"), s.createSamples),
		op.New("ListFindings", "GuardDuty API_ListFindings", op.Read, onAll[sdk.ListFindingsInput]("ListFindings"), s.listFindings),
		op.New("GetFindings", "GuardDuty API_GetFindings", op.Read, onAll[sdk.GetFindingsInput]("GetFindings"), s.getFindings),
		op.New("GetFindingsStatistics", "GuardDuty API_GetFindingsStatistics", op.Read, onAll[sdk.GetFindingsStatisticsInput]("GetFindingsStatistics"), s.statistics),
		op.New("ArchiveFindings", "GuardDuty API_ArchiveFindings", op.Write, onAll[sdk.ArchiveFindingsInput]("ArchiveFindings"),
			func(c *op.Call, in *sdk.ArchiveFindingsInput) (*sdk.ArchiveFindingsOutput, error) {
				return &sdk.ArchiveFindingsOutput{}, s.archive(c, in.DetectorId, in.FindingIds, true)
			}),
		op.New("UnarchiveFindings", "GuardDuty API_UnarchiveFindings", op.Write, onAll[sdk.UnarchiveFindingsInput]("UnarchiveFindings"),
			func(c *op.Call, in *sdk.UnarchiveFindingsInput) (*sdk.UnarchiveFindingsOutput, error) {
				return &sdk.UnarchiveFindingsOutput{}, s.archive(c, in.DetectorId, in.FindingIds, false)
			}),
	}
}

// keep stores a new finding and tells of it, unless a filter archives it.
// Source: GuardDuty User Guide "Suppression rules": suppressed findings go neither to
// Security Hub nor to EventBridge.
func (s *Service) keep(c *op.Call, d *detector, f *finding) {
	for _, x := range s.filtersOf(d) {
		if x.Action == types.FilterActionArchive && f.matches(&x.Criteria) {
			f.Service.Archived = new(true)
			break
		}
	}
	s.findings.Put(d.key()+"/"+*f.Id, f)
	if *f.Service.Archived {
		return
	}
	c.Signal(op.Signal{
		Source: "aws.guardduty", DetailType: "GuardDuty Finding", Account: d.Account, Region: d.Region, Time: c.Now,
		Detail: body.Marshal(f.Finding),
	})
	if s.hub != nil {
		s.hub.Take(c, d.Account, d.Region, "guardduty", []hub.AwsSecurityFinding{f.asff(d)})
	}
}

// some returns the findings with these IDs, each of which must be there.
func (s *Service) some(c *op.Call, id *string, ids []string) (*detector, []*finding, error) {
	d, err := s.detector(c, id)
	if err != nil {
		return nil, nil, err
	}
	if len(ids) > 50 {
		return nil, nil, bad("The request is rejected because it names more than 50 findings.")
	}
	var list []*finding
	for _, x := range ids {
		f := s.findings.Get(d.key() + "/" + x)
		if f == nil {
			return nil, nil, bad("The request is rejected because the finding %s does not exist.", x)
		}
		list = append(list, f)
	}
	return d, list, nil
}

func (s *Service) archive(c *op.Call, id *string, ids []string, yes bool) error {
	d, list, err := s.some(c, id, ids)
	if err != nil {
		return err
	}
	for _, f := range list {
		own, service := *f, *f.Service
		service.Archived = &yes
		own.Service, own.UpdatedAt = &service, new(stamp(c.Now))
		s.findings.Put(d.key()+"/"+*own.Id, &own)
	}
	return nil
}

// order sorts findings as a request asks.
// Source: API_SortCriteria: attributeName is a property name; the sandbox knows four.
func order(list []*finding, by *types.SortCriteria) error {
	slices.SortFunc(list, func(a, b *finding) int { return cmp.Compare(*a.Id, *b.Id) })
	if by == nil || text(by.AttributeName) == "" {
		return nil
	}
	var less func(a, b *finding) int
	switch *by.AttributeName {
	case "severity":
		less = func(a, b *finding) int { return cmp.Compare(*a.Severity, *b.Severity) }
	case "updatedAt":
		less = func(a, b *finding) int { return cmp.Compare(*a.UpdatedAt, *b.UpdatedAt) }
	case "createdAt":
		less = func(a, b *finding) int { return cmp.Compare(*a.CreatedAt, *b.CreatedAt) }
	case "type":
		less = func(a, b *finding) int { return cmp.Compare(*a.Type, *b.Type) }
	default:
		return refuse("the order of findings by \"" + *by.AttributeName + "\"")
	}
	switch by.OrderBy {
	case "", types.OrderByAsc:
		slices.SortStableFunc(list, less)
	case types.OrderByDesc:
		slices.SortStableFunc(list, func(a, b *finding) int { return less(b, a) })
	default:
		return bad("The request is rejected because the value %q of orderBy is not valid.", by.OrderBy)
	}
	return nil
}

// matching returns a detector's findings that meet the criteria.
func (s *Service) matching(c *op.Call, id *string, criteria *types.FindingCriteria) ([]*finding, error) {
	d, err := s.detector(c, id)
	if err != nil {
		return nil, err
	}
	if err := checkCriteria(criteria); err != nil {
		return nil, err
	}
	var list []*finding
	for _, f := range s.findings.Prefix(d.key() + "/") {
		if f.matches(criteria) {
			list = append(list, f)
		}
	}
	return list, nil
}

// listFindings pages by position, which an order other than by ID needs.
func (s *Service) listFindings(c *op.Call, in *sdk.ListFindingsInput) (*sdk.ListFindingsOutput, error) {
	list, err := s.matching(c, in.DetectorId, in.FindingCriteria)
	if err != nil {
		return nil, err
	}
	if err := order(list, in.SortCriteria); err != nil {
		return nil, err
	}
	n, err := limit(in.MaxResults)
	if err != nil {
		return nil, err
	}
	type entry struct{ id, at string }
	entries := make([]entry, len(list))
	for i, f := range list {
		// Numbers of one length stand in their own order.
		entries[i] = entry{*f.Id, strconv.Itoa(1_000_000_000 + i)}
	}
	entries, next := page.Cut(entries, func(e entry) string { return e.at }, n, token(in.NextToken))
	out := &sdk.ListFindingsOutput{FindingIds: []string{}, NextToken: next}
	for _, e := range entries {
		out.FindingIds = append(out.FindingIds, e.id)
	}
	return out, nil
}

// token takes the empty token of a first page for none.
// Source: API_ListFindings, nextToken: "Set the value of this parameter to null on your
// first call"; clients send it empty too.
func token(t *string) *string {
	if text(t) == "" {
		return nil
	}
	return t
}

func (s *Service) getFindings(c *op.Call, in *sdk.GetFindingsInput) (*sdk.GetFindingsOutput, error) {
	_, list, err := s.some(c, in.DetectorId, in.FindingIds)
	if err != nil {
		return nil, err
	}
	if in.SortCriteria != nil {
		if err := order(list, in.SortCriteria); err != nil {
			return nil, err
		}
	}
	out := &sdk.GetFindingsOutput{Findings: []types.Finding{}}
	for _, f := range list {
		out.Findings = append(out.Findings, f.Finding)
	}
	return out, nil
}

// statistics counts findings by severity.
func (s *Service) statistics(c *op.Call, in *sdk.GetFindingsStatisticsInput) (*sdk.GetFindingsStatisticsOutput, error) {
	if in.GroupBy != "" || in.OrderBy != "" || in.MaxResults != nil {
		return nil, refuse("groupBy, orderBy and maxResults of GetFindingsStatistics, only COUNT_BY_SEVERITY")
	}
	if len(in.FindingStatisticTypes) != 1 || in.FindingStatisticTypes[0] != types.FindingStatisticTypeCountBySeverity {
		return nil, bad("The request is rejected because findingStatisticTypes is not COUNT_BY_SEVERITY.")
	}
	list, err := s.matching(c, in.DetectorId, in.FindingCriteria)
	if err != nil {
		return nil, err
	}
	count := map[string]int32{}
	for _, f := range list {
		count[strconv.FormatFloat(*f.Severity, 'f', 1, 64)]++
	}
	return &sdk.GetFindingsStatisticsOutput{FindingStatistics: &types.FindingStatistics{CountBySeverity: count}}, nil
}
