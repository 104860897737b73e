package serviceref

// Suggest picks the one of names that wrong was probably meant to be: the same
// but for case, else the nearest by edits (a letter more, less, other, or two
// swapped) if a third of its letters or fewer differ. Empty: none is near.
func Suggest(names []string, wrong string) string {
	const longest = 128
	if wrong == "" || len(wrong) > longest {
		return ""
	}
	near, best := "", max(1, len(wrong)/3)+1
	low := lower(wrong)
	for _, n := range names {
		if d := len(n) - len(wrong); d >= best || -d >= best {
			continue
		}
		if d := distance(lower(n), low); d < best {
			near, best = n, d
		}
	}
	return near
}

// distance is how many edits make b of a.
func distance(a, b string) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			d := row[j]
			if a[i] != b[j] {
				d++
			}
			d = min(d, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			next[j+1] = d
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
