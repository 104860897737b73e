package sts

import (
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
)

// Source: STS API_AssumeRole, "Policy", "PolicyArns" and "Tags".
const (
	policySize  = 2048
	policyARNs  = 10
	sessionTags = 50
)

// limits compiles the session policies of a request; nil: it has none. packed
// is the share of the space for policies and tags that they take, in percent.
// AWS packs them in a format it does not publish; the sandbox counts
// characters, so its figure is a little higher.
func (s *Service) limits(account string, inline *string, arns []types.PolicyDescriptorType, tags map[string]string) (docs []*iam.Document, packed *int32, err error) {
	total := 0
	if inline != nil {
		if utf8.RuneCountInString(*inline) > policySize {
			return nil, nil, constraint("Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to %d", policySize)
		}
		if *inline == "" {
			return nil, nil, constraint("Value '' at 'policy' failed to satisfy constraint: Member must have length greater than or equal to 1")
		}
		d, err := iam.LimitDocument(*inline)
		if err != nil {
			return nil, nil, err
		}
		docs = append(docs, d)
		total += len(strings.Join(strings.Fields(*inline), ""))
	}
	if len(arns) > policyARNs {
		return nil, nil, op.Errorf(400, "ValidationError", "The number of policy ARNs must not exceed %d", policyARNs)
	}
	for _, a := range arns {
		d, err := s.iam.ManagedLimit(account, aws.ToString(a.Arn))
		if err != nil {
			return nil, nil, err
		}
		docs = append(docs, d)
		total += len(aws.ToString(a.Arn))
	}
	for k, v := range tags {
		total += len(k) + len(v)
	}
	if total == 0 {
		return docs, nil, nil
	}
	share := int32(total * 100 / (policySize * 2))
	if share > 100 {
		return nil, nil, op.Errorf(400, "PackedPolicyTooLarge", "Packed size of session tags and session policies consumes %d%% of allotted space.", share)
	}
	return docs, aws.Int32(max(share, 1)), nil
}

// requestTags checks session tags and returns them as a map; nil: none.
func requestTags(tags []types.Tag) (map[string]string, error) {
	if len(tags) == 0 {
		return nil, nil
	}
	if len(tags) > sessionTags {
		return nil, constraint("Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to %d", sessionTags)
	}
	m := make(map[string]string, len(tags))
	seen := map[string]bool{}
	for i, t := range tags {
		if t.Key == nil || t.Value == nil {
			return nil, constraint("Value null at 'tags.%d.member' failed to satisfy constraint: Member must have a key and a value", i+1)
		}
		if err := checkTag(*t.Key, *t.Value); err != nil {
			return nil, err
		}
		// Source: IAM User Guide, id_session-tags: keys are not told apart by case.
		if lower := strings.ToLower(*t.Key); seen[lower] {
			return nil, op.Errorf(400, "InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		} else {
			seen[lower] = true
		}
		m[*t.Key] = *t.Value
	}
	return m, nil
}

// transitiveKeys checks that the keys are among the tags, without regard to
// case, and returns them as the tags spell them.
func transitiveKeys(keys []string, tags map[string]string) ([]string, error) {
	var own []string
	for _, k := range keys {
		n := len(own)
		for name := range tags {
			if strings.EqualFold(name, k) {
				own = append(own, name)
			}
		}
		if len(own) == n {
			return nil, op.Errorf(400, "InvalidParameterValue", "The specified transitive tag key must be included in the requested tags.")
		}
	}
	return own, nil
}

func checkTag(key, value string) error {
	switch {
	case key == "" || utf8.RuneCountInString(key) > 128 || !iam.TagText(key):
		return constraint("Value '%.300s' at 'tags.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+ and have a length of 1 to 128", key)
	case utf8.RuneCountInString(value) > 256 || !iam.TagText(value):
		return constraint("Value at 'tags.member.value' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]* and have a length of 0 to 256")
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return op.Errorf(400, "InvalidParameterValue", "Tag keys that begin with aws: are reserved, got %q", key)
	}
	return nil
}
