package trust

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/policy"
)

// OfRoom is the question that a room asks: the roles that its module
// automation-iam makes, the project that its spec names, and what the spec
// expects, or else what the roles' subjects say.
func OfRoom(r *room.Room) (Question, error) {
	q := Question{Expect: map[string]*Expectation{}}
	f := r.Forge
	plan, err := roomRole(r, r.PlanRole(), r.Automation.PlanSubjects)
	if err != nil {
		return q, err
	}
	apply, err := roomRole(r, r.ApplyRole(), r.Automation.ApplySubjects)
	if err != nil {
		return q, err
	}
	apply.Writes = true
	q.Roles = []*Role{plan, apply}
	// What may apply is what the project protects, so its refs come first.
	q.Project, q.Assumed, err = Guess(oidc.Project{
		Forge: f.Kind, Issuer: f.Issuer, Path: f.Project, Audience: f.Audience,
		Immutable: f.OwnerID != "", OwnerID: f.OwnerID, RepositoryID: f.RepositoryID,
	}, []*Role{apply, plan})
	if err != nil {
		return q, err
	}
	for _, role := range []struct {
		of, name string
		subjects []string
		writes   bool
	}{
		{"plan", plan.Name, r.Automation.PlanSubjects, false},
		{"apply", apply.Name, r.Automation.ApplySubjects, true},
	} {
		i := slices.IndexFunc(r.Automation.Expectations, func(e *room.Expectation) bool { return e.Role == role.of })
		if i >= 0 {
			q.Expect[role.name] = &Expectation{Admit: r.Automation.Expectations[i].Admit, Written: true}
			continue
		}
		if q.Expect[role.name], err = Derive(q.Project, role.subjects, role.writes); err != nil {
			return q, err
		}
	}
	return q, nil
}

// roomRole is a role as modules/automation-iam makes it.
func roomRole(r *room.Room, name string, subjects []string) (*Role, error) {
	issuer := strings.TrimPrefix(r.Forge.Issuer, "https://")
	type statement struct {
		Sid, Effect, Action string
		Principal           map[string]string
		Condition           map[string]map[string]any
	}
	document := struct {
		Version   string
		Statement []statement
	}{Version: "2012-10-17"}
	var exact, patterns []string
	for _, s := range subjects {
		if strings.ContainsAny(s, "*?") {
			patterns = append(patterns, s)
		} else {
			exact = append(exact, s)
		}
	}
	for _, s := range []struct {
		sid, operator string
		subjects      []string
	}{{"ForgeExact", "StringEquals", exact}, {"ForgePattern", "StringLike", patterns}} {
		if len(s.subjects) == 0 {
			continue
		}
		slices.Sort(s.subjects)
		condition := map[string]map[string]any{"StringEquals": {issuer + ":aud": r.Forge.Audience}}
		if condition[s.operator] == nil {
			condition[s.operator] = map[string]any{}
		}
		condition[s.operator][issuer+":sub"] = s.subjects
		document.Statement = append(document.Statement, statement{
			Sid: s.sid, Effect: "Allow", Action: assumeAction,
			Principal: map[string]string{"Federated": "arn:aws:iam::" + r.Account + ":oidc-provider/" + issuer},
			Condition: condition,
		})
	}
	src, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	p, err := policy.Parse(name, src, policy.Trust)
	if err != nil {
		return nil, fmt.Errorf("the trust policy of %s: %w", name, err)
	}
	return &Role{
		Name: name, ARN: "arn:aws:iam::" + r.Account + ":role/" + name, Account: r.Account, Policy: p,
		Clients: map[string][]string{issuer: {r.Forge.Audience}},
	}, nil
}
