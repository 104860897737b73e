package grants

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/awscall"
	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/policy"
)

// reading is what was read of the state account for one environment.
type reading struct {
	grantee
	account, region string
	// client: OpenTofu encrypts states itself.
	client bool
	// bucketKeys is whether the bucket uses an S3 Bucket Key for what is written; both,
	// if it is not known.
	bucketKeys []bool
	objects    []Object
	keys       map[string]*key
	// policy is the bucket's; nil: it has none, or it was not read.
	policy *policy.Policy
	// policyRead: it is known.
	policyRead bool
	// restrict: a public bucket policy does not count for other accounts, for certain or,
	// if restrictUnknown, perhaps.
	restrict, restrictUnknown bool
	// lists is who owns objects in the bucket, if access control lists count there; empty:
	// they do not.
	lists string
	// others are the other environments.
	others []other
	gaps   []Finding
}

// key is what was read of a KMS key.
type key struct {
	meta   *kmstypes.KeyMetadata
	policy *policy.Policy
	// known: the policy was read.
	known  bool
	grants []kmstypes.GrantListEntry
	// grantsKnown: they were read.
	grantsKnown bool
}

// other is another environment, as far as it could be in the way.
type other struct {
	name, key          string
	principals, states []string
}

func (w *reading) gap(f Finding) {
	f.Actions, f.Resources = []string{}, []string{}
	w.gaps = append(w.gaps, f)
}

func (c *Checker) read(ctx context.Context, e state.Environment) (*reading, error) {
	b := state.NewBucket(c.Room, c.State)
	keyARN, err := b.KeyARN(ctx, e)
	if err != nil {
		return nil, err
	}
	r := c.Room
	w := &reading{
		grantee: grantee{partition: r.Partition(), environment: e.Name, bucket: r.State.Bucket, key: keyARN, principals: e.Principals, locking: r.State.Locking},
		account: r.Account, region: r.State.Region, client: r.State.ClientEncryption, objects: []Object{}, keys: map[string]*key{}, gaps: []Finding{},
	}
	for _, s := range e.Stacks {
		w.states = append(w.states, s.Key)
	}
	for _, o := range state.Environments(r) {
		if o.Name == e.Name || len(o.Principals) == 0 {
			continue
		}
		other := other{name: o.Name, key: c.keyARN(ctx, o), principals: o.Principals}
		for _, s := range o.Stacks {
			other.states = append(other.states, s.Key)
		}
		w.others = append(w.others, other)
	}
	w.readBucket(ctx, b, e, c.State)
	w.readKey(ctx, b.KMS, keyARN)
	for _, o := range w.objects {
		if o.KeyARN != "" {
			w.readKey(ctx, b.KMS, o.KeyARN)
		}
	}
	// A principal of this account may use whatever key its own policies name.
	if slices.ContainsFunc(w.principals, func(arn string) bool { return accountOf(arn) == w.account }) {
		gaps := w.gaps
		for _, o := range w.others {
			if o.key != "" {
				w.readKey(ctx, b.KMS, o.key)
			}
		}
		w.gaps = gaps // they are told with the other environment
	}
	return w, nil
}

// readBucket reads the bucket's policy, its default encryption, and how its states
// and locks are encrypted.
func (w *reading) readBucket(ctx context.Context, b *state.Bucket, e state.Environment, cfg aws.Config) {
	where := "bucket policy of " + w.bucket
	if !w.readEncryption(ctx, b.S3) {
		w.policyRead = true // a bucket that is not there has none
		return
	}
	read := policyread.Bucket(ctx, b.S3, w.bucket)
	for _, g := range read.Gaps {
		w.gap(Finding{Rule: "grants-unread", Level: Unknown, Side: StateSide, Where: where, Summary: g.Why, Why: "what it allows or denies is not known", Fix: "use credentials that may s3:GetBucketPolicy"})
	}
	w.policyRead = len(read.Gaps) == 0
	for _, d := range read.Documents {
		doc, err := compile(d, w.bucketARN())
		if err != nil {
			w.policyRead = false
			w.gap(notUnderstood(where, StateSide, err))
		}
		w.policy = doc
	}
	w.restricts(ctx, b.S3, cfg)
	w.readOwnership(ctx, b.S3)
	for _, k := range w.states {
		w.head(ctx, b.S3, k)
		if w.locking {
			w.head(ctx, b.S3, k+statestore.LockSuffix)
		}
	}
	w.workspaces(ctx, b, e)
}

