package lock

import (
	"context"
	"strings"
)

func impossibleSubject() *Lock {
	attack := func(by, request string, subject func(*World) string) Attack {
		return Attack{By: by, Request: request, Do: func(ctx context.Context, w *World) (Outcome, error) {
			refusal, err := w.Trust(ctx, subject(w), w.uncheckedTrust)
			if err != nil {
				return Outcome{}, err
			}
			if !strings.Contains(refusal, subject(w)) {
				return Outcome{Answer: "planned", DecidedBy: "no rule on subjects"}, nil
			}
			return Outcome{Answer: "plan refused", Refused: true, DecidedBy: quoteEngine(reason(refusal, subject(w)))}, nil
		}}
	}
	return &Lock{
		ID:       "impossible-subject",
		Claim:    "A trust pattern that no token can match is caught before it is applied, with the reason.",
		Enforced: "modules/automation-iam/subjects.json, checked by the precondition in main.apply.tf",
		Attacks: []Attack{
			attack("a hasty colleague", "plan of an apply role that trusts a subject no token has", impossible),
		},
		TakeOff: func(_ context.Context, w *World) (func() error, error) {
			w.uncheckedTrust = true
			return func() error { w.uncheckedTrust = false; return nil }, nil
		},
	}
}

// impossible is the subject that cost the afternoon: GitLab's ref_type is
// branch or tag, a merge request's pipeline carries its source branch; GitHub's
// pull requests have no ref in their subject.
func impossible(w *World) string {
	if w.Forge == "github" {
		return "repo:" + w.Project + ":pull_request:ref:refs/heads/" + w.Branch
	}
	return "project_path:" + w.Project + ":ref_type:mr:ref:" + w.Branch
}

// reason returns the line of the refusal that names the subject, and what
// follows on it.
func reason(refusal, subject string) string {
	at := strings.Index(refusal, subject)
	if at < 0 {
		return refusal
	}
	return strings.TrimPrefix(refusal[at+len(subject):], `": `)
}
