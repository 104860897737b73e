package policyread

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/policy"
)

// Resource is what a bucket or a key says itself.
type Resource struct {
	// Documents hold its policy; empty: it has none, or it is a Gap.
	Documents []Document
	// Grants are a key's. None for a bucket.
	Grants []kmstypes.GrantListEntry
	gaps
}

// Bucket reads the policy of a bucket.
func Bucket(ctx context.Context, client *s3.Client, name string) *Resource {
	r := &Resource{}
	out, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &name})
	switch {
	case IsCode(err, "NoSuchBucketPolicy"):
	case err != nil:
		r.miss(policy.ReasonResource, "the policy of bucket %s cannot be read: %s", name, Cause(err))
	default:
		r.Documents = append(r.Documents, Document{policy.ReasonResource, "policy of bucket " + name, []byte(aws.ToString(out.Policy))})
	}
	return r
}

// RestrictsPublic tells whether S3's Block Public Access stops a bucket's public
// policy. It is the bucket's own setting; the account's is not read. why is set if
// the answer is not known.
func RestrictsPublic(ctx context.Context, client *s3.Client, name string) (yes bool, why string) {
	block, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &name})
	switch {
	case err == nil && block.PublicAccessBlockConfiguration != nil && aws.ToBool(block.PublicAccessBlockConfiguration.RestrictPublicBuckets):
		return true, ""
	case err != nil && !IsCode(err, "NoSuchPublicAccessBlockConfiguration"):
		return false, Cause(err)
	}
	return false, "the account's own settings are not read"
}

// Key reads the policy of a key and its grants. name is what the policy's name ends
// with.
func Key(ctx context.Context, client *kms.Client, arn, name string) *Resource {
	r := &Resource{}
	out, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &arn, PolicyName: aws.String("default")})
	if err != nil {
		r.miss(policy.ReasonResource, "the key policy cannot be read: %s", Cause(err))
	} else {
		r.Documents = append(r.Documents, Document{policy.ReasonResource, "policy of key " + name, []byte(aws.ToString(out.Policy))})
	}
	grants := kms.NewListGrantsPaginator(client, &kms.ListGrantsInput{KeyId: &arn})
	for grants.HasMorePages() {
		page, err := grants.NextPage(ctx)
		if err != nil {
			r.miss(policy.ReasonGrant, "the grants of the key cannot be read: %s", Cause(err))
			break
		}
		r.Grants = append(r.Grants, page.Grants...)
	}
	return r
}
