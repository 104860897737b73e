package serviceref_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

func service(t *testing.T, prefix string) *serviceref.Service {
	t.Helper()
	s, ok := serviceref.Lookup(prefix)
	if !ok {
		t.Fatalf("no service %q", prefix)
	}
	return s
}

func types(list []*serviceref.Resource) string {
	var names []string
	for _, r := range list {
		names = append(names, r.Type)
	}
	return strings.Join(names, " ")
}

func TestResourceTypes(t *testing.T) {
	for _, c := range []struct{ service, arn, want string }{
		{"s3", "arn:aws:s3:::b", "bucket"},
		{"s3", "arn:aws:s3:::b/k", "object"},
		{"s3", "arn:aws:s3:::b/k/l", "object"},
		{"s3", "arn:aws:s3:::b/*", "object"},
		{"s3", "arn:aws:s3:::b*", "bucket object"},
		{"s3", "arn:aws:s3:::*", "bucket object"},
		{"s3", "arn:aws:s3:::${aws:username}/*", "object"},
		{"s3", "arn:aws-cn:s3:::b", "bucket"},
		{"s3", "arn:aws:s3:eu-west-2:111122223333:accesspoint/a", "accesspoint"},
		{"s3", "arn:aws:s3:eu-west-2:111122223333:accesspoint/a/object/k", "accesspointobject"},
		{"s3", "arn:aws:s3::111122223333:accesspoint/a.mrap", "multiregionaccesspoint"},
		{"s3", "arn:aws:s3:eu-west-2:111122223333:b", ""},
		{"s3", "arn:aws:s3:::", ""},
		{"s3", "b", ""},
		{"s3", "", ""},
		{"kms", "arn:aws:kms:eu-west-2:111122223333:key/1234", "key"},
		{"kms", "arn:aws:kms:*:*:key/*", "key"},
		{"kms", "arn:aws:kms:*:*:*", "alias key"},
		{"kms", "arn:aws:kms:*", "alias key"},
		{"kms", "*", "alias key"},
		{"kms", "arn:aws:kms:eu-west-2:111122223333:alias/a/b", "alias"},
		{"kms", "arn:aws:kms::111122223333:key/1234", ""},
		{"kms", "arn:aws:kms:eu-west-2:111122223333:keys/1234", ""},
		{"kms", "arn:aws:s3:::b", ""},
		{"iam", "arn:aws:iam::111122223333:role/path/r", "role"},
		{"iam", "arn:aws:iam::aws:policy/ReadOnlyAccess", "policy"},
		{"iam", "arn:aws:iam::111122223333:root", ""},
		{"iam", "arn:aws:iam::111122223333:rol?/r", "role"},
		{"sts", "arn:aws:iam::111122223333:role/r", "role"},
		{"sts", "arn:aws:iam::111122223333:root", "root-user"},
		{"lambda", "arn:aws:lambda:eu-west-2:111122223333:function:f", "function"},
		{"lambda", "arn:aws:lambda:eu-west-2:111122223333:function:f:1", "function alias function version"},
		{"ssm", "arn:aws:ssm:eu-west-2:111122223333:parameter/a/b", "parameter"},
		{"dynamodb", "arn:aws:dynamodb:eu-west-2:111122223333:table/t", "table"},
		{"dynamodb", "arn:aws:dynamodb:eu-west-2:111122223333:table/t/index/i", "index"},
		{"sns", "arn:aws:sns:eu-west-2:111122223333:t", "topic"},
		{"logs", "arn:aws:logs:eu-west-2:111122223333:log-group:/aws/lambda/f", "log-group"},
		{"logs", "arn:aws:logs:eu-west-2:111122223333:log-group:/aws/lambda/f:log-stream:x", "log-stream"},
	} {
		if got := types(service(t, c.service).ResourceTypes(c.arn)); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.service, c.arn, got, c.want)
		}
	}
}
