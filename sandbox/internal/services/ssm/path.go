package ssm

import (
	"strconv"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

func (s *Service) pathRows() []op.Row {
	return []op.Row{op.New("GetParametersByPath", "Systems Manager API_GetParametersByPath", op.Read, s.checkByPath, s.byPath)}
}

// picked is a version that a query found.
type picked struct {
	p        *parameter
	v        *version
	selector string
}

// checkByPath asks for the path, which holds for all below it, and for the keys of what the
// page holds.
// Source: API Reference GetParametersByPath: "If a user has access to a path, then the user
// can access all levels of that path". Not documented: whether ssm:Recursive is there when
// the request leaves it out; here it is, as false.
func (s *Service) checkByPath(c *op.Call, in *sdk.GetParametersByPathInput) ([]op.Check, error) {
	recursive := strconv.FormatBool(in.Recursive != nil && *in.Recursive)
	path := strings.TrimSuffix(text(in.Path), "/")
	checks := []op.Check{{Action: "ssm:GetParametersByPath",
		Resource: op.Resource{ARN: parameterARN(c.Caller.Account, c.Region, path), Account: c.Caller.Account},
		Context:  []op.Key{op.Single("ssm:Recursive", recursive)}}}
	found, _, err := s.under(c, in)
	if err != nil {
		return checks, nil // the handler says it
	}
	for _, x := range found {
		more, err := s.decryptCheck(c, x.p, x.v, in.WithDecryption)
		if err != nil {
			return nil, err
		}
		checks = append(checks, more...)
	}
	return checks, nil
}

// under is the page of what is below the path.
func (s *Service) under(c *op.Call, in *sdk.GetParametersByPathInput) (found []picked, next *string, err error) {
	path := text(in.Path)
	if path == "" || path[0] != '/' || !nameForm.MatchString(path) {
		return nil, nil, invalid("The parameter path must begin with a slash and have the letters of parameter names.")
	}
	n, err := limit(in.MaxResults, 10, 10)
	if err != nil {
		return nil, nil, err
	}
	if path[len(path)-1] != '/' {
		path += "/"
	}
	match, err := filters(in.ParameterFilters, "Type", "KeyId", "Label")
	if err != nil {
		return nil, nil, err
	}
	for _, p := range s.parameters.Prefix(place(c.Caller.Account, c.Region)) {
		rest, below := strings.CutPrefix(p.Name, path)
		if !below && path == "/" && !strings.Contains(p.Name, "/") {
			rest, below = p.Name, true // the root holds the names without a path
		}
		if !below || strings.Contains(rest, "/") && (in.Recursive == nil || !*in.Recursive) {
			continue
		}
		if x, ok := match(s, p); ok {
			found = append(found, x)
		}
	}
	found, next = page.Cut(found, func(x picked) string { return x.p.Name }, n, in.NextToken)
	return found, next, nil
}

func (s *Service) byPath(c *op.Call, in *sdk.GetParametersByPathInput) (*sdk.GetParametersByPathOutput, error) {
	found, next, err := s.under(c, in)
	if err != nil {
		return nil, err
	}
	out := &sdk.GetParametersByPathOutput{Parameters: []types.Parameter{}, NextToken: next}
	for _, x := range found {
		one, err := s.shown(c, x.p, x.v, x.selector, in.WithDecryption)
		if err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, one)
	}
	return out, nil
}

func limit(n *int32, usual, most int) (int, error) {
	if n == nil {
		return usual, nil
	}
	if *n < 1 || int(*n) > most {
		return 0, invalid("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and %d.", *n, most)
	}
	return int(*n), nil
}
