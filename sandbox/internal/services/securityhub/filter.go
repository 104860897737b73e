package securityhub

import (
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
)

// values are what the string filters look at, by the filter's name.
// Source: API_AwsSecurityFindingFilters.
var values = map[string]func(*finding) []string{
	"AwsAccountId":  func(f *finding) []string { return []string{text(f.AwsAccountId)} },
	"CompanyName":   func(f *finding) []string { return []string{text(f.CompanyName)} },
	"Description":   func(f *finding) []string { return []string{text(f.Description)} },
	"GeneratorId":   func(f *finding) []string { return []string{text(f.GeneratorId)} },
	"Id":            func(f *finding) []string { return []string{text(f.Id)} },
	"ProductArn":    func(f *finding) []string { return []string{text(f.ProductArn)} },
	"ProductName":   func(f *finding) []string { return []string{text(f.ProductName)} },
	"RecordState":   func(f *finding) []string { return []string{string(f.RecordState)} },
	"Region":        func(f *finding) []string { return []string{text(f.Region)} },
	"SeverityLabel": func(f *finding) []string { return []string{string(f.Severity.Label)} },
	"Title":         func(f *finding) []string { return []string{text(f.Title)} },
	"Type":          func(f *finding) []string { return f.Types },
	"WorkflowStatus": func(f *finding) []string {
		return []string{string(f.Workflow.Status)}
	},
	"VerificationState": func(f *finding) []string { return []string{string(f.VerificationState)} },
	"ComplianceStatus": func(f *finding) []string {
		if f.Compliance == nil {
			return nil
		}
		return []string{string(f.Compliance.Status)}
	},
	"ResourceId": func(f *finding) (list []string) {
		for _, r := range f.Resources {
			list = append(list, text(r.Id))
		}
		return list
	},
	"ResourceType": func(f *finding) (list []string) {
		for _, r := range f.Resources {
			list = append(list, text(r.Type))
		}
		return list
	},
}

// compile makes a test of filters: every filter must be met. One that the sandbox
// does not know is refused by name.
func compile(filters *types.AwsSecurityFindingFilters) (func(*finding) bool, error) {
	var tests []func(*finding) bool
	if filters != nil {
		v := reflect.ValueOf(*filters)
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() || v.Field(i).Len() == 0 {
				continue
			}
			of, ok := values[field.Name]
			if !ok {
				return nil, refuse("the finding filter " + field.Name)
			}
			list := v.Field(i).Interface().([]types.StringFilter)
			if len(list) > 20 {
				return nil, invalid("A filter has at most 20 values.")
			}
			for _, x := range list {
				if compare(x.Comparison) == nil {
					return nil, refuse("the comparison \"" + string(x.Comparison) + "\" of finding filters")
				}
			}
			tests = append(tests, func(f *finding) bool { return meets(of(f), list) })
		}
	}
	return func(f *finding) bool {
		return !slices.ContainsFunc(tests, func(test func(*finding) bool) bool { return !test(f) })
	}, nil
}

// compare is what a comparison looks for, whether it wants it or not.
func compare(c types.StringFilterComparison) func(value, part string) bool {
	switch c {
	case types.StringFilterComparisonEquals, types.StringFilterComparisonNotEquals:
		return func(value, part string) bool { return value == part }
	case types.StringFilterComparisonPrefix, types.StringFilterComparisonPrefixNotEquals:
		return strings.HasPrefix
	case types.StringFilterComparisonContains, types.StringFilterComparisonNotContains:
		return strings.Contains
	}
	return nil
}

// meets joins the wanting comparisons by or, and the others by and.
// Source: API_StringFilter.
func meets(values []string, list []types.StringFilter) bool {
	wanting, found := false, false
	for _, x := range list {
		hit := slices.ContainsFunc(values, func(v string) bool { return compare(x.Comparison)(v, text(x.Value)) })
		switch x.Comparison {
		case types.StringFilterComparisonNotEquals, types.StringFilterComparisonPrefixNotEquals, types.StringFilterComparisonNotContains:
			if hit {
				return false
			}
		default:
			wanting, found = true, found || hit
		}
	}
	return !wanting || found
}
