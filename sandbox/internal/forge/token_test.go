package forge_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/sandbox/internal/forge"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// verify checks the token as a relying party would and returns its claims.
func verify(t *testing.T, f *forge.Forge, token string) map[string]any {
	t.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	claims := payload(t, token)
	set, err := f.JWKS(context.Background(), claims["iss"].(string))
	if err != nil {
		t.Fatal(err)
	}
	keys := set.Key(parsed.Headers[0].KeyID)
	if len(keys) != 1 {
		t.Fatalf("key %q is not published", parsed.Headers[0].KeyID)
	}
	var std jwt.Claims
	if err := parsed.Claims(keys[0], &std); err != nil {
		t.Fatal(err)
	}
	if err := std.ValidateWithLeeway(jwt.Expected{Time: now}, 0); err != nil {
		t.Fatal(err)
	}
	return claims
}

func payload(t *testing.T, token string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func mint(t *testing.T, f *forge.Forge, request string) (string, error) {
	t.Helper()
	var r oidc.TokenRequest
	if err := json.Unmarshal([]byte(request), &r); err != nil {
		return "", err
	}
	return f.Mint(r)
}

// The claims of a GitLab token, with their JSON types.
// Source: GitLab "OpenID Connect (OIDC) authentication using ID tokens".
func TestGitLabClaimsAreTheDocumentedOnes(t *testing.T) {
	f := newForge(t)
	token, err := f.Mint(oidc.TokenRequest{Project: "acme/infra"})
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	for name, v := range verify(t, f, token) {
		types[name] = typeOf(v)
	}
	want := map[string]string{"groups_direct": "list", "runner_id": "number", "iat": "number", "nbf": "number", "exp": "number"}
	for _, name := range []string{
		"iss", "sub", "aud", "jti", "project_id", "project_path", "namespace_id", "namespace_path", "project_visibility",
		"job_project_id", "job_project_path", "job_namespace_id", "job_namespace_path",
		"user_id", "user_login", "user_email", "user_access_level", "pipeline_id", "pipeline_source", "job_id",
		"runner_environment", "sha", "ci_config_ref_uri", "ci_config_sha", "ref", "ref_type", "ref_path", "ref_protected",
	} {
		want[name] = "string"
	}
	if d := cmp.Diff(want, types); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// Source: GitHub "OpenID Connect reference", OIDC token claims.
func TestGitHubClaimsAreTheDocumentedOnes(t *testing.T) {
	f := newForge(t)
	token, err := f.Mint(oidc.TokenRequest{Forge: "github", Project: "acme/infra"})
	if err != nil {
		t.Fatal(err)
	}
	claims := verify(t, f, token)
	want := []string{
		"actor", "actor_id", "aud", "base_ref", "check_run_id", "event_name", "exp", "head_ref", "iat", "iss",
		"job_workflow_ref", "job_workflow_sha", "jti", "nbf", "ref", "ref_protected", "ref_type",
		"repository", "repository_id", "repository_owner", "repository_owner_id", "repository_visibility",
		"run_attempt", "run_id", "run_number", "runner_environment", "sha", "sub", "workflow", "workflow_ref", "workflow_sha",
	}
	if d := cmp.Diff(want, slices.Sorted(maps.Keys(claims))); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	for name, v := range claims {
		if typ := typeOf(v); typ != "string" && !slices.Contains([]string{"iat", "nbf", "exp"}, name) {
			t.Errorf("claim %s is a %s, want a string", name, typ)
		}
	}
}

func typeOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "bool"
	case []any:
		return "list"
	}
	return "null or object"
}

