package dispatch

import (
	"net/http"
	"testing"
)

// Source: AWS General Reference "Service endpoints and quotas"; S3 User Guide
// "Virtual hosting of buckets".
func TestRoutes(t *testing.T) {
	for _, tt := range []struct {
		host, service, region, label string
		fault                        bool
	}{
		{"iam.amazonaws.com", "iam", "us-east-1", "", false},
		{"sts.amazonaws.com", "sts", "us-east-1", "", false},
		{"sts.eu-west-2.amazonaws.com:443", "sts", "eu-west-2", "", false},
		{"sts-fips.us-east-1.amazonaws.com", "sts", "us-east-1", "", false},
		{"kms.eu-west-2.amazonaws.com", "kms", "eu-west-2", "", false},
		{"kms-fips.us-gov-west-1.amazonaws.com", "kms", "us-gov-west-1", "", false},
		{"KMS.EU-WEST-2.AMAZONAWS.COM", "kms", "eu-west-2", "", false},
		{"s3.amazonaws.com", "s3", "us-east-1", "", false},
		{"s3.eu-west-2.amazonaws.com", "s3", "eu-west-2", "", false},
		{"s3-eu-west-1.amazonaws.com", "s3", "eu-west-1", "", false},
		{"s3.dualstack.eu-west-2.amazonaws.com", "s3", "eu-west-2", "", false},
		{"s3-fips.us-east-1.amazonaws.com", "s3", "us-east-1", "", false},
		{"my.dotted.bucket.s3.eu-west-2.amazonaws.com", "s3", "eu-west-2", "my.dotted.bucket", false},
		{"s3.s3.eu-west-2.amazonaws.com", "s3", "eu-west-2", "s3", false},
		{"kms.s3.amazonaws.com", "s3", "us-east-1", "kms", false},
		{"b.s3.dualstack.eu-west-2.amazonaws.com", "s3", "eu-west-2", "b", false},
		{"111122223333.s3-control.eu-west-2.amazonaws.com", "s3-control", "eu-west-2", "111122223333", false},
		{"b.s3-accelerate.amazonaws.com", "s3", "us-east-1", "b", true},
		{"b.s3-website.eu-west-2.amazonaws.com", "s3", "eu-west-2", "b", true},
		{"access.s3-accesspoint.eu-west-2.amazonaws.com", "s3", "eu-west-2", "access", true},
		{"dynamodb.eu-west-2.amazonaws.com", "dynamodb", "eu-west-2", "", false},
		{"x.y.z.amazonaws.com", "x", "us-east-1", "", true},
		{"kms.cn-north-1.amazonaws.com.cn", "kms", "us-east-1", "", true},
		{"127.0.0.1:8080", "", "", "", false},
		{"localhost:8080", "", "", "", false},
		{"bucket.localhost:8080", "", "", "bucket", false},
		{"evil-amazonaws.com", "", "", "", false},
	} {
		got := routeOf(&http.Request{Host: tt.host})
		if got.service != tt.service || got.region != tt.region || got.label != tt.label || (got.fault != "") != tt.fault {
			t.Errorf("%s: %+v, want %+v", tt.host, got, tt)
		}
	}
	if IsAWS("evil-amazonaws.com") || IsAWS("amazonaws.com.evil.example") || !IsAWS("B.s3.amazonaws.com") {
		t.Error("IsAWS takes a stranger's host for AWS's, or misses one")
	}
}
