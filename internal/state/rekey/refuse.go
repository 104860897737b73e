package rekey

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// refuse names what an object has that a copy of it would not have, or that keeps it
// from being copied; nil: nothing. inPlace is for an older version, whose encryption
// is updated and which is not copied.
func (w *work) refuse(key string, o *object, inPlace bool) *diag.Diagnostic {
	what := w.where(key, o.version)
	class := s3types.StorageClass(o.StorageClass)
	archived := o.ArchiveStatus != "" || class == s3types.StorageClassGlacier || class == s3types.StorageClassDeepArchive
	if account := accountOf(o.encryption.KeyARN); account != "" && account != w.Bucket.Room.Account {
		return &diag.Diagnostic{
			Rule: "state-rekey-foreign-key", Summary: what + " is encrypted under a key of account " + account, Found: o.encryption.KeyARN,
			Why: "that account decides whether it can be read at all, and can end that while it is copied",
			Fix: "let an engine write it once more under a key of account " + w.Bucket.Room.Account + "; an older version stays as it is without --all-versions",
		}
	}
	switch {
	case o.encryption.Algorithm == dual:
		return &diag.Diagnostic{
			Rule: "state-rekey-dsse", Summary: what + " is encrypted twice (DSSE-KMS)", Found: o.encryption.Algorithm,
			Why: "the two layers were asked for by somebody, and no engine's backend writes them: they would be gone without a word",
			Fix: "if one layer will do, copy it yourself first: aws s3 cp " + "s3://" + w.Bucket.Room.State.Bucket + "/" + key + " s3://" + w.Bucket.Room.State.Bucket + "/" + key + " --sse aws:kms --sse-kms-key-id KEY",
		}
	case o.ObjectLockMode != "" || o.ObjectLockLegalHoldStatus == s3types.ObjectLockLegalHoldStatusOn:
		return &diag.Diagnostic{
			Rule: "state-rekey-object-lock", Summary: what + " is under Object Lock", Found: string(o.ObjectLockMode),
			Why: "a copy would not be, and S3 does not change the encryption of a version that is",
			Fix: "wait until its retention ends, or end the hold, then run this again",
		}
	case archived && !inPlace:
		return &diag.Diagnostic{
			Rule: "state-rekey-archived", Summary: what + " is archived (" + strings.TrimSpace(string(class)+" "+string(o.ArchiveStatus)) + ")", Found: string(class),
			Why: "it has to be restored before it can be read or copied, and an engine cannot read it either",
			Fix: "aws s3api restore-object --bucket " + w.Bucket.Room.State.Bucket + " --key '" + key + "' --restore-request Days=1\nand take the rule out of the bucket's lifecycle that archives current states",
		}
	}
	return nil
}

// accountOf is the account in an ARN; "" without one.
func accountOf(arn string) string {
	if part := strings.SplitN(arn, ":", 6); len(part) == 6 {
		return part[4]
	}
	return ""
}

// usable refuses a key that cannot encrypt states now.
// Source: KMS "Key states of AWS KMS keys"; S3 takes symmetric keys alone.
func (w *work) usable(ctx context.Context, arn, environment string) error {
	refuse := func(rule, summary, why, fix string) error {
		return &diag.Diagnostic{Rule: rule, Summary: summary, Found: arn, Why: why, Fix: fix}
	}
	if rule, why, fix := w.Bucket.Room.KeyARNFault(arn); why != "" {
		return refuse(rule, "the key cannot encrypt the states of "+environment, why, fix)
	}
	out, err := w.Bucket.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &arn})
	if statestore.Code(err) == "NotFoundException" {
		return refuse("state-key-gone", "there is no such key for environment "+environment, "it was deleted, or never was: what it encrypted cannot be read any more", "correct kms_key_arn in the spec, or name another key")
	}
	if err != nil {
		return fmt.Errorf("ask for key %s: %w", arn, err)
	}
	k := out.KeyMetadata
	switch {
	case k.KeyState == types.KeyStatePendingDeletion:
		return refuse("state-key-deletion", fmt.Sprintf("the key of environment %s is to be deleted on %s", environment, aws.ToTime(k.DeletionDate).UTC().Format("2006-01-02")),
			"everything under it is lost on that day, and it encrypts nothing until then",
			"keep it: aws kms cancel-key-deletion --key-id "+arn+"\nand: aws kms enable-key --key-id "+arn)
	case k.KeyState != types.KeyStateEnabled:
		return refuse("state-key-disabled", fmt.Sprintf("the key of environment %s is not enabled: %s", environment, k.KeyState), "S3 can neither encrypt nor decrypt with it", "aws kms enable-key --key-id "+arn)
	case k.KeySpec != types.KeySpecSymmetricDefault || k.KeyUsage != types.KeyUsageTypeEncryptDecrypt:
		return refuse("state-key-kind", fmt.Sprintf("the key of environment %s is for %s with %s", environment, k.KeyUsage, k.KeySpec), "S3 encrypts with symmetric keys for encryption alone", "make a key with modules/state-key")
	}
	return nil
}
