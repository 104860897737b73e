package audit

import (
	"context"

	"github.com/strongroom-dev/strongroom/internal/room"
)

// Check is one claim, and how it is checked.
type Check struct {
	// Lock is the ID of the lock whose claim it is.
	Lock string
	// Claim is one English sentence about what is in the account: the part of the
	// lock's claim that can be read there.
	Claim string
	// Without says why a room has nothing of what the claim is about; "" when it
	// has. Nil: every room has.
	Without func(r *room.Room) string
	// Do reads, and tells f what falls short. An error means that the claim could
	// not be checked to its end; what was found before is kept.
	Do func(ctx context.Context, a *Account, f *Finder) error
}

// Shortfall is one thing that is not as claimed.
type Shortfall struct {
	// Resource is an ARN, or a name where AWS has no ARN for it.
	Resource string `json:"resource"`
	// Found is what is there, in half a sentence.
	Found string `json:"found"`
	// Mend is the module input, or the file of the spec, that mends it.
	Mend string `json:"mend"`
}

// Finder collects what a check finds. It belongs to one check.
type Finder struct{ shortfalls []Shortfall }

// Short says that a resource is not as claimed.
func (f *Finder) Short(resource, found, mend string) {
	f.shortfalls = append(f.shortfalls, Shortfall{resource, found, mend})
}

// All returns every check, in the order they are shown. A new check is a file
// like check_hardening.go and a line here.
func All() []*Check {
	return []*Check{
		plainHTTP(),
		uploadWithoutSSEKMS(),
		uploadUnderAnotherKey(),
		uploadThatNamesNoKey(),
		readWithoutDecrypt(),
		oldVersions(),
		tokenMatrix(),
		planCannotWrite(),
		noLongLivedKeys(),
		otherEnvironment(),
		operatorMFA(),
		operatorFence(),
		trailStays(),
		baselineStays(),
		logTampering(),
		publicBucket(),
		unencryptedVolume(),
		passwordPolicy(),
		alerts(),
	}
}

// Unaudited are the locks that leave nothing in the account that could be read,
// and why.
var Unaudited = map[string]string{
	"bucket-destroy":      "prevent_destroy stands in the module, not in the account: the engine refuses the plan",
	"second-apply":        "use_lockfile stands in the backend's configuration: the engine takes the lock",
	"log-buckets-destroy": "prevent_destroy stands in the modules, not in the account: the engine refuses the plan",
	"second-plan":         "the engine compares the account with the stacks: strongroom plan does it, an audit has no state",
	"impossible-subject":  "the module refuses to plan such a trust policy: it never reaches the account",
	"other-project":       "told by token-matrix, with all other tokens",
	"branch-for-apply":    "told by token-matrix, with all other tokens",
	"wrong-audience":      "told by token-matrix, with all other tokens",
	"false-tokens":        "STS checks a token's signature and time: nothing in the account could be otherwise",
}
