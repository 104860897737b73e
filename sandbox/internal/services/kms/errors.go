package kms

import (
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// fail makes a KMS error: every KMS exception that a caller can cause is a 400.
//
// Source: KMS API Reference, Common Errors and the Errors section of each
// operation. The wording of messages is what the service is known to answer;
// the reference itself gives codes only.
func fail(code, format string, args ...any) *op.Error {
	return op.Errorf(400, code, format, args...)
}

func invalid(format string, args ...any) *op.Error {
	return fail("ValidationException", format, args...)
}

// constraint words a failed constraint on a member, as Coral services do.
func constraint(value, member, rule string) *op.Error {
	if value != "" {
		value += " "
	}
	return invalid("1 validation error detected: Value %sat '%s' failed to satisfy constraint: Member must %s",
		value, lowerFirst(member), rule)
}

// between refuses a number outside [low, high].
func between(member string, n, low, high int32) error {
	value := fmt.Sprintf("'%d'", n)
	switch {
	case n < low:
		return constraint(value, member, fmt.Sprintf("have value greater than or equal to %d", low))
	case n > high:
		return constraint(value, member, fmt.Sprintf("have value less than or equal to %d", high))
	}
	return nil
}

func missing(member string) *op.Error { return constraint("null", member, "not be null") }

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// oneOf refuses a value that is not in the enum. An empty value passes: use
// missing for required members.
func oneOf[E ~string](member string, value E, enum []E) error {
	if value == "" {
		return nil
	}
	names := make([]string, len(enum))
	for i, e := range enum {
		if e == value {
			return nil
		}
		names[i] = string(e)
	}
	return constraint("'"+string(value)+"'", member,
		"satisfy enum value set: ["+strings.Join(names, ", ")+"]")
}

// length refuses text or bytes outside [low, high]. The value is not echoed: it
// may be plaintext.
func length(member string, n, low, high int) error {
	switch {
	case n < low:
		return constraint("", member, fmt.Sprintf("have length greater than or equal to %d", low))
	case n > high:
		return constraint("", member, fmt.Sprintf("have length less than or equal to %d", high))
	}
	return nil
}

// unsupported refuses what the sandbox does not do, by name.
func unsupported(format string, args ...any) *op.Error {
	return fail("UnsupportedOperationException", "the sandbox does not support "+format, args...)
}

func noSuchKey(arn string) *op.Error {
	return fail("NotFoundException", "Key '%s' does not exist", arn)
}

func noSuchAlias(arn string) *op.Error {
	return fail("NotFoundException", "Alias %s is not found.", arn)
}

// noForeignKey is the answer about a key of another account that is not there
// or does not let the caller in: AWS does not tell which.
func noForeignKey(c *op.Call, action, resource string) *op.Error {
	return fail("AccessDeniedException",
		"User: %s is not authorized to perform: %s on %s because the resource does not exist in this Region, "+
			"no resource-based policies allow access, or a resource-based policy explicitly denies access",
		c.Caller.Principal.ARN, action, resource)
}

func malformedPolicy(format string, args ...any) *op.Error {
	return fail("MalformedPolicyDocumentException", format, args...)
}

// dryRun answers a request that would have succeeded.
func dryRun(asked *bool) error {
	if asked != nil && *asked {
		return fail("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
	}
	return nil
}
