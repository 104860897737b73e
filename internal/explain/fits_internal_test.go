package explain

import (
	"strings"
	"testing"
)

func TestFitsARN(t *testing.T) {
	const object = "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
	for _, tt := range []struct {
		form, arn string
		want      bool
	}{
		{object, "arn:aws:s3:::b/k", true},
		{object, "arn:aws:s3:::b/k/with/slashes", true},
		{object, "arn:aws:s3:::b", false},
		{object, "arn:aws:sqs:eu-west-2:111122223333:q", false},
		{"arn:${Partition}:s3:::${BucketName}", "arn:aws:s3:::b", true},
		{"arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", "arn:aws:iam::111122223333:role/a/b", true},
		{"arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", "arn:aws:iam::111122223333:user/a", false},
		{"arn:${Partition}:x:::a/${A}/b/${B}/c", "arn:aws:x:::a/1/b/2/c", true},
		{"arn:${Partition}:x:::a/${A}/b/${B}/c", "arn:aws:x:::a/1/b/2/d", false},
		{"arn:${Partition}:x:::fixed", "arn:aws:x:::fixed", true},
		{"*", "arn:aws:x:::fixed", false},
		// It stays linear on text that nearly fits everywhere.
		{"arn:${Partition}:x:::${A}/${B}/${C}/${D}/${E}!", "arn:aws:x:::" + strings.Repeat("/", 1<<20), false},
	} {
		if got := fitsARN(tt.form, tt.arn); got != tt.want {
			t.Errorf("%s fits %.60s: %v, want %v", tt.arn[:min(len(tt.arn), 60)], tt.form, got, tt.want)
		}
	}
}
