package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// erroredFile is where an engine leaves a state that its backend did not take.
const erroredFile = "errored.tfstate"

// backupFile is what the local backend keeps of the state before a command.
const backupFile = localFile + ".backup"

// prepareStep makes the stack ready for engine commands where its state lives
// now: the backend block, locks of engines that died, states that they left
// beside the path.
func (b *run) prepareStep(ctx context.Context) error {
	if err := remove(b.stack(adoptFile)); err != nil { // of a run that was killed
		return err
	}
	if err := remove(b.planFile()); err != nil {
		return err
	}
	if err := b.mendLocal(); err != nil {
		return err
	}
	if err := b.releaseLock(ctx); err != nil {
		return err
	}
	if b.midway() {
		return nil // the migrate step initialises the engine
	}
	if b.reality.remoteHome() {
		arn, err := b.key(ctx)
		if err != nil {
			return err
		}
		if err := toS3(b.Options, b.places()[0], arn); err != nil {
			return err
		}
	} else if b.reality.backend != "local" {
		if err := toLocal(b.Options); err != nil {
			return err
		}
	}
	// Nothing is to be copied here, whatever the engine was initialised for
	// before: where the state lives was decided above.
	initialise := b.Engine.Reconfigure
	if b.reality.remoteHome() {
		initialise = b.initBucket
	}
	if err := b.watched(ctx, initialise); err != nil {
		return err
	}
	if err := b.look(ctx); err != nil {
		return err
	}
	if err := b.takeErrored(ctx); err != nil {
		return err
	}
	return b.untaint(ctx)
}

// untaint keeps what an interrupted apply made and did not see to its end (the
// provider waits ten seconds for a new key to settle). An engine marks it for
// replacement, which would lose a bucket or a key, and which prevent_destroy
// refuses. The next plan reads it anew and brings it to what the stack says.
func (b *run) untaint(ctx context.Context) error {
	home := b.reality.local
	if b.reality.remoteHome() {
		home = b.reality.remote
	}
	if home == nil || len(home.Tainted) == 0 || b.journal.Began.IsZero() {
		return nil
	}
	for _, address := range home.Tainted {
		if err := b.locking(ctx, func(ctx context.Context) error { return b.Engine.Untaint(ctx, address) }); err != nil {
			return err
		}
	}
	b.Note(fmt.Sprintf("kept what an interrupted apply had made: %s", strings.Join(home.Tainted, ", ")))
	return b.look(ctx)
}

// midway reports whether the stack is applied and its state on its way to the
// bucket, or there with the local copy still here: what is left is to finish that.
func (b *run) midway() bool {
	return b.journal.Applied && !b.journal.Finished && b.reality.backend == "s3" && !b.reality.local.Void()
}

// key returns the ARN of the key of the room's states.
func (b *run) key(ctx context.Context) (string, error) {
	if b.keyARN != "" {
		return b.keyARN, nil
	}
	arn, err := b.cloud.keyARN(ctx, b.KeyAlias)
	if err != nil {
		return "", err
	}
	if arn == "" {
		return "", &diag.Diagnostic{
			Rule: "bootstrap-key-missing", Summary: fmt.Sprintf("account %s has no key %s in %s", b.Account, b.KeyAlias, b.Region),
			Why: "the state is encrypted under that key, and the stack is to make it",
			Fix: "check that \"key_alias\" in strongroom.hcl and the stack agree; strongroom init writes both",
		}
	}
	b.keyARN, b.result.KMSKeyARN = arn, arn
	return arn, nil
}

// mendLocal sets a local state aside that breaks off in the middle: an engine
// writes it in place, so one that is killed may leave half of it. The backup,
// if it is whole, takes its place; what the state then does not know is found
// in the account and adopted.
func (b *run) mendLocal() error {
	path := b.stack(localFile)
	if _, err := readLocal(path); !errors.Is(err, errDamaged) {
		return err
	}
	aside, err := setAside(path, "damaged")
	if err != nil {
		return err
	}
	note := "the local state was damaged; it is kept as " + filepath.Base(aside)
	if s, err := readLocal(b.stack(backupFile)); err == nil && s != nil {
		raw, err := os.ReadFile(b.stack(backupFile))
		if err != nil {
			return err
		}
		if err := b.write(path, raw); err != nil {
			return err
		}
		note += fmt.Sprintf(", and its backup (serial %d) is used", s.Serial)
		b.reality.local = s
	}
	b.Note(note + "; what it does not know will be found and adopted")
	return nil
}

// setAside renames a file to the first free name PATH.WHY-N.
func setAside(path, why string) (string, error) {
	for n := 1; ; n++ {
		to := fmt.Sprintf("%s.%s-%d", path, why, n)
		if !exists(to) {
			return to, os.Rename(path, to)
		}
	}
}

// takeErrored brings home a state that an engine could not write to its backend.
func (b *run) takeErrored(ctx context.Context) error {
	path := b.stack(erroredFile)
	left, err := readLocal(path)
	if err != nil || left == nil {
		if errors.Is(err, errDamaged) {
			_, err = setAside(path, "damaged")
		}
		return err
	}
	home := b.reality.local
	if b.reality.remoteHome() {
		home = b.reality.remote
	}
	switch {
	case home != nil && home.Lineage != left.Lineage && !home.Void():
		return diag.Refuse(&diag.Diagnostic{
			Rule: "bootstrap-two-states", Summary: "an engine left a state here that is of another origin than the room's", Found: path,
			Why: "pushing it would lose what the room's state knows", Fix: "move it away: mv " + path + " /somewhere/safe",
		})
	case home != nil && home.Lineage == left.Lineage && home.Serial >= left.Serial:
		return remove(path) // it arrived, or was overtaken
	}
	if err := b.locking(ctx, func(ctx context.Context) error { return b.Engine.StatePush(ctx, path) }); err != nil {
		return err
	}
	if err := b.look(ctx); err != nil {
		return err
	}
	b.Note("took over the state that an engine had left in " + erroredFile)
	return remove(path)
}
