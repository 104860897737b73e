package rekey

import (
	"context"
	"fmt"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/policy"
)

// foresee refuses a plan whose first copy the bucket policy would refuse for sure: the
// usual one demands the environment's key of every write, and so forbids the way back.
func (w *work) foresee(ctx context.Context, p *Plan) error {
	if w.Caller == "" {
		return nil
	}
	for _, e := range p.Environments {
		for _, s := range e.States {
			if s.Action != Copy && s.Action != Restore {
				continue
			}
			denial, sure := w.denial(ctx, "s3:PutObject", s.Key, s.Then)
			if denial == "" || !sure {
				break // the states of an environment share their statements, nearly always
			}
			return &diag.Diagnostic{
				Rule: "state-rekey-denied", Summary: "the bucket policy forbids writing " + w.where(s.Key, "") + " under " + phrase(s.Then) + ": " + denial,
				Why: "every copy would be refused, and every write of an engine without the key too", Fix: fixDenied(w.Bucket.Room.State.Bucket),
			}
		}
	}
	return nil
}

func fixDenied(bucket string) string {
	return "take that statement out of the bucket policy, or except these keys from it, by the code that manages it; it is now:\n  aws s3api get-bucket-policy --bucket " + bucket + " --query Policy --output text"
}

// explain adds to S3's refusal of a write which statement of the bucket policy made it,
// as far as that can be told.
func (w *work) explain(ctx context.Context, action, key string, like statestore.Encryption, err error) error {
	switch code := statestore.Code(err); code {
	case "AccessDenied":
	case "KMS.DisabledException", "KMS.KMSInvalidStateException", "KMS.NotFoundException":
		return &diag.Diagnostic{
			Rule: "state-rekey-kms", Summary: fmt.Sprintf("%s: %s", w.where(key, ""), cause(err)), Err: err,
			Why: "a key that is needed was disabled, scheduled for deletion or deleted meanwhile; the state is as it was before",
			Fix: "see which: aws kms describe-key --key-id KEY\nthen: aws kms cancel-key-deletion, aws kms enable-key; and run this again",
		}
	default:
		return err
	}
	d := &diag.Diagnostic{
		Rule: "state-rekey-denied", Summary: fmt.Sprintf("%s may not be written under %s: %s", w.where(key, ""), phrase(like), cause(err)), Err: err,
		Why: "the copy needs s3:GetObject, s3:GetObjectVersion and s3:PutObject on the object, s3:GetObjectTagging and s3:PutObjectTagging if it has tags, kms:Decrypt on the key that it is under, kms:GenerateDataKey on the other",
		Fix: "run this as the state account's owner, whose policies allow that",
	}
	if denial, _ := w.denial(ctx, action, key, like); denial != "" {
		d.Why, d.Fix = "the bucket policy denies it: "+denial, fixDenied(w.Bucket.Room.State.Bucket)
	}
	return d
}

// denial names the statement of the bucket policy that denies an action on an object;
// "" if none does. sure is false where the statement also turns on what only AWS
// knows, such as the network that a request came from.
func (w *work) denial(ctx context.Context, action, key string, like statestore.Encryption) (name string, sure bool) {
	room := w.Bucket.Room
	who, err := policy.ParsePrincipal(w.Caller)
	if err != nil {
		return "", false
	}
	known := &policy.Context{}
	known.Set("s3:x-amz-server-side-encryption", like.Algorithm)
	if like.KeyARN != "" {
		known.Set("s3:x-amz-server-side-encryption-aws-kms-key-id", like.KeyARN)
	}
	known.Set("aws:SecureTransport", "true")
	known.Set("aws:PrincipalArn", w.Caller)
	known.Set("aws:PrincipalAccount", who.Account)
	known.Set("aws:ResourceAccount", room.Account)
	request := &policy.Request{
		Principal: &who, Action: action, Resource: "arn:" + room.Partition() + ":s3:::" + room.State.Bucket + "/" + key, ResourceAccount: room.Account, Context: known,
	}
	absent := func(k string) bool { // what the request is known not to carry
		return k == "s3:x-amz-server-side-encryption-aws-kms-key-id"
	}
	for _, doc := range policyread.Bucket(ctx, w.Bucket.S3, room.State.Bucket).Documents {
		p, err := policy.Parse(doc.Name, doc.Text, policy.Resource)
		if err != nil {
			continue // AWS stored it, and it has what the engine does not know
		}
		for i := range p.Len() {
			r := p.Hold(i, request, false)
			if r.Effect != policy.EffectDeny || !applies(r) {
				continue
			}
			name = fmt.Sprintf("statement %d", i+1)
			if r.Sid != "" {
				name = "statement " + r.Sid
			}
			h := p.Hinges(i, func(k string) bool { return !known.Has(k) && !absent(k) })
			return name, !h.Any()
		}
	}
	return "", false
}

func applies(r policy.StatementResult) bool {
	for _, c := range r.Conditions {
		if !c.Met {
			return false
		}
	}
	return r.Principal && r.Action && r.Resource
}
