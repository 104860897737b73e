package lock

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

func portabilityWithoutDecrypt(w *World) *Lock {
	const reader = "a reader with s3:Get* and s3:List* on everything"
	l := &Lock{
		ID:       "portability-without-decrypt",
		Claim:    "A state that came to S3 is under the environment's key: reading every object of the account is not enough to read it.",
		Enforced: "strongroom state backend and migrate, while STATE_KMS_KEY_ID is set; the key's policy",
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			return w.giveRole(ctx, w.ReaderRole, fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":%q}}`, w.Environments[0].KeyARN))
		},
	}
	for _, j := range w.Journeys {
		l.Controls = append(l.Controls, Attack{By: "the state account's owner", Request: "GetObject of " + j.Key(), Do: func(ctx context.Context, w *World) (Outcome, error) {
			if err := j.To(ctx, InS3); err != nil {
				return Outcome{}, err
			}
			return w.getState(ctx, w.operator(), j.Key(), "")
		}}, Attack{By: reader, Request: "GetObject of an object under SSE-S3, and of its version", Do: readsTheRest})
		l.Attacks = append(l.Attacks, Attack{By: reader, Request: "GetObject of " + j.Key(), Do: func(ctx context.Context, w *World) (Outcome, error) {
			return w.getState(ctx, w.s3As(&w.Reader), j.Key(), "")
		}})
	}
	return l
}

// lockHeld is the claim that nobody passes by a lock that somebody holds.
func lockHeld(w *World, id string, at Place) *Lock {
	l := &Lock{
		ID:       id,
		Claim:    fmt.Sprintf("While somebody holds the lock of a state in %s, neither an engine nor a migration passes by it, and the state stays what it is.", at),
		Enforced: "the engines' own lock, which strongroom state migrate takes as they do",
		TakeOff: func(_ context.Context, w *World) (func() error, error) {
			w.unheld = true
			return func() error { w.unheld = false; return nil }, nil
		},
	}
	for _, j := range w.Journeys {
		held := func(do func(ctx context.Context) (Outcome, error)) func(ctx context.Context, w *World) (Outcome, error) {
			return func(ctx context.Context, w *World) (o Outcome, err error) {
				if err := j.To(ctx, at); err != nil {
					return Outcome{}, err
				}
				release, err := j.Lock(ctx, at)
				if err != nil {
					return Outcome{}, err
				}
				if w.unheld { // the mutation: the holder has let go
					err = release()
					release = nothing
				}
				if err == nil {
					o, err = do(ctx)
				}
				return o, errors.Join(err, release())
			}
		}
		l.Attacks = append(l.Attacks,
			Attack{By: j.Engine(), Request: "plan, the lock held by somebody else", Do: held(func(ctx context.Context) (Outcome, error) {
				_, said, err := j.Plan(ctx)
				if err != nil || said == "" {
					return Outcome{Answer: "planned", DecidedBy: "nobody was stopped by the lock"}, err
				}
				if !strings.Contains(said, "Error acquiring the state lock") {
					return Outcome{}, fmt.Errorf("the plan fails for another reason than the lock: %s", quoteEngine(said))
				}
				return Outcome{Answer: "plan refused", Refused: true, DecidedBy: quoteEngine(said)}, nil
			})},
			Attack{By: j.Engine(), Request: "strongroom state migrate, the lock held by somebody else", Do: held(func(ctx context.Context) (Outcome, error) {
				ran, err := j.Hop(ctx)
				if err != nil || ran.Exit == 0 {
					return Outcome{Answer: "migrated", DecidedBy: "nobody was stopped by the lock"}, err
				}
				return w.unmoved(ctx, j, at, ran, " is locked by ")
			})})
	}
	return l
}

// unmoved answers whether a state is still where it was, and the same, after a
// migration that was refused, for the reason that it has to name.
func (w *World) unmoved(ctx context.Context, j Journey, at Place, ran Ran, reason string) (Outcome, error) {
	now, err := j.Read(ctx, at)
	if err != nil {
		return Outcome{}, err
	}
	if now == nil || now.Lineage != j.Began().Lineage || now.Digest != j.Began().Digest {
		return Outcome{Answer: "not the same state", DecidedBy: "the refused migration changed " + string(at)}, nil
	}
	o := ran.naming(ran.Exit, reason)
	if !o.Refused {
		return Outcome{}, fmt.Errorf("the migration fails for another reason than %q: %s", strings.TrimSpace(reason), o.DecidedBy)
	}
	return o, nil
}

func wrongTokenMoves(w *World) *Lock {
	l := &Lock{
		ID:       "portability-wrong-token",
		Claim:    "A migration to GitLab with a token that opens nothing there is refused, and leaves the state in S3 as it is.",
		Enforced: "GitLab's answer 401; strongroom state migrate, which marks the source only after the copy was proven",
		TakeOff: func(_ context.Context, w *World) (func() error, error) {
			w.rightToken = true
			return func() error { w.rightToken = false; return nil }, nil
		},
	}
	for _, j := range w.Journeys {
		l.Attacks = append(l.Attacks, Attack{By: j.Engine(), Request: "strongroom state migrate from S3 to GitLab with a wrong token", Do: func(ctx context.Context, w *World) (Outcome, error) {
			if err := j.To(ctx, InS3); err != nil {
				return Outcome{}, err
			}
			var set []string
			if !w.rightToken {
				set = []string{"TF_HTTP_PASSWORD=glpat-00000000000000000000"}
			}
			ran, err := j.Hop(ctx, set...)
			if err != nil || ran.Exit == 0 {
				return Outcome{Answer: "migrated", DecidedBy: "GitLab took the token"}, err
			}
			return w.unmoved(ctx, j, InS3, ran, "401 Unauthorized")
		}})
	}
	return l
}

