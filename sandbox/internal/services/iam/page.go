package iam

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// page cuts one page out of a sorted list. The marker names how many entries
// came before it and the key of the last of them, so that a list that changed
// meanwhile is resumed after that key.
func page[T any](all []T, marker *string, max *int32, key func(T) string) (items []T, truncated bool, next *string, err error) {
	start := 0
	if marker != nil {
		raw, decodeErr := base64.RawURLEncoding.DecodeString(*marker)
		n, last, ok := strings.Cut(string(raw), "|")
		before, numErr := strconv.Atoi(n)
		if decodeErr != nil || numErr != nil || !ok || before < 0 {
			return nil, false, nil, badInput("Invalid Marker value.")
		}
		start = min(before, len(all))
		if start == 0 || key(all[start-1]) != last {
			start = 0
			for start < len(all) && key(all[start]) <= last {
				start++
			}
		}
	}
	n := 100
	if max != nil {
		n = int(*max)
	}
	end := min(start+n, len(all))
	items = append([]T{}, all[start:end]...)
	if end < len(all) {
		next = aws.String(base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end) + "|" + key(all[end-1]))))
	}
	return items, end < len(all), next, nil
}
