package tags

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Limit is how many tags most resources may have.
const Limit = 50

// Check says what is wrong with tags that a request gives a resource; "" if
// nothing is. The text is for the service's own error.
func Check(tags map[string]string) string {
	if len(tags) > Limit {
		return fmt.Sprintf("a resource has at most %d tags, not %d", Limit, len(tags))
	}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		switch {
		case name == "" || utf8.RuneCountInString(name) > 128:
			return "the key of a tag has 1 to 128 characters"
		case utf8.RuneCountInString(tags[name]) > 256:
			return "the value of a tag has at most 256 characters"
		case strings.HasPrefix(strings.ToLower(name), "aws:"):
			return "the keys of tags that begin with aws: are reserved"
		}
	}
	return ""
}

// RequestKeys are aws:RequestTag/KEY and aws:TagKeys of a request that gives tags;
// nil for one that gives none.
func RequestKeys(tags map[string]string) []op.Key {
	if len(tags) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(tags))
	keys := make([]op.Key, 0, len(names)+1)
	for _, name := range names {
		keys = append(keys, op.Single("aws:RequestTag/"+name, tags[name]))
	}
	return append(keys, op.Multi("aws:TagKeys", names...))
}

// NameKeys is aws:TagKeys of a request that takes tags away; nil for none.
func NameKeys(names []string) []op.Key {
	if len(names) == 0 {
		return nil
	}
	return []op.Key{op.Multi("aws:TagKeys", names...)}
}

// With returns a copy of tags with more added or replaced.
func With(tags, more map[string]string) map[string]string {
	out := make(map[string]string, len(tags)+len(more))
	maps.Copy(out, tags)
	maps.Copy(out, more)
	return out
}

// Without returns a copy of tags without these.
func Without(tags map[string]string, names []string) map[string]string {
	out := maps.Clone(tags)
	for _, name := range names {
		delete(out, name)
	}
	return out
}

// Read makes a map of a list of the SDK's tags; nil for none. problem says what is
// wrong with it, for the service's own error; "" if nothing is.
func Read[T any](list []T, pair func(T) (key, value *string)) (tags map[string]string, problem string) {
	if len(list) == 0 {
		return nil, ""
	}
	tags = make(map[string]string, len(list))
	for _, t := range list {
		key, value := pair(t)
		if key == nil || value == nil {
			return nil, "a tag has a key and a value"
		}
		if _, twice := tags[*key]; twice {
			return nil, "Duplicate keys are not allowed in tags"
		}
		tags[*key] = *value
	}
	return tags, Check(tags)
}
