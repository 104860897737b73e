package lock

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// StateKeys returns the locks of the scenario "state-keys", in the order they are
// shown: what is claimed of the states of w's environments once each is under a
// key of its own.
func StateKeys(w *World) []*Lock {
	return []*Lock{
		stateUnderItsKey(w),
		stateWithoutDecrypt(w),
		stateOtherEnvironment(w),
		stateOtherKey(w),
		stateBucketStays(w),
		stateBothSides(w),
		stateNextWrite(w),
		stateNoOp(w),
		stateGuard(w),
		statePastTheKey(w),
		stateDamaged(w),
		stateWayBack(w),
		stateKeyDeletion(w),
	}
}

// what is the name of a stack's state in words: "development's state infra".
func what(e *Environment, s *StackState) string { return e.Name + "'s state " + s.Name }

// part is one request of an attempt that is made of several.
type part struct {
	// name is the request's, "GetObject".
	name string
	do   func() (Outcome, error)
	// shut is why no policy at all could let the request through; empty: one could.
	shut string
}

// sum makes several requests, which the claim treats alike, and sums up their
// outcomes: refused only if each is. What was let through is named.
func sum(parts ...part) (Outcome, error) {
	var answers, decided, let, by, kept []string
	for _, p := range parts {
		o, err := p.do()
		if err != nil {
			return Outcome{}, fmt.Errorf("%s: %w", p.name, err)
		}
		if !o.Refused {
			let, by = appendNew(let, p.name), appendNew(by, o.DecidedBy)
			continue
		}
		answers = appendNew(answers, o.Answer)
		if p.shut != "" {
			decided = appendNew(decided, p.shut)
			continue
		}
		kept = appendNew(kept, p.name)
		// KMS's own sentence names the key and every reason there could be.
		said, _, _ := strings.Cut(o.DecidedBy, " on resource: ")
		decided = appendNew(decided, said)
	}
	if len(let) > 0 {
		return Outcome{Answer: "allowed: " + strings.Join(let, ", "), DecidedBy: strings.Join(by, "; "), kept: kept}, nil
	}
	return Outcome{Answer: strings.Join(answers, ", "), Refused: true, DecidedBy: strings.Join(decided, "; "), kept: kept}, nil
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// judged is what came of a request whose answer says nothing that matters. That the
// bucket's owner owns every object, or that the bucket is not empty, is heard only by
// those who were allowed.
func (w *World) judged(meta *middleware.Metadata, err error) (Outcome, error) {
	if o, ok := gotPast(err); ok {
		return o, nil
	}
	return w.judge(err, meta, accessDenied...)
}

// getState reads a version of a state; "" is the current one.
func (w *World) getState(ctx context.Context, as *s3.Client, key, version string) (Outcome, error) {
	in := &s3.GetObjectInput{Bucket: &w.Bucket, Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	out, err := as.GetObject(ctx, in)
	if err != nil {
		return w.judge(err, nil, accessDenied...)
	}
	out.Body.Close()
	return w.judge(nil, &out.ResultMetadata)
}

// versionsOf lists the versions of exactly this key, delete markers left out.
func (w *World) versionsOf(ctx context.Context, key string) (ids []string, err error) {
	pages := s3.NewListObjectVersionsPaginator(w.operator(), &s3.ListObjectVersionsInput{Bucket: &w.Bucket, Prefix: &key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, v := range page.Versions {
			if aws.ToString(v.Key) == key {
				ids = append(ids, aws.ToString(v.VersionId))
			}
		}
	}
	return ids, nil
}

// Remember notes what a state is now, to be compared with later.
func (w *World) Remember(ctx context.Context, s *StackState) error {
	text, err := w.text(ctx, s.Key)
	if err == nil {
		s.BeforeSum = sha256.Sum256(text)
		s.Before, err = tfstate.Read(text)
	}
	return err
}

// Snapshot reads what a state is compared by, as the owner of the bucket.
func (w *World) Snapshot(ctx context.Context, key string) (*tfstate.Snapshot, error) {
	raw, err := w.text(ctx, key)
	if err != nil {
		return nil, err
	}
	return tfstate.Read(raw)
}

// text reads a state as the owner of the bucket. It is secret.
func (w *World) text(ctx context.Context, key string) ([]byte, error) {
	out, err := w.operator().GetObject(ctx, &s3.GetObjectInput{Bucket: &w.Bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

// encryption says in words how a state is encrypted, and whether it is as it
// should be: under the key given, or under none.
func (w *World) encryption(ctx context.Context, key, want string) (words string, right bool, err error) {
	out, err := w.operator().HeadObject(ctx, &s3.HeadObjectInput{Bucket: &w.Bucket, Key: &key})
	if err != nil {
		return "", false, err
	}
	words = string(out.ServerSideEncryption)
	if words == "" {
		words = "nothing"
	}
	if out.SSEKMSKeyId == nil {
		return words, want == "" && out.ServerSideEncryption == types.ServerSideEncryptionAes256, nil
	}
	return words + " under " + *out.SSEKMSKeyId, out.ServerSideEncryption == types.ServerSideEncryptionAwsKms && *out.SSEKMSKeyId == want, nil
}

// stands answers whether a state is encrypted as it should be, and whether
// nothing in it is another than at first. A refused outcome is a claim that holds.
func (w *World) stands(ctx context.Context, e *Environment, s *StackState, under string) (Outcome, error) {
	words, right, err := w.encryption(ctx, s.Key, under)
	if err != nil {
		return Outcome{}, err
	}
	text, err := w.text(ctx, s.Key)
	if err != nil {
		return Outcome{}, err
	}
	now, err := tfstate.Read(text)
	if err != nil {
		return Outcome{}, err
	}
	switch {
	case !right:
		return Outcome{Answer: "not under the key", DecidedBy: fmt.Sprintf("%s is encrypted with %s", what(e, s), words)}, nil
	case now.Lineage != s.Before.Lineage || now.Serial < s.Before.Serial:
		return Outcome{Answer: "another state", DecidedBy: fmt.Sprintf("%s has serial %d and another past than before, when it had serial %d", what(e, s), now.Serial, s.Before.Serial)}, nil
	case now.Serial == s.Before.Serial && (now.Digest != s.Before.Digest || sha256.Sum256(text) != s.BeforeSum):
		return Outcome{Answer: "other contents", DecidedBy: fmt.Sprintf("%s has the serial it had and other contents", what(e, s))}, nil
	}
	same := "the same lineage, the same bytes"
	if now.Serial > s.Before.Serial {
		same = "the same lineage, written since"
	}
	return Outcome{Answer: words, Refused: true, DecidedBy: fmt.Sprintf("serial %d, %s", now.Serial, same)}, nil
}

// answered is the outcome of a command that has to answer with an exit status. A
// refused outcome is a claim that holds.
func (r Ran) answered(want int) Outcome {
	o := Outcome{Answer: fmt.Sprintf("exit status %d", r.Exit), Refused: r.Exit == want, DecidedBy: lastLine(r.Stdout)}
	if said := complaint(r.Stderr); said != "" && (r.Exit != 0 || o.DecidedBy == "") {
		o.DecidedBy = said
	}
	if o.DecidedBy == "" {
		o.DecidedBy = "it said nothing"
	}
	return o
}

// complaint is the line in which the program says what is wrong; without one, the last.
func complaint(stderr string) string {
	for line := range strings.Lines(stderr) {
		if said, ok := strings.CutPrefix(line, "strongroom: "); ok {
			return strings.TrimSpace(strings.TrimPrefix(said, "error: "))
		}
	}
	return lastLine(stderr)
}

// lastLine is the last line of a text that is not empty.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// naming is the outcome of a command that has to answer with an exit status and to
// name the reason in its own words: another reason is not the one that is claimed.
func (r Ran) naming(want int, words ...string) Outcome {
	o := r.answered(want)
	if !o.Refused {
		return o
	}
	for line := range strings.Lines(r.Stdout + "\n" + r.Stderr) {
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) }) {
			said := strings.TrimPrefix(strings.Join(strings.Fields(line), " "), "strongroom: ")
			return Outcome{Answer: o.Answer, Refused: true, DecidedBy: strings.TrimPrefix(said, "error: ")}
		}
	}
	return Outcome{Answer: o.Answer + " for another reason", DecidedBy: o.DecidedBy}
}

// command is a check that runs one of the program's commands, and claims its exit
// status.
func command(request string, want int, args ...string) Attack {
	return Attack{Kind: KindCheck, By: "the state account's owner", Request: request, Do: func(ctx context.Context, w *World) (Outcome, error) {
		ran, err := w.Commands.Strongroom(ctx, &w.Operator, nil, args...)
		if err != nil {
			return Outcome{}, err
		}
		return ran.answered(want), nil
	}}
}
