package grants

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

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
	// restrict: a public bucket policy does not count for other accounts.
	restrict bool
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
}

// other is another environment, as far as it could be in the way.
type other struct {
	name, key          string
	principals, states []string
}

// caller is a principal, with its own policies if they were read.
type caller struct {
	policy.Principal
	read     bool
	identity []*policy.Policy
	boundary *policy.Policy
	tags     map[string]string
	// ungranted: grants are not counted; they are reported by themselves.
	ungranted bool
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
	w.readBucket(ctx, b, c.State)
	w.readKey(ctx, b.KMS, keyARN)
	for _, o := range w.objects {
		if o.KeyARN != "" {
			w.readKey(ctx, b.KMS, o.KeyARN)
		}
	}
	return w, nil
}

// readBucket reads the bucket's policy, its default encryption, and how its states
// and locks are encrypted.
func (w *reading) readBucket(ctx context.Context, b *state.Bucket, cfg aws.Config) {
	where := "bucket policy of " + w.bucket
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
	w.restrict = w.restricts(ctx, b.S3, cfg)

	out, err := b.S3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &w.bucket, ExpectedBucketOwner: &w.account})
	switch {
	case policyread.IsCode(err, "ServerSideEncryptionConfigurationNotFoundError"):
		w.bucketKeys = []bool{false}
	case err != nil:
		w.bucketKeys = []bool{false, true}
		w.gap(Finding{Rule: "grants-unread", Level: Unknown, Side: StateSide, Where: "default encryption of " + w.bucket, Summary: "the default encryption cannot be read: " + policyread.Cause(err),
			Why: "with an S3 Bucket Key the encryption context is the bucket's ARN, without one the object's", Fix: "use credentials that may s3:GetEncryptionConfiguration"})
	default:
		on := false
		if c := out.ServerSideEncryptionConfiguration; c != nil {
			for _, rule := range c.Rules {
				on = on || aws.ToBool(rule.BucketKeyEnabled)
			}
		}
		w.bucketKeys = []bool{on}
	}
	for _, k := range w.states {
		w.head(ctx, b.S3, k)
		if w.locking {
			w.head(ctx, b.S3, k+statestore.LockSuffix)
		}
	}
}

// restricts tells whether a public bucket policy is stopped for other accounts. One
// that is not public needs no answer.
func (w *reading) restricts(ctx context.Context, client *s3.Client, cfg aws.Config) bool {
	if w.policy == nil {
		return false
	}
	if public, _, _ := w.policy.Public(); !public {
		return false
	}
	yes, _ := policyread.RestrictsPublic(ctx, client, w.bucket)
	if yes {
		return true
	}
	cfg.Region = w.region
	account, err := awscall.PublicAccessBlock(ctx, cfg, w.account)
	switch {
	case err == nil:
		return account.RestrictPublicBuckets
	case !policyread.IsCode(err, "NoSuchPublicAccessBlockConfiguration"):
		w.gap(Finding{Rule: "grants-unread", Level: Unknown, Side: StateSide, Where: "public access block of account " + w.account, Summary: "it cannot be read: " + policyread.Cause(err),
			Why: "the bucket policy is public, and with RestrictPublicBuckets such a policy does not count for other accounts", Fix: "use credentials that may s3:GetAccountPublicAccessBlock"})
	}
	return false
}

