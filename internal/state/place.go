package state

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// Target is one state: a workspace of a stack.
type Target struct {
	Environment string
	Stack       Stack
	// Workspace is "default" or another's name.
	Workspace string
}

// Key is the object key of the state in S3.
func (t Target) Key() string { return statestore.WorkspaceKey(t.Stack.Key, t.Workspace) }

// Bucket is the state bucket, as one principal sees it. It is safe for concurrent
// use.
type Bucket struct {
	Room *room.Room
	S3   *s3.Client
	KMS  *kms.Client
	// Config is what both clients were made of.
	Config aws.Config
}

// NewBucket returns the room's state bucket for the credentials of cfg, whose
// region is replaced by the bucket's.
func NewBucket(r *room.Room, cfg aws.Config) *Bucket {
	cfg = cfg.Copy()
	cfg.Region = r.State.Region
	return &Bucket{Room: r, S3: s3.NewFromConfig(cfg), KMS: kms.NewFromConfig(cfg), Config: cfg}
}

// Store is the place of a target's state. lockKeyARN is the key that lock files are
// encrypted under; "" leaves that to the bucket.
func (b *Bucket) Store(t Target, lockKeyARN string) *statestore.S3 {
	return &statestore.S3{Client: b.S3, Bucket: b.Room.State.Bucket, Owner: b.Room.Account, Key: t.Key(), LockKeyARN: lockKeyARN}
}

// Targets are the states of an environment: each stack's default workspace, whether
// its state exists or not, and the other workspaces that the bucket has a state of,
// by name. The error is a *diag.Diagnostic when the bucket cannot be listed.
// Source: "Backend Type: s3", workspace_key_prefix.
func (b *Bucket) Targets(ctx context.Context, e Environment) ([]Target, error) {
	others, err := b.workspaces(ctx, e)
	if err != nil {
		return nil, err
	}
	list := []Target{}
	for _, s := range e.Stacks {
		list = append(list, Target{e.Name, s, "default"})
		for _, w := range others[s.Key] {
			list = append(list, Target{e.Name, s, w})
		}
	}
	return list, nil
}

// workspaces finds, by state key, the workspaces other than the default one.
func (b *Bucket) workspaces(ctx context.Context, e Environment) (map[string][]string, error) {
	found := map[string][]string{}
	pages := s3.NewListObjectsV2Paginator(b.S3, &s3.ListObjectsV2Input{
		Bucket: &b.Room.State.Bucket, Prefix: aws.String(statestore.WorkspacePrefix), ExpectedBucketOwner: &b.Room.Account,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.unlisted(err)
		}
		for _, o := range page.Contents {
			// A workspace's name may hold anything but a slash, the key whatever it likes.
			workspace, key, ok := strings.Cut(strings.TrimPrefix(aws.ToString(o.Key), statestore.WorkspacePrefix), "/")
			if ok && slices.ContainsFunc(e.Stacks, func(s Stack) bool { return s.Key == key }) {
				found[key] = append(found[key], workspace)
			}
		}
	}
	return found, nil
}

// unlisted says why the bucket cannot be listed. An error of the credentials stays what
// it is.
func (b *Bucket) unlisted(err error) error {
	if d := b.Misplaced(err); d != nil {
		return d
	}
	if statestore.Status(err) == http.StatusForbidden {
		return &diag.Diagnostic{
			Rule: "state-list", Summary: fmt.Sprintf("s3://%s cannot be listed: %s", b.Room.State.Bucket, policyread.Cause(err)), Err: err,
			Why: "states of other workspaces than the default one are found by listing", Fix: "use credentials of account " + b.Room.Account + " that may s3:ListBucket: --profile PROFILE",
		}
	}
	return fmt.Errorf("look for workspaces in s3://%s: %w", b.Room.State.Bucket, err)
}

// Misplaced is the diagnostic for an error of S3 that says that the bucket is not there,
// or not where the spec says; nil for any other.
func (b *Bucket) Misplaced(err error) error {
	name := b.Room.State.Bucket
	switch code := statestore.Code(err); {
	case code == "NoSuchBucket":
		return &diag.Diagnostic{
			Rule: "state-bucket", Summary: "there is no bucket " + name, Err: err,
			Why: "the spec's states are in it", Fix: `apply modules/state-backend, or mend "bucket" in the spec's block "state"`,
		}
	case code == "PermanentRedirect" || code == "AuthorizationHeaderMalformed" || statestore.Status(err) == http.StatusMovedPermanently:
		return &diag.Diagnostic{
			Rule: "state-bucket", Summary: fmt.Sprintf("bucket %s is not in %s", name, b.Room.State.Region), Err: err,
			Why: "S3 answers for a bucket where it is", Fix: `mend "region" in the spec's block "state"; this prints it, null being us-east-1: aws s3api get-bucket-location --bucket ` + name,
		}
	}
	return nil
}

// KeyARN is the ARN of the environment's key: the spec's, or the one behind its
// alias, which KMS is asked for. The error is a *diag.Diagnostic when there is no
// such alias, of rule RuleNoKey, or when it may not be asked for.
func (b *Bucket) KeyARN(ctx context.Context, e Environment) (string, error) {
	if e.KeyARN != "" {
		return e.KeyARN, nil
	}
	out, err := b.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(b.aliasARN(e.KeyAlias))})
	if statestore.Code(err) == "NotFoundException" {
		return "", &diag.Diagnostic{
			Rule: RuleNoKey, Summary: fmt.Sprintf("environment %s has no key: there is no %s in %s", e.Name, e.KeyAlias, b.Room.State.Region), Err: err,
			Why: "its states have to be encrypted under a key of its own, that only its principal may use", Fix: fmt.Sprintf("apply modules/state-key with environment = %q and key_alias = %q, or write kms_key_arn into the spec's environment", e.Name, b.Room.State.KeyAlias),
		}
	}
	if code := statestore.Code(err); code == "AccessDeniedException" || code == "UnrecognizedClientException" {
		return "", &diag.Diagnostic{
			Rule: "state-key-unread", Summary: fmt.Sprintf("which key %s is may not be asked: %s", e.KeyAlias, policyread.Cause(err)), Err: err,
			Why: "the spec has the alias alone, and S3 tells of each state its key's ARN", Fix: "use credentials that may kms:DescribeKey, or write kms_key_arn into the spec's environment " + e.Name,
		}
	}
	if err != nil {
		return "", fmt.Errorf("ask for key %s: %w", e.KeyAlias, err)
	}
	return aws.ToString(out.KeyMetadata.Arn), nil
}

// RuleNoKey is the rule of the diagnostic that an environment has no key.
const RuleNoKey = "state-no-key"

// aliasARN names an alias in the bucket's account: a bare alias would be looked up
// in that of whoever asks. Source: KMS API DescribeKey, KeyId.
func (b *Bucket) aliasARN(alias string) string {
	return fmt.Sprintf("arn:%s:kms:%s:%s:%s", b.Room.Partition(), b.Room.State.Region, b.Room.Account, alias)
}
