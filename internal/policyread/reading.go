package policyread

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/policy"
)

// Document is the text of a policy as AWS stores it.
type Document struct {
	// Type is ReasonIdentity, ReasonBoundary or ReasonResource.
	Type policy.Reason
	// Name says whose it is: "user/ann/inline", the ARN of a managed policy, "policy of
	// bucket NAME".
	Name string
	Text []byte
}

// Gap is a type of policy of which some could not be read.
type Gap struct {
	Type policy.Reason
	Why  string
}

// gaps collects them.
type gaps struct {
	// Gaps are in the order in which they were met; nil: everything was read.
	Gaps []Gap
}

func (g *gaps) miss(t policy.Reason, format string, args ...any) {
	g.Gaps = append(g.Gaps, Gap{t, fmt.Sprintf(format, args...)})
}

// decoded undoes the encoding that IAM returns documents in. Source: IAM
// API_GetRolePolicy (URL-encoded, RFC 3986).
func decoded(text *string) []byte {
	plain, err := url.PathUnescape(aws.ToString(text))
	if err != nil {
		return []byte(aws.ToString(text))
	}
	return []byte(plain)
}

// Cause is an error in few words, without what an SDK writes around it.
func Cause(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + clip(api.ErrorMessage())
	}
	return clip(err.Error())
}

// longest is how much of a message is shown, in bytes.
const longest = 1000

func clip(s string) string {
	if len(s) > longest {
		return strings.ToValidUTF8(s[:longest], "") + "..."
	}
	return s
}

// IsCode reports an error code of AWS.
func IsCode(err error, codes ...string) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	for _, c := range codes {
		if api.ErrorCode() == c {
			return true
		}
	}
	return false
}
