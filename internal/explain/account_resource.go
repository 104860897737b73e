package explain

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/policy"
)

// bucket reads a bucket's policy, and whether public ones count.
func (r *accountReader) bucket(client *s3.Client, name string) {
	if strings.EqualFold(r.q.Action, "s3:CreateBucket") {
		return // a bucket that is yet to be made has no policy
	}
	out, err := client.GetBucketPolicy(r.ctx, &s3.GetBucketPolicyInput{Bucket: &name})
	switch {
	case isCode(err, "NoSuchBucketPolicy"):
		return
	case err != nil:
		r.p.miss(policy.ReasonResource, "the policy of bucket %s cannot be read: %s", name, cause(err))
		return
	}
	r.document(policy.ReasonResource, 0, "policy of bucket "+name, []byte(aws.ToString(out.Policy)))
	doc := r.p.Set.Resource
	if doc == nil {
		return
	}
	// A public policy matters only to callers from outside.
	who := r.q.Principal
	outside := who.Type == policy.Anonymous || r.q.ResourceAccount == "" || who.Account != r.q.ResourceAccount
	if public, _, _ := doc.Public(); !public || !outside {
		return
	}
	block, err := client.GetPublicAccessBlock(r.ctx, &s3.GetPublicAccessBlockInput{Bucket: &name})
	if err == nil && block.PublicAccessBlockConfiguration != nil && aws.ToBool(block.PublicAccessBlockConfiguration.RestrictPublicBuckets) {
		r.q.RestrictPublic = true
		return
	}
	why := "the account's own settings are not read"
	if err != nil && !isCode(err, "NoSuchPublicAccessBlockConfiguration") {
		why = cause(err)
	}
	r.p.miss(policy.ReasonPublicAccess, "the bucket's policy is public; whether S3's Block Public Access stops that is not known: %s", why)
}

// key reads a key's policy, and whether a grant could allow what it does not.
func (r *accountReader) key(client *kms.Client) {
	arn := r.q.Resource
	out, err := client.GetKeyPolicy(r.ctx, &kms.GetKeyPolicyInput{KeyId: &arn, PolicyName: aws.String("default")})
	if err != nil {
		r.p.miss(policy.ReasonResource, "the key policy cannot be read: %s", cause(err))
	} else {
		r.document(policy.ReasonResource, 0, "policy of key "+lastPart(arn), []byte(aws.ToString(out.Policy)))
	}
	grants := kms.NewListGrantsPaginator(client, &kms.ListGrantsInput{KeyId: &arn})
	for grants.HasMorePages() {
		page, err := grants.NextPage(r.ctx)
		if err != nil {
			r.p.miss(policy.ReasonGrant, "the grants of the key cannot be read: %s", cause(err))
			return
		}
		for _, g := range page.Grants {
			who := r.q.Principal
			if name := aws.ToString(g.GranteePrincipal); name != "" && (name == who.ARN || name == who.RoleARN || name == who.UserARN || name == "arn:aws:iam::"+who.Account+":root") {
				r.p.miss(policy.ReasonGrant, "grant %s names the caller; what it allows is not judged here", aws.ToString(g.GrantId))
			}
		}
	}
}
