package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Checker checks states of one room. It is safe for concurrent use, remembers what
// it read of keys and of the bucket, and must not be copied.
type Checker struct {
	Room *room.Room
	// Owner is the state bucket as the state account's owner sees it; nil when states
	// are not in S3.
	Owner *state.Bucket
	// Place returns where a state is, for what is not in S3. Nil: Owner's bucket.
	Place func(t state.Target) (statestore.Store, error)
	// Profiles returns credentials that were given for an environment. Those of its
	// principals are what reading is tried with; others of a principal's account may read
	// its policies, which is Decide's affair. Nil: there are none.
	Profiles func(ctx context.Context, environment string) ([]aws.Config, error)
	// Reader has credentials of somebody who may read objects and not decrypt, with
	// which reading is tried. Nil: it is decided for somebody who is made up.
	Reader *aws.Config
	// Decide works out from policies whether an environment's principals can read the
	// objects keys under the KMS key keyARN ("": under none of ours), for when there are
	// no credentials to try it with. Nil: it is not known.
	Decide func(ctx context.Context, e state.Environment, keys []string, keyARN string) ([]Readable, error)

	mu           sync.Mutex
	environments map[string]*environment
	own, reader  *login
	keys         map[string]*key
	bucket       *bucket
}

// Readable is whether a principal can read a state, as policies have it.
type Readable struct {
	// Key is the object key, and Principal the ARN.
	Key, Principal string
	// Object is about s3:GetObject, Decrypt about kms:Decrypt with the key that was asked
	// about.
	Object, Decrypt Answer
}

// Answer is what policies say of one request.
type Answer struct {
	// Status is OK, Failed or Unknown. It is OK only if all that has a say was read.
	Status Status
	// Why says which half is missing, or was not read; "" when both halves allow it.
	Why, Fix string
}

// Want is what a state has to be.
type Want struct {
	// Encryption is how it has to be encrypted in S3: Algorithm "aws:kms" with KeyARN, or
	// "AES256". BucketKey is not compared. The zero value does not ask.
	Encryption statestore.Encryption
	// Before is what the state was; nil: it is not compared.
	Before *tfstate.Snapshot
	// Exact wants Before's serial, and not a later one of the same contents.
	Exact bool
	// Version is the version that has to be so; "" is the current one.
	Version string
}

// UnderKey is a Want: SSE-KMS under the key.
func UnderKey(arn string) Want {
	return Want{Encryption: statestore.Encryption{Algorithm: "aws:kms", KeyARN: arn}}
}

// Check checks one state. The error is that of ctx: what could not be asked is a
// finding of the Result.
func (c *Checker) Check(ctx context.Context, e state.Environment, t state.Target, w Want) (*Result, error) {
	r := &Result{Environment: t.Environment, Stack: t.Stack.Name, Workspace: t.Workspace, Findings: []Finding{}}
	place, err := c.place(t)
	if err != nil {
		r.Where = t.Key()
		r.add(Exists, Unknown, "", "%s", err)
		return r, ctx.Err()
	}
	r.Where = place.Where()
	k := &check{Checker: c, ctx: ctx, e: e, t: t, want: w, place: place, Result: r}
	if !k.exists() {
		return r, ctx.Err()
	}
	k.encryption()
	k.reads()
	if k.s3 != nil {
		k.readerRefused()
	}
	return r, ctx.Err()
}

func (c *Checker) place(t state.Target) (statestore.Store, error) {
	if c.Place != nil {
		return c.Place(t)
	}
	if c.Owner == nil {
		return nil, errors.New("nobody said where the state is")
	}
	return c.Owner.Store(t, ""), nil
}

// check is one Check.
type check struct {
	*Checker
	*Result
	ctx   context.Context
	e     state.Environment
	t     state.Target
	want  Want
	place statestore.Store
	// s3 is place; nil when it is elsewhere.
	s3   *statestore.S3
	info *statestore.Info
}

func (k *check) exists() bool {
	var err error
	if k.s3, _ = k.place.(*statestore.S3); k.s3 != nil {
		k.info, err = k.s3.HeadVersion(k.ctx, k.want.Version)
	} else {
		k.info, err = k.place.Head(k.ctx)
	}
	switch {
	case err != nil:
		k.add(Exists, Unknown, "name credentials of the state account's owner: --profile PROFILE", "%s", unseen(err))
		return false
	case k.info == nil:
		k.add(Exists, Failed, "apply the stack, or go back to an earlier version: strongroom state rollback", "there is no state")
		return false
	}
	k.Info = k.info
	k.add(Exists, OK, "", "%s", size(k.info))
	return true
}