// readEncryption reads the bucket's default encryption; false: there is no bucket.
func (w *reading) readEncryption(ctx context.Context, client *s3.Client) bool {
	w.bucketKeys = []bool{false}
	out, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &w.bucket, ExpectedBucketOwner: &w.account})
	switch {
	case policyread.IsCode(err, "NoSuchBucket"):
		w.gap(Finding{Rule: "grants-no-bucket", Level: Missing, Side: StateSide, Where: w.bucket, Summary: "there is no bucket " + w.bucket,
			Why: "there is nothing that could be granted on it", Fix: "apply modules/state-backend, or write the bucket's name into the spec's block \"state\""})
		return false
	case policyread.IsCode(err, "ServerSideEncryptionConfigurationNotFoundError"):
	case err != nil:
		w.bucketKeys = []bool{false, true}
		w.gap(Finding{Rule: "grants-unread", Level: Unknown, Side: StateSide, Where: "default encryption of " + w.bucket, Summary: "the default encryption cannot be read: " + policyread.Cause(err),
			Why: "with an S3 Bucket Key the encryption context is the bucket's ARN, without one the object's", Fix: "use credentials that may s3:GetEncryptionConfiguration"})
	case out.ServerSideEncryptionConfiguration != nil:
		for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
			w.bucketKeys[0] = w.bucketKeys[0] || aws.ToBool(rule.BucketKeyEnabled)
		}
	}
	return true
}

// workspaces notes states of other workspaces than the default one: no statement here
// is about them.
func (w *reading) workspaces(ctx context.Context, b *state.Bucket, e state.Environment) {
	targets, err := b.Targets(ctx, e)
	keys := []string{}
	for _, t := range targets {
		if t.Workspace != "default" {
			keys = append(keys, t.Key())
		}
	}
	what := strings.Join(keys, ", ")
	if err != nil {
		what = "they could not be listed: " + policyread.Cause(err)
	}
	if what != "" {
		w.gap(Finding{Rule: "grants-workspaces", Level: Note, Side: StateSide, Where: "s3://" + w.bucket + "/" + statestore.WorkspacePrefix, Summary: "states of other workspaces are not granted here: " + what,
			Why: "the statements name exact keys, and a workspace's state is another object"})
	}
}

// restricts finds out whether a public bucket policy is stopped for other accounts. One
// that is not public needs no answer.
func (w *reading) restricts(ctx context.Context, client *s3.Client, cfg aws.Config) {
	if w.policy == nil {
		return
	}
	if public, _, _ := w.policy.Public(); !public {
		return
	}
	if w.restrict, _ = policyread.RestrictsPublic(ctx, client, w.bucket); w.restrict {
		return
	}
	cfg.Region = w.region
	account, err := awscall.PublicAccessBlock(ctx, cfg, w.account)
	switch {
	case err == nil:
		w.restrict = account.RestrictPublicBuckets
	case !policyread.IsCode(err, "NoSuchPublicAccessBlockConfiguration"):
		w.restrict, w.restrictUnknown = true, true
		w.gap(Finding{Rule: "grants-unread", Level: Unknown, Side: StateSide, Where: "public access block of account " + w.account, Summary: "it cannot be read: " + policyread.Cause(err),
			Why: "the bucket policy is public, and with RestrictPublicBuckets such a policy does not count for other accounts", Fix: "use credentials that may s3:GetAccountPublicAccessBlock"})
	}
}