// Rows give a request and the claims that matter in it; an empty value says
// that the claim must be absent.
func TestMint(t *testing.T) {
	const absent = "\x00"
	for _, tt := range []struct {
		name, request string
		want          map[string]string
	}{
		{"gitlab: push to main", `{"project":"acme/infra"}`, map[string]string{
			"iss": "https://gitlab.com", "aud": "https://gitlab.com",
			"sub": "project_path:acme/infra:ref_type:branch:ref:main", "ref_path": "refs/heads/main",
			"ref_protected": "true", "pipeline_source": "push", "user_access_level": "maintainer",
			"ci_config_ref_uri": "gitlab.com/acme/infra//.gitlab-ci.yml@refs/heads/main",
			"namespace_path":    "acme", "runner_environment": "gitlab-hosted",
			"environment": absent, "environment_protected": absent, "deployment_tier": absent, "environment_action": absent}},
		{"gitlab: a feature branch is not protected", `{"project":"acme/sub/infra","ref":"feature/x"}`, map[string]string{
			"sub":            "project_path:acme/sub/infra:ref_type:branch:ref:feature/x",
			"namespace_path": "acme/sub", "ref_protected": "false", "user_access_level": "developer"}},
		{"gitlab: tag", `{"project":"acme/infra","shape":"tag","ref":"v1.2.3"}`, map[string]string{
			"sub": "project_path:acme/infra:ref_type:tag:ref:v1.2.3", "ref_path": "refs/tags/v1.2.3", "ref_protected": "false"}},
		{"gitlab: ref_type without a shape", `{"project":"acme/infra","ref_type":"tag"}`, map[string]string{
			"sub": "project_path:acme/infra:ref_type:tag:ref:v1.0.0"}},
		{"gitlab: a merge request says branch", `{"project":"acme/infra","shape":"mr"}`, map[string]string{
			"sub":      "project_path:acme/infra:ref_type:branch:ref:feature",
			"ref_type": "branch", "pipeline_source": "merge_request_event", "ref_protected": "false"}},
		{"gitlab: a merge request from main is not protected either", `{"project":"acme/infra","shape":"mr","ref":"main"}`, map[string]string{
			"sub": "project_path:acme/infra:ref_type:branch:ref:main", "ref_protected": "false"}},
		{"gitlab: a fork's merge request names the fork", `{"project":"acme/infra","shape":"fork-mr","fork":"mallory/infra","ref":"main"}`, map[string]string{
			"sub":          "project_path:mallory/infra:ref_type:branch:ref:main",
			"project_path": "mallory/infra", "job_project_path": "acme/infra", "namespace_path": "mallory", "job_namespace_path": "acme"}},
		{"gitlab: schedule", `{"project":"acme/infra","shape":"schedule"}`, map[string]string{"pipeline_source": "schedule", "ref_protected": "true"}},
		{"gitlab: web", `{"project":"acme/infra","shape":"web"}`, map[string]string{"pipeline_source": "web"}},
		{"gitlab: trigger", `{"project":"acme/infra","shape":"trigger"}`, map[string]string{"pipeline_source": "trigger"}},
		{"gitlab: api", `{"project":"acme/infra","shape":"api"}`, map[string]string{"pipeline_source": "api"}},
		{"gitlab: parent pipeline", `{"project":"acme/infra","shape":"parent-pipeline"}`, map[string]string{"pipeline_source": "parent_pipeline"}},
		{"gitlab: upstream pipeline", `{"project":"acme/infra","shape":"pipeline"}`, map[string]string{"pipeline_source": "pipeline"}},
		{"gitlab: chosen source", `{"project":"acme/infra","source":"chat"}`, map[string]string{"pipeline_source": "chat"}},
		{"gitlab: environment", `{"project":"acme/infra","environment":"production","environment_protected":true}`, map[string]string{
			"environment": "production", "environment_protected": "true", "deployment_tier": "production", "environment_action": "start",
			"sub": "project_path:acme/infra:ref_type:branch:ref:main"}},
		{"gitlab: environment of no known tier", `{"project":"acme/infra","environment":"blue","environment_action":"stop"}`, map[string]string{
			"deployment_tier": "other", "environment_protected": "false", "environment_action": "stop"}},
		{"gitlab: protected as told", `{"project":"acme/infra","ref":"release","ref_protected":true}`, map[string]string{"ref_protected": "true"}},
		{"gitlab: custom subject", `{"project":"acme/infra","environment":"production","sub":["project_path","environment","ref_protected"]}`, map[string]string{
			"sub": "project_path:acme/infra:environment:production:ref_protected:true"}},
		{"gitlab: self-managed", `{"project":"acme/infra","issuer":"https://gitlab.example.com"}`, map[string]string{
			"iss": selfManaged, "aud": selfManaged, "runner_environment": "self-hosted",
			"ci_config_ref_uri": "gitlab.example.com/acme/infra//.gitlab-ci.yml@refs/heads/main"}},
		{"gitlab: audience", `{"project":"acme/infra","audience":["sts.amazonaws.com"]}`, map[string]string{"aud": "sts.amazonaws.com"}},
		{"gitlab: user", `{"project":"acme/infra","user":"eve","user_access_level":"guest"}`, map[string]string{"user_login": "eve", "user_email": "eve@example.com", "user_access_level": "guest"}},
		{"gitlab: claims replaced and removed", `{"project":"acme/infra","claims":{"sub":"x","jti":null}}`, map[string]string{"sub": "x", "jti": absent}},

		{"github: push to main", `{"forge":"github","project":"acme/infra"}`, map[string]string{
			"iss": oidc.GitHubIssuer, "aud": "https://github.com/acme", "sub": "repo:acme/infra:ref:refs/heads/main",
			"ref": "refs/heads/main", "ref_type": "branch", "event_name": "push", "head_ref": "", "base_ref": "", "environment": absent,
			"workflow_ref": "acme/infra/.github/workflows/ci.yml@refs/heads/main", "enterprise": absent, "enterprise_id": absent}},
		{"github: tag", `{"forge":"github","project":"acme/infra","shape":"tag","ref":"v1.2.3"}`, map[string]string{
			"sub": "repo:acme/infra:ref:refs/tags/v1.2.3", "ref": "refs/tags/v1.2.3", "ref_type": "tag"}},
		{"github: pull request", `{"forge":"github","project":"acme/infra","shape":"pull-request","pull_request":7}`, map[string]string{
			"sub": "repo:acme/infra:pull_request", "ref": "refs/pull/7/merge", "head_ref": "feature", "base_ref": "main", "event_name": "pull_request"}},
		{"github: environment wins", `{"forge":"github","project":"acme/infra","shape":"pull-request","environment":"prod:eu"}`, map[string]string{
			"sub": "repo:acme/infra:environment:prod%3Aeu", "environment": "prod:eu"}},
		{"github: schedule", `{"forge":"github","project":"acme/infra","shape":"schedule"}`, map[string]string{"event_name": "schedule", "sub": "repo:acme/infra:ref:refs/heads/main"}},
		{"github: dispatch", `{"forge":"github","project":"acme/infra","shape":"dispatch"}`, map[string]string{"event_name": "workflow_dispatch"}},
		{"github: reusable workflow", `{"forge":"github","project":"acme/infra","job_workflow":"acme/ci/.github/workflows/apply.yml@refs/heads/main","sub":["repo","context","job_workflow_ref"]}`, map[string]string{
			"job_workflow_ref": "acme/ci/.github/workflows/apply.yml@refs/heads/main",
			"workflow_ref":     "acme/infra/.github/workflows/ci.yml@refs/heads/main",
			"sub":              "repo:acme/infra:ref:refs/heads/main:job_workflow_ref:acme/ci/.github/workflows/apply.yml@refs/heads/main"}},
		{"github: customised subject replaces the default", `{"forge":"github","project":"acme/infra","visibility":"internal","sub":["repository_owner","repository_visibility"]}`, map[string]string{
			"sub": "repository_owner:acme:repository_visibility:internal"}},
		{"github: enterprise issuer", `{"forge":"github","project":"acme/infra","enterprise":"acme-inc","enterprise_issuer":true}`, map[string]string{
			"iss": oidc.GitHubIssuer + "/acme-inc", "enterprise": "acme-inc"}},
		{"github: enterprise issuer by its URL", `{"forge":"github","project":"acme/infra","issuer":"https://token.actions.githubusercontent.com/acme-inc"}`, map[string]string{
			"iss": oidc.GitHubIssuer + "/acme-inc", "enterprise": "acme-inc"}},
		{"github: enterprise with the common issuer", `{"forge":"github","project":"acme/infra","enterprise":"acme-inc"}`, map[string]string{"iss": oidc.GitHubIssuer}},
		{"github: data residency", `{"forge":"github","project":"acme/infra","issuer":"https://token.actions.acme.ghe.com"}`, map[string]string{"iss": "https://token.actions.acme.ghe.com"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := shared(t)
			token, err := mint(t, f, tt.request)
			if err != nil {
				t.Fatal(err)
			}
			claims := verify(t, f, token)
			for name, want := range tt.want {
				got, ok := claims[name]
				switch {
				case want == absent && ok:
					t.Errorf("claim %s = %v, want it absent", name, got)
				case want != absent && got != want:
					t.Errorf("claim %s = %v, want %q", name, got, want)
				}
			}
		})
	}
}

