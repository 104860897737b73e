package bootstrap

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
)

// preflightStep refuses what would go wrong, before anything is changed.
func (b *run) preflightStep(ctx context.Context) error {
	if b.Check != nil {
		if err := b.Check(); err != nil {
			return diag.Refuse(err)
		}
	}
	me, err := b.cloud.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if asked(err) {
			return err // explained as what it is: nobody answered
		}
		return &diag.Diagnostic{
			Rule: "bootstrap-credentials", Summary: "these credentials are not accepted: " + plain(err), Err: err,
			Why: "bootstrap is applied by a person, with that person's own credentials for account " + b.Account,
			Fix: "sign in (aws sso login), or export AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
		}
	}
	if got := aws.ToString(me.Account); got != b.Account {
		return diag.Refuse(&diag.Diagnostic{
			Rule: "bootstrap-account", Summary: fmt.Sprintf("these credentials are of account %s; the room is in account %s", got, b.Account),
			Found: aws.ToString(me.Arn),
			Why:   "the room would be built in somebody else's account",
			Fix:   "use credentials of " + b.Account + ", or correct \"account\" in strongroom.hcl",
		})
	}
	if err := engine.BringBack(b.Stack); err != nil {
		return err
	}
	if err := b.look(ctx); err != nil {
		return err
	}
	switch b.reality.bucket {
	case bucketTaken:
		return diag.Refuse(&diag.Diagnostic{
			Rule: "bootstrap-name-taken", Summary: fmt.Sprintf("bucket name %q is taken, and not by account %s", b.Bucket, b.Account),
			Why: "bucket names are shared by all accounts of AWS. (Or these credentials may not see their own account's bucket: a bucket policy can refuse them.)",
			Fix: "choose another name for the state bucket in strongroom.hcl",
		})
	case bucketAway:
		return diag.Refuse(&diag.Diagnostic{
			Rule: "bootstrap-name-taken", Summary: fmt.Sprintf("bucket %q exists, but not in %s", b.Bucket, b.Region),
			Why: "a bucket cannot be moved to another region",
			Fix: "choose another name, or correct \"region\" in strongroom.hcl",
		})
	}
	return b.neverLost(ctx)
}

// neverLost refuses to begin anew where there was a state once.
func (b *run) neverLost(ctx context.Context) error {
	if b.reality.bucket != bucketOurs || b.reality.remote != nil || b.reality.local != nil {
		return nil
	}
	version, err := b.cloud.latestVersion(ctx, b.StateKey)
	if err != nil || version == "" {
		return err
	}
	return diag.Refuse(&diag.Diagnostic{
		Rule: "bootstrap-state-deleted", Summary: fmt.Sprintf("the state s3://%s/%s was deleted, and there is none here either", b.Bucket, b.StateKey),
		Found: "newest version " + version,
		Why:   "beginning anew would build beside what that state describes",
		Fix: "bring it back, by copying the version over the deletion:\n" +
			fmt.Sprintf("  aws s3api copy-object --bucket %s --key %s --copy-source '%s/%s?versionId=%s' \\\n    --server-side-encryption aws:kms --ssekms-key-id KEY_ARN", b.Bucket, b.StateKey, b.Bucket, b.StateKey, version),
	})
}

// plain is an SDK error without the layers around it.
func plain(err error) string {
	if c := code(err); c != "" {
		return c
	}
	return err.Error()
}
