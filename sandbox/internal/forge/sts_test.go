package forge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// The tokens through the real STS path: which job gets the role under which
// trust condition. The empty code is an Allow.
// Source: IAM User Guide "Available keys for AWS web identity federation"; GitLab
// and GitHub pages as in gitlab.go and github.go.
func TestSTSAdmitsExactlyTheJobsTheTrustPolicyNames(t *testing.T) {
	const (
		denied  = "AccessDenied"
		invalid = "InvalidIdentityToken"
		slug    = "token.actions.githubusercontent.com/acme-inc"
	)
	box, err := sandbox.Start(context.Background(), sandbox.Options{Issuers: []string{selfManaged}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	r := &roles{box: box, iam: iam.NewFromConfig(box.Config(box.Credentials())), sts: sts.NewFromConfig(box.Config(sandbox.Credentials{}))}
	for _, host := range []string{"gitlab.com", "gitlab.example.com", "token.actions.githubusercontent.com", slug} {
		r.provider(t, host)
	}
	gitLabID := r.claim(t, `{"project":"acme/infra"}`, "project_id")
	// IAM refuses a trust policy for a shared issuer that does not test sub.
	const gitLabSub = `"StringLike":{"HOST:sub":"project_path:*"},`
	const githubSub = `"StringLike":{"HOST:sub":"repo:acme/infra:*"},`
	for _, tt := range []struct {
		host, condition, request, code string
	}{
		{"gitlab.com", `"StringEquals":{"HOST:sub":"project_path:acme/infra:ref_type:branch:ref:main"}`, `{"project":"acme/infra"}`, ""},
		{"gitlab.com", `"StringEquals":{"HOST:sub":"project_path:acme/infra:ref_type:branch:ref:main"}`, `{"project":"acme/infra","shape":"tag","ref":"main"}`, denied},
		{"gitlab.com", `"StringEquals":{"HOST:sub":"project_path:acme/infra:ref_type:branch:ref:main"}`, `{"project":"acme/infra","shape":"fork-mr","fork":"mallory/infra","ref":"main"}`, denied},
		// A merge request from a branch that is called main has main's subject;
		// only ref_protected or pipeline_source tells it apart.
		{"gitlab.com", `"StringEquals":{"HOST:sub":"project_path:acme/infra:ref_type:branch:ref:main"}`, `{"project":"acme/infra","shape":"mr","ref":"main"}`, ""},
		{"gitlab.com", gitLabSub + `"StringEquals":{"HOST:ref_protected":"true"}`, `{"project":"acme/infra","shape":"mr","ref":"main"}`, denied},
		{"gitlab.com", gitLabSub + `"StringEquals":{"HOST:ref_protected":"true"}`, `{"project":"acme/infra"}`, ""},
		{"gitlab.com", `"StringLike":{"HOST:sub":"project_path:acme/infra:ref_type:mr:*"}`, `{"project":"acme/infra","shape":"mr"}`, denied},
		{"gitlab.com", `"StringLike":{"HOST:sub":"project_path:acme/*"}`, `{"project":"acme/anything"}`, ""},
		{"gitlab.com", gitLabSub + `"StringEquals":{"HOST:project_id":"` + gitLabID + `"}`, `{"project":"acme/infra"}`, ""},
		{"gitlab.com", gitLabSub + `"StringEquals":{"HOST:project_id":"` + gitLabID + `"}`, `{"project":"mallory/infra"}`, denied},
		{"gitlab.com", gitLabSub + `"StringEquals":{"HOST:pipeline_source":"schedule"}`, `{"project":"acme/infra","shape":"schedule"}`, ""},
		{"gitlab.com", gitLabSub + `"StringEquals":{"HOST:pipeline_source":"schedule"}`, `{"project":"acme/infra","shape":"web"}`, denied},
		// STS exposes none of these claims, so they are missing keys.
		{"gitlab.com", gitLabSub + `"StringEquals":{"HOST:project_path":"acme/infra"}`, `{"project":"acme/infra"}`, denied},
		{"gitlab.com", gitLabSub + `"StringEquals":{"HOST:environment":"production"}`, `{"project":"acme/infra","environment":"production"}`, denied},
		{"gitlab.com", gitLabSub + `"StringEquals":{"HOST:aud":"sts.amazonaws.com"}`, `{"project":"acme/infra","audience":["https://gitlab.com"]}`, invalid},
		{"gitlab.com", gitLabSub + `"StringEquals":{"HOST:aud":"sts.amazonaws.com"}`, `{"project":"acme/infra","issuer":"https://gitlab.example.com"}`, denied},

		{"gitlab.example.com", `"StringEquals":{"HOST:sub":"project_path:acme/infra:ref_type:branch:ref:main"}`, `{"project":"acme/infra","issuer":"https://gitlab.example.com"}`, ""},
		{"gitlab.example.com", `"StringEquals":{"HOST:ref_protected":"true"}`, `{"project":"acme/infra","issuer":"https://gitlab.example.com"}`, denied},

		{"token.actions.githubusercontent.com", `"StringEquals":{"HOST:sub":"repo:acme/infra:ref:refs/heads/main"}`, `{"forge":"github","project":"acme/infra"}`, ""},
		{"token.actions.githubusercontent.com", `"StringEquals":{"HOST:sub":"repo:acme/infra:ref:refs/heads/main"}`, `{"forge":"github","project":"acme/infra","immutable":true}`, denied},
		{"token.actions.githubusercontent.com", `"StringLike":{"HOST:sub":"repo:acme@*/infra@*:ref:refs/heads/main"}`, `{"forge":"github","project":"acme/infra","immutable":true}`, ""},
		{"token.actions.githubusercontent.com", `"StringEquals":{"HOST:sub":"repo:acme/infra:ref:refs/heads/main"}`, `{"forge":"github","project":"acme/infra","environment":"production"}`, denied},
		{"token.actions.githubusercontent.com", `"StringEquals":{"HOST:sub":"repo:acme/infra:environment:production"}`, `{"forge":"github","project":"acme/infra","shape":"pull-request","environment":"production"}`, ""},
		{"token.actions.githubusercontent.com", githubSub + `"StringEquals":{"HOST:ref":"refs/heads/main"}`, `{"forge":"github","project":"acme/infra","shape":"pull-request"}`, denied},
		{"token.actions.githubusercontent.com", githubSub + `"StringEquals":{"HOST:environment":"production"}`, `{"forge":"github","project":"acme/infra","environment":"production"}`, ""},
		{"token.actions.githubusercontent.com", githubSub + `"StringEquals":{"HOST:environment":"production"}`, `{"forge":"github","project":"acme/infra"}`, denied},
		{"token.actions.githubusercontent.com", githubSub + `"StringEquals":{"HOST:event_name":"push"}`, `{"forge":"github","project":"acme/infra"}`, denied},
		{slug, `"StringEquals":{"HOST:sub":"repo:acme/infra:ref:refs/heads/main"}`, `{"forge":"github","project":"acme/infra","enterprise":"acme-inc","enterprise_issuer":true}`, ""},
		{slug, `"StringEquals":{"HOST:sub":"repo:acme/infra:ref:refs/heads/main"}`, `{"forge":"github","project":"acme/infra"}`, denied},
	} {
		t.Run(tt.request+tt.condition, func(t *testing.T) {
			role := r.role(t, tt.host, strings.ReplaceAll(tt.condition, "HOST", tt.host))
			if got := r.assume(t, role, tt.request); got != tt.code {
				t.Errorf("AssumeRoleWithWebIdentity answered %q, want %q", got, tt.code)
			}
		})
	}
	for _, fault := range oidc.Faults() {
		role := r.role(t, "gitlab.com", `"StringLike":{"gitlab.com:sub":"project_path:acme/infra:*"}`)
		want := invalid
		if fault == oidc.Expired {
			want = "ExpiredTokenException"
		}
		if got := r.assume(t, role, `{"project":"acme/infra","fault":"`+string(fault)+`"}`); got != want {
			t.Errorf("fault %s answered %q, want %q", fault, got, want)
		}
	}
}

// roles makes roles and assumes them.
type roles struct {
	box *sandbox.Sandbox
	iam *iam.Client
	sts *sts.Client
	n   int
}

func (r *roles) provider(t *testing.T, host string) {
	t.Helper()
	_, err := r.iam.CreateOpenIDConnectProvider(context.Background(), &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String("https://" + host), ClientIDList: []string{"sts.amazonaws.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (r *roles) role(t *testing.T, host, condition string) string {
	t.Helper()
	r.n++
	out, err := r.iam.CreateRole(context.Background(), &iam.CreateRoleInput{
		RoleName: aws.String(fmt.Sprintf("role-%d", r.n)),
		AssumeRolePolicyDocument: aws.String(fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",
			"Action":"sts:AssumeRoleWithWebIdentity",
			"Principal":{"Federated":"arn:aws:iam::%s:oidc-provider/%s"},"Condition":{%s}}}`, sandbox.DefaultAccount, host, condition)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Role.Arn
}

func (r *roles) token(t *testing.T, request string) string {
	t.Helper()
	var q sandbox.TokenRequest
	if err := json.Unmarshal([]byte(request), &q); err != nil {
		t.Fatal(err)
	}
	if q.Audience == nil {
		q.Audience = []string{"sts.amazonaws.com"}
	}
	token, err := r.box.Token(q)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (r *roles) claim(t *testing.T, request, name string) string {
	t.Helper()
	return payload(t, r.token(t, request))[name].(string)
}

// assume returns the code of the refusal, empty for a session.
func (r *roles) assume(t *testing.T, role, request string) string {
	t.Helper()
	_, err := r.sts.AssumeRoleWithWebIdentity(context.Background(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &role, RoleSessionName: aws.String("pipeline"), WebIdentityToken: aws.String(r.token(t, request)),
	})
	var api smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	t.Fatal(err)
	return ""
}
