package status

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// Guard tells how the first write of a stack, or the next one, would be encrypted.
// It works before there is a state, a bucket or a stack, and must not be copied.
type Guard struct {
	Room *room.Room
	// Bucket is asked for its default encryption and its policy, and only if the answer
	// turns on them; nil when the backend is not s3.
	Bucket *state.Bucket
	// Getenv tells STATE_KMS_KEY_ID and AWS_SSE_CUSTOMER_KEY.
	Getenv func(string) string

	once    sync.Once
	outcome statestore.Encryption
	failed  error
}

// First is what the first write of a stack would be.
type First struct {
	Environment string `json:"environment"`
	Stack       string `json:"stack"`
	// As is "yes" if it would be encrypted as the spec says, "no", or "unknown".
	As string `json:"as_the_spec_says"`
	// Backend is the one that would be written to: "s3", "http", "local".
	Backend string `json:"backend"`
	// By is what says so: the path of a file, or "strongroom state backend" when there is
	// no block for this state yet.
	By string `json:"by"`
	// Encryption is what S3 would encrypt it with; Client is whether OpenTofu would before.
	Encryption statestore.Encryption `json:"encryption"`
	Client     bool                  `json:"client_encryption"`
	// Why and Fix are empty with "yes".
	Why string `json:"why"`
	Fix string `json:"fix"`
	// Notes are what was not looked at. Never nil.
	Notes []string `json:"notes"`
}

// writes is what an engine would send.
type writes struct {
	kind, by string
	// asks is what the request asks for; a zero Algorithm asks for nothing, and the bucket
	// decides.
	asks   statestore.Encryption
	client bool
	// doubt is why that is not certain, and own a customer's key (SSE-C).
	doubt string
	own   bool
}

// Stack answers for one stack of an environment. The error is that of ctx.
func (g *Guard) Stack(ctx context.Context, e state.Environment, s state.Stack) (*First, error) {
	f := &First{Environment: e.Name, Stack: s.Name, Backend: g.Room.State.Backend, By: "strongroom state backend", Notes: []string{}}
	variable := g.Getenv(state.KeyVariable)
	if variable != "" {
		if _, err := state.Block(g.Room, e, s, variable, false); err != nil {
			return f.no(err), ctx.Err()
		}
	}
	w, err := g.writes(e, s, variable, f)
	if err != nil {
		return f.no(err), ctx.Err()
	}
	f.Backend, f.By, f.Client = w.kind, w.by, w.client
	write := fmt.Sprintf("run: strongroom state backend --env %s --stack %s --write", e.Name, s.Name)
	switch {
	case w.doubt != "":
		return f.answer("unknown", w.doubt, write), ctx.Err()
	case w.kind != g.Room.State.Backend:
		return f.answer("no", fmt.Sprintf("it would go to the %s backend, and the spec says %s", w.kind, g.Room.State.Backend), write), ctx.Err()
	case g.Room.State.ClientEncryption && !w.client:
		return f.answer("no", "OpenTofu would not encrypt it, and the spec has client_encryption = true", g.turnOn(e)+"; then "+write), ctx.Err()
	case w.kind != "s3":
		f.As = "yes"
		return f, ctx.Err()
	case w.own:
		return f.answer("no", "it would be encrypted under a key that whoever runs the engine keeps (SSE-C), which nobody else can read it with", "unset AWS_SSE_CUSTOMER_KEY, and take sse_customer_key out of the backend block"), ctx.Err()
	}
	g.inS3(ctx, e, s, w, f)
	return f, ctx.Err()
}

func (f *First) answer(as, why, fix string) *First {
	f.As, f.Why, f.Fix = as, why, fix
	return f
}

// no is a refusal that a diagnostic explains.
func (f *First) no(err error) *First {
	d := diag.All(err)[0]
	why := d.Summary
	if d.Found != "" {
		why += ": " + d.Found
	}
	if d.Why != "" {
		why += ": " + d.Why
	}
	return f.answer("no", why, d.Fix)
}