// readOwnership finds out whether access control lists count in the bucket. They allow
// what no policy shows; and objects that other accounts own are not the bucket policy's
// to grant.
//
// Source: S3 User Guide about-object-ownership; acl-overview.
func (w *reading) readOwnership(ctx context.Context, client *s3.Client) {
	where := "Object Ownership of " + w.bucket
	out, err := client.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &w.bucket, ExpectedBucketOwner: &w.account})
	switch {
	case policyread.IsCode(err, "OwnershipControlsNotFoundError"):
		w.lists = string(s3types.ObjectOwnershipObjectWriter)
	case err != nil:
		w.gap(Finding{Rule: "grants-unread", Level: Unknown, Side: StateSide, Where: where, Summary: "whether access control lists count cannot be read: " + policyread.Cause(err),
			Why: "a list can let in whom no policy does", Fix: "use credentials that may s3:GetBucketOwnershipControls"})
		w.lists = "not known"
		return
	case out.OwnershipControls != nil:
		for _, rule := range out.OwnershipControls.Rules {
			if rule.ObjectOwnership != s3types.ObjectOwnershipBucketOwnerEnforced {
				w.lists = string(rule.ObjectOwnership)
			}
		}
	}
	if w.lists != "" {
		w.gap(Finding{Rule: "grants-acl", Level: Unknown, Side: StateSide, Where: where, Summary: "access control lists count in bucket " + w.bucket + " (" + w.lists + "), and were not looked at",
			Why: "a list can let in whom no policy does, and a state that another account owns is not the bucket policy's to grant",
			Fix: "once every state is the state account's: aws s3api put-bucket-ownership-controls --bucket " + w.bucket + " --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'"})
	}
}

func (w *reading) head(ctx context.Context, client *s3.Client, key string) {
	store := &statestore.S3{Client: client, Bucket: w.bucket, Owner: w.account, Key: key}
	info, err := store.Head(ctx)
	switch {
	case err != nil:
		why := policyread.Cause(err)
		if statestore.Status(err) == http.StatusForbidden {
			why = "HeadObject was refused"
		}
		w.gap(Finding{Rule: "grants-unread", Level: Unknown, Side: StateSide, Where: store.Where(), Summary: "how " + store.Where() + " is encrypted is not known: " + why,
			Why: "the principal has to be able to decrypt what is there", Fix: "use credentials that may s3:GetObject on it"})
	case info != nil:
		w.objects = append(w.objects, Object{key, info.Encryption.Algorithm, info.Encryption.KeyARN, info.Encryption.BucketKey})
	}
}

func (w *reading) readKey(ctx context.Context, client *kms.Client, arn string) {
	if w.keys[arn] != nil {
		return
	}
	k := &key{}
	w.keys[arn] = k
	where := "key policy of " + arn
	out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &arn})
	if err != nil {
		w.gap(Finding{Rule: "grants-unread", Level: Unknown, Side: StateSide, Where: arn, Summary: "the key cannot be described: " + policyread.Cause(err), Why: "whether it can be used is not known", Fix: "check the key's ARN; use credentials that may kms:DescribeKey"})
	} else {
		k.meta = out.KeyMetadata
		w.usable(arn, k.meta)
	}
	read := policyread.Key(ctx, client, arn, lastPart(arn))
	k.grants, k.grantsKnown, k.known = read.Grants, true, true
	for _, g := range read.Gaps {
		k.known = k.known && g.Type != policy.ReasonResource
		k.grantsKnown = k.grantsKnown && g.Type != policy.ReasonGrant
		w.gap(Finding{Rule: "grants-unread", Level: Unknown, Side: StateSide, Where: where, Summary: g.Why, Why: "what it allows or denies is not known", Fix: "use credentials that may kms:GetKeyPolicy and kms:ListGrants"})
	}
	for _, d := range read.Documents {
		if k.policy, err = compile(d, arn); err != nil {
			k.known = false
			w.gap(notUnderstood(where, StateSide, err))
		}
	}
}

// usable tells of a key that nobody can use, whatever is granted.
func (w *reading) usable(arn string, m *kmstypes.KeyMetadata) {
	if m.KeyState == kmstypes.KeyStateEnabled {
		return
	}
	fix := "aws kms enable-key --key-id " + arn
	if m.KeyState == kmstypes.KeyStatePendingDeletion {
		fix = "aws kms cancel-key-deletion --key-id " + arn + " && " + fix
	}
	w.gap(Finding{Rule: "grants-key-state", Level: Missing, Side: StateSide, Where: arn, Summary: "the key is " + string(m.KeyState), Why: "nobody can encrypt or decrypt under it, whatever is granted", Fix: fix})
}
