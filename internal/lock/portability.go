package lock

import (
	"context"
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Place is where a state of the scenario "portability" is on its way.
type Place string

// The places, in the order of the way.
const (
	// Local is a file in the stack's directory.
	Local Place = "a local file"
	// InS3 is the state bucket, under the environment's key.
	InS3 Place = "S3"
	// InGitLab is the project's states in GitLab.
	InGitLab Place = "GitLab"
	// BackInS3 is the state bucket again.
	BackInS3 Place = "S3 again"
)

// Way is the places in their order.
func Way() []Place { return []Place{Local, InS3, InGitLab, BackInS3} }

// Journey is a stack whose state travels, with one engine.
type Journey interface {
	// Engine is its name and version.
	Engine() string
	// Key is the object key of its state.
	Key() string
	// To brings the state to a place: from where it is if that is before the place, else
	// from the beginning, in a fresh directory and with nothing left anywhere.
	To(ctx context.Context, p Place) error
	// Hop runs the command that moves the state to the next place, with set on top of
	// the environment, and returns what it answered.
	Hop(ctx context.Context, set ...string) (Ran, error)
	// Began is what the state was when it was first written.
	Began() *tfstate.Snapshot
	// Read is what the state is at a place, past the engines; nil: there is none.
	Read(ctx context.Context, p Place) (*tfstate.Snapshot, error)
	// Meddle writes a state without resources over the one at a place.
	Meddle(ctx context.Context, p Place) error
	// Lose deletes the state at a place; putBack writes it again.
	Lose(ctx context.Context, p Place) (putBack func() error, err error)
	// Plan plans the stack where it is, with set on top of the environment, and returns
	// the changes, or what the engine refused it with.
	Plan(ctx context.Context, set ...string) (changes []string, refusal string, err error)
	// Lock takes the state's lock at a place as somebody else.
	Lock(ctx context.Context, p Place) (release func() error, err error)
	// Ask makes a request to GitLab about the state, and undoes what was let through.
	// As is whose token it carries; nil: none.
	Ask(ctx context.Context, r Request, as *Member) (status int, err error)
}

// Request is what somebody asks of GitLab about a state.
type Request string

// The requests, each with another right.
const (
	ReadState     Request = "GET the state"
	ReadVersion   Request = "GET a version of the state"
	WriteState    Request = "POST the state"
	LockState     Request = "POST the lock"
	UnlockState   Request = "DELETE the lock, which a maintainer holds"
	DeleteVersion Request = "DELETE a version of the state"
	DeleteState   Request = "DELETE the state"
)

// Member is somebody in GitLab, with a token.
type Member struct{ User, Token string }

// Portability returns the locks of the scenario "portability", in the order they are
// shown. w's journeys are those of the engines that were found.
func Portability(w *World) []*Lock {
	return []*Lock{
		hop(w, "portability-local-to-s3", InS3),
		portabilityWithoutDecrypt(w),
		lockHeld(w, "portability-s3-lock", InS3),
		wrongTokenMoves(w),
		hop(w, "portability-s3-to-gitlab", InGitLab),
		gitlabMembers(w),
		lockHeld(w, "portability-gitlab-lock", InGitLab),
		hop(w, "portability-gitlab-to-s3", BackInS3),
		sourcesStay(w),
	}
}

// before is the place before p.
func before(p Place) Place {
	way := Way()
	for i := range way {
		if way[i] == p && i > 0 {
			return way[i-1]
		}
	}
	return way[0]
}

// hop is the claim that a state is the same after it was moved to a place.
func hop(w *World, id string, to Place) *Lock {
	l := &Lock{
		ID:       id,
		Claim:    fmt.Sprintf("A state that goes from %s to %s is the same there: lineage, resources, contents, and no lower serial; and the next plan has nothing to do.", before(to), to),
		Enforced: "strongroom state migrate, by each engine's own init -migrate-state",
		TakeOff: func(_ context.Context, w *World) (func() error, error) {
			w.meddled = to
			return func() error { w.meddled = ""; return nil }, nil
		},
	}
	for _, j := range w.Journeys {
		l.Attacks = append(l.Attacks, Attack{Kind: KindCheck, By: j.Engine(), Request: fmt.Sprintf("strongroom state migrate from %s to %s", before(to), to), Do: func(ctx context.Context, w *World) (Outcome, error) {
			if err := j.To(ctx, before(to)); err != nil {
				return Outcome{}, err
			}
			ran, err := j.Hop(ctx)
			if err != nil {
				return Outcome{}, err
			}
			if o := ran.answered(0); !o.Refused {
				return o, nil
			}
			if w.meddled == to {
				if err := j.Meddle(ctx, to); err != nil {
					return Outcome{}, err
				}
			}
			return w.arrived(ctx, j, to)
		}})
	}
	return l
}

// arrived answers whether the state at a place is the one that set out. A refused
// outcome is a claim that holds.
func (w *World) arrived(ctx context.Context, j Journey, at Place) (Outcome, error) {
	began := j.Began()
	now, err := j.Read(ctx, at)
	if err != nil {
		return Outcome{}, err
	}
	broken := ""
	switch {
	case now == nil:
		broken = "there is no state"
	case now.Lineage != began.Lineage:
		broken = "it has another lineage"
	case now.Serial < began.Serial:
		broken = fmt.Sprintf("its serial is %d and was %d", now.Serial, began.Serial)
	case now.Resources != began.Resources:
		broken = fmt.Sprintf("it has %d resources and had %d", now.Resources, began.Resources)
	case now.Digest != began.Digest:
		broken = "it has other contents"
	}
	if broken != "" {
		return Outcome{Answer: "not the same state", DecidedBy: broken}, nil
	}
	changes, said, err := j.Plan(ctx)
	switch {
	case err != nil:
		return Outcome{}, err
	case said != "":
		return Outcome{Answer: "the plan fails", DecidedBy: quoteEngine(said)}, nil
	case len(changes) > 0:
		return Outcome{Answer: fmt.Sprintf("%d changes planned", len(changes)), DecidedBy: strings.Join(changes[:min(len(changes), 5)], "; ")}, nil
	}
	return Outcome{Answer: "the same state", Refused: true, DecidedBy: fmt.Sprintf("serial %d, %d resources, the same lineage and digest, no changes planned", now.Serial, now.Resources)}, nil
}
