package s3_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

func (w *world) newBucket(name string, change func(*s3.CreateBucketInput)) {
	w.t.Helper()
	in := &s3.CreateBucketInput{Bucket: &name, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: region}}
	if change != nil {
		change(in)
	}
	_, err := w.root.CreateBucket(ctx, in)
	w.must(err)
}

func toBucket(name, target string, change func(*types.LoggingEnabled)) *s3.PutBucketLoggingInput {
	l := &types.LoggingEnabled{TargetBucket: &target, TargetPrefix: aws.String("log/")}
	if change != nil {
		change(l)
	}
	return &s3.PutBucketLoggingInput{Bucket: &name, BucketLoggingStatus: &types.BucketLoggingStatus{LoggingEnabled: l}}
}

func TestAccessLoggingIsPutReadAndTakenAway(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.newBucket("data", nil)
	w.newBucket("logs", nil)
	away := w.config(w.sb.Credentials())
	away.Region = "us-east-1"
	_, err := s3.NewFromConfig(away).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("far")})
	w.must(err)
	read := func() *types.LoggingEnabled {
		got, err := w.root.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: aws.String("data")})
		w.must(err)
		return got.LoggingEnabled
	}
	if got := read(); got != nil {
		t.Errorf("at first %+v", got)
	}
	_, err = w.root.PutBucketLogging(ctx, toBucket("data", "none", nil))
	w.wantCode(err, "InvalidTargetBucketForLogging")
	_, err = w.root.PutBucketLogging(ctx, toBucket("data", "far", nil))
	w.wantCode(err, "CrossLocationLoggingProhibitted")
	_, err = w.root.PutBucketLogging(ctx, toBucket("data", "logs", func(l *types.LoggingEnabled) { l.TargetObjectKeyFormat = &types.TargetObjectKeyFormat{} }))
	w.wantCode(err, "MalformedXML")
	_, err = w.root.PutBucketLogging(ctx, toBucket("data", "logs", func(l *types.LoggingEnabled) {
		l.TargetGrants = []types.TargetGrant{{Permission: types.BucketLogsPermissionRead, Grantee: &types.Grantee{Type: types.TypeGroup, URI: aws.String("http://acs.amazonaws.com/groups/global/AllUsers")}}}
	}))
	w.wantCode(err, "MalformedXML")
	if got := read(); got != nil {
		t.Errorf("after refusals %+v", got)
	}
	_, err = w.root.PutBucketLogging(ctx, toBucket("data", "logs", nil))
	w.must(err)
	if got := read(); got == nil || *got.TargetBucket != "logs" || *got.TargetPrefix != "log/" || got.TargetObjectKeyFormat != nil {
		t.Errorf("logging %+v", got)
	}
	_, err = w.root.PutBucketLogging(ctx, toBucket("data", "logs", func(l *types.LoggingEnabled) {
		l.TargetObjectKeyFormat = &types.TargetObjectKeyFormat{PartitionedPrefix: &types.PartitionedPrefix{PartitionDateSource: types.PartitionDateSourceEventTime}}
	}))
	w.must(err)
	if got := read(); got.TargetObjectKeyFormat == nil || got.TargetObjectKeyFormat.SimplePrefix != nil || got.TargetObjectKeyFormat.PartitionedPrefix.PartitionDateSource != types.PartitionDateSourceEventTime {
		t.Errorf("format %+v", got.TargetObjectKeyFormat)
	}
	off := &s3.PutBucketLoggingInput{Bucket: aws.String("data"), BucketLoggingStatus: &types.BucketLoggingStatus{}}
	_, err = w.user("reader", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetBucketLogging","Resource":"*"}}`).PutBucketLogging(ctx, off)
	w.wantCode(err, "AccessDenied")
	_, err = w.user("writer", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:PutBucketLogging","Resource":"arn:aws:s3:::data"}}`).PutBucketLogging(ctx, off)
	w.must(err)
	if got := read(); got != nil {
		t.Errorf("at the end %+v", got)
	}
}

func TestLogDeliveryListNeedsACLs(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.newBucket("closed", nil)
	w.newBucket("old", func(in *s3.CreateBucketInput) { in.ObjectOwnership = types.ObjectOwnershipObjectWriter })
	put := func(name string, acl types.BucketCannedACL) error {
		_, err := w.root.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: &name, ACL: acl})
		return err
	}
	grants := func() int {
		got, err := w.root.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: aws.String("old")})
		w.must(err)
		if g := got.Grants[0].Grantee; g.Type != types.TypeCanonicalUser || *g.ID != *got.Owner.ID {
			t.Errorf("owner's grant %+v", g)
		}
		for _, g := range got.Grants[1:] {
			if g.Grantee.Type != types.TypeGroup || *g.Grantee.URI != "http://acs.amazonaws.com/groups/s3/LogDelivery" || g.Grantee.ID != nil {
				t.Errorf("grant %+v", g.Grantee)
			}
		}
		return len(got.Grants)
	}
	enforce := func() error {
		_, err := w.root.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: aws.String("old"), OwnershipControls: &types.OwnershipControls{
			Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced}},
		}})
		return err
	}
	w.wantCode(put("closed", "log-delivery-write"), "AccessControlListNotSupported")
	w.wantCode(put("old", "public-read"), "NotImplemented")
	if n := grants(); n != 1 {
		t.Errorf("%d grants at first", n)
	}
	w.must(put("old", "log-delivery-write"))
	if n := grants(); n != 3 {
		t.Errorf("%d grants with log delivery", n)
	}
	w.wantCode(enforce(), "InvalidBucketAclWithObjectOwnership")
	w.must(put("old", "private"))
	if n := grants(); n != 1 {
		t.Errorf("%d grants at the end", n)
	}
	w.must(enforce())
}