// turnOn is how the knob is turned on.
func (g *Guard) turnOn(e state.Environment) string {
	arn := e.KeyARN
	if arn == "" {
		arn = "the ARN of the key behind " + e.KeyAlias
	}
	return "set " + state.KeyVariable + " to " + arn
}

// writes finds out what an engine would send: by the block in the stack's directory if
// it is this state's, or else by the block that would be written there now.
func (g *Guard) writes(e state.Environment, s state.Stack, variable string, f *First) (*writes, error) {
	there := &state.Configured{}
	if s.Dir != "" {
		var err error
		if there, err = state.Configure(s.Dir); err != nil {
			return nil, err
		}
	}
	if b := there.Block; b != nil && b.Path != "" {
		if b.Type != "s3" {
			return &writes{kind: b.Type, by: b.Path, client: backend.Encrypts(s.Dir)}, nil
		}
		if w := g.byBlock(b, there.Cached, s); w != nil {
			w.client = backend.Encrypts(s.Dir)
			return w, nil
		}
		f.Notes = append(f.Notes, fmt.Sprintf("the block in %s is of another state, %s", b.Path, b.Text("key")))
	} else if s.Dir != "" {
		f.Notes = append(f.Notes, "there is no backend block in "+s.Dir+" yet; without one an engine writes to a file")
	}
	b, err := state.Block(g.Room, e, s, variable, false)
	if err != nil {
		return nil, err
	}
	w := &writes{kind: b.Type(), by: "strongroom state backend", client: b.Encryption != nil}
	if b.S3 != nil && b.S3.KMSKeyARN != "" {
		w.asks = statestore.Encryption{Algorithm: "aws:kms", KeyARN: b.S3.KMSKeyARN}
	}
	return w, nil
}

// byBlock reads an s3 block; nil: it is another state's. What the block leaves to
// -backend-config is what the last init was given.
// Source: "Backend Type: s3" (encrypt, kms_key_id, sse_customer_key), and the backend
// of OpenTofu 1.12: without encrypt the key is not sent.
func (g *Guard) byBlock(b *backend.Found, cached *state.CachedBackend, s state.Stack) *writes {
	w := &writes{kind: "s3", by: b.Path}
	if cached != nil && cached.Type != "s3" {
		cached = nil
	}
	text := func(name string) string {
		if b.Has(name) || cached == nil {
			return b.Text(name)
		}
		return cached.Text(name)
	}
	bucket, key := text("bucket"), text("key")
	if bucket != "" && bucket != g.Room.State.Bucket || key != "" && key != s.Key {
		return nil
	}
	for _, name := range []string{"bucket", "key", "kms_key_id", "sse_customer_key"} {
		if b.Has(name) && b.Text(name) == "" {
			w.doubt = fmt.Sprintf("%s in %s is no plain text", name, b.Path)
		}
	}
	if w.doubt == "" && (bucket == "" || key == "") {
		w.doubt = fmt.Sprintf("%s leaves the bucket or the key to -backend-config, and no init was run here", b.Path)
	}
	encrypt, known := b.Bool("encrypt")
	switch {
	case b.Has("encrypt") && !known:
		w.doubt = "encrypt in " + b.Path + " is neither true nor false"
	case !b.Has("encrypt") && cached != nil:
		encrypt, _ = cached.Config["encrypt"].(bool)
	}
	if !encrypt {
		return w
	}
	arn := text("kms_key_id")
	switch {
	case arn != "":
		w.asks = statestore.Encryption{Algorithm: "aws:kms", KeyARN: arn}
	case text("sse_customer_key") != "" || g.Getenv("AWS_SSE_CUSTOMER_KEY") != "":
		w.own = true
	default:
		w.asks = statestore.Encryption{Algorithm: "AES256"}
	}
	return w
}

