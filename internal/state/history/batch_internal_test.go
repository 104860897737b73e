package history

import "testing"

// However large the versions are, few of them are held at once.
func TestBatch(t *testing.T) {
	for _, tt := range []struct {
		sizes []int64
		want  int
	}{
		{nil, 0}, {[]int64{-1, -1, -1}, 3}, {make([]int64, 20), atOnce},
		{[]int64{1, 100 << 20, 100 << 20}, 1}, {[]int64{1, 70 << 20, 70 << 20, 1}, 2}, {[]int64{1 << 40}, 1},
	} {
		list := []*Version{}
		for _, size := range tt.sizes {
			list = append(list, &Version{Size: size})
		}
		if got := batch(list); got != tt.want {
			t.Errorf("%v: %d at once, want %d", tt.sizes, got, tt.want)
		}
	}
}
