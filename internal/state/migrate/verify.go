package migrate

import (
	"context"
	"fmt"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// verifyStep reads both places again, without the engine, and compares.
func (m *move) verifyStep(ctx context.Context) error {
	if err := m.look(ctx, false); err != nil {
		return err
	}
	for _, s := range m.states {
		if empty(s.before) {
			if !empty(s.there) {
				return m.unproven(s, "it has something that the source has not")
			}
			continue
		}
		if s.there == nil {
			return m.unproven(s, "it is not there")
		}
		if s.there.Lineage != s.before.Lineage || s.there.Serial < s.before.Serial {
			return m.unproven(s, "it is another state, or an older one")
		}
		if !s.there.Encrypted && !s.before.Encrypted && (s.there.Digest != s.before.Digest || s.there.Resources != s.before.Resources) {
			return m.unproven(s, "it holds something else")
		}
		if err := m.encrypted(ctx, s); err != nil {
			return err
		}
	}
	return m.verifySealed(ctx)
}

// verifySealed compares what only the engine can decrypt. It has copied in this run,
// and so is initialised for the destination: see copyStep.
func (m *move) verifySealed(ctx context.Context) error {
	if !m.sealed() {
		return nil
	}
	there, err := m.pull(ctx, func(s *state) bool { return s.there != nil })
	if err != nil {
		return err
	}
	for _, s := range m.states {
		if empty(s.before) {
			continue
		}
		want, err := content(s.before, m.opened[s.name])
		if err != nil {
			return err
		}
		got, err := content(s.there, there[s.name])
		if err != nil {
			return err
		}
		if got.Digest != want.Digest || got.Resources != want.Resources {
			return m.unproven(s, "decrypted, it holds something else")
		}
	}
	return nil
}

// encrypted checks how the destination encrypts a state.
func (m *move) encrypted(ctx context.Context, s *state) error {
	if m.to.block.Encryption != nil && !s.there.Encrypted {
		return m.unproven(s, "OpenTofu did not encrypt it, and the spec has client_encryption = true")
	}
	if m.to.block.S3 == nil {
		return nil
	}
	info, err := m.to.bucket(s.name).Head(ctx)
	if err != nil {
		return err
	}
	if info != nil {
		m.encryption[s.name] = info.Encryption
	}
	if m.to.block.S3.KMSKeyARN == "" {
		return nil
	}
	if info == nil || info.Encryption.Algorithm != "aws:kms" || info.Encryption.KeyARN != m.to.block.S3.KMSKeyARN {
		return diag.Refuse(&diag.Diagnostic{
			Rule: "state-migrate-verify", Summary: fmt.Sprintf("the move of %s to %s is not proven: it is not encrypted under the environment's key", m.from.where(s.name), m.to.where(s.name)),
			Found: fmt.Sprintf("%q under %q; want aws:kms under %q", m.encryption[s.name].Algorithm, m.encryption[s.name].KeyARN, m.to.block.S3.KMSKeyARN),
			Why:   "an engine does not write a state that is there already, from an earlier move; the source is as it was",
			Fix:   "put it under the key, and run this again: strongroom state rekey --env " + m.Environment + " --stack " + m.Stack,
		})
	}
	return nil
}

func (m *move) unproven(s *state, what string) error {
	return diag.Refuse(&diag.Diagnostic{
		Rule: "state-migrate-verify", Summary: fmt.Sprintf("the move of %s to %s is not proven: %s", m.from.where(s.name), m.to.where(s.name), what),
		Found: fmt.Sprintf("%s: %s\n%s: %s", m.from.where(s.name), s.before.Summary(), m.to.where(s.name), s.there.Summary()),
		Why:   "the source is as it was, and stays the stack's until the destination is proven",
		Fix:   "look at both places; " + again,
	})
}
