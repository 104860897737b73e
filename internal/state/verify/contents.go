package verify

import (
	"errors"
	"fmt"

	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// reads reads the state, as its owner and as its principal, and compares what it
// holds with what it was.
func (k *check) reads() {
	raw, err := k.place.Read(k.ctx, k.want.Version)
	principal, with := k.principalReads()
	if err != nil && with != nil {
		raw, err = with, nil // the owner of the account need not be able to decrypt
	}
	k.contents(raw, err)
	k.Findings = append(k.Findings, principal...)
}

func (k *check) contents(raw []byte, err error) {
	if err != nil {
		k.unreadable(Contents, err)
		return
	}
	now, err := tfstate.Read(raw)
	if err != nil {
		k.add(Contents, Failed, "go back to the version before: strongroom state history --env "+k.e.Name, "%s", err)
		return
	}
	k.Snapshot = now
	if k.Room.State.ClientEncryption && !now.Encrypted {
		k.add(Contents, Failed, "apply it once with the encryption block of: strongroom state backend --env "+k.e.Name, "OpenTofu did not encrypt it, and the spec has client_encryption = true")
		return
	}
	before := k.want.Before
	switch {
	case before == nil:
		k.add(Contents, OK, "", "%s", describe(now))
	case now.Lineage != before.Lineage:
		k.add(Contents, Failed, back(k), "it is another state: the lineage is %q, and was %q", now.Lineage, before.Lineage)
	case now.Serial < before.Serial || k.want.Exact && now.Serial != before.Serial:
		k.add(Contents, Failed, back(k), "the serial is %d, and was %d", now.Serial, before.Serial)
	case before.Encrypted != now.Encrypted || now.Encrypted && now.Digest != before.Digest && !k.want.Exact:
		// The ciphertext is another after each write, so that it proves nothing.
		k.add(Contents, OK, "", "%s, the lineage it had; OpenTofu encrypted it, so its contents cannot be compared", describe(now))
	case now.Digest != before.Digest:
		k.add(Contents, Failed, back(k), "it holds something else than before: %s, where there was %s", describe(now), describe(before))
	default:
		k.add(Contents, OK, "", "%s, as before", describe(now))
	}
}

func back(k *check) string {
	return "see its versions, and go back to one: strongroom state history --env " + k.e.Name + " --stack " + k.t.Stack.Name
}

func describe(s *tfstate.Snapshot) string {
	if s.Encrypted {
		return fmt.Sprintf("serial %d, encrypted by OpenTofu", s.Serial)
	}
	if s.Resources == 1 {
		return fmt.Sprintf("serial %d, 1 resource", s.Serial)
	}
	return fmt.Sprintf("serial %d, %d resources", s.Serial, s.Resources)
}

// unreadable says why a state was not read: a key that is off, or that is gone, is a
// no; a refusal of somebody who need not be able to read it is not.
func (k *check) unreadable(what string, err error) {
	switch code := statestore.Code(err); {
	case errors.Is(err, statestore.ErrNone):
		k.add(what, Failed, "", "it is not there any more")
	case code == "KMS.DisabledException" || code == "KMS.KMSInvalidStateException" || code == "KMS.NotFoundException":
		k.add(what, Failed, "", "it cannot be decrypted by anybody: %s", cause(err))
	case code == "AccessDenied":
		k.add(what, Unknown, "name somebody who may kms:Decrypt: --profile PROFILE, or --principal-profile "+k.e.Name+"=PROFILE", "it cannot be read: %s", cause(err))
	default:
		k.add(what, Unknown, "", "it cannot be read: %s", cause(err))
	}
}
