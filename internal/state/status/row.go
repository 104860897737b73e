package status

import (
	"time"

	"github.com/strongroom-dev/strongroom/internal/state/verify"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Row is one state. Of what is not known a text says why; the fields beside it are
// then empty, or nil.
type Row struct {
	Environment string `json:"environment"`
	Stack       string `json:"stack"`
	Workspace   string `json:"workspace"`
	// Backend is "s3", "http", "local"; Where the place.
	Backend string `json:"backend"`
	Where   string `json:"where"`
	// Exists is "yes", "no" or "unknown", with Why.
	Exists string `json:"exists"`
	Why    string `json:"why"`
	// Size is in bytes; nil: not told.
	Size *int64 `json:"size"`
	// Modified is when the place says it was written; nil: not told.
	Modified *time.Time `json:"modified"`
	// Contents is what was read of the state.
	Contents Contents `json:"contents"`
	// Writer is who wrote it last.
	Writer Writer `json:"last_writer"`
	// Encryption is how the place encrypts it; Client is whether OpenTofu did before.
	Encryption statestore.Encryption `json:"encryption"`
	Client     bool                  `json:"client_encryption"`
	Lock       Lock                  `json:"lock"`
	Versions   Versions              `json:"versions"`
	Principal  Principal             `json:"principal"`
	// Drift is where it is not as the spec says, a sentence each.
	Drift []string `json:"drift"`
	// Doubts are what could not be told of that.
	Doubts []string `json:"doubts"`

	// shared are those of Doubts that are about the whole environment.
	shared []string
}

// Doubt adds what could not be told of the row's whole environment.
func (r *Row) Doubt(why string) { r.Doubts, r.shared = append(r.Doubts, why), append(r.shared, why) }

// Contents is what a state holds, without what it holds.
type Contents struct {
	Serial    *uint64 `json:"serial"`
	Lineage   string  `json:"lineage"`
	Resources *int    `json:"resources"`
	Engine    string  `json:"terraform_version"`
	// Unknown is why nothing is known: it may not be read, or decrypted.
	Unknown string `json:"unknown"`
}

// Writer is who wrote a state last, as the audit trail has it.
type Writer struct {
	Who  string     `json:"who"`
	When *time.Time `json:"when"`
	// Event is S3's name of the request.
	Event   string `json:"event"`
	Unknown string `json:"unknown"`
}

// Lock is who has the lock of a state.
type Lock struct {
	// Held is "yes", "no" or "unknown". "left" is a lock file that a killed process left,
	// and that holds nobody up.
	Held      string     `json:"held"`
	ID        string     `json:"id"`
	Who       string     `json:"who"`
	Operation string     `json:"operation"`
	Since     *time.Time `json:"since"`
	Unknown   string     `json:"unknown"`
}

// Versions are the states that are kept.
type Versions struct {
	// Kept counts states, Deleted the marks that one was deleted; nil: not counted.
	Kept    *int `json:"kept"`
	Deleted *int `json:"delete_markers"`
	// Under counts them by how they are encrypted; empty unless that was asked for.
	Under   []Under `json:"under"`
	Unknown string  `json:"unknown"`
}

// Under is how many versions are encrypted in one way.
type Under struct {
	Encryption string `json:"encryption"`
	Count      int    `json:"count"`
}

// Principal is whether the environment's principal can read the state.
type Principal struct {
	Reads verify.Status `json:"reads"`
	// Decided is true of an answer that was worked out and not tried.
	Decided bool   `json:"decided"`
	Detail  string `json:"detail"`
}

func (r *Row) lock(l *tfstate.LockInfo, held string) {
	r.Lock = Lock{Held: held, ID: l.ID, Who: l.Who, Operation: l.Operation}
	if !l.Created.IsZero() {
		at := l.Created.UTC()
		r.Lock.Since = &at
	}
}