func (w *reading) head(ctx context.Context, client *s3.Client, key string) {
	store := &statestore.S3{Client: client, Bucket: w.bucket, Owner: w.account, Key: key}
	info, err := store.Head(ctx)
	switch {
	case err != nil:
		why := policyread.Cause(err)
		if statestore.Status(err) == http.StatusForbidden {
			why = "refused"
		}
		w.gap(Finding{Rule: "grants-unread", Level: Unknown, Side: StateSide, Where: store.Where(), Summary: "how it is encrypted is not known: " + why,
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
	k.grants, k.known = read.Grants, true
	for _, g := range read.Gaps {
		k.known = k.known && g.Type != policy.ReasonResource
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

// caller reads a principal's own policies, if there are credentials for its account.
func (c *Checker) caller(ctx context.Context, w *reading, environment, arn string) (*caller, error) {
	p, err := policy.ParsePrincipal(arn)
	if err != nil {
		return nil, err
	}
	who := &caller{Principal: p}
	cfg, ok := aws.Config{}, false
	if c.Principal != nil {
		if cfg, ok, err = c.Principal(ctx, environment); err != nil {
			return nil, err
		}
	}
	if !ok && p.Account == w.account {
		cfg, ok = c.State, true // its account is the one that is read anyway
	}
	where := "policies of " + arn
	if !ok {
		w.gap(Finding{
			Rule: "grants-unread", Level: Unknown, Side: PrincipalSide, Where: where, Principal: arn,
			Summary: fmt.Sprintf("this half was not looked at: there are no credentials for account %s", p.Account),
			Why:     "across accounts both sides must allow, and the principal's own policies are in its own account", Fix: "--principal-profile " + environment + "=PROFILE, a profile of that account that may read IAM",
		})
		return who, nil
	}
	if err := owns(ctx, cfg, p.Account, "the account of "+arn, "--principal-profile "+environment+"=PROFILE names another"); err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		cfg.Region = w.region // IAM answers for all of them
	}
	client := iam.NewFromConfig(cfg)
	var read *policyread.Identity
	if p.Type == policy.User {
		read = policyread.User(ctx, client, lastPart(arn))
	} else {
		read = policyread.Role(ctx, client, lastPart(arn))
	}
	who.ID, who.tags, who.read = read.ID, read.Tags, len(read.Gaps) == 0
	why := []string{}
	for _, g := range read.Gaps {
		if !slices.Contains(why, g.Why) {
			why = append(why, g.Why)
		}
	}
	if read.ARN != "" && read.ARN != arn {
		w.gap(Finding{Rule: "grants-principal", Level: Missing, Side: PrincipalSide, Where: where, Principal: arn, Summary: "the principal is " + read.ARN,
			Why: "policies name principals by their whole ARN, path and all: this one is nobody", Fix: "write " + read.ARN + " into the spec"})
	}
	for _, d := range read.Documents {
		kind := policy.Identity
		if d.Type == policy.ReasonBoundary {
			kind = policy.Boundary
		}
		doc, err := parse(d, kind)
		switch {
		case err != nil:
			who.read = false
			why = append(why, fmt.Sprintf("%s is not understood: %v", d.Name, err))
		case d.Type == policy.ReasonBoundary:
			who.boundary = doc
		default:
			who.identity = append(who.identity, doc)
		}
	}
	if !who.read {
		w.gap(Finding{Rule: "grants-unread", Level: Unknown, Side: PrincipalSide, Where: where, Principal: arn, Summary: "this half is not known: " + strings.Join(why, "; "),
			Why: "a policy that was not read may allow or deny", Fix: "check that the principal is there, and use a profile that may read it: iam:Get* and iam:List*"})
	}
	if p.Type == policy.AssumedRole {
		w.gap(Finding{Rule: "grants-session", Level: Note, Side: PrincipalSide, Where: where, Principal: arn, Summary: "policies that are passed when a session is made were not looked at", Why: "they can only take away"})
	}
	return who, nil
}

// compile reads the policy of a bucket or a key.
func compile(d policyread.Document, resource string) (*policy.Policy, error) {
	return parse(d, policy.ResourceKind(resource))
}

// parse reads a policy that AWS stores: one that today's rules refuse is read for
// what it means all the same.
func parse(d policyread.Document, kind policy.Kind) (*policy.Policy, error) {
	doc, err := policy.Parse(d.Name, d.Text, kind)
	if err == nil {
		return doc, nil
	}
	if loose, again := policy.ParseLoose(d.Name, d.Text, kind); again == nil {
		return loose, nil
	}
	return nil, err
}

func notUnderstood(where string, side Side, err error) Finding {
	return Finding{Rule: "grants-unread", Level: Unknown, Side: side, Where: where, Summary: "it is not understood: " + err.Error(), Why: "what it allows or denies is not known"}
}
