package s3

import "testing"

// Source: S3 API_CopyObject: one copy takes up to 5 GB.
func TestCopyLimit(t *testing.T) {
	for size, ok := range map[int64]bool{0: true, 5 << 30: true, 5<<30 + 1: false} {
		if got := copyable(size) == nil; got != ok {
			t.Errorf("%d bytes: got %v, want %v", size, got, ok)
		}
	}
}