// shared is one Forge for the tests that make many tokens: a key costs time.
var sharedForge *forge.Forge

func shared(t *testing.T) *forge.Forge {
	if sharedForge == nil {
		sharedForge = newForge(t)
	}
	return sharedForge
}

func TestImmutableSubjectCarriesTheIDs(t *testing.T) {
	f := shared(t)
	for _, tt := range []struct{ more, tail string }{
		{``, ":ref:refs/heads/main"},
		{`,"environment":"prod"`, ":environment:prod"},
		{`,"sub":["repo","actor"]`, ":actor:developer"},
	} {
		token, err := mint(t, f, `{"forge":"github","project":"acme/infra","immutable":true`+tt.more+`}`)
		if err != nil {
			t.Fatal(err)
		}
		c := verify(t, f, token)
		want := "repo:acme@" + c["repository_owner_id"].(string) + "/infra@" + c["repository_id"].(string) + tt.tail
		if c["sub"] != want {
			t.Errorf("sub = %v, want %s", c["sub"], want)
		}
	}
}

func TestIDsTellProjectsApart(t *testing.T) {
	f := shared(t)
	ids := map[any]string{}
	for _, project := range []string{"acme/infra", "acme/infra2", "mallory/infra", "acme/sub/infra"} {
		for range 2 {
			token, err := f.Mint(oidc.TokenRequest{Project: project})
			if err != nil {
				t.Fatal(err)
			}
			id := payload(t, token)["project_id"]
			if other, ok := ids[id]; ok && other != project {
				t.Errorf("%s and %s share project_id %v", project, other, id)
			}
			ids[id] = project
		}
	}
	if len(ids) != 4 {
		t.Errorf("4 projects have %d IDs: one project's ID is not stable", len(ids))
	}
}

