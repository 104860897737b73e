package page

// Cut returns the first n entries of all whose keys come after the token, and the
// token of the next page; nil: this is the last. all is in the order of its keys.
func Cut[T any](all []T, key func(T) string, n int, after *string) ([]T, *string) {
	if after != nil {
		for len(all) > 0 && key(all[0]) <= *after {
			all = all[1:]
		}
	}
	if len(all) <= n {
		return all, nil
	}
	next := key(all[n-1])
	return all[:n], &next
}
