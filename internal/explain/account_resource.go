package explain

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/policy"
)

// bucket reads a bucket's policy, and whether public ones count.
func (r *accountReader) bucket(client *s3.Client, name string) {
	if strings.EqualFold(r.q.Action, "s3:CreateBucket") {
		return // a bucket that is yet to be made has no policy
	}
	read := policyread.Bucket(r.ctx, client, name)
	r.take(read.Documents, read.Gaps)
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
	yes, why := policyread.RestrictsPublic(r.ctx, client, name)
	if yes {
		r.q.RestrictPublic = true
		return
	}
	r.p.miss(policy.ReasonPublicAccess, "the bucket's policy is public; whether S3's Block Public Access stops that is not known: %s", why)
}

// key reads a key's policy, and whether a grant could allow what it does not.
func (r *accountReader) key(client *kms.Client) {
	arn := r.q.Resource
	read := policyread.Key(r.ctx, client, arn, lastPart(arn))
	r.take(read.Documents, read.Gaps)
	for _, g := range read.Grants {
		who := r.q.Principal
		if name := aws.ToString(g.GranteePrincipal); name != "" && (name == who.ARN || name == who.RoleARN || name == who.UserARN || name == "arn:aws:iam::"+who.Account+":root") {
			r.p.miss(policy.ReasonGrant, "grant %s names the caller; what it allows is not judged here", aws.ToString(g.GrantId))
		}
	}
}
