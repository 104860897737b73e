package oidc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// projects are the kinds of project there are: the forges' public hosts, hosts of
// one's own, and both formats of subjects.
var projects = map[string]oidc.Project{
	"gitlab":      {Path: "acme/infra"},
	"subgroup":    {Path: "acme/platform/infra", Branch: "trunk", ProjectID: "4711", NamespaceID: "42"},
	"own host":    {Path: "acme/infra", Issuer: "https://git.acme.example"},
	"same names":  {Path: "mallory/other", Branch: "release"},
	"github":      {Forge: "github", Path: "acme/infra"},
	"immutable":   {Forge: "github", Path: "acme/infra", Immutable: true, OwnerID: "12", RepositoryID: "34"},
	"enterprise":  {Forge: "github", Path: "acme/infra", Issuer: oidc.GitHubIssuer + "/acme-corp"},
	"data region": {Forge: "github", Path: "acme/infra", Issuer: "https://token.actions.acme.ghe.com"},
}

// Every shape says what it is, and the forge issues its token.
func TestAround(t *testing.T) {
	for name, p := range projects {
		t.Run(name, func(t *testing.T) {
			full, shapes, err := oidc.Around(p)
			if err != nil {
				t.Fatal(err)
			}
			seen, subjects := map[string]bool{}, map[string]string{}
			var ids []string
			for _, s := range shapes {
				if seen[s.ID] || s.ID == "" || s.Label == "" || s.By == "" || s.Who == "" || s.Group == "" || len(s.Tokens) == 0 {
					t.Errorf("shape %+v is there twice or says too little", s)
				}
				seen[s.ID] = true
				ids = append(ids, s.ID)
				for _, r := range s.Tokens {
					_, claims, err := r.Claims(time.Time{})
					if err != nil {
						t.Fatalf("%s: %v", s.ID, err)
					}
					own := claims["iss"] == full.Issuer && claims["aud"] == full.Audience
					sub := claims["sub"].(string)
					// A subject of the reusable workflow alone is the same for all its
					// callers: that is what is wrong with it.
					if s.Group == oidc.OfOthers && own && subjects[sub] != "" && s.ID != "other-caller" {
						t.Errorf("%s has the subject %q of the project's own %s", s.ID, sub, subjects[sub])
					}
					if s.Group == oidc.OfProject && own {
						subjects[sub] = s.ID
					}
				}
			}
			if got, want := strings.Join(oidc.ShapeIDs(full.Forge), " "), strings.Join(ids, " "); got != want {
				t.Errorf("ShapeIDs = %s\nwant %s", got, want)
			}
		})
	}
	if oidc.ShapeIDs("bitbucket") != nil {
		t.Error("there are shapes of a forge that is not known")
	}
}

// The IDs that a spec gives are in the project's own tokens and in nobody else's.
func TestAroundKeepsIDs(t *testing.T) {
	for name, want := range map[string]map[string]string{
		"subgroup":  {"project_id": "4711", "namespace_id": "42"},
		"immutable": {"repository_id": "34", "repository_owner_id": "12"},
	} {
		_, shapes, err := oidc.Around(projects[name])
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range shapes {
			_, claims, err := s.Tokens[0].Claims(time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			for claim, id := range want {
				group := strings.Contains(claim, "namespace") || strings.Contains(claim, "owner")
				switch {
				case s.Group == oidc.OfProject && claims[claim] != id:
					t.Errorf("%s of %s: %s = %v, want %s", s.ID, name, claim, claims[claim], id)
				case s.Group == oidc.OfOthers && s.ID != "wrong-audience" && !group && claims[claim] == id:
					t.Errorf("%s of %s has the project's %s", s.ID, name, claim)
				case s.Who == oidc.Anyone && group && claims[claim] == id:
					t.Errorf("%s of %s has the group's %s", s.ID, name, claim)
				}
			}
		}
	}
}

func TestAroundRefuses(t *testing.T) {
	for want, p := range map[string]oidc.Project{
		`forge "bitbucket"`:         {Forge: "bitbucket", Path: "a/b"},
		`project ""`:                {},
		`project "acme/*"`:          {Path: "acme/*"},
		`project "a/b/c"`:           {Forge: "github", Path: "a/b/c"},
		`branch "refs/heads/main"`:  {Path: "a/b", Branch: "refs/heads/main"},
		`tag "v 1"`:                 {Path: "a/b", Tag: "v 1"},
		`environment "a:b"`:         {Path: "a/b", Environment: "a:b"},
		"GitLab has no immutable":   {Path: "a/b", Immutable: true},
		"GitHub has no project ID":  {Forge: "github", Path: "a/b", ProjectID: "1"},
		`issuer "http://a.example"`: {Path: "a/b", Issuer: "http://a.example"},
	} {
		if _, _, err := oidc.Around(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Around(%+v) = %v, want an error about %s", p, err, want)
		}
	}
}
