package policy

import "strings"

// arn holds the six components of an Amazon Resource Name. The last one may
// hold colons.
type arn struct {
	partition, service, region, account, resource string
}

// splitARN reports false for text without the six components.
func splitARN(s string) (a arn, ok bool) {
	prefix, s, _ := strings.Cut(s, ":")
	a.partition, s, _ = strings.Cut(s, ":")
	a.service, s, _ = strings.Cut(s, ":")
	a.region, s, _ = strings.Cut(s, ":")
	a.account, a.resource, ok = strings.Cut(s, ":")
	return a, ok && prefix == "arn"
}

// isAccountID reports twelve digits.
func isAccountID(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// lastSegment is what follows the last slash.
func lastSegment(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// ResourceKind is the kind of policy that the resource named by an ARN carries:
// Trust for an IAM role, Key for a KMS key, Resource for all others.
func ResourceKind(resourceARN string) Kind {
	a, ok := splitARN(resourceARN)
	switch {
	case ok && a.service == "iam" && strings.HasPrefix(a.resource, "role/"):
		return Trust
	case ok && a.service == "kms" && strings.HasPrefix(a.resource, "key/"):
		return Key
	}
	return Resource
}
