package bootstrap

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// find looks for something in the account; nil if it is not there.
func (b *run) find(ctx context.Context, w wanted, known map[string]bool) (f *found, err error) {
	switch w.kind {
	case "aws_s3_bucket":
		f, err = b.cloud.findBucket(ctx, w.name)
	case "aws_kms_alias":
		f, err = b.cloud.findAlias(ctx, w.name)
	case "aws_kms_key":
		// A key has no name, so making one twice is not even an error. It is
		// looked for only when an apply has begun before.
		if !b.journal.Began.IsZero() {
			f, err = b.cloud.findKey(ctx, w, known)
		}
	case "aws_iam_role":
		f, err = b.cloud.findRole(ctx, w.name)
	case "aws_iam_policy":
		f, err = b.cloud.findPolicy(ctx, w.name)
	case "aws_iam_openid_connect_provider":
		f, err = b.cloud.findProvider(ctx, w.name)
	}
	if err != nil {
		return nil, fmt.Errorf("look for %s %s: %w", w.kind, w.name, err)
	}
	return f, nil
}

func (c *cloud) findBucket(ctx context.Context, name string) (*found, error) {
	_, err := c.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name, ExpectedBucketOwner: &c.account})
	if status(err) == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f := &found{id: name, tags: map[string]string{}}
	out, err := c.s3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &name})
	if code(err) == "NoSuchTagSet" { // the provider tags a bucket after it has made it
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	for _, t := range out.TagSet {
		f.tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return f, nil
}

// findAlias finds an alias and says of whose key it is: an alias has no tags,
// so its key's speak for it.
func (c *cloud) findAlias(ctx context.Context, name string) (*found, error) {
	out, err := c.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &name})
	if code(err) == "NotFoundException" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	tags, err := c.keyTags(ctx, aws.ToString(out.KeyMetadata.KeyId))
	return &found{id: name, tags: tags}, err
}

// findKey finds a key that is as the plan wants one, that the state does not
// know, and that no alias of somebody else points to.
func (c *cloud) findKey(ctx context.Context, w wanted, known map[string]bool) (*found, error) {
	if len(w.tags) == 0 && w.description == "" {
		return nil, nil // nothing to know it by
	}
	pages := kms.NewListKeysPaginator(c.kms, &kms.ListKeysInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, k := range page.Keys {
			id := aws.ToString(k.KeyId)
			if known[id] {
				continue
			}
			out, err := c.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
			if err != nil {
				return nil, err
			}
			m := out.KeyMetadata
			if m.KeyManager != kmstypes.KeyManagerTypeCustomer || m.KeyState != kmstypes.KeyStateEnabled || aws.ToString(m.Description) != w.description {
				continue
			}
			tags, err := c.keyTags(ctx, id)
			if err != nil {
				return nil, err
			}
			if len(w.tags) == 0 || carries(tags, w.tags) {
				return &found{id: id, tags: tags}, nil
			}
		}
	}
	return nil, nil
}

func (c *cloud) keyTags(ctx context.Context, id string) (map[string]string, error) {
	tags := map[string]string{}
	pages := kms.NewListResourceTagsPaginator(c.kms, &kms.ListResourceTagsInput{KeyId: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if code(err) == "AccessDeniedException" { // of an AWS managed key
			return tags, nil
		}
		if err != nil {
			return nil, err
		}
		for _, t := range page.Tags {
			tags[aws.ToString(t.TagKey)] = aws.ToString(t.TagValue)
		}
	}
	return tags, nil
}

func (c *cloud) findRole(ctx context.Context, name string) (*found, error) {
	out, err := c.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if code(err) == "NoSuchEntity" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &found{name, iamTags(out.Role.Tags)}, nil
}

func (c *cloud) findPolicy(ctx context.Context, name string) (*found, error) {
	arn := "arn:" + c.partition() + ":iam::" + c.account + ":policy/" + name
	out, err := c.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if code(err) == "NoSuchEntity" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &found{arn, iamTags(out.Policy.Tags)}, nil
}

func (c *cloud) findProvider(ctx context.Context, url string) (*found, error) {
	arn := "arn:" + c.partition() + ":iam::" + c.account + ":oidc-provider/" + strings.TrimSuffix(strings.TrimPrefix(url, "https://"), "/")
	out, err := c.iam.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &arn})
	if code(err) == "NoSuchEntity" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &found{arn, iamTags(out.Tags)}, nil
}

func iamTags(tags []iamtypes.Tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}

// partition is the first part of this account's ARNs, by region.
// Source: AWS General Reference, "Amazon Resource Names": aws, aws-cn, aws-us-gov.
func (c *cloud) partition() string {
	switch {
	case strings.HasPrefix(c.region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(c.region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