// gitlabMembers is who reads and who writes a state in GitLab.
func gitlabMembers(w *World) *Lock {
	l := &Lock{
		ID:       "portability-gitlab-members",
		Claim:    "A state in GitLab is read by the project's developers, and written, locked, unlocked and deleted by its maintainers, by themselves or by their jobs in this project; nobody else has it.",
		Enforced: "GitLab's roles, and the scope of its tokens",
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			var undo []func() error
			for _, role := range []string{"guest", "reporter", "developer"} {
				putBack, err := w.GitLab.Promote(ctx, role)
				if err != nil {
					return nil, err
				}
				undo = append(undo, putBack)
			}
			return func() (err error) {
				for _, putBack := range undo {
					err = errors.Join(err, putBack())
				}
				return err
			}, nil
		},
		// Everybody got hold of a maintainer's token.
		Open: []Opening{{Do: func(context.Context, *World) (func() error, error) {
			w.letIn = true
			return func() error { w.letIn = false; return nil }, nil
		}}},
	}
	for _, j := range w.Journeys {
		ask := func(by string, r Request, member func() (*Member, error), refusals ...int) Attack {
			return Attack{By: by, Request: string(r) + ", of " + j.Engine() + "'s stack", Do: func(ctx context.Context, w *World) (Outcome, error) {
				if err := j.To(ctx, InGitLab); err != nil {
					return Outcome{}, err
				}
				who := member
				if w.letIn {
					who = func() (*Member, error) { return w.GitLab.Member("maintainer") }
				}
				as, err := who()
				if err != nil {
					return Outcome{}, err
				}
				status, err := j.Ask(ctx, r, as)
				if err != nil {
					return Outcome{}, err
				}
				for _, refusal := range refusals {
					if status == refusal {
						return Outcome{Answer: fmt.Sprint(status), Refused: true, DecidedBy: "GitLab: " + http.StatusText(status)}, nil
					}
				}
				if status >= 300 {
					return Outcome{}, fmt.Errorf("answered %d where %d was expected", status, refusals)
				}
				return Outcome{Answer: fmt.Sprint(status), DecidedBy: "GitLab's role of the token's owner"}, nil
			}}
		}
		member := func(role string) func() (*Member, error) {
			return func() (*Member, error) { return w.GitLab.Member(role) }
		}
		job := func(own bool) func() (*Member, error) {
			return func() (*Member, error) { return w.GitLab.Job(own) }
		}
		const forbidden, unauthorized = http.StatusForbidden, http.StatusUnauthorized
		l.Controls = append(l.Controls,
			ask("a developer", ReadState, member("developer"), forbidden),
			ask("a developer", ReadVersion, member("developer"), forbidden),
			ask("a maintainer", ReadState, member("maintainer"), forbidden),
			ask("a maintainer's job in the project", LockState, job(true), forbidden))
		l.Attacks = append(l.Attacks,
			ask("somebody without a token", ReadState, func() (*Member, error) { return nil, nil }, unauthorized),
			ask("somebody with a token of their own making", ReadState, func() (*Member, error) {
				return &Member{User: "maintainer", Token: "glpat-00000000000000000000"}, nil
			}, unauthorized),
			ask("a guest", ReadState, member("guest"), forbidden, http.StatusNotFound),
			ask("a reporter", ReadState, member("reporter"), forbidden),
			ask("a reporter", ReadVersion, member("reporter"), forbidden))
		for _, r := range []Request{WriteState, LockState, UnlockState, DeleteVersion, DeleteState} {
			l.Attacks = append(l.Attacks, ask("a developer", r, member("developer"), forbidden))
		}
		for _, r := range []Request{ReadState, WriteState, LockState, UnlockState, DeleteState} {
			l.Attacks = append(l.Attacks, ask("a maintainer's job in another project", r, job(false), forbidden))
		}
		for _, r := range []Request{WriteState, LockState, UnlockState, DeleteState} {
			l.Attacks = append(l.Attacks, ask("a maintainer's token with the scope read_api", r, w.GitLab.ReadOnly, forbidden))
		}
	}
	return l
}

// sourcesStay is the claim that a migration takes nothing away.
func sourcesStay(w *World) *Lock {
	l := &Lock{
		ID:       "portability-sources-stay",
		Claim:    "Where a state came from it stays readable until somebody retires it: at the end of the way it is still in the file and in GitLab.",
		Enforced: "strongroom state migrate, which deletes nothing without --retire",
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			for _, j := range w.Journeys {
				if err := j.To(ctx, BackInS3); err != nil {
					return nil, err
				}
			}
			return w.Journeys[0].Lose(ctx, InGitLab)
		},
	}
	for _, j := range w.Journeys {
		for _, p := range []Place{Local, InGitLab} {
			l.Attacks = append(l.Attacks, Attack{Kind: KindCheck, By: j.Engine(), Request: "read the state that was left in " + string(p), Do: func(ctx context.Context, w *World) (Outcome, error) {
				if err := j.To(ctx, BackInS3); err != nil {
					return Outcome{}, err
				}
				left, err := j.Read(ctx, p)
				if err != nil {
					return Outcome{}, err
				}
				if left == nil || left.Lineage != j.Began().Lineage || left.Digest != j.Began().Digest {
					return Outcome{Answer: "gone", DecidedBy: "nothing of it is left in " + string(p)}, nil
				}
				return Outcome{Answer: "still there", Refused: true, DecidedBy: fmt.Sprintf("serial %d, the same lineage and digest", left.Serial)}, nil
			}})
		}
	}
	return l
}
