package trust_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/trust"
	"github.com/strongroom-dev/strongroom/policy"
)

// explained is a case of a golden text.
type explained struct {
	name string
	// condition of the only statement; a whole policy if it has a Statement.
	condition string
	job       oidc.TokenRequest
	// rule that the answer must name; "": none.
	rule string
	// The role's.
	clients []string
	writes  bool
	role    string
}

func lab(change func(*oidc.TokenRequest)) oidc.TokenRequest { return job("gitlab", change) }
func hub(change func(*oidc.TokenRequest)) oidc.TokenRequest { return job("github", change) }

func job(forge string, change func(*oidc.TokenRequest)) oidc.TokenRequest {
	r := oidc.TokenRequest{Forge: forge, Project: "acme/infra", Audience: []string{audience}}
	if change != nil {
		change(&r)
	}
	return r
}

func shape(s string) func(*oidc.TokenRequest) { return func(r *oidc.TokenRequest) { r.Shape = s } }
func replace(name string, v any) func(*oidc.TokenRequest) {
	return func(r *oidc.TokenRequest) { r.Replace = map[string]any{name: v} }
}
func environment(r *oidc.TokenRequest)     { r.Environment = "production" }
func immutableForm(r *oidc.TokenRequest)   { r.Immutable = true }
func defaultAudience(r *oidc.TokenRequest) { r.Audience = nil }
func ownInstance(r *oidc.TokenRequest)     { r.Issuer = ownHost }

const (
	labAud  = `"StringEquals":{"gitlab.com:aud":"sts.amazonaws.com"}`
	hubAud  = `"StringEquals":{"` + gh + `:aud":"sts.amazonaws.com"}`
	labMain = `{"StringEquals":{"gitlab.com:aud":"sts.amazonaws.com","gitlab.com:sub":"project_path:acme/infra:ref_type:branch:ref:main"}}`
)