// inS3 holds what would be sent against what the spec says, the bucket's default and
// its policy.
func (g *Guard) inS3(ctx context.Context, e state.Environment, s state.Stack, w *writes, f *First) {
	f.Encryption = w.asks
	key, err := g.Bucket.KeyARN(ctx, e)
	var d *diag.Diagnostic
	switch {
	case errors.As(err, &d) && d.Rule == state.RuleNoKey:
		f.no(err)
		return
	case errors.As(err, &d):
		f.answer("unknown", "the environment's key is not known: "+d.Summary, d.Fix)
		return
	case err != nil:
		f.answer("unknown", "the environment's key is not known: "+cause(err), "write kms_key_arn into the spec's environment "+e.Name+", or use credentials that may kms:DescribeKey")
		return
	}
	by := "it would ask for " + verify.Words(w.asks)
	if w.asks.Algorithm == "" {
		if f.Encryption, err = g.byDefault(ctx); err != nil {
			f.answer("unknown", "it would ask for no encryption, and the bucket's default cannot be read: "+cause(err), g.turnOn(e)+"; or use credentials that may s3:GetEncryptionConfiguration")
			return
		}
		by = "it would ask for no encryption, and the bucket's default is " + verify.Words(f.Encryption)
		if f.Encryption.KeyARN != "" && f.Encryption.Algorithm == "aws:kms" {
			if f.Encryption.KeyARN, err = g.resolve(ctx, f.Encryption.KeyARN); err != nil {
				f.answer("unknown", by+", which cannot be looked up: "+cause(err), g.turnOn(e))
				return
			}
		}
	}
	refused, note := g.refuses(ctx, e, s, w.asks)
	if note != "" {
		f.Notes = append(f.Notes, note)
	}
	mend := g.turnOn(e)
	if w.by != "strongroom state backend" {
		mend += fmt.Sprintf("; then: strongroom state backend --env %s --stack %s --write", e.Name, s.Name)
	}
	right := f.Encryption.Algorithm == "aws:kms" && f.Encryption.KeyARN == key
	switch {
	case refused != "":
		why := by
		if !right {
			why += ", not under " + key
		}
		f.answer("no", why+"; the bucket policy would refuse it, by "+refused+", after resources were made whose state would then be nowhere", mend)
	case !right:
		f.answer("no", by+"; the spec says SSE-KMS under "+key, mend)
	default:
		f.As = "yes"
	}
}

// byDefault is the bucket's default encryption, which is read once.
func (g *Guard) byDefault(ctx context.Context) (statestore.Encryption, error) {
	g.once.Do(func() {
		out, err := g.Bucket.S3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &g.Room.State.Bucket, ExpectedBucketOwner: &g.Room.Account})
		// Every bucket encrypts since 2023. Source: S3 User Guide, "Amazon S3 now
		// automatically encrypts all new objects".
		g.outcome.Algorithm = "AES256"
		if policyread.IsCode(err, "ServerSideEncryptionConfigurationNotFoundError") {
			return
		}
		if g.failed = err; err != nil || out.ServerSideEncryptionConfiguration == nil {
			return
		}
		for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
			if by := rule.ApplyServerSideEncryptionByDefault; by != nil {
				g.outcome = statestore.Encryption{Algorithm: string(by.SSEAlgorithm), KeyARN: aws.ToString(by.KMSMasterKeyID), BucketKey: aws.ToBool(rule.BucketKeyEnabled)}
			}
		}
	})
	return g.outcome, g.failed
}

// resolve makes an ARN of what a bucket calls its key: that, an ID, or an alias.
func (g *Guard) resolve(ctx context.Context, id string) (string, error) {
	if strings.HasPrefix(id, "arn:") && strings.Contains(id, ":key/") {
		return id, nil
	}
	out, err := g.Bucket.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.KeyMetadata.Arn), nil
}

// names returns the principals that write, or the account itself for the room's own.
func (g *Guard) names(e state.Environment) []string {
	if len(e.Principals) > 0 {
		return e.Principals
	}
	return []string{"arn:" + g.Room.Partition() + ":iam::" + g.Room.Account + ":root"}
}
