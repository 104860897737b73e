package kms

import "encoding/base64"

// pageArgs refuses a Limit outside 1 to most.
func pageArgs(limit *int32, most int32) error {
	if limit == nil {
		return nil
	}
	return between("Limit", *limit, 1, most)
}

// paged cuts a page from items, which are in the order of their names. The
// marker holds the last name of the page before.
func paged[T any](items []T, name func(T) string, limit *int32, def int, marker *string) ([]T, *string, error) {
	if marker != nil {
		after, err := base64.URLEncoding.DecodeString(*marker)
		if err != nil || len(after) == 0 {
			return nil, nil, fail("InvalidMarkerException", "Could not deserialize marker '%s'", *marker)
		}
		for len(items) > 0 && name(items[0]) <= string(after) {
			items = items[1:]
		}
	}
	if items == nil {
		items = []T{} // an empty list is answered as one, not left out
	}
	n := def
	if limit != nil {
		n = int(*limit)
	}
	if len(items) <= n {
		return items, nil, nil
	}
	return items[:n], new(base64.URLEncoding.EncodeToString([]byte(name(items[n-1])))), nil
}
