package status

import (
	"context"
	"fmt"

	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/policy"
)

// refuses names the statement of the bucket policy that denies the write; "" if none
// does for certain. note says what could not be told.
func (g *Guard) refuses(ctx context.Context, e state.Environment, s state.Stack, asks statestore.Encryption) (statement, note string) {
	read := policyread.Bucket(ctx, g.Bucket.S3, g.Room.State.Bucket)
	for _, gap := range read.Gaps {
		return "", "whether the bucket policy refuses the write was not looked at: " + gap.Why
	}
	if len(read.Documents) == 0 {
		return "", ""
	}
	doc, err := policy.Parse(read.Documents[0].Name, read.Documents[0].Text, policy.Resource)
	if err != nil {
		return "", "whether the bucket policy refuses the write was not looked at: it is not understood: " + err.Error()
	}
	for _, arn := range g.names(e) {
		who, err := policy.ParsePrincipal(arn)
		if err != nil {
			return "", fmt.Sprintf("whether the bucket policy refuses the write was not looked at: %v", err)
		}
		context := &policy.Context{}
		for name, value := range map[string]string{
			"aws:SecureTransport": "true", "aws:PrincipalArn": arn, "aws:PrincipalAccount": who.Account, "aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false",
			"aws:ResourceAccount": g.Room.Account, "s3:ResourceAccount": g.Room.Account, "s3:authType": "REST-HEADER", "s3:signatureversion": "AWS4-HMAC-SHA256",
		} {
			context.Set(name, value)
		}
		if asks.Algorithm != "" {
			context.Set("s3:x-amz-server-side-encryption", asks.Algorithm)
		}
		if asks.KeyARN != "" {
			context.Set("s3:x-amz-server-side-encryption-aws-kms-key-id", asks.KeyARN)
		}
		ask := &policy.Request{
			Principal: &who, Action: "s3:PutObject", Resource: "arn:" + g.Room.Partition() + ":s3:::" + g.Room.State.Bucket + "/" + s.Key, ResourceAccount: g.Room.Account, Context: context,
		}
		// A header that the request does not carry is known to be absent; other keys are not
		// known, and only what is denied whatever they are is denied here.
		unknown := func(name string) bool { return !context.Has(name) && !isHeader(name) }
		decision := (&policy.Set{Resource: doc}).Assume(unknown, true).Decide(ask)
		if decision.Verdict != policy.ExplicitDeny {
			continue
		}
		p, i, _ := decision.Statement()
		name := fmt.Sprintf("statement %d", i+1)
		if sid := p.Statement(i).Sid; sid != "" {
			name = fmt.Sprintf("statement %q", sid)
		}
		return name, ""
	}
	return "", ""
}

// isHeader tells of a condition key whether it is one of an upload's headers that an
// engine does not send. Source: Service Authorization Reference, Amazon S3.
func isHeader(name string) bool {
	switch name {
	case "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:x-amz-server-side-encryption-customer-algorithm",
		"s3:x-amz-acl", "s3:x-amz-storage-class", "s3:x-amz-copy-source", "s3:x-amz-website-redirect-location", "s3:x-amz-metadata-directive":
		return true
	}
	return false
}