var explainedCases = []explained{
	{name: "admitted", condition: labMain, job: lab(nil), clients: []string{audience}},
	{name: "admitted-client-list-unknown", condition: labMain, job: lab(nil)},
	{name: "another-branch", condition: labMain, job: lab(func(r *oidc.TokenRequest) { r.Ref = "feature" }), clients: []string{audience}},
	{name: "ref-type-mr", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"project_path:acme/infra:ref_type:mr:ref:*"}}`, job: lab(shape("mr")), rule: "subject-ref-type-mr", clients: []string{audience}},
	{name: "merge-request-on-gitlab", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"project_path:acme/infra:ref_type:merge_request:*"}}`, job: lab(shape("mr")), rule: "subject-ref-type-mr"},
	{name: "pull-request-on-gitlab", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":["repo:acme/infra:*","project_path:acme/infra:pull_request"]}}`, job: lab(nil), rule: "subject-of-github"},
	{name: "project-path-on-github", condition: `{"StringEquals":{"` + gh + `:sub":"project_path:acme/infra:ref_type:branch:ref:main"}}`, job: hub(nil), rule: "subject-of-gitlab"},
	{name: "refs-heads-on-gitlab", condition: `{"StringEquals":{"gitlab.com:sub":"project_path:acme/infra:ref_type:branch:ref:refs/heads/main"}}`, job: lab(nil), rule: "subject-short-ref"},
	{name: "no-rule-for-the-form", condition: `{"StringLike":{"gitlab.com:sub":"project_path:acme/infra:ref_type:branch:deployment_tier:live:*"}}`, job: lab(nil), rule: "subject-form"},
	{name: "stops-after-project", condition: `{"StringEquals":{"` + gh + `:sub":"repo:acme"}}`, job: hub(nil), rule: "subject-repository-path"},
	{name: "short-ref-on-github", condition: `{"StringEquals":{"` + gh + `:sub":"repo:acme/infra:ref:main"}}`, job: hub(nil), rule: "subject-full-ref"},
	{name: "blanks", condition: `{"StringEquals":{"gitlab.com:sub":" project_path:acme/infra:ref_type:branch:ref:main"}}`, job: lab(nil), rule: "value-blanks"},
	{name: "wildcard-in-equals", condition: `{` + `"StringEquals":{"gitlab.com:sub":"project_path:acme/infra:*"}}`, job: lab(nil), rule: "wildcard-in-equals"},
	{name: "letter-case", condition: `{"StringLike":{"` + gh + `:sub":"repo:Acme/infra:*"}}`, job: hub(nil), rule: "letter-case"},
	{name: "letter-case-of-the-project", condition: `{"StringEquals":{"` + gh + `:sub":"repo:Acme/Infra:ref:refs/heads/release"}}`, job: hub(nil), rule: "letter-case"},
	{name: "immutable", condition: `{"StringEquals":{"` + gh + `:sub":"repo:acme/infra:ref:refs/heads/main"}}`, job: hub(immutableForm), rule: "subject-immutable"},
	{name: "not-immutable", condition: `{"StringEquals":{"` + gh + `:sub":"repo:acme@1/infra@2:ref:refs/heads/main"}}`, job: hub(nil), rule: "subject-not-immutable"},
	{name: "other-ids", condition: `{"StringEquals":{"` + gh + `:sub":"repo:acme@1/infra@2:ref:refs/heads/main"}}`, job: hub(immutableForm), rule: "subject-other-ids"},
	{name: "environment-of-a-job-without", condition: `{"StringEquals":{"` + gh + `:sub":"repo:acme/infra:environment:production"}}`, job: hub(nil), rule: "subject-no-environment"},
	{name: "environment-of-a-gitlab-job-without", condition: `{"StringLike":{"gitlab.com:sub":"project_path:acme/infra:*:environment:production"}}`, job: lab(nil), rule: "subject-customised"},
	{name: "environment-wins", condition: `{"StringEquals":{"` + gh + `:sub":"repo:acme/infra:ref:refs/heads/main"}}`, job: hub(environment), rule: "subject-environment-wins"},
	{name: "customised", condition: `{"StringEquals":{"` + gh + `:sub":"repo:acme/infra:ref:refs/heads/main"}}`, job: hub(func(r *oidc.TokenRequest) { r.Sub = []string{"repository_id", "context"} }), rule: "subject-customised"},
	{name: "escaped-colon", condition: `{"StringEquals":{"` + gh + `:sub":"repo:acme/infra:environment:production:eu"}}`, job: hub(func(r *oidc.TokenRequest) { r.Environment = "production:eu" }), rule: "subject-shape"},
	{name: "escaped-colon-with-wildcard", condition: `{"StringLike":{"` + gh + `:sub":"repo:acme/infra:environment:production:*u"}}`, job: hub(func(r *oidc.TokenRequest) { r.Environment = "production:workflow:eu" }), rule: "subject-escaped-colon"},
	{name: "claim-not-shown", condition: `{"StringEquals":{"gitlab.com:project_path":"acme/infra"}}`, job: lab(nil), rule: "claim-not-shown"},
	{name: "claim-not-shown-for-own-gitlab", condition: `{"StringEquals":{"gitlab.example.com:project_id":"42","gitlab.example.com:sub":"project_path:acme/infra:ref_type:branch:ref:main"}}`, job: lab(ownInstance), rule: "claim-not-shown"},
	{name: "claim-form", condition: `{"StringEquals":{"` + gh + `:sub":"repo:acme/infra:ref:refs/heads/main","` + gh + `:ref":"main"}}`, job: hub(nil), rule: "claim-form"},
	{name: "key-of-another-issuer", condition: `{"StringEquals":{"gitlab.example.com:sub":"project_path:acme/infra:ref_type:branch:ref:main"}}`, job: lab(nil), rule: "key-other-issuer"},
	{name: "key-with-scheme", condition: `{"StringLike":{"https://gitlab.com:sub":"project_path:acme/infra:*"}}`, job: lab(nil), rule: "key-issuer-form"},
	{name: "key-in-capitals", condition: `{` + labAud + `,"StringLike":{"GitLab.com:SUB":"project_path:acme/infra:*"}}`, job: lab(nil)},
	{name: "amr", condition: `{"StringEquals":{"gitlab.com:amr":"mfa","gitlab.com:sub":"project_path:acme/infra:ref_type:branch:ref:main"}}`, job: lab(replace("amr", []string{"mfa"})), rule: "amr-without-set-operator"},
	{name: "audience-not-asked-gitlab", condition: labMain, job: lab(defaultAudience), rule: "audience-not-asked"},
	{name: "audience-not-asked-github", condition: `{` + hubAud + `,"StringLike":{"` + gh + `:sub":"repo:acme/infra:*"}}`, job: hub(defaultAudience), rule: "audience-not-asked"},
	{name: "audience-not-client", condition: labMain, job: lab(defaultAudience), rule: "audience-not-client", clients: []string{"https://gitlab.com"}},
	{name: "wrong-audience", condition: labMain, job: lab(nil), clients: []string{"https://gitlab.com"}},
	{name: "no-provider", condition: labMain, job: lab(ownInstance), clients: []string{audience}},
	{name: "no-sub", condition: labMain, job: lab(replace("sub", nil))},
	{name: "no-aud", condition: labMain, job: lab(replace("aud", nil))},
	{name: "bad-issuer", condition: labMain, job: lab(replace("iss", "gitlab.com"))},
	{name: "several-audiences", condition: labMain, job: lab(func(r *oidc.TokenRequest) { r.Audience = []string{"a", "b"} })},
	{name: "bad-tags", condition: labMain, job: lab(replace(oidc.TagsClaim, "red"))},
	{name: "tags-not-allowed", condition: labMain, job: lab(replace(oidc.TagsClaim, map[string]any{"principal_tags": map[string]any{"team": []string{"red"}}}))},
	{name: "source-ip", condition: `{"StringEquals":{"gitlab.com:sub":"project_path:acme/infra:ref_type:branch:ref:main","gitlab.com:aud":"sts.amazonaws.com"},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, job: lab(nil)},
	{name: "session-name", condition: `{"StringEquals":{"gitlab.com:sub":"project_path:acme/infra:ref_type:branch:ref:main","gitlab.com:aud":"sts.amazonaws.com","sts:RoleSessionName":"plan-42"}}`, job: lab(nil)},
	{name: "key-never-there", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"project_path:acme/infra:*","aws:PrincipalArn":"*"}}`, job: lab(nil)},
	{name: "missing-keys", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"project_path:acme/infra:*"},"Null":{"gitlab.com:environment":"true"},"ForAnyValue:StringEquals":{"gitlab.com:amr":"mfa"},"StringEqualsIfExists":{"gitlab.com:project_path":"x"},"StringNotEquals":{"gitlab.com:namespace_path":"x"},"ForAllValues:StringEquals":{"gitlab.com:ref":"x"}}`, job: lab(nil), rule: "if-exists"},
	{name: "explicit-deny", condition: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + labARN + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":` + labMain + `},{"Sid":"NotFromMain","Effect":"Deny","Principal":"*","Action":"*","Condition":{"StringEquals":{"gitlab.com:ref_protected":"true"}}}]}`, job: lab(nil)},
	{name: "provider-of-another-issuer", condition: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + hubARN + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + gh + `:sub":"repo:acme/infra:ref:refs/heads/main","` + gh + `:aud":"sts.amazonaws.com"}}}]}`, job: lab(nil)},
	{name: "provider-with-scheme", condition: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/https://gitlab.com/"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":` + labMain + `}]}`, job: lab(nil), rule: "principal-issuer-form"},
	{name: "provider-by-its-host", condition: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"gitlab.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":` + labMain + `}]}`, job: lab(nil), rule: "principal-issuer-form"},
	{name: "provider-of-another-account", condition: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + labARN + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":` + labMain + `}]}`, job: lab(nil), role: "arn:aws:iam::444455556666:role/plan"},
	{name: "aws-principal", condition: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}}`, job: lab(nil)},
	{name: "assume-role", condition: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + labARN + `"},"Action":"sts:AssumeRole","Condition":` + labMain + `}]}`, job: lab(nil), rule: "action-assume-role"},
	{name: "danger-no-subject", condition: `{` + labAud + `}`, job: lab(nil), rule: "no-subject"},
	{name: "danger-no-subject-own-gitlab", condition: `{"StringEquals":{"gitlab.example.com:aud":"sts.amazonaws.com"}}`, job: lab(ownInstance), rule: "no-subject"},
	{name: "danger-no-audience", condition: `{"StringEquals":{"gitlab.com:sub":"project_path:acme/infra:ref_type:branch:ref:main"}}`, job: lab(nil), rule: "no-audience"},
	{name: "danger-any-subject", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"*"}}`, job: lab(nil), rule: "subject-any"},
	{name: "danger-negated-only", condition: `{` + hubAud + `,"StringNotLike":{"` + gh + `:sub":"repo:mallory/*"}}`, job: hub(nil), rule: "subject-negated-only"},
	{name: "danger-owner-any", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"project_path:*/infra:ref_type:branch:ref:main"}}`, job: lab(nil), rule: "owner-wildcard"},
	{name: "danger-owner-prefix", condition: `{` + hubAud + `,"StringLike":{"` + gh + `:sub":"repo:acme*"}}`, job: hub(nil), rule: "owner-wildcard"},
	{name: "danger-owner-prefix-gitlab", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"project_path:acme*/infra:*"}}`, job: lab(nil), rule: "owner-wildcard"},
	{name: "danger-owner-id-any", condition: `{` + hubAud + `,"StringLike":{"` + gh + `:sub":"repo:acme@*/infra@*:ref:refs/heads/main"}}`, job: hub(nil), rule: "owner-wildcard"},
	{name: "danger-customised-environment", condition: `{` + hubAud + `,"StringLike":{"` + gh + `:sub":"environment:production"}}`, job: hub(nil), rule: "subject-of-anyone"},
	{name: "danger-customised-workflow", condition: `{` + hubAud + `,"StringLike":{"` + gh + `:sub":"job_workflow_ref:acme/workflows/.github/workflows/deploy.yml@*"}}`, job: hub(nil), rule: "subject-of-anyone"},
	{name: "danger-customised-owner-prefix", condition: `{` + hubAud + `,"StringLike":{"` + gh + `:sub":"repository_owner:acm*"}}`, job: hub(nil), rule: "subject-of-anyone"},
	{name: "customised-owner", condition: `{` + hubAud + `,"StringLike":{"` + gh + `:sub":["repository_owner:acme:*","repository_id:1234","environment:x:repository_owner_id:7:*"]}}`, job: hub(nil), rule: "subject-customised"},
	{name: "customised-bound-by-id", condition: `{"StringEquals":{"` + gh + `:aud":"sts.amazonaws.com","` + gh + `:sub":"environment:production","` + gh + `:repository_owner_id":"61600448"}}`, job: hub(nil), rule: "subject-customised"},
	{name: "null-guard-in-capitals", condition: `{` + labAud + `,"ForAllValues:StringEquals":{"gitlab.com:sub":"project_path:acme/infra:ref_type:branch:ref:main"},"Null":{"GitLab.com:SUB":false}}`, job: lab(nil)},
	{name: "two-issuers-at-once", condition: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":["` + labARN + `","` + hubARN + `"]},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"gitlab.com:aud":"sts.amazonaws.com","gitlab.com:sub":"project_path:acme/infra:ref_type:branch:ref:main","` + gh + `:sub":"repo:acme/infra:ref:refs/heads/main"}}}]}`, job: lab(nil), rule: "key-other-issuer"},
	{name: "edit-of-the-audience-of-a-pull-request", condition: `{"StringEquals":{"` + gh + `:aud":"https://gitlab.com"},"StringLike":{"` + gh + `:sub":"repo:acme/infra:*"}}`, job: hub(shape("pull-request"))},
	{name: "edit-of-the-audience-for-another-project", condition: `{"StringEquals":{"` + gh + `:aud":"https://gitlab.com"},"StringLike":{"` + gh + `:sub":"repo:acme/infra:*"}}`, job: hub(func(r *oidc.TokenRequest) { r.Project = "acme/app" })},
	{name: "edit-of-if-exists", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"project_path:acme/infra:*"},"StringEqualsIfExists":{"gitlab.com:ref_protected":"true"}}`, job: lab(nil), rule: "if-exists"},
	{name: "danger-project-prefix", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"project_path:acme/infra*"}}`, job: lab(nil), rule: "subject-names-one-project"},
	{name: "danger-project-prefix-github", condition: `{` + hubAud + `,"StringLike":{"` + gh + `:sub":"repo:acme/*:ref:refs/heads/main"}}`, job: hub(nil), rule: "subject-names-one-repository"},
	{name: "danger-merge-request-writes", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"project_path:acme/infra:ref_type:branch:ref:*"}}`, job: lab(shape("mr")), rule: "merge-request-writes", writes: true},
	{name: "danger-fork-writes", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"project_path:mallory/infra:*"}}`, job: lab(func(r *oidc.TokenRequest) { r.Shape, r.Fork = "fork-mr", "mallory/infra" }), rule: "merge-request-writes", writes: true},
	{name: "danger-any-branch-writes", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"project_path:acme/infra:*"}}`, job: lab(nil), rule: "subject-apply-names-ref", writes: true},
	{name: "danger-pull-request-writes", condition: `{` + hubAud + `,"StringLike":{"` + gh + `:sub":"repo:acme/infra:pull_request"}}`, job: hub(shape("pull-request")), rule: "subject-apply-no-pull-request", writes: true},
	{name: "danger-public-pull-request", condition: `{` + hubAud + `,"StringLike":{"` + gh + `:sub":"repo:acme/infra:*"}}`, job: hub(func(r *oidc.TokenRequest) { r.Visibility = "public" }), rule: "pull-request-public"},
	{name: "danger-for-all-values", condition: `{` + hubAud + `,"ForAllValues:StringLike":{"` + gh + `:repository_owner":"acme"}}`, job: hub(nil), rule: "for-all-values"},
	{name: "danger-if-exists", condition: `{"StringEqualsIfExists":{"gitlab.com:aud":"sts.amazonaws.com"},"StringLikeIfExists":{"gitlab.com:sub":"project_path:acme/infra:*"}}`, job: lab(nil), rule: "if-exists"},
	{name: "danger-negated-on-missing", condition: `{` + labAud + `,"StringNotEquals":{"gitlab.com:ref":"feature"}}`, job: lab(nil), rule: "negated-on-missing"},
	{name: "danger-anyone", condition: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRoleWithWebIdentity","Condition":` + labMain + `}]}`, job: lab(nil), rule: "principal-anyone"},
	{name: "edit-of-anyone", condition: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":` + labMain + `}]}`, job: lab(nil), rule: "principal-anyone", role: "arn:aws:iam::111122223333:role/plan"},
	{name: "edit-keeps-what-is-harmless", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":["project_path:acme/infra:ref_type:mr:*","project_path:acme/app:ref_type:tag:ref:v*"]}}`, job: lab(nil), rule: "subject-ref-type-mr"},
	{name: "edit-not-for-an-unprotected-ref", condition: labMain, job: lab(func(r *oidc.TokenRequest) { r.Ref = "feature" }), writes: true},
	{name: "edit-not-against-a-wish", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"project_path:acme/infra:*"},"Bool":{"gitlab.com:ref_protected":"true"}}`, job: lab(shape("tag"))},
	{name: "edit-not-against-a-wanted-claim", condition: `{"StringEquals":{"gitlab.com:aud":"sts.amazonaws.com","gitlab.com:ref_protected":"true"},"StringLike":{"gitlab.com:sub":"project_path:acme/infra:*"}}`, job: lab(shape("tag"))},
	{name: "edit-not-of-a-fork", condition: labMain, job: lab(func(r *oidc.TokenRequest) { r.Shape, r.Fork = "fork-mr", "mallory/infra" })},
	{name: "edit-not-of-an-exclusion", condition: `{` + labAud + `,"StringLike":{"gitlab.com:sub":"project_path:acme/infra:*"},"StringNotEquals":{"gitlab.com:pipeline_source":"push"}}`, job: lab(nil)},
	{name: "edit-of-the-module", condition: `{"Version":"2012-10-17","Statement":[{"Sid":"ForgeExact","Effect":"Allow","Principal":{"Federated":"` + labARN + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":` + labMain + `}]}`, job: lab(func(r *oidc.TokenRequest) {
		yes := true
		r.Ref, r.RefProtected = "release", &yes
	}), role: "arn:aws:iam::111122223333:role/foundations-apply", writes: true},
	{name: "edit-that-the-module-refuses", condition: `{"Version":"2012-10-17","Statement":[{"Sid":"ForgeExact","Effect":"Allow","Principal":{"Federated":"` + hubARN + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + gh + `:aud":"sts.amazonaws.com","` + gh + `:sub":"repo:acme/infra:environment:production"}}}]}`, job: hub(replace("sub", "repo:acme/infra:pull_request")), role: "arn:aws:iam::111122223333:role/foundations-apply", rule: "subject-no-environment"},
	{name: "edit-on-one-line", condition: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"` + labARN + `"},"Action":"sts:AssumeRoleWithWebIdentity"}}`, job: lab(nil), rule: "no-subject"},
	{name: "generic-issuer", condition: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/ci.example.net"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"ci.example.net:sub":"build-1"}}}]}`,
		job: lab(func(r *oidc.TokenRequest) {
			r.Replace = map[string]any{"iss": "https://ci.example.net", "sub": "build-2", "project_path": nil, "pipeline_source": nil}
		}), rule: "no-audience"},
}

