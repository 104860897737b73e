package ssm

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

var nameForm = regexp.MustCompile(`^[a-zA-Z0-9_.\-/]+$`)

// checkName refuses what cannot be the name of a new parameter.
// Source: Systems Manager User Guide "Creating Parameter Store parameters", requirements
// and constraints for parameter names; API Reference PutParameter. Observed: the errors.
func checkName(c *op.Call, name string) error {
	lower := strings.TrimPrefix(strings.ToLower(name), "/")
	switch {
	case name == "":
		return invalid("1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1.")
	case len(parameterARN(c.Caller.Account, c.Region, name)) > 1011:
		return invalid("The parameter name is too long: with the ARN before it, it has at most 1011 characters.")
	case strings.HasPrefix(lower, "aws"):
		return fail("AccessDeniedException", "No access to reserved parameter name: %s.", name)
	case strings.HasPrefix(lower, "ssm"), !nameForm.MatchString(name):
		return invalid("Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_")
	case strings.Contains(name, "/") && name[0] != '/':
		return invalid("Parameter name must be a fully qualified name.")
	case strings.HasSuffix(name, "/"), strings.Contains(name, "//"):
		return invalid("Parameter name must not end with slash, or hold an empty level.")
	case strings.Count(name, "/") > 15:
		return fail("HierarchyLevelLimitExceededException", "Parameter hierarchies are limited to a maximum depth of fifteen levels.")
	}
	return nil
}

// parameterARN has one slash after "parameter", whether the name begins with one or not.
func parameterARN(account, region, name string) string {
	return "arn:aws:ssm:" + region + ":" + account + ":parameter/" + strings.TrimPrefix(name, "/")
}

func (s *Service) key(account, region, name string) string { return place(account, region) + name }

// reference is what a request calls a parameter: a name or an ARN, and perhaps a version or
// a label after a colon.
type reference struct {
	account, name string
	selector      string // ":3"; empty: the newest
}

// refer reads a reference. An ARN does not say whether the name begins with a slash.
// Source: Systems Manager User Guide "Working with parameter versions", API Reference
// GetParameter.
func (s *Service) refer(c *op.Call, given string) (r reference, err error) {
	r.account = c.Caller.Account
	rest, arn := given, false
	if strings.HasPrefix(given, "arn:") {
		part := strings.SplitN(given, ":", 6)
		if len(part) != 6 || part[1] != "aws" || part[2] != "ssm" || part[3] != c.Region || !strings.HasPrefix(part[5], "parameter/") {
			return r, invalid("Invalid parameter ARN: it is not one of a parameter of the region %s.", c.Region)
		}
		r.account, rest, arn = part[4], strings.TrimPrefix(part[5], "parameter"), true
	}
	r.name = rest
	if i := strings.IndexByte(rest, ':'); i >= 0 {
		r.name, r.selector = rest[:i], rest[i:]
	}
	if arn && strings.Count(r.name, "/") == 1 && s.parameters.Get(s.key(r.account, c.Region, r.name)) == nil {
		r.name = r.name[1:]
	}
	if r.name == "" || r.name == "/" {
		return r, invalid("1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1.")
	}
	return r, nil
}

// check is that of an action on the parameter, whether it is there or not. PutParameter has
// no aws:ResourceTag; and ssm:resourceTag, which is older, no action on parameters has.
// Source: Service Authorization Reference, AWS Systems Manager.
func (s *Service) check(c *op.Call, action string, r reference, keys ...op.Key) op.Check {
	res := op.Resource{ARN: parameterARN(r.account, c.Region, r.name), Account: r.account}
	if p := s.parameters.Get(s.key(r.account, c.Region, r.name)); p != nil && action != "PutParameter" {
		res.Tags = p.Tags
	}
	return op.Check{Action: "ssm:" + action, Resource: res, Context: keys}
}

// find returns the parameter and the version that the reference means.
func (s *Service) find(c *op.Call, r reference) (*parameter, *version, error) {
	p := s.parameters.Get(s.key(r.account, c.Region, r.name))
	if p == nil {
		return nil, nil, fail("ParameterNotFound", "Parameter %s not found.", r.name)
	}
	n := p.Current
	if r.selector != "" {
		wanted := r.selector[1:]
		number, err := strconv.ParseInt(wanted, 10, 64)
		if n = p.Labels[wanted]; err == nil {
			n = number
		}
	}
	v := s.versions.Get(p.version(n))
	if v == nil {
		return nil, nil, fail("ParameterVersionNotFound", "Systems Manager could not find version %s of %s. Verify the version and try again.", strings.TrimPrefix(r.selector, ":"), r.name)
	}
	return p, v, nil
}
