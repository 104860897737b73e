package ssm

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// filters makes the test of a query: all of them must hold. keys are those that the
// operation has; "tag:" stands for all of tags.
// Source: API Reference ParameterStringFilter.
func filters(list []types.ParameterStringFilter, keys ...string) (func(*Service, *parameter) (picked, bool), error) {
	var seen []string
	for _, f := range list {
		key, option := text(f.Key), text(f.Option)
		family := key
		if strings.HasPrefix(key, "tag:") {
			family = "tag:"
		}
		options := []string{"", "Equals"}
		switch family {
		case "Name":
			options = append(options, "BeginsWith", "Contains")
		case "Type", "KeyId", "Tier", "DataType":
			options = append(options, "BeginsWith")
		case "Path":
			options = []string{"", "Recursive", "OneLevel"}
		}
		switch {
		case !slices.Contains(keys, family):
			return nil, fail("InvalidFilterKey", "The following filter key is not valid: %s. Valid filter keys include: [%s].", key, strings.Join(keys, ", "))
		case slices.Contains(seen, key):
			return nil, invalid("The following filter is duplicated in the request: %s. A request can contain only one occurrence of a specific filter.", key)
		case !slices.Contains(options, option):
			return nil, fail("InvalidFilterOption", "The following filter option is not valid: %s. Valid options include: [%s].", option, strings.Join(options[1:], ", "))
		case len(f.Values) == 0 && family != "tag:" || len(f.Values) > 50:
			return nil, fail("InvalidFilterValue", "The following filter values are missing, or more than 50: %s", key)
		}
		seen = append(seen, key)
	}
	return func(s *Service, p *parameter) (picked, bool) {
		x := picked{p, s.versions.Get(p.version(p.Current)), ""}
		for i := range list {
			if !x.holds(s, &list[i]) {
				return x, false
			}
		}
		return x, x.v != nil
	}, nil
}

// holds tests one filter. That of a label also picks its version.
func (x *picked) holds(s *Service, f *types.ParameterStringFilter) bool {
	if name, ok := strings.CutPrefix(*f.Key, "tag:"); ok {
		value, have := x.p.Tags[name]
		return have && (len(f.Values) == 0 || slices.Contains(f.Values, value))
	}
	var have string
	switch *f.Key {
	case "Name":
		have = x.p.Name
	case "Type":
		have = string(x.v.Type)
	case "KeyId":
		have = x.v.KeyID
	case "Tier":
		have = string(x.v.Tier)
	case "DataType":
		have = x.v.DataType
	case "Label":
		for _, label := range f.Values {
			if n, ok := x.p.Labels[label]; ok {
				x.v, x.selector = s.versions.Get(x.p.version(n)), ":"+label
				return true
			}
		}
		return false
	case "Path":
		return slices.ContainsFunc(f.Values, func(path string) bool {
			rest, below := strings.CutPrefix(x.p.Name, strings.TrimSuffix(path, "/")+"/")
			return below && (text(f.Option) == "Recursive" || !strings.Contains(rest, "/"))
		})
	}
	return slices.ContainsFunc(f.Values, func(want string) bool {
		switch text(f.Option) {
		case "BeginsWith":
			return strings.HasPrefix(have, want)
		case "Contains":
			return strings.Contains(have, want)
		}
		return have == want
	})
}
