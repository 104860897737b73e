//lint:file-ignore SA1019 AWS serves what its SDK deprecates, and the provider still asks for it.

package guardduty

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"
)

// attributes are those of a finding that criteria may name and that the sandbox's
// findings have.
// Source: GuardDuty User Guide "Filtering findings", property filters; API_CreateFilter.
var attributes = []string{
	"accountId", "id", "region", "severity", "type", "updatedAt", "service.archived", "service.resourceRole", "service.action.actionType",
	"service.action.awsApiCallAction.api", "service.action.awsApiCallAction.callerType", "service.action.awsApiCallAction.serviceName",
	"service.action.awsApiCallAction.remoteIpDetails.ipAddressV4", "service.action.networkConnectionAction.blocked",
	"service.action.networkConnectionAction.connectionDirection", "service.action.networkConnectionAction.protocol",
	"service.action.networkConnectionAction.remoteIpDetails.ipAddressV4", "service.action.dnsRequestAction.domain",
	"resource.resourceType", "resource.accessKeyDetails.accessKeyId", "resource.accessKeyDetails.principalId", "resource.accessKeyDetails.userName",
	"resource.accessKeyDetails.userType", "resource.instanceDetails.instanceId", "resource.instanceDetails.imageId", "resource.s3BucketDetails.name",
}

// checkCriteria refuses what matches cannot decide.
func checkCriteria(criteria *types.FindingCriteria) error {
	if criteria == nil {
		return nil
	}
	for name, x := range criteria.Criterion {
		if !slices.Contains(attributes, name) {
			return refuse("the attribute \"" + name + "\" of finding criteria")
		}
		if x.Matches != nil || x.NotMatches != nil {
			return refuse("the conditions matches and notMatches of finding criteria")
		}
		if len(x.Eq)+len(x.Equals)+len(x.Neq)+len(x.NotEquals) > 50 {
			return bad("The request is rejected because a condition has more than 50 values.")
		}
	}
	return nil
}

// matches reports whether a finding meets every condition of checked criteria.
func (f *finding) matches(criteria *types.FindingCriteria) bool {
	if criteria == nil || len(criteria.Criterion) == 0 {
		return true
	}
	var tree any
	if err := json.Unmarshal(body.Marshal(f.Finding), &tree); err != nil {
		return false
	}
	for name, x := range criteria.Criterion {
		if !meets(collect(tree, strings.Split(name, ".")), x) {
			return false
		}
	}
	return true
}

// collect returns the values at a path, through lists.
func collect(tree any, path []string) (values []any) {
	switch t := tree.(type) {
	case []any:
		for _, x := range t {
			values = append(values, collect(x, path)...)
		}
		return values
	case map[string]any:
		if len(path) > 0 {
			return collect(t[path[0]], path[1:])
		}
		return nil
	case nil:
		return nil
	}
	if len(path) > 0 {
		return nil
	}
	return []any{tree}
}

// number is a value as comparisons take it: times are milliseconds.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return float64(at.UnixMilli()), true
		}
		n, err := strconv.ParseFloat(v, 64)
		return n, err == nil
	}
	return 0, false
}

func same(v any, want string) bool {
	switch v := v.(type) {
	case string:
		if v == want {
			return true
		}
		_, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return false
		}
	case bool:
		return strconv.FormatBool(v) == strings.ToLower(want)
	}
	a, ok := number(v)
	b, also := number(want)
	return ok && also && a == b
}

// meets reports whether one of the values meets every part of a condition; one that
// excludes is met by all of them.
func meets(values []any, x types.Condition) bool {
	hasOne := func(list []string) bool {
		return slices.ContainsFunc(values, func(v any) bool {
			return slices.ContainsFunc(list, func(want string) bool { return same(v, want) })
		})
	}
	if equal := append(x.Eq[:len(x.Eq):len(x.Eq)], x.Equals...); len(equal) > 0 && !hasOne(equal) {
		return false
	}
	if hasOne(append(x.Neq[:len(x.Neq):len(x.Neq)], x.NotEquals...)) {
		return false
	}
	bound := func(small *int32, large *int64, holds func(v, limit float64) bool) bool {
		for _, limit := range []*int64{wide(small), large} {
			if limit == nil {
				continue
			}
			if !slices.ContainsFunc(values, func(v any) bool {
				n, ok := number(v)
				return ok && holds(n, float64(*limit))
			}) {
				return false
			}
		}
		return true
	}
	return bound(x.Gt, x.GreaterThan, func(v, limit float64) bool { return v > limit }) &&
		bound(x.Gte, x.GreaterThanOrEqual, func(v, limit float64) bool { return v >= limit }) &&
		bound(x.Lt, x.LessThan, func(v, limit float64) bool { return v < limit }) &&
		bound(x.Lte, x.LessThanOrEqual, func(v, limit float64) bool { return v <= limit })
}

func wide(n *int32) *int64 {
	if n == nil {
		return nil
	}
	return new(int64(*n))
}
