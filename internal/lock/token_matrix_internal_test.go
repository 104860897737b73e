package lock

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/trust"
	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox"
)

var matrixRooms = map[string]string{
	"gitlab":           "forge \"gitlab\" {\n  project = \"acme/infra\"\n}\n",
	"self-managed":     "forge \"gitlab\" {\n  project = \"acme/platform/infra\"\n  issuer = \"https://git.acme.example\"\n}\n",
	"github":           "forge \"github\" {\n  project = \"acme/infra\"\n}\n",
	"github-immutable": "forge \"github\" {\n  project = \"acme/infra\"\n  owner_id = \"12\"\n  repository_id = \"34\"\n}\n",
}

// matrixWorld is a room's roles in a sandbox, without the engine that a rehearsal
// makes them with.
func matrixWorld(t *testing.T, forge string) *World {
	t.Helper()
	r, err := room.Parse("strongroom.hcl", []byte("name = \"foundations\"\naccount = \"111122223333\"\nregion = \"eu-west-2\"\n"+forge))
	if err != nil {
		t.Fatal(err)
	}
	q, err := trust.OfRoom(r)
	if err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.Start(t.Context(), sandbox.Options{
		Account: r.Account, Region: r.Region,
		Issuers: []string{"https://git.acme.example", "https://gitlab.example.com", "https://token.actions.example.ghe.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	root, err := box.RootCredentials(r.Account)
	if err != nil {
		t.Fatal(err)
	}
	w := &World{
		Account: r.Account, Region: r.Region, Room: r, Forge: r.Forge.Kind, Project: r.Forge.Project, Branch: "main",
		PlanRole: q.Roles[0].ARN, ApplyRole: q.Roles[1].ARN,
		Operator: aws.Credentials{AccessKeyID: root.AccessKeyID, SecretAccessKey: root.SecretAccessKey, SessionToken: root.SessionToken},
		Decided:  box.Decided, Mint: box.Token,
		Config: func(creds *aws.Credentials) aws.Config {
			if creds == nil {
				cfg := box.Config(sandbox.Credentials{})
				cfg.Credentials = aws.AnonymousCredentials{}
				return cfg
			}
			return box.Config(root)
		},
		Token: func(Token) (string, error) {
			f := r.Forge
			return box.Token(oidc.TokenRequest{
				Forge: f.Kind, Issuer: f.Issuer, Project: f.Project, Audience: []string{f.Audience},
				Immutable: f.OwnerID != "", OwnerID: f.OwnerID, RepositoryID: f.RepositoryID,
			})
		},
	}
	addProvider(t, w, r.Forge.Issuer, r.Forge.Audience)
	for _, role := range q.Roles {
		addRole(t, w, role.Name, string(role.Policy.Source()))
	}
	return w
}

func addProvider(t *testing.T, w *World, issuer, audience string) {
	t.Helper()
	if _, err := w.operatorIAM().CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{audience}}); err != nil {
		t.Fatal(err)
	}
}

func addRole(t *testing.T, w *World, name, document string) {
	t.Helper()
	if _, err := w.operatorIAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &document}); err != nil {
		t.Fatalf("role %s: %v", name, err)
	}
}

// The lock holds in the room of each forge, every token is minted and presented,
// and taking the lock off is noticed.
func TestTokenMatrix(t *testing.T) {
	for name, forge := range matrixRooms {
		t.Run(name, func(t *testing.T) {
			w := matrixWorld(t, forge)
			l := tokenMatrix()
			try := func(when string, holds bool) Result {
				r, err := l.Try(t.Context(), w)
				if err != nil {
					t.Fatalf("%s: %v", when, err)
				}
				if r.Holds != holds || r.Controls[0].Failed {
					t.Fatalf("%s: holds %v, %+v", when, r.Holds, r)
				}
				return r
			}
			shapes := len(oidc.ShapeIDs(w.Forge))
			for _, a := range try("at first", true).Attacks {
				if len(a.Cells) != shapes || !strings.Contains(a.Answer, "as expected") || a.DecidedBy == "" {
					t.Errorf("%d cells of %d shapes: %s, %s", len(a.Cells), shapes, a.Answer, a.DecidedBy)
				}
				for _, c := range a.Cells {
					if !c.Agree || len(c.STS) == 0 {
						t.Errorf("cell %+v", c)
					}
				}
			}
			putBack, err := l.TakeOff(t.Context(), w)
			if err != nil {
				t.Fatal(err)
			}
			off := try("taken off", false).Attacks[1]
			if !off.Failed || !strings.Contains(off.DecidedBy, "stranger admitted (anyone; statement ForgeExact of foundations-apply)") {
				t.Errorf("taken off: %s, %s", off.Answer, off.DecidedBy)
			}
			if err := putBack(); err != nil {
				t.Fatal(err)
			}
			try("put back", true)
		})
	}
}

// An STS that does not do what the engine says is noticed, either way.
func TestTokenMatrixNoticesDisagreement(t *testing.T) {
	w := matrixWorld(t, matrixRooms["gitlab"])
	mint := w.Mint
	for name, swap := range map[string]func(oidc.TokenRequest) oidc.TokenRequest{
		"STS admits what the engine refuses": func(r oidc.TokenRequest) oidc.TokenRequest {
			r.Project = "acme/infra"
			return r
		},
		"STS refuses what the engine admits": func(r oidc.TokenRequest) oidc.TokenRequest {
			if r.Project == "acme/infra" && r.Source == "schedule" {
				r.Project = "mallory/infra"
			}
			return r
		},
		"STS refuses at another gate": func(r oidc.TokenRequest) oidc.TokenRequest {
			if r.Project == "mallory/anything" {
				r.Audience = []string{"https://elsewhere.example.com"}
			}
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.Mint = func(r oidc.TokenRequest) (string, error) { return mint(swap(r)) }
			o, err := w.tokenMatrix(t.Context(), w.ApplyRole)
			if err != nil {
				t.Fatal(err)
			}
			if o.Refused || o.Answer != "engine and STS disagree" {
				t.Errorf("outcome %v, %s", o.Refused, o.Answer)
			}
		})
	}
}