func TestTimes(t *testing.T) {
	f := shared(t)
	for _, tt := range []struct {
		request       string
		before, after time.Duration
	}{
		{`{"project":"a/b"}`, 5 * time.Second, time.Hour},
		{`{"project":"a/b","ttl_seconds":300}`, 5 * time.Second, 5 * time.Minute},
		{`{"forge":"github","project":"a/b"}`, 10 * time.Minute, 5 * time.Minute},
	} {
		token, err := mint(t, f, tt.request)
		if err != nil {
			t.Fatal(err)
		}
		c := payload(t, token)
		at := func(name string) time.Time { return time.Unix(int64(c[name].(float64)), 0).UTC() }
		if !at("iat").Equal(now) || !at("nbf").Equal(now.Add(-tt.before)) || !at("exp").Equal(now.Add(tt.after)) {
			t.Errorf("%s: iat %s nbf %s exp %s", tt.request, at("iat"), at("nbf"), at("exp"))
		}
	}
}

func TestMintRefuses(t *testing.T) {
	for _, tt := range []struct{ request, want string }{
		{`{}`, `project "" is not a path`},
		{`{"project":"infra"}`, `project "infra" is not a path`},
		{`{"project":"acme/*"}`, `project "acme/*" is not a path`},
		{`{"project":"acme/infra:ref"}`, `is not a path`},
		{`{"forge":"bitbucket","project":"a/b"}`, `forge "bitbucket" is not one of gitlab, github`},
		{`{"project":"a/b","shape":"pull-request"}`, `shape "pull-request" is not one of gitlab's: api, branch,`},
		{`{"project":"a/b","ref_type":"mr"}`, `GitLab only issues branch and tag`},
		{`{"project":"a/b","shape":"mr","ref_type":"tag"}`, `a merge request has a source branch`},
		{`{"project":"a/b","shape":"tag","ref_type":"branch"}`, `shape "tag" has ref type "tag", not "branch"`},
		{`{"project":"a/b","shape":"schedule","source":"web"}`, `shape "schedule" has source "schedule", not "web"`},
		{`{"project":"a/b","source":"pull_request"}`, `source "pull_request" is not one of push,`},
		{`{"project":"a/b","ref":"refs/heads/main"}`, `give the plain name`},
		{`{"project":"a/b","ref":"a b"}`, `ref "a b" is not a name that Git accepts`},
		{`{"project":"a/b","fork":"c/d"}`, `shape fork-mr and the fork's path belong together`},
		{`{"project":"a/b","shape":"fork-mr"}`, `shape fork-mr and the fork's path belong together`},
		{`{"project":"a/b","environment_action":"stop"}`, `a job without an environment`},
		{`{"project":"a/b","environment":"prod:ref:main"}`, `environment "prod:ref:main" is not a name that GitLab accepts`},
		{`{"project":"a/b","environment":"x","deployment_tier":"prod"}`, `deployment tier "prod" is not one of production`},
		{`{"project":"a/b","environment":"x","environment_action":"destroy"}`, `environment action "destroy"`},
		{`{"project":"a/b","sub":["ref"]}`, `do not begin with project_path`},
		{`{"project":"a/b","sub":[]}`, `do not begin with project_path`},
		{`{"project":"a/b","sub":["project_path","user_login"]}`, `sub component "user_login" is not one of`},
		{`{"project":"a/b","sub":["project_path","environment"]}`, `sub component "environment": this job has no such claim`},
		{`{"project":"a/b","immutable":true,"enterprise":"x"}`, `GitLab has no enterprise, immutable`},
		{`{"project":"a/b","issuer":"https://evil.example"}`, `issuer "https://evil.example"`},
		{`{"project":"a/b","issuer":"https://token.actions.githubusercontent.com"}`, `is GitHub's, not GitLab's`},
		{`{"project":"a/b","fault":"broken"}`, `fault "broken" is not one of`},
		{`{"project":"a/b","ttl_seconds":-1}`, `ttl_seconds -1`},
		{`{"project":"a/b","visibility":"secret"}`, `visibility "secret"`},
		{`{"project":"a/b","user_access_level":"root"}`, `user access level "root"`},
		{`{"project":"a/b","brunch":"main"}`, `unknown field "brunch"`},
		{`{"forge":"github","project":"a/b/c"}`, `repository "a/b/c" is not a path`},
		{`{"forge":"github","project":"a/b","shape":"mr"}`, `shape "mr" is not one of github's`},
		{`{"forge":"github","project":"a/b","source":"pull_request_target"}`, `which subject GitHub issues for it is not documented`},
		{`{"forge":"github","project":"a/b","base_ref":"main"}`, `only event pull_request`},
		{`{"forge":"github","project":"a/b","enterprise_issuer":true}`, `needs the enterprise's slug`},
		{`{"forge":"github","project":"a/b","enterprise":"a b"}`, `is not a slug`},
		{`{"forge":"github","project":"a/b","enterprise":"x","issuer":"https://token.actions.githubusercontent.com/y"}`, `is not that of enterprise "x"`},
		{`{"forge":"github","project":"a/b","issuer":"https://gitlab.com"}`, `is GitLab's, not GitHub's`},
		{`{"forge":"github","project":"a/b","job_workflow":"apply.yml"}`, `reusable workflow "apply.yml" is not like`},
		{`{"forge":"github","project":"a/b","sub":["environment"]}`, `subject key "environment": this job has no such claim`},
		{`{"forge":"github","project":"a/b","sub":[]}`, `at least one claim key`},
		{`{"forge":"github","project":"a/b","deployment_tier":"other"}`, `GitHub has no deployment_tier`},
		{`{"forge":"github","project":"a/b","ref_type":"mr"}`, `ref type "mr" is not one of branch, tag`},
	} {
		if _, err := mint(t, shared(t), tt.request); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q in it", tt.request, err, tt.want)
		}
	}
}

