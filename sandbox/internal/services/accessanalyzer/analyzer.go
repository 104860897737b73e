package accessanalyzer

import (
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// analyzer is an analyzer of external access of an account, in one region.
type analyzer struct {
	Name, Account, Region string
	Created               time.Time
	Rules                 map[string]rule
	Tags                  map[string]string
	// Token is the client token of the request that made it.
	Token string
}

func (a *analyzer) key() string { return place(a.Account, a.Region) + a.Name }

func (a *analyzer) arn() string {
	return "arn:aws:access-analyzer:" + a.Region + ":" + a.Account + ":analyzer/" + a.Name
}

// named is an analyzer of the caller's, there or not.
func (s *Service) named(c *op.Call, name *string) *analyzer {
	if a := s.analyzers.Get(place(c.Caller.Account, c.Region) + text(name)); a != nil {
		return a
	}
	return &analyzer{Name: text(name), Account: c.Caller.Account, Region: c.Region}
}

// analyzer returns one of the caller's, which must be there.
func (s *Service) analyzer(c *op.Call, name *string) (*analyzer, error) {
	if a := s.analyzers.Get(place(c.Caller.Account, c.Region) + text(name)); a != nil {
		return a, nil
	}
	return nil, missing("analyzer", text(name))
}

// check is the check of an action on an analyzer.
func (s *Service) check(c *op.Call, action string, name *string, keys ...op.Key) []op.Check {
	a := s.named(c, name)
	return []op.Check{{Action: "access-analyzer:" + action, Resource: op.Resource{ARN: a.arn(), Account: a.Account, Tags: a.Tags}, Context: keys}}
}

func (s *Service) analyzerRows() []op.Row {
	return []op.Row{
		op.New("CreateAnalyzer", "IAM Access Analyzer API_CreateAnalyzer", op.Write, s.checkCreate, s.create),
		op.New("GetAnalyzer", "IAM Access Analyzer API_GetAnalyzer", op.Read,
			func(c *op.Call, in *sdk.GetAnalyzerInput) ([]op.Check, error) {
				return s.check(c, "GetAnalyzer", in.AnalyzerName), nil
			}, s.get),
		op.New("ListAnalyzers", "IAM Access Analyzer API_ListAnalyzers", op.Read,
			func(c *op.Call, _ *sdk.ListAnalyzersInput) ([]op.Check, error) {
				return []op.Check{{Action: "access-analyzer:ListAnalyzers", Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}, nil
			}, s.list),
		op.New("DeleteAnalyzer", "IAM Access Analyzer API_DeleteAnalyzer", op.Write,
			func(c *op.Call, in *sdk.DeleteAnalyzerInput) ([]op.Check, error) {
				return s.check(c, "DeleteAnalyzer", in.AnalyzerName), nil
			}, s.delete),
	}
}

// checkCreate asks for the analyzer with its tags.
// Source: Service Authorization Reference, AWS IAM Access Analyzer.
func (s *Service) checkCreate(c *op.Call, in *sdk.CreateAnalyzerInput) ([]op.Check, error) {
	if problem := tags.Check(in.Tags); problem != "" {
		return nil, invalid("%s", problem)
	}
	return s.check(c, "CreateAnalyzer", in.AnalyzerName, tags.RequestKeys(in.Tags)...), nil
}

// create makes an analyzer. There is one of external access for an account's region.
// Source: IAM User Guide "IAM Access Analyzer quotas".
func (s *Service) create(c *op.Call, in *sdk.CreateAnalyzerInput) (*sdk.CreateAnalyzerOutput, error) {
	switch {
	case len(text(in.AnalyzerName)) > 255 || !nameForm.MatchString(text(in.AnalyzerName)):
		return nil, invalid("Value at 'analyzerName' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z][A-Za-z0-9_.-]*")
	case in.Type != types.TypeAccount:
		return nil, refuse("analyzers of the type \"" + string(in.Type) + "\", only ACCOUNT")
	case in.Configuration != nil:
		return nil, refuse("the configuration of analyzers")
	}
	a := &analyzer{Name: *in.AnalyzerName, Account: c.Caller.Account, Region: c.Region, Created: c.Now, Tags: in.Tags, Token: text(in.ClientToken), Rules: map[string]rule{}}
	if old := s.analyzers.Get(a.key()); old != nil {
		if old.Token != "" && old.Token == a.Token {
			return &sdk.CreateAnalyzerOutput{Arn: new(old.arn())}, nil
		}
		return nil, conflict("analyzer", a.Name)
	}
	for range s.analyzers.Prefix(place(a.Account, a.Region)) {
		e := op.Errorf(402, "ServiceQuotaExceededException", "You can have at most 1 analyzer of the type ACCOUNT in a region")
		e.Fields = [][2]string{{"resourceId", a.Name}, {"resourceType", "analyzer"}}
		return nil, e
	}
	for _, r := range in.ArchiveRules {
		if _, twice := a.Rules[text(r.RuleName)]; twice {
			return nil, conflict("archive rule", *r.RuleName)
		}
		if err := checkRule(r.RuleName, r.Filter); err != nil {
			return nil, err
		}
		a.Rules[*r.RuleName] = rule{Filter: r.Filter, Created: c.Now, Updated: c.Now}
	}
	s.analyzers.Put(a.key(), a)
	return &sdk.CreateAnalyzerOutput{Arn: new(a.arn())}, nil
}

func (a *analyzer) view() types.AnalyzerSummary {
	return types.AnalyzerSummary{Arn: new(a.arn()), Name: &a.Name, Type: types.TypeAccount, Status: types.AnalyzerStatusActive, CreatedAt: &a.Created, Tags: tags.With(a.Tags, nil)}
}

func (s *Service) get(c *op.Call, in *sdk.GetAnalyzerInput) (*sdk.GetAnalyzerOutput, error) {
	a, err := s.analyzer(c, in.AnalyzerName)
	if err != nil {
		return nil, err
	}
	return &sdk.GetAnalyzerOutput{Analyzer: new(a.view())}, nil
}

func (s *Service) list(c *op.Call, in *sdk.ListAnalyzersInput) (*sdk.ListAnalyzersOutput, error) {
	n, err := limit(in.MaxResults)
	if err != nil {
		return nil, err
	}
	all := []types.AnalyzerSummary{}
	for _, a := range s.analyzers.Prefix(place(c.Caller.Account, c.Region)) {
		if in.Type == "" || in.Type == types.TypeAccount {
			all = append(all, a.view())
		}
	}
	all, next := page.Cut(all, func(a types.AnalyzerSummary) string { return *a.Name }, n, in.NextToken)
	return &sdk.ListAnalyzersOutput{Analyzers: all, NextToken: next}, nil
}

func (s *Service) delete(c *op.Call, in *sdk.DeleteAnalyzerInput) (*sdk.DeleteAnalyzerOutput, error) {
	a, err := s.analyzer(c, in.AnalyzerName)
	if err != nil {
		return nil, err
	}
	s.analyzers.Delete(a.key())
	return &sdk.DeleteAnalyzerOutput{}, nil
}
