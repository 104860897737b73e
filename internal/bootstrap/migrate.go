package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

func (b *run) backendDone(ctx context.Context) (bool, error) {
	if b.reality.backend != "s3" {
		return false, nil
	}
	arn, err := b.key(ctx)
	if err != nil {
		return false, err
	}
	for _, p := range b.places() {
		if ok, err := settled(b.Options, p, arn); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// backendStep makes the bucket the backend of all stacks. What is to move is
// written down first: from here on, a state in the bucket must be that one or
// younger.
func (b *run) backendStep(ctx context.Context) error {
	arn, err := b.key(ctx)
	if err != nil {
		return err
	}
	if b.reality.local.Void() && b.reality.remote == nil {
		return &diag.Diagnostic{
			Rule: "bootstrap-no-state", Summary: "the apply left no state to move", Found: b.stack(localFile),
			Why: "the state would be lost with the local backend", Fix: again,
		}
	}
	if !b.reality.remoteHome() {
		b.journal.Moving = b.reality.local
		if err := b.journal.save(b.Options); err != nil {
			return err
		}
	}
	for _, p := range slices.Backward(b.places()) { // the own one last: it marks the step as done
		if ok, err := settled(b.Options, p, arn); ok || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		if err := toS3(b.Options, p, arn); err != nil {
			return err
		}
	}
	b.result.Changed = true
	return b.look(ctx)
}

func (b *run) migrateDone(ctx context.Context) (bool, error) {
	if !b.reality.remoteHome() {
		return false, nil
	}
	// The state has arrived. An engine that was killed right after it wrote it
	// does not know that yet.
	if b.Engine.InitialisedFor() == "s3" {
		return true, nil
	}
	return true, b.watched(ctx, b.initBucket)
}

// migrateStep has the engine copy the state into the bucket, and then gives
// the copy the lineage and serial of the original: without them nobody could
// tell later that the one is the other.
func (b *run) migrateStep(ctx context.Context) error {
	b.result.Changed = true
	if b.reality.remote == nil && b.Engine.InitialisedFor() != "local" {
		// It is not initialised for the local backend any more, so it would not
		// know what to migrate.
		if err := b.watched(ctx, b.initBucket); err != nil {
			return err
		}
		return b.replaceRemote(ctx)
	}
	if !b.reality.renumbered() {
		if err := b.locking(ctx, b.Engine.Migrate); err != nil {
			return err
		}
		if err := b.look(ctx); err != nil || !b.reality.renumbered() {
			return err
		}
	}
	if b.Engine.InitialisedFor() != "s3" { // it was killed before it took note of the migration
		if err := b.watched(ctx, b.initBucket); err != nil {
			return err
		}
	}
	return b.replaceRemote(ctx)
}

// replaceRemote makes the state in the bucket the local one, serial and lineage
// included. The one that is there holds the same, or there is none.
func (b *run) replaceRemote(ctx context.Context) error {
	if err := b.locking(ctx, func(ctx context.Context) error { return b.Engine.StateReplace(ctx, localFile) }); err != nil {
		return err
	}
	return b.look(ctx)
}

// initBucket initialises the engine for the bucket and copies nothing.
func (b *run) initBucket(ctx context.Context) error { return b.Engine.ReconfigureApart(ctx) }

// verifyStep checks what the engine did, without the engine: that the state in
// the bucket is the one that was to move or a younger one, and that it and its
// lock file are encrypted under the room's key.
func (b *run) verifyStep(ctx context.Context) error {
	r := b.reality
	there := fmt.Sprintf("s3://%s/%s", b.Bucket, b.StateKey)
	if r.remote == nil {
		return b.unproven("there is no state in the bucket", there)
	}
	for _, want := range []*tfstate.Snapshot{r.local, b.journal.Moving} {
		if want.Void() {
			continue
		}
		if r.remote.Lineage != want.Lineage || r.remote.Serial < want.Serial || r.remote.Serial == want.Serial && r.remote.Digest != want.Digest {
			return b.unproven("the state in the bucket is not the one that was to move there",
				fmt.Sprintf("want serial %d, lineage %s, digest %.12s\ngot serial %d, lineage %s, digest %.12s", want.Serial, want.Lineage, want.Digest, r.remote.Serial, r.remote.Lineage, r.remote.Digest))
		}
	}
	arn, err := b.key(ctx)
	if err != nil {
		return err
	}
	if err := b.encrypted(ctx, b.StateKey, "", arn); err != nil {
		return err
	}
	if err := b.lockEncrypted(ctx, arn); err != nil {
		return err
	}
	b.result.Serial, b.result.Lineage, b.result.Digest = r.remote.Serial, r.remote.Lineage, r.remote.Digest
	return nil
}

func (b *run) encrypted(ctx context.Context, key, version, arn string) error {
	o, err := b.cloud.head(ctx, key, version)
	if err != nil {
		return err
	}
	where := fmt.Sprintf("s3://%s/%s", b.Bucket, key)
	if o == nil {
		return b.unproven("it is not there any more", where)
	}
	if o.encryption != "aws:kms" || o.kmsKey != arn {
		return b.unproven("it is not encrypted under the room's key", fmt.Sprintf("%s: %q under %q; want aws:kms under %q", where, o.encryption, o.kmsKey, arn))
	}
	return nil
}

// lockEncrypted checks the lock file that the engine itself wrote: it has
// deleted it since, but the versioned bucket still has it. (The module keeps
// at least the newest versions however old they are.) Where lifecycle rules
// have removed it, the next plan writes another, and is checked.
func (b *run) lockEncrypted(ctx context.Context, arn string) error {
	version, err := b.cloud.latestVersion(ctx, b.cloud.lockKey())
	if err != nil {
		return err
	}
	if version == "" && b.journal.Moving == nil {
		return nil // long ago
	}
	if version == "" {
		return b.unproven("no engine has locked the state", fmt.Sprintf("s3://%s/%s has no versions", b.Bucket, b.cloud.lockKey()))
	}
	return b.encrypted(ctx, b.cloud.lockKey(), version, arn)
}

func (b *run) unproven(what, found string) error {
	return diag.Refuse(&diag.Diagnostic{
		Rule: "bootstrap-verify", Summary: "the move to the bucket is not proven: " + what, Found: found,
		Why: "the local copy stays where it is until it is",
		Fix: "look at the bucket; " + again,
	})
}

// leftovers are the files of the stack's directory that hold a state.
func (b *run) leftovers() ([]string, error) {
	var all []string
	for _, pattern := range []string{
		localFile, backupFile, localFile + ".[0-9]*.backup", localFile + ".damaged-*", "." + localFile + ".lock.info",
		erroredFile, erroredFile + ".damaged-*",
	} {
		paths, err := globIn(b.Stack, pattern)
		if err != nil {
			return nil, err
		}
		all = append(all, paths...)
	}
	return all, nil
}

func (b *run) cleanDone(context.Context) (bool, error) {
	left, err := b.leftovers()
	return len(left) == 0 && b.journal.Finished, err
}

// cleanStep removes what is in the bucket now. A state that describes more than
// that is kept.
func (b *run) cleanStep(context.Context) error {
	left, err := b.leftovers()
	if err != nil {
		return err
	}
	for _, path := range left {
		s, err := readLocal(path)
		if err != nil && !errors.Is(err, errDamaged) {
			return err
		}
		if !b.reality.remote.Covers(s) {
			b.Note("kept " + path + ": it describes something that the state in the bucket does not")
			continue
		}
		if err := remove(path); err != nil {
			return err
		}
		b.result.Changed = true
	}
	b.journal.Finished, b.journal.Moving = true, nil
	return b.journal.save(b.Options)
}
