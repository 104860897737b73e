package audit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/policy"
)

// Account reads the account that a room is about. It belongs to one audit.
type Account struct {
	Room *room.Room
	// Now is the time of the audit.
	Now time.Time
	cfg aws.Config

	bucketPolicies map[string]*policy.Policy
	applyRole      *policy.Set
}

// In returns the SDK's configuration for a region; empty: the room's own.
func (a *Account) In(region string) aws.Config {
	cfg := a.cfg.Copy()
	if region != "" {
		cfg.Region = region
	}
	return cfg
}

func (a *Account) s3() *s3.Client   { return s3.NewFromConfig(a.cfg) }
func (a *Account) iam() *iam.Client { return iam.NewFromConfig(a.cfg) }
func (a *Account) kms() *kms.Client { return kms.NewFromConfig(a.cfg) }

// arn makes an ARN of the account; region may be empty.
func (a *Account) arn(service, region, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", a.Room.Partition(), service, region, a.Room.Account, resource)
}

// bucketARN makes the ARN of a bucket, or of an object of it.
func (a *Account) bucketARN(name string) string { return "arn:" + a.Room.Partition() + ":s3:::" + name }

// code is AWS's error code; empty: err is none of AWS's.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// isCode tells whether AWS answered with one of the codes.
func isCode(err error, codes ...string) bool {
	for _, c := range codes {
		if code(err) == c {
			return true
		}
	}
	return false
}

// bucketPolicy reads a bucket's policy; one without a policy has nil.
func (a *Account) bucketPolicy(ctx context.Context, bucket string) (*policy.Policy, error) {
	if p, ok := a.bucketPolicies[bucket]; ok {
		return p, nil
	}
	out, err := a.s3().GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &bucket, ExpectedBucketOwner: &a.Room.Account})
	var p *policy.Policy
	switch {
	case isCode(err, "NoSuchBucketPolicy"):
	case err != nil:
		return nil, err
	default:
		if p, err = policy.ParseLoose("policy of bucket "+bucket, []byte(aws.ToString(out.Policy)), policy.ResourceKind(a.bucketARN(bucket))); err != nil {
			return nil, err
		}
	}
	if a.bucketPolicies == nil {
		a.bucketPolicies = map[string]*policy.Policy{}
	}
	a.bucketPolicies[bucket] = p
	return p, nil
}

// keyPolicy reads a key's policy. key is an ARN.
func (a *Account) keyPolicy(ctx context.Context, key string) (*policy.Policy, error) {
	out, err := a.kms().GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key, PolicyName: aws.String("default")})
	if err != nil {
		return nil, err
	}
	return policy.ParseLoose("policy of key "+key, []byte(aws.ToString(out.Policy)), policy.ResourceKind(key))
}

// keyOf returns the ARN of the key behind an alias.
func (a *Account) keyOf(ctx context.Context, alias string) (string, error) {
	return a.keyOfIn(ctx, "", alias)
}

func (a *Account) keyOfIn(ctx context.Context, region, alias string) (string, error) {
	out, err := kms.NewFromConfig(a.In(region)).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &alias})
	if err != nil {
		return "", err
	}
	return *out.KeyMetadata.Arn, nil
}

// identity reads what a role may do by its own policies and within its boundary.
func (a *Account) identity(ctx context.Context, role string) (*policy.Set, error) {
	client := a.iam()
	got, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &role})
	if err != nil {
		return nil, err
	}
	set := &policy.Set{}
	inline := iam.NewListRolePoliciesPaginator(client, &iam.ListRolePoliciesInput{RoleName: &role})
	for inline.HasMorePages() {
		page, err := inline.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, name := range page.PolicyNames {
			out, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
			if err != nil {
				return nil, err
			}
			p, err := parseIAM(role+"/"+name, out.PolicyDocument)
			if err != nil {
				return nil, err
			}
			set.Identity = append(set.Identity, p)
		}
	}
	attached := iam.NewListAttachedRolePoliciesPaginator(client, &iam.ListAttachedRolePoliciesInput{RoleName: &role})
	for attached.HasMorePages() {
		page, err := attached.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, at := range page.AttachedPolicies {
			p, err := a.managed(ctx, *at.PolicyArn)
			if err != nil {
				return nil, err
			}
			set.Identity = append(set.Identity, p)
		}
	}
	if b := got.Role.PermissionsBoundary; b != nil {
		if set.Boundary, err = a.managed(ctx, *b.PermissionsBoundaryArn); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// managed reads the version of a managed policy that is in force.
func (a *Account) managed(ctx context.Context, arn string) (*policy.Policy, error) {
	out, err := a.iam().GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if err != nil {
		return nil, err
	}
	version, err := a.iam().GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: out.Policy.DefaultVersionId})
	if err != nil {
		return nil, err
	}
	return parseIAM(arn, version.PolicyVersion.Document)
}

// parseIAM and parseTrust parse a policy as IAM returns it, URL-encoded.
func parseIAM(name string, document *string) (*policy.Policy, error) {
	return parseEncoded(name, document, policy.Identity)
}

func parseTrust(role string, document *string) (*policy.Policy, error) {
	return parseEncoded("trust policy of "+role, document, policy.ResourceKind(role))
}

func parseEncoded(name string, document *string, kind policy.Kind) (*policy.Policy, error) {
	text, err := url.PathUnescape(aws.ToString(document))
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", name, err)
	}
	return policy.ParseLoose(name, []byte(text), kind)
}

// somebody is an administrator of the account, and whoever else the strongest is:
// what is denied to him is denied to all.
func (a *Account) somebody() *policy.Principal {
	return &policy.Principal{
		Type: policy.AssumedRole, Account: a.Room.Account,
		ARN:     a.arn("sts", "", "assumed-role/somebody/audit"),
		RoleARN: a.arn("iam", "", "role/somebody"),
	}
}

// everything is the identity policy of an administrator.
var everything = func() *policy.Policy {
	p, err := policy.Parse("an administrator", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`), policy.Identity)
	if err != nil {
		panic(err) // a constant
	}
	return p
}()

// denied tells whether a resource's policy refuses an administrator a request.
// keys are pairs of name and value.
func (a *Account) denied(p *policy.Policy, action, resource string, keys ...string) bool {
	ctx := &policy.Context{}
	for i := 0; i+1 < len(keys); i += 2 {
		ctx.Set(keys[i], keys[i+1])
	}
	set := &policy.Set{Identity: []*policy.Policy{everything}, Resource: p}
	d := set.Decide(&policy.Request{Principal: a.somebody(), Action: action, Resource: resource, ResourceAccount: a.Room.Account, Context: ctx})
	return d.Verdict == policy.ExplicitDeny
}

// last is the part of an ARN after its last slash.
func last(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
