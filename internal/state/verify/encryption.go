package verify

import (
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// encryption checks how the state is encrypted, and that the key can be used.
func (k *check) encryption() {
	if k.s3 == nil {
		k.add(Encryption, Skipped, "", "the %s backend does not tell", k.place.Kind())
		return
	}
	have, want := k.info.Encryption, k.want.Encryption
	switch {
	case want == (statestore.Encryption{}):
		k.add(Encryption, Skipped, "", "it is %s; nothing was asked for", Words(have))
	case have.Algorithm == want.Algorithm && have.KeyARN == want.KeyARN:
		k.add(Encryption, OK, "", "%s", Words(have))
	default:
		fix := "run: strongroom state rekey --env " + k.e.Name
		if want.Algorithm == "AES256" {
			fix = "run: strongroom state rollback --to sse-s3 --env " + k.e.Name
		}
		k.add(Encryption, Failed, fix, "it is %s, and has to be %s", Words(have), Words(want))
	}
	if have.KeyARN == "" {
		return
	}
	k.bucketKey()
	k.keyUsable()
}

// bucketKey tells whether the next write has the same encryption context as this one.
func (k *check) bucketKey() {
	have := k.info.Encryption.BucketKey
	will, err := k.bucketKeyDefault(k.ctx)
	switch {
	case err != nil:
		k.add(BucketKey, Skipped, "", "%s; the bucket's own setting cannot be read: %s", contextOf(have), cause(err))
	case have == will:
		k.add(BucketKey, OK, "", "%s, as the bucket has it", contextOf(have))
	default:
		k.add(BucketKey, OK, "", "%s; the next write will have it the other way, as the bucket is set now: grants with a condition on the encryption context have to allow both", contextOf(have))
	}
}

func contextOf(bucketKey bool) string {
	if bucketKey {
		return "on: the encryption context is the bucket's ARN"
	}
	return "off: the encryption context is the object's ARN"
}

func (k *check) keyUsable() {
	arn := k.info.Encryption.KeyARN
	switch read := k.readKey(k.ctx, arn); {
	case read.err != nil && statestore.Code(read.err) == "NotFoundException":
		k.add(KeyUsable, Failed, "go back to a version of the state under a key that is there: strongroom state history --env "+k.e.Name, "%s does not exist any more", arn)
	case read.err != nil:
		k.add(KeyUsable, Unknown, "name credentials that may kms:DescribeKey: --profile PROFILE", "%s", cause(read.err))
	case read.state == "Enabled":
		k.add(KeyUsable, OK, "", "it is enabled")
	case read.state == "PendingDeletion":
		k.add(KeyUsable, Failed, fmt.Sprintf("aws kms cancel-key-deletion --key-id %[1]s && aws kms enable-key --key-id %[1]s", arn), "%s is going to be deleted", arn)
	case read.state == "Disabled":
		k.add(KeyUsable, Failed, "aws kms enable-key --key-id "+arn, "%s is disabled", arn)
	default:
		k.add(KeyUsable, Failed, "see: aws kms describe-key --key-id "+arn, "%s is %s", arn, read.state)
	}
}

// Words says how something is encrypted: "SSE-KMS under arn:...".
func Words(e statestore.Encryption) string {
	switch {
	case e.Algorithm == "":
		return "not encrypted"
	case e.Algorithm == "AES256":
		return "SSE-S3"
	case e.Algorithm == "aws:kms" && e.KeyARN != "":
		return "SSE-KMS under " + e.KeyARN
	case e.Algorithm == "aws:kms":
		return "SSE-KMS under aws/s3"
	case e.KeyARN != "":
		return e.Algorithm + " under " + e.KeyARN
	}
	return strings.TrimSpace(e.Algorithm)
}