// unseen says why HeadObject did not answer: a refusal has no text.
//
// Source: S3 API HeadObject, "Permissions".
func unseen(err error) string {
	if statestore.Status(err) == http.StatusForbidden {
		return "HeadObject was refused (403): it takes s3:GetObject, and s3:ListBucket where there is no state"
	}
	return cause(err)
}

func size(i *statestore.Info) string {
	if i.Size < 0 {
		return "it is there"
	}
	return fmt.Sprintf("%d bytes", i.Size)
}

// asReader is the reader.
func (c *Checker) asReader() *login {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reader == nil {
		c.reader = &login{bucket: state.NewBucket(c.Room, *c.Reader)}
	}
	return c.reader
}

// key is what is remembered of a KMS key.
type key struct {
	once sync.Once
	// state is KMS's word, "Enabled"; err is why it is not known.
	state  string
	err    error
	policy *policyread.Resource
}

// readKey reads a key once.
func (c *Checker) readKey(ctx context.Context, arn string) *key {
	c.mu.Lock()
	if c.keys == nil {
		c.keys = map[string]*key{}
	}
	k := c.keys[arn]
	if k == nil {
		k = &key{}
		c.keys[arn] = k
	}
	c.mu.Unlock()
	k.once.Do(func() {
		out, err := c.Owner.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &arn})
		if err != nil {
			k.err = err
		} else {
			k.state = string(out.KeyMetadata.KeyState)
		}
		k.policy = policyread.Key(ctx, c.Owner.KMS, arn, arn[len(arn)-min(len(arn), 36):])
	})
	return k
}

// bucket is what is remembered of the bucket.
type bucket struct {
	once      sync.Once
	bucketKey bool
	err       error
}

// bucketKeyDefault is whether what is written from now on uses an S3 Bucket Key.
func (c *Checker) bucketKeyDefault(ctx context.Context) (bool, error) {
	c.mu.Lock()
	if c.bucket == nil {
		c.bucket = &bucket{}
	}
	b := c.bucket
	c.mu.Unlock()
	b.once.Do(func() {
		out, err := c.Owner.S3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &c.Room.State.Bucket, ExpectedBucketOwner: &c.Room.Account})
		if policyread.IsCode(err, "ServerSideEncryptionConfigurationNotFoundError") {
			return
		}
		if b.err = err; err != nil || out.ServerSideEncryptionConfiguration == nil {
			return
		}
		for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
			b.bucketKey = b.bucketKey || aws.ToBool(rule.BucketKeyEnabled)
		}
	})
	return b.bucketKey, b.err
}

// cause is an error in few words. It may say what AWS said, never what a state holds.
func cause(err error) string { return policyread.Cause(err) }

// Wanted is how an environment's states have to be encrypted: under the key that the
// spec names, by its ARN or an alias, or else under the one that the variable names. The
// error is a *diag.Diagnostic when the variable's key is not the environment's, or when
// there is no key.
func (c *Checker) Wanted(ctx context.Context, e state.Environment, variable string) (Want, error) {
	if c.Room.State.Backend != "s3" {
		return Want{}, nil
	}
	if variable != "" {
		if _, err := state.Block(c.Room, e, e.Stacks[0], variable, false); err != nil {
			return Want{}, err
		}
	}
	arn, err := c.Owner.KeyARN(ctx, e)
	var d *diag.Diagnostic
	switch {
	case variable == "":
		return UnderKey(arn), err
	case errors.As(err, &d) && d.Rule == state.RuleNoKey:
		return UnderKey(variable), nil // nothing else says which key is the environment's
	case err == nil && arn != variable:
		return Want{}, &diag.Diagnostic{
			Rule: "state-key-other", Summary: fmt.Sprintf("%s names another key than the one behind %s", state.KeyVariable, e.KeyAlias), Found: variable,
			Why: "every environment has a key of its own: what happens to the one must not reach the other", Fix: "export " + state.KeyVariable + "=" + arn,
		}
	}
	return UnderKey(variable), err
}
