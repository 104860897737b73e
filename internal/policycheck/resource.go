package policycheck

import (
	"regexp"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

var placeholder = regexp.MustCompile(`\$\{[^}]*\}`)

// everything reports a resource entry that is nothing but *.
func everything(n *node) bool { return n.text != "" && strings.Trim(n.text, "*") == "" }

// specific reports that the list names resources and none of them is *, or may be.
func specific(l *list) bool {
	if l == nil || l.open || len(l.items) == 0 {
		return false
	}
	for _, n := range l.items {
		if n.unknown || everything(n) || !strings.HasPrefix(n.text, "arn:") {
			return false
		}
	}
	return true
}

// arnGlob is what a resource entry may name, as a pattern in which * crosses
// everything. It is wider than AWS reads it, so that what it does not match AWS
// does not match either.
func arnGlob(n *node) string { return placeholder.ReplaceAllString(n.glob(), "*") }

// fits reports whether a resource entry may name a resource of the type.
func fits(n *node, service *serviceref.Service, typ string) bool {
	r, ok := service.Resource(typ)
	if !ok || len(r.ARNs) == 0 {
		return true
	}
	glob := arnGlob(n)
	if len(glob) > longestARN {
		return true
	}
	for _, form := range r.ARNs {
		if overlapARNs(glob, placeholder.ReplaceAllString(form, "*")) && !objectForBucket(form, glob) {
			return true
		}
	}
	return false
}

// overlapARNs reports whether some ARN fits the entry and the form of a type. A
// part of the entry without a wildcard is compared with the same part of the
// form: partition, region and account hold no colon. From the first wildcard on
// the rest is compared as one, as a * at the end of a part goes on into the next.
// Source: IAM User Guide, reference_policies_elements_resource.
func overlapARNs(entry, form string) bool {
	x, y := strings.SplitN(entry, ":", 6), strings.SplitN(form, ":", 6)
	if len(x) < 6 || len(y) < 6 {
		return policy.Overlaps(entry, form, false)
	}
	i := 0
	for ; i < 5 && !strings.ContainsAny(x[i], "*?"); i++ {
		if !policy.Overlaps(x[i], y[i], false) {
			return false
		}
	}
	return policy.Overlaps(strings.Join(x[i:], ":"), strings.Join(y[i:], ":"), false)
}

// objectForBucket reports an entry with a slash held against the form of a
// bucket's ARN: a bucket's name has none.
func objectForBucket(form, glob string) bool {
	return strings.HasSuffix(form, ":s3:::${BucketName}") && strings.Contains(glob, "/")
}

// typeOf reports whether one of the services has a resource type that the entry
// may name.
func typeOf(n *node, services []*serviceref.Service) bool {
	for _, s := range services {
		for _, r := range s.Resources() {
			if fits(n, s, r.Type) {
				return true
			}
		}
	}
	return false
}

// mostEntries bounds the lists that are compared entry by entry: the work grows
// with the square of them, and no policy that AWS stores has as many.
const mostEntries = 1000

// longestARN is more than an ARN may have.
const longestARN = 2048