// Engine and STS agree on every shape's token for trust policies of all sorts, the
// mistaken ones above all.
func TestEngineAndSTSAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of calls, one after the other")
	}
	rooms := map[string]struct {
		audience string
		policies map[string]string
	}{
		"gitlab": {"https://gitlab.com", map[string]string{
			"no-subject":  `{"StringEquals": {"gitlab.com:aud": "https://gitlab.com"}, "StringLike": {"gitlab.com:sub": "project_path:*"}}`,
			"no-audience": `{"StringLike": {"gitlab.com:sub": "project_path:acme/infra:*"}}`,
			"prefix":      `{"StringLike": {"gitlab.com:sub": "project_path:acme*:ref_type:branch:ref:main*"}}`,
			"suffix":      `{"StringLike": {"gitlab.com:sub": "*/infra:ref_type:?*:ref:main"}}`,
			"case":        `{"StringEqualsIgnoreCase": {"gitlab.com:sub": "project_path:acme/infra:ref_type:branch:ref:main"}}`,
			"hidden":      `{"ForAllValues:StringLike": {"gitlab.com:project_path": "acme/infra"}, "StringLike": {"gitlab.com:sub": "project_path:*"}}`,
			"hidden-too":  `{"StringEqualsIfExists": {"gitlab.com:ref_type": "tag"}, "StringNotEquals": {"gitlab.com:environment": "production"}, "StringLike": {"gitlab.com:sub": "project_path:*"}}`,
			"mr":          `{"StringEquals": {"gitlab.com:sub": "project_path:acme/infra:ref_type:mr:ref:main"}}`,
			"protected":   `{"StringEquals": {"gitlab.com:ref_protected": "true"}, "StringLike": {"gitlab.com:sub": "project_path:*"}, "StringNotEquals": {"gitlab.com:pipeline_source": ["schedule", "trigger"]}}`,
			"person":      `{"StringEquals": {"gitlab.com:user_login": "developer", "gitlab.com:user_access_level": "maintainer"}, "StringLike": {"gitlab.com:sub": "project_path:*"}}`,
			"tags":        `{"StringLike": {"gitlab.com:sub": "project_path:acme/infra:ref_type:tag:ref:v*"}}`,
			"session":     `{"StringEquals": {"sts:RoleSessionName": "rehearsal"}, "StringLike": {"gitlab.com:sub": "project_path:acme/infra:*"}}`,
			"no-claim":    `{"Null": {"gitlab.com:runner_environment": "true"}, "StringLike": {"gitlab.com:sub": "project_path:*"}}`,
		}},
		"self-managed": {"https://git.acme.example", map[string]string{
			"protected":      `{"StringEquals": {"git.acme.example:ref_protected": "true"}}`,
			"not-protected":  `{"StringNotEquals": {"git.acme.example:ref_protected": "false"}, "StringLike": {"git.acme.example:sub": "project_path:acme/platform/*"}}`,
			"of-another-key": `{"StringLike": {"gitlab.com:sub": "project_path:acme/platform/infra:*"}}`,
		}},
		"github": {"sts.amazonaws.com", map[string]string{
			"any":          `{"StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/*"}}`,
			"any-ref":      `{"StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/infra:*"}}`,
			"workflow":     `{"StringLike": {"token.actions.githubusercontent.com:sub": ["repo:acme/infra:*", "job_workflow_ref:*"], "token.actions.githubusercontent.com:job_workflow_ref": "acme/workflows/*"}}`,
			"environment":  `{"StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/infra:environment:*"}, "StringEquals": {"token.actions.githubusercontent.com:ref": "refs/heads/main"}}`,
			"pull-request": `{"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/infra:pull_request"}}`,
			"ids":          `{"StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme@*/infra@*:*"}}`,
			"hidden":       `{"StringLike": {"token.actions.githubusercontent.com:sub": "repo:*"}, "StringNotEquals": {"token.actions.githubusercontent.com:event_name": "pull_request"}}`,
		}},
	}
	for name, r := range rooms {
		t.Run(name, func(t *testing.T) {
			w := matrixWorld(t, matrixRooms[name])
			issuer := strings.TrimPrefix(w.Room.Forge.Issuer, "https://")
			addProvider(t, w, "https://token.actions.example.ghe.com", r.audience)
			for id, condition := range r.policies {
				document := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
					"Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/` + issuer + `"}, "Condition": ` + condition + `}]}`
				addRole(t, w, id, document)
				checkAgreement(t, w, id, document)
			}
		})
	}
}

func checkAgreement(t *testing.T, w *World, name, document string) {
	t.Helper()
	roles, _, err := trust.OfAccount(context.Background(), w.operatorIAM(), []string{name})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := policy.Parse(name, []byte(document), policy.Trust); err != nil {
		t.Fatal(err)
	}
	f := w.Room.Forge
	_, shapes, err := oidc.Around(oidc.Project{Forge: f.Kind, Issuer: f.Issuer, Path: f.Project, Audience: f.Audience})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range shapes {
		for _, token := range s.Tokens {
			answer, agree, err := w.bothSay(t.Context(), roles[0], token)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, s.ID, err)
			}
			if !agree {
				t.Errorf("%s, %s: STS says %s, the engine does not", name, s.ID, answer)
			}
		}
	}
}