func (c *explained) build(t testing.TB) (*trust.Role, *trust.Presented) {
	t.Helper()
	issuer, claims, err := c.job.Claims(time.Unix(1_790_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	p, err := trust.Present(issuer, claims)
	if err != nil {
		t.Fatal(err)
	}
	document := c.condition
	if !strings.Contains(document, `"Statement"`) {
		own := strings.TrimPrefix(issuer, "https://")
		if strings.Contains(document, `"gitlab.com:aud`) {
			own = "gitlab.com"
		}
		document = fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/%s"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":%s}]}`, own, document)
	}
	if c.name != "edit-on-one-line" {
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(document), "", "  "); err != nil {
			t.Fatal(err)
		}
		document = b.String() + "\n"
	}
	r := &trust.Role{Name: "trust.json", ARN: c.role, Writes: c.writes}
	if r.Policy, err = policy.Parse("trust.json", []byte(document), policy.Trust); err != nil {
		t.Fatal(err)
	}
	if c.clients != nil {
		own := "gitlab.com"
		if c.job.Forge == "github" {
			own = gh
		}
		r.Clients = map[string][]string{own: c.clients}
	}
	return r, p
}

// Every diagnostic, every pattern that can never match and every dangerous one
// has its text in testdata/explain.
func TestExplainTexts(t *testing.T) {
	missing := trust.RuleIDs()
	names := map[string]bool{}
	for _, c := range explainedCases {
		t.Run(c.name, func(t *testing.T) {
			if names[c.name] {
				t.Fatal("the name is taken")
			}
			names[c.name] = true
			r, p := c.build(t)
			a := checkExplained(t, c.name, r, p)
			var b bytes.Buffer
			if err := a.Text(&b, diag.Style{}); err != nil {
				t.Fatal(err)
			}
			golden(t, "../explain/"+c.name, b.String())
			rules := []string{}
			for _, f := range slices.Concat(a.Never, a.Dangers) {
				rules = append(rules, f.Rule)
				missing = slices.DeleteFunc(missing, func(id string) bool { return id == f.Rule })
				if f.Why == "" || f.Fix == "" || f.Line == 0 || f.Column == 0 {
					t.Errorf("half a finding: %+v", f)
				}
			}
			if c.rule != "" && !slices.Contains(rules, c.rule) {
				t.Errorf("rules %q, want %q among them", rules, c.rule)
			}
			if c.rule == "" && len(a.Never) > 0 {
				t.Errorf("unexpected findings: %+v", a.Never)
			}
		})
	}
	if len(missing) > 0 {
		t.Errorf("no case shows %q", missing)
	}
}

// Explain and Decide never disagree, whatever policy and token: no panic, no
// statement that applies and is said to be impossible, and no edit that lets
// somebody else in.
func FuzzExplain(f *testing.F) {
	for _, c := range explainedCases {
		r, p := c.build(f)
		claims, err := json.Marshal(p.Claims)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(r.Policy.Source(), claims, p.Issuer, c.writes, len(c.clients) > 0)
	}
	f.Fuzz(func(t *testing.T, document, claims []byte, issuer string, writes, known bool) {
		p, err := policy.Parse("fuzz", document, policy.Trust)
		if err != nil {
			return
		}
		token := &trust.Presented{Issuer: issuer}
		dec := json.NewDecoder(bytes.NewReader(claims))
		dec.UseNumber()
		if dec.Decode(&token.Claims) != nil {
			return
		}
		r := &trust.Role{Name: "fuzz", Policy: p, Writes: writes}
		if known {
			aud, _ := oidc.Audience(token.Claims)
			r.Clients = map[string][]string{strings.TrimPrefix(issuer, "https://"): {aud}}
		}
		a := checkExplained(t, string(document), r, token)
		var b bytes.Buffer
		if err := a.Text(&b, diag.Style{}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(strings.NewReplacer("\n", "", "\t", "").Replace(withoutDiff(b.String(), a)), "\x00\x1b\x07\r\u202e") {
			t.Fatalf("text that acts on a terminal: %q", b.String())
		}
		if _, err := json.Marshal(a); err != nil {
			t.Fatal(err)
		}
	})
}

// withoutDiff leaves out the policy itself, which is the user's own file.
func withoutDiff(text string, a *trust.Answer) string {
	if a.Edit.Diff == "" {
		return text
	}
	before, _, _ := strings.Cut(text, "\nEdit: ")
	return before
}

// The lists of an answer are never null, and the times and IDs of the token stay
// what they were.
func TestExplainJSON(t *testing.T) {
	for _, c := range explainedCases {
		r, p := c.build(t)
		text, err := json.Marshal(trust.Explain(r, p))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("null")) {
			t.Errorf("%s: a null in %s", c.name, text)
		}
	}
}