// Each fault leaves the claims honest and makes a relying party refuse.
func TestFaults(t *testing.T) {
	f := shared(t)
	algs := []jose.SignatureAlgorithm{jose.RS256, jose.HS256}
	for _, fault := range oidc.Faults() {
		t.Run(string(fault), func(t *testing.T) {
			token, err := f.Mint(oidc.TokenRequest{Project: "acme/infra", Fault: fault})
			if err != nil {
				t.Fatal(err)
			}
			claims := payload(t, token)
			if claims["sub"] != "project_path:acme/infra:ref_type:branch:ref:main" || claims["iss"] != oidc.GitLabIssuer {
				t.Errorf("the claims changed: %v", claims)
			}
			set, err := f.JWKS(context.Background(), oidc.GitLabIssuer)
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := jwt.ParseSigned(token, algs)
			if fault == oidc.AlgNone {
				if err == nil || !strings.HasSuffix(token, ".") {
					t.Errorf("token %q is not an unsigned one", token)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			head := parsed.Headers[0]
			if known := len(set.Key(head.KeyID)) == 1; known == (fault == oidc.UnknownKey) {
				t.Errorf("key ID is published: %v", known)
			}
			if (head.Algorithm == "HS256") != (fault == oidc.HS256) {
				t.Errorf("alg = %s", head.Algorithm)
			}
			var std jwt.Claims
			err = parsed.Claims(set.Keys[0].Key, &std)
			inTime := fault != oidc.Expired && fault != oidc.NotYetValid
			if (err != nil) != inTime {
				t.Errorf("signature verifies: %v", err == nil)
			}
			if err == nil && (std.ValidateWithLeeway(jwt.Expected{Time: now}, time.Minute) == nil) {
				t.Error("the token is valid now")
			}
		})
	}
}

// Claims keep the exact number they were asked with.
func TestClaimNumbersStayExact(t *testing.T) {
	token, err := mint(t, shared(t), `{"project":"a/b","claims":{"n":12345678901234567}}`)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), `"n":12345678901234567`) {
		t.Errorf("payload %s", raw)
	}
}
