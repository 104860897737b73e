package lock

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/trust"
)

// Cell is what a role answers to the tokens of a shape: in the eyes of the policy
// engine, and of STS.
type Cell struct {
	trust.Cell
	// STS is its answer to each token of the shape, "allowed" or the code of the
	// refusal.
	STS []string `json:"sts"`
	// Agree tells whether engine and STS say the same of each of them.
	Agree bool `json:"agree"`
}

func tokenMatrix() *Lock {
	attack := func(of string, role func(*World) string) Attack {
		return Attack{
			By: "everybody whom a forge gives a token", Request: "AssumeRoleWithWebIdentity of the " + of + " role, with a token of every shape",
			Do: func(ctx context.Context, w *World) (Outcome, error) { return w.tokenMatrix(ctx, role(w)) },
		}
	}
	return &Lock{
		ID:       "token-matrix",
		Claim:    "Of all the tokens that the forges can issue, each role admits those that the spec expects, and no others.",
		Enforced: "modules/automation-iam/main.provider.tf: the trust policies; strongroom.hcl: expect, or else the subjects",
		Controls: []Attack{honestApply()},
		Attacks:  []Attack{attack("plan", planRole), attack("apply", applyRole)},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			pattern := "project_path:*"
			if w.Forge == "github" {
				pattern = "repo:*"
			}
			return w.editTrustPolicy(ctx, w.ApplyRole, subjects(pattern))
		},
	}
}

// tokenMatrix asks the engine about the role as IAM has it, and then STS, with a
// minted token, about the same.
func (w *World) tokenMatrix(ctx context.Context, arn string) (Outcome, error) {
	q, err := trust.OfRoom(w.Room)
	if err != nil {
		return Outcome{}, err
	}
	writes := slices.ContainsFunc(q.Roles, func(r *trust.Role) bool { return r.ARN == arn && r.Writes })
	if q.Roles, _, err = trust.OfAccount(ctx, w.operatorIAM(), []string{nameOf(arn)}); err != nil {
		return Outcome{}, err
	}
	role := q.Roles[0]
	role.Writes = writes
	matrix, err := trust.Ask(q)
	if err != nil {
		return Outcome{}, err
	}
	_, shapes, err := oidc.Around(q.Project)
	if err != nil {
		return Outcome{}, err
	}
	o := Outcome{Refused: true, Cells: []Cell{}}
	counts, by := map[trust.Outcome]int{}, map[string]bool{}
	var apart []string
	for _, s := range shapes {
		c := Cell{Cell: *matrix.Cell(s.ID, role.Name), STS: []string{}, Agree: true}
		for _, t := range s.Tokens {
			answer, agree, err := w.bothSay(ctx, role, t)
			if err != nil {
				return o, fmt.Errorf("a token of the shape %s: %w", s.ID, err)
			}
			c.STS, c.Agree = append(c.STS, answer), c.Agree && agree
		}
		switch {
		case !c.Agree:
			apart = append(apart, fmt.Sprintf("%s: the engine says %s (%s), STS %s", s.ID, c.Verdict, c.DecidedBy, strings.Join(c.STS, ", ")))
		case c.Verdict == trust.Admitted:
			by[c.DecidedBy] = true
		}
		counts[c.Verdict]++
		o.Cells = append(o.Cells, c)
	}
	switch {
	case len(apart) > 0:
		o.Refused, o.Answer, o.DecidedBy = false, "engine and STS disagree", strings.Join(apart, "; ")
	case !matrix.Holds:
		o.Refused, o.Answer = false, fmt.Sprintf("%d surprises", len(matrix.Surprises))
		var told []string
		for _, s := range matrix.Surprises {
			told = append(told, fmt.Sprintf("%s %s (%s; %s)", s.Shape, s.Verdict, s.By, s.DecidedBy))
		}
		o.DecidedBy = strings.Join(told, "; ")
	default:
		o.Answer = fmt.Sprintf("%d admitted, %d refused, as expected", counts[trust.Admitted], counts[trust.Refused])
		if n := counts[trust.Undecided]; n > 0 {
			o.Answer += fmt.Sprintf("; %d cannot be told", n)
		}
		o.DecidedBy = strings.Join(slices.Sorted(maps.Keys(by)), " and ")
	}
	return o, nil
}

// bothSay presents one token to the engine and to STS. They agree if both give a
// session, or both refuse one at the same gate: the identity provider, or the
// trust policy.
func (w *World) bothSay(ctx context.Context, role *trust.Role, t oidc.TokenRequest) (answer string, agree bool, err error) {
	issuer, claims, err := t.Claims(time.Time{})
	if err != nil {
		return "", false, err
	}
	if iss, ok := claims["iss"].(string); ok {
		issuer = iss
	}
	verdict := role.Decide(&trust.Presented{Issuer: issuer, Claims: claims, Session: sessionName})
	token, err := w.Mint(t)
	if err != nil {
		return "", false, err
	}
	_, o, err := w.present(ctx, role.ARN, token)
	if err != nil {
		return "", false, err
	}
	want := "AccessDenied"
	switch {
	case verdict.Admitted:
		want = "allowed"
	case verdict.Obstacle != trust.Clear:
		want = "InvalidIdentityToken"
	}
	return o.Answer, o.Answer == want, nil
}
